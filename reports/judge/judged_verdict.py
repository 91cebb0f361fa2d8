"""A verdict together with what it was judged from: all that anything published of it is generated from."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.base.errors import Tampered
from reports.judge.decision import Decision, decide
from reports.judge.digests import core_sha256_of, outcome_sha256_of
from reports.judge.document import core_json
from reports.prereg.measurement import Measurement, Of
from reports.prereg.preregistration import Cell, Preregistration
from reports.store.subject_facts import SubjectFacts, check_digest


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

    Raises `Tampered` where they are of other tensors than the sealed ones, or of another kind of tensors than the rule
    measures, or, though their digests hold, lack what the rule reads.
    """
    for cell, measurement in measurements.items():
        _check_registered(prereg, subject, measurement, where)
        check_digest(subject, cell, measurement.tensors_sha256, measurement.of, measurement.norm_sha256)
    try:
        return Judged(decide(prereg, subject.layers, measurements), subject, measurements)
    except (KeyError, ValueError, ArithmeticError) as error:
        raise Tampered(
            f"{where}: its measurements do not hold what the rule reads ({error!r}); measure again elsewhere"
        ) from None


def _check_registered(prereg: Preregistration, subject: SubjectFacts, measurement: Measurement, where: object) -> None:
    """Raises `Tampered` for a cell that the rule does not register, or one that is not of what it is registered on."""
    cell, of_model = measurement.cell, {claim.name for claim in prereg.claims if claim.of_model}
    expected: dict[tuple[str, str], Of] = {
        **{("claim", claim.name): "model" if claim.name in of_model else "layer" for claim in prereg.claims},
        **{("trap", trap.name): "model" if trap.claim in of_model else "layer" for trap in prereg.traps},
        **{("control", control.name): "control" for control in prereg.controls},
        **{("probe", probe.name): "layer" for probe in prereg.probes},
        **{("secondary", secondary.name): "dense" for secondary in prereg.secondaries},
    }
    of = expected.get((cell.kind, cell.name))
    if of is None or (cell.layer is None) != (cell.kind == "control"):
        raise Tampered(f"{where}: holds {cell.kind} {cell.id}, which the rule does not register; delete its entry")
    if measurement.of != of:
        raise Tampered(
            f"{where}: {cell.id} was measured on a {measurement.of}, expected a {of} by the rule; delete its entry"
        )
    if prereg.parametrisation == "stored" and measurement.norm_sha256 is not None:
        raise Tampered(
            f"{where}: {cell.id} was measured with a norm folded into its matrices, expected them as stored by the "
            "rule; delete its entry"
        )
