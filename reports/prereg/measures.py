"""What measures declare of themselves before anything is measured: metrics, the rules that may read them, their range.

A measure is a file of `fixtures/measures/`, found by its name: there is no list to enter it in. Its top imports no
torch, so that rules are read, linted and judged again without it; what measures is imported when it is asked for.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Protocol, cast

from reports.base.by_file_name import file_names
from reports.base.errors import BadInput
from reports.prereg.measurement import Measured, Samples
from reports.prereg.preregistration import Cell, Claim, Preregistration, Subject
from reports.prereg.rules import Rule, TrapRule

FOLDER = "fixtures.measures"
Severity = Literal["proved", "note", "warning", "refused"]
Branch = tuple[Severity, str]  # what is known of a gate coming out one way
Measure = Any  # (cell, what its source reads) -> Measured; typed in `reports/study.py`


@dataclass(frozen=True)
class Metric:
    """What is known of a metric before it is measured."""

    label: str  # for people
    unit: str = "-"
    axes: tuple[str, ...] = ("projection", "expert")
    counted: str = "matrices"  # what n counts where a rule pools the values
    rules: tuple[str, ...] = ()  # the kinds of rules that may read it, as a preregistration spells them
    registered: bool = True  # False: a claim may name it as sensitivity only
    made_of: tuple[str, ...] = ()  # the samples that it is made of

    def samples(
        self,
        values: Iterable[float],
        *,
        noise: Iterable[float] | None = None,
        least: Iterable[float] | None = None,
        most: Iterable[float] | None = None,
    ) -> Samples:
        return Samples(
            values=tuple(values),
            label=self.label,
            unit=self.unit,
            axes=self.axes,
            counted=self.counted,
            noise=None if noise is None else tuple(noise),
            least=None if least is None else tuple(least),
            most=None if most is None else tuple(most),
            made_of=self.made_of,
        )


@dataclass(frozen=True)
class Numbers:
    """What kernels hand over for one cell: values by metric, and what is beside them. `described`, it is `Measured`."""

    values: Mapping[str, Sequence[float]]
    axes: Mapping[str, Sequence[str]]
    noise: Mapping[str, Sequence[float]] = field(default_factory=dict)
    certified: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)  # least and most
    profiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def described(self, metrics: Mapping[str, Metric]) -> Measured:
        nothing = (None, None)
        samples = {}
        for name, values in self.values.items():
            least, most = self.certified.get(name, nothing)
            samples[name] = metrics[name].samples(values, noise=self.noise.get(name), least=least, most=most)
        axes = {axis: tuple(labels) for axis, labels in self.axes.items()}
        return Measured(samples, axes, self.profiles, self.texts)


def positions(count: int) -> tuple[str, ...]:
    """The labels of an axis whose entries have no names: their positions."""
    return tuple(map(str, range(count)))


class MeasureFile(Protocol):
    """What a file of `fixtures/measures/` holds. All but the first two may be left out."""

    METRICS: Mapping[str, Metric]

    def measure(self, bench: Any) -> Measure: ...

    NEEDS: tuple[str, ...]  # the tables of a preregistration that it reads beside the claim: "rotations", "one_bit"

    def branches(self, rule: Rule, subject: Subject) -> tuple[Branch, Branch]: ...  # MET and KILLED, for lint

    def working(self, measured: Measured, rule: Rule | TrapRule) -> Sequence[str]: ...  # lines of arithmetic for `why`

    def said(self, measured: Measured) -> str | None: ...  # a second line beside the running cell

    def figures(self, decision: Any, claim: Claim, measurements: Any) -> Iterator[Any]: ...  # figures, as `Shown`

    def modules(self, prereg: Preregistration) -> Sequence[str]: ...  # those that it imports by the name in a rule


def unknown(metric: str) -> tuple[Branch, Branch]:
    """What is said of a metric whose measure declares no range."""
    branch: Branch = ("warning", f"unchecked: nothing is known of the range of {metric}")
    return branch, branch


def branches(claim: Claim, subject: Subject) -> tuple[Branch, Branch]:
    """What is known of the claim's gate coming out MET, and KILLED: an example, or a theorem that forbids it."""
    file = measure_file(claim.rule.metric)
    return file.branches(claim.rule, subject) if hasattr(file, "branches") else unknown(claim.rule.metric)


def searches_and_nulls(prereg: Preregistration, *others: str) -> list[str]:
    """The modules of the searches and nulls that a rule names, and of `others`: they are imported by these names."""
    if prereg.rotations is None:
        return []
    named = [prereg.rotations.optimiser, *(prereg.one_bit.best_of if prereg.one_bit else ()), *others]
    named += [control.optimiser for control in prereg.controls if control.optimiser is not None]
    searches = [f"kernels.searches.{name}" for name in dict.fromkeys(named)]
    return searches + [f"kernels.nulls.{name}" for name in prereg.rotations.nulls]


@lru_cache(maxsize=1)
def measures() -> Mapping[str, MeasureFile]:
    """Every measure by the name of its file."""
    found = {name: importlib.import_module(f"{FOLDER}.{name}") for name in file_names(FOLDER)}
    return cast(Mapping[str, MeasureFile], found)


def metrics_for(kind: str, *, registered: bool = False) -> tuple[str, ...]:
    """The metrics that a rule of this kind may read; `registered`: those that a claim itself may ask for."""
    return tuple(
        name
        for file in measures().values()
        for name, metric in file.METRICS.items()
        if kind in metric.rules and (metric.registered or not registered)
    )


def measure_of(metric: str) -> str:
    """The name of the measure whose `metric` rules may read. Raises `BadInput` where there is none, or two."""
    found = [name for name, file in measures().items() if metric in file.METRICS and file.METRICS[metric].rules]
    if len(found) != 1:
        told = f"{' and '.join(found)} both do" if found else "no file of fixtures/measures/ does"
        raise BadInput(f"{metric}: expected one measure that declares it for a rule, and {told}; rename one, or add it")
    return found[0]


def needs(metric: str) -> tuple[str, ...]:
    """The tables of a preregistration that the measure of `metric` reads."""
    return getattr(measure_file(metric), "NEEDS", ())


def measure_file(metric: str) -> MeasureFile:
    return measures()[measure_of(metric)]


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
