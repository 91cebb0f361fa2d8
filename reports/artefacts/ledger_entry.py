"""A line of `ledger.jsonl`, and what is told in it."""

from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import pydantic

from reports.artefacts.forms import STRICT, Day, Expected, Line, Positive, RuleFile, Sha256
from reports.base.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class Event:
    """What is told about one seal or amendment; an `Entry` refuses one that does not say it."""

    kind: Annotated[Literal["seal", "amend"], Expected("seal or amend")]
    file: RuleFile  # beside the ledger
    raw_sha256: Sha256  # of its bytes
    canonical_sha256: Sha256  # of its content
    what: Line
    why: Line
    results_seen: Annotated[bool, Expected("true or false")]  # of this rung on this subject, by then
    date: Day  # UTC


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Entry(Event):
    """One seal or amendment; each names the digest of the one before it."""

    index: Positive  # the line
    previous: Sha256  # of the entry before
    sha256: Sha256  # of the canonical JSON of all other fields

    def line(self) -> bytes:
        return canonical_json(asdict(self)) + b"\n"

    def digest(self) -> str:
        """What `sha256` has to be."""
        return sha256_hex(canonical_json({key: value for key, value in asdict(self).items() if key != "sha256"}))
