"""`run.json`: which rule and store the measurements of a run belong to."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from reports.artefacts.forms import Count, Expected, Listed, Name, Positive, RuleFile, Sha256, Table
from reports.base.canonical import canonical_json

VERSION = r"^[0-9]+(\.[0-9]+){2}((a|b|rc)[0-9]+)?$"  # of the suite, as pyproject.toml has it
Version = Annotated[str, Field(pattern=VERSION, max_length=40), Expected("a version, such as 0.1.0")]
Commit = Annotated[str, Field(pattern="^[0-9a-f]{7,64}$"), Expected("a commit or null")]


def _ascending(layers: tuple[int, ...]) -> tuple[int, ...]:
    if list(layers) != sorted(set(layers)):
        raise ValueError
    return layers


class ExploratorySubject(Table):
    name: Name
    layers: Annotated[
        Listed[Count],
        Field(min_length=1),
        AfterValidator(_ascending),
        Expected("whole numbers that ascend"),
    ]


class OtherDenseModel(Table):
    name: Name
    layers: Positive
    revision: Commit | None


class RunDocument(Table):
    """Which rule and store the measurements of a run belong to, and whether they are exploratory. What the sealed
    subject is, is read from the rule."""

    preregistration: Annotated[RuleFile, AfterValidator(lambda name: Path(name).name)]
    store: Annotated[str, Field(pattern="^[0-9a-f]{16}$"), Expected("16 hexadecimal digits or null")] | None
    """Folder under measurements/; null where nothing was measured."""
    code: dict[Name, Sha256]
    """By measure: the digest of its sources, which names the folder of what it measured."""
    revision: Commit | None
    """Commit of a hub model, as the run recorded it."""
    exploratory: ExploratorySubject | None
    """Null for the sealed subject; else the subject that was measured in its place."""
    dense: OtherDenseModel | None
    """Null where the secondaries compare with the registered dense model; else the one in its place."""
    suite: Version | None = None
    """Version of the suite that measured, as the run recorded it; no key in runs of before it was."""

    def spelled(self) -> bytes:
        """The bytes of `run.json`: a key that a run of before did not have is left out, and no other."""
        return canonical_json(self.model_dump(mode="json", exclude_defaults=True))
