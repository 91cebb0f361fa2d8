"""A verdict together with what it was judged from: all that anything published of it is generated from."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.canonical import canonical_json, sha256_hex
from reports.decision import Decision
from reports.document import core_json
from reports.measurement import Measurement
from reports.preregistration import Cell
from reports.subject import SubjectFacts


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it was judged from."""

    decision: Decision
    subject: SubjectFacts
    measurements: Mapping[Cell, Measurement]

    @property
    def core_sha256(self) -> str:
        return sha256_hex(canonical_json(core_json(self.decision, self.subject)))
