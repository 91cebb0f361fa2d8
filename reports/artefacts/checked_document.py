"""What a job of `--cells` leaves beside the measurements: that it digested the tensors of a cell, and what they are."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reports.artefacts.decision_document import TIME, Environment
from reports.artefacts.forms import Count, Expected, Name, Sha256, Table
from reports.artefacts.run_document import Commit


def _time(text: str) -> str:
    if not TIME.fullmatch(text):
        raise ValueError
    return text


class CheckedDocument(Table):
    """One cell whose tensors a job digested and found to be those that were measured."""

    kind: Literal["claim", "trap", "control", "probe", "secondary"]
    name: Name
    layer: Count | None
    tensors_sha256: Sha256
    norm_sha256: Sha256 | None
    subject: Name
    """As the run calls it; it must be the subject of `run.json`."""
    revision: Commit | None
    """Commit of a hub model; it must be that of `run.json`."""
    checked: Annotated[str, AfterValidator(_time), Expected("a time"), Field(max_length=40)]
    environment: Environment
    """What the job was run with."""
