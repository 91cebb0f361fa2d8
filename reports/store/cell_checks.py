"""What the jobs of a scheduler have checked: a file for each cell, so that whoever judges needs the store alone.

    checked/<identity>/<kind>-<cell>.json    written once, whole, with the digests that a job computed from the tensors

A run counts what it has checked itself (`reports/store/checked_cells.py`). Jobs on many machines are one run only by
what they leave here. No lock and no append is needed: a file is linked to its name when it is whole, two jobs that
check the same cell leave the same digests, and a job that finds others there is `Tampered`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reports.artefacts.checked_document import CheckedDocument
from reports.artefacts.forms import typed
from reports.base.canonical import canonical_json
from reports.base.errors import BadInput, Tampered
from reports.base.files import read_regular
from reports.base.strict_json import exact_integer, parse_object
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.store.store import entry_name, write_once

FOLDER = "checked"
LIMIT = 1 << 20  # bytes; a record has about two thousand
REMEDY = "delete it and run that cell's job again"


def checks_folder(run_folder: Path, store: Path) -> Path:
    """Beside the measurements of one identity, apart from those of every other."""
    return run_folder / FOLDER / store.name


@dataclass(frozen=True)
class CellChecks:
    """Where the jobs of one store record, and as whom this one does."""

    folder: Path
    subject: str
    revision: str | None
    environment: Mapping[str, Any]

    def add(self, measurement: Measurement) -> None:
        """Records that the tensors of this cell were digested and are those measured.

        Raises `Tampered` where another job found other tensors, or another subject, and `BadInput` on a full disk.
        """
        cell = measurement.cell
        record = CheckedDocument(
            kind=cell.kind,
            name=cell.name,
            layer=cell.layer,
            tensors_sha256=measurement.tensors_sha256,
            norm_sha256=measurement.norm_sha256,
            subject=self.subject,
            revision=self.revision,
            checked=datetime.now(UTC).isoformat(timespec="seconds"),
            environment=dict(self.environment),
        )
        path = self.folder / entry_name(cell)
        write_once(path, canonical_json(record.model_dump(mode="json")))
        there = read_check(path)
        require_of(there, self.subject, self.revision, str(path))
        require_same_tensors(there, measurement, str(path))


def read_checks(folder: Path) -> dict[Cell, CheckedDocument]:
    """Every record. Raises `Tampered` where one is none that a job can have written, or not where its cell belongs."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        record = read_check(path)
        cell = Cell(record.kind, record.name, record.layer)
        if path.name != entry_name(cell):
            raise Tampered(f"{path}: records {cell.kind} {cell.id}, expected the cell of its name; {REMEDY}")
        found[cell] = record
    return found


def read_check(path: Path) -> CheckedDocument:
    try:
        data = read_regular(path, LIMIT)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); {REMEDY}") from None
    try:
        return typed(CheckedDocument, parse_object(data, str(path), REMEDY, exact_integer))
    except (ValueError, BadInput) as error:
        reason = str(error).removesuffix(f"; {REMEDY}").removeprefix(f"{path}: ")
        raise Tampered(f"{path}: not what a job records ({reason}); {REMEDY}") from None


def require_of(record: CheckedDocument, subject: str, revision: str | None, where: str) -> None:
    """Raises `Tampered` unless the record is of this subject."""
    if (record.subject, record.revision) != (subject, revision):
        raise Tampered(
            f"{where}: a job checked {_told(record.subject, record.revision)}, expected {_told(subject, revision)}; "
            "give every job the same --model and --revision, or choose another --out"
        )


def require_same_tensors(record: CheckedDocument, measurement: Measurement, where: str) -> None:
    """Raises `Tampered` unless a job digested the very tensors, and the norm, that were measured."""
    for what, checked, stored in (
        ("tensors", record.tensors_sha256, measurement.tensors_sha256),
        ("norm", record.norm_sha256, measurement.norm_sha256),
    ):
        if checked != stored:
            raise Tampered(
                f"{where}: a job checked {what} of sha256 {str(checked)[:12]}…, the measurement is of "
                f"{str(stored)[:12]}…; restore the weights, or choose another --out"
            )


def _told(subject: str, revision: str | None) -> str:
    return subject if revision is None else f"{subject} at {revision}"
