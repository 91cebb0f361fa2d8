"""What measures declare of themselves before anything is measured: metrics, the rules that may read them, their range.

A measure is a file of `fixtures/measures/`, found by its name: there is no list to enter it in. Its top imports no
torch, so that rules are read, linted and judged again without it; what measures is imported when it is asked for.
"""

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from reports.base.by_file_name import file_names
from reports.base.errors import BadInput
from reports.prereg.samples import Measured, Samples

if TYPE_CHECKING:  # these types ask here what a rule may read
    from reports.prereg.preregistration import Claim, Preregistration, Subject
    from reports.prereg.rules import Rule, TrapRule

FOLDER = "fixtures.measures"
CROSS_VALIDATED = "the cross-validated claim needs two experts"  # on one a rotation is learned, on the other measured
REPLACED = "one bit is measured in a mixture of experts, whose experts are replaced in the model"
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

    ONE_EXPERT: str  # why it cannot be measured where a layer has one expert; not there where it can

    STORED: str  # the only dtype of a file that it measures, as safetensors spells it

    NEEDS: tuple[str, ...]  # the tables of a preregistration that it reads beside the claim: "rotations", "one_bit"

    def branches(self, rule: "Rule", subject: "Subject") -> tuple[Branch, Branch]: ...  # MET and KILLED, for lint

    def working(self, measured: Measured, rule: "Rule | TrapRule") -> Sequence[str]: ...  # lines for `why`

    def said(self, measured: Measured) -> str | None: ...  # a second line beside the running cell

    def figures(self, decision: Any, claim: "Claim", measurements: Any) -> Iterator[Any]: ...  # figures, as `Shown`

    def modules(self, prereg: "Preregistration") -> Sequence[str]: ...  # those that it imports by the name in a rule


def unknown(metric: str) -> tuple[Branch, Branch]:
    """What is said of a metric whose measure declares no range."""
    branch: Branch = ("warning", f"unchecked: nothing is known of the range of {metric}")
    return branch, branch


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


def counted_by(metric: str) -> str:
    """What n counts where a rule pools the values of `metric`: experts, layers; matrices where nothing else is said."""
    found = (file.METRICS[metric].counted for file in measures().values() if metric in file.METRICS)
    return next(found, "matrices")


def one_counted(metric: str) -> str:
    """The same of one: matrix, expert, layer."""
    counted = counted_by(metric)
    return "matrix" if counted == "matrices" else counted.removesuffix("s")


def alone(measure: str) -> str | None:
    """Why the measure of this name cannot be where a layer has one expert; None where it can."""
    return getattr(measures()[measure], "ONE_EXPERT", None)


def measure_file(metric: str) -> MeasureFile:
    return measures()[measure_of(metric)]
