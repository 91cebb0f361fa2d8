"""What measures declare of themselves before anything is measured: metrics, the rules that may read them, their range.

A measure is a file of `fixtures/measures/`, found by its name: there is no list to enter it in. Its top imports no
torch, so that rules are read, linted and judged again without it; what measures is imported when it is asked for.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from reports.base.errors import BadInput
from reports.prereg.measurement import Measured, Samples
from reports.prereg.preregistration import Cell, Claim, Preregistration, Subject
from reports.prereg.rules import Rule, TrapRule

if TYPE_CHECKING:
    from reports.figures.shown import Shown

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


class MeasureFile(Protocol):
    """What a file of `fixtures/measures/` holds. All but the first two may be left out."""

    METRICS: Mapping[str, Metric]

    def measure(self, bench: Any) -> Measure: ...

    NEEDS: tuple[str, ...]  # the tables of a preregistration that it reads beside the claim: "rotations", "one_bit"

    def branches(self, rule: Rule, subject: Subject) -> tuple[Branch, Branch]: ...  # MET and KILLED, for lint

    def working(self, measured: Measured, rule: Rule | TrapRule) -> Sequence[str]: ...  # lines of arithmetic for `why`

    def figures(self, decision: Any, claim: Claim, measurements: Any) -> "Iterator[Shown]": ...

    def modules(self, prereg: Preregistration) -> Sequence[str]: ...  # those that it imports by the name in a rule


@lru_cache(maxsize=1)
def measures() -> Mapping[str, MeasureFile]:
    """Every measure by the name of its file."""
    folder = importlib.import_module(FOLDER)
    names = sorted(entry.name for entry in pkgutil.iter_modules(folder.__path__))
    found = {name: importlib.import_module(f"{FOLDER}.{name}") for name in names if not name.startswith("test_")}
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
