"""What the file of a measure holds, and which measure is behind a registered cell.

Its top imports no torch, so that rules are read, linted and judged again without it; what measures is imported when it
is asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from reports.prereg.known_metrics import declared_by, measure_of
from reports.prereg.metric import Branch, Metric, unknown
from reports.prereg.preregistration import Cell, CellKind, Claim, Preregistration, Subject
from reports.prereg.rules import Rule, TrapRule
from reports.prereg.samples import Measured

Measure = Any  # (cell, what its source reads) -> Measured; typed in `reports/study.py`


class MeasureFile(Protocol):
    """What a file of `fixtures/measures/` holds. All but the first two may be left out."""

    METRICS: Mapping[str, Metric]

    def measure(self, bench: Any) -> Measure: ...

    ONE_EXPERT: str  # why it cannot be measured where a layer has one expert; not there where it can

    STORED: str  # the only dtype of a file that it measures, as safetensors spells it

    NEEDS: tuple[str, ...]  # the tables of a preregistration that it reads beside the claim: "rotations", "one_bit"

    BREAKING: tuple[str, ...]  # keys of a control that break its instrument: "sheared"

    FEWEST_DRAWS: int  # of the null subject, where each is put beside the others

    def branches(self, rule: Rule, subject: Subject) -> tuple[Branch, Branch]: ...  # MET and KILLED, for lint

    def working(self, measured: Measured, rule: Rule | TrapRule) -> Sequence[str]: ...  # lines for `why`

    def said(self, measured: Measured) -> str | None: ...  # a second line beside the running cell

    def figures(self, decision: Any, claim: Claim, measurements: Any) -> Iterator[Any]: ...  # figures, as `Figure`

    def modules(self, prereg: Preregistration) -> Sequence[str]: ...  # those that it imports by the name in a rule


def measure_file(metric: str) -> MeasureFile:
    """The file of the measure whose `metric` rules may read."""
    return file_named(measure_of(metric))


def file_named(measure: str) -> MeasureFile:
    return cast(MeasureFile, declared_by(measure))


def needs(metric: str) -> tuple[str, ...]:
    """The tables of a preregistration that the measure of `metric` reads."""
    return getattr(measure_file(metric), "NEEDS", ())


def alone(measure: str) -> str | None:
    """Why the measure of this name cannot be where a layer has one expert; None where it can."""
    return getattr(file_named(measure), "ONE_EXPERT", None)


def branches(claim: Claim, subject: Subject) -> tuple[Branch, Branch]:
    """What is known of the claim's gate coming out MET, and KILLED: an example, or a theorem that forbids it."""
    file = measure_file(claim.rule.metric)
    return file.branches(claim.rule, subject) if hasattr(file, "branches") else unknown(claim.rule.metric)


def searches_and_nulls(prereg: Preregistration, *others: str) -> list[str]:
    """The modules of the searches and nulls that a rule names, and of `others`: they are imported by these names."""
    if prereg.rotations is None:
        return []
    searches = [f"kernels.searches.{name}" for name in dict.fromkeys((*searches_of(prereg), *others))]
    return searches + [f"kernels.nulls.{name}" for name in prereg.rotations.nulls]


def searches_of(prereg: Preregistration) -> list[str]:
    """The searches that a rule names, each once."""
    named = [] if prereg.rotations is None else [prereg.rotations.optimiser]
    named += prereg.one_bit.best_of if prereg.one_bit else ()
    return list(dict.fromkeys([*named, *(one.optimiser for one in prereg.controls if one.optimiser is not None)]))


def measure_for(cell: Cell, prereg: Preregistration) -> str:
    """The name of the measure behind a registered cell: that of its metric, of a probe the one of its name."""
    match cell.kind:
        case "claim":
            return measure_of(prereg.claim(cell.name).rule.metric)
        case "trap":
            return measure_of(prereg.trap(cell.name).rule.metric)
        case "control":
            control = next(control for control in prereg.controls if control.name == cell.name)
            return measure_of(prereg.claim(control.claim).rule.metric)
        case "secondary":
            return measure_of(prereg.secondary(cell.name).metric)
        case "probe":
            return cell.name


def measures_of(prereg: Preregistration) -> dict[tuple[CellKind, str], str]:
    """The name of the measure behind each kind and name of a cell."""
    named: list[tuple[CellKind, str]] = [
        *(("claim", claim.name) for claim in prereg.claims),
        *(("trap", trap.name) for trap in prereg.traps),
        *(("control", control.name) for control in prereg.controls),
        *(("probe", probe.name) for probe in prereg.probes),
        *(("secondary", secondary.name) for secondary in prereg.secondaries),
    ]
    return {(kind, name): measure_for(Cell(kind, name), prereg) for kind, name in named}
