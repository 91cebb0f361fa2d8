"""A verdict together with what it was judged from: all that anything published of it is generated from."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.decision import Decision, decide
from reports.digests import core_sha256_of, outcome_sha256_of
from reports.document import core_json
from reports.errors import Tampered
from reports.measurement import Measurement
from reports.preregistration import Cell, Preregistration
from reports.subject import SubjectFacts, check_digest


@dataclass(frozen=True)
class Judged:
    """A verdict, and what it was judged from."""

    decision: Decision
    subject: SubjectFacts
    measurements: Mapping[Cell, Measurement]

    @property
    def core_sha256(self) -> str:
        return core_sha256_of(core_json(self.decision, self.subject))

    @property
    def outcome_sha256(self) -> str:
        return outcome_sha256_of(core_json(self.decision, self.subject))


def judge(
    prereg: Preregistration, subject: SubjectFacts, measurements: Mapping[Cell, Measurement], where: object
) -> Judged:
    """Judges the measurements that `where` holds.

    Raises `Tampered` where they are of other tensors than the sealed ones, or, though their digests hold, lack what the
    rule reads.
    """
    for cell, measurement in measurements.items():
        check_digest(subject, cell, measurement.tensors_sha256, measurement.of)
    try:
        return Judged(decide(prereg, subject.layers, measurements), subject, measurements)
    except (KeyError, ValueError, ArithmeticError) as error:
        raise Tampered(
            f"{where}: its measurements do not hold what the rule reads ({error!r}); measure again elsewhere"
        ) from None
