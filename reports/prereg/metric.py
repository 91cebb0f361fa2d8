"""What a measure says of its numbers before anything is measured: metrics, and the numbers of one cell. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reports.prereg.samples import Measured, Samples

CROSS_VALIDATED = "the cross-validated claim needs two experts"  # on one a rotation is learned, on the other measured
REPLACED = "one bit is measured in a mixture of experts, whose experts are replaced in the model"
FOUND_BY_EXPERTS = "keys are measured in a mixture of experts, whose layers are found by their experts"
Severity = Literal["proved", "note", "warning", "refused"]
Branch = tuple[Severity, str]  # what is known of a gate coming out one way


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


def inflation_branches(at_most: float, lossless: str, improved: str) -> tuple[Branch, Branch]:
    """Of a bound on an inflation: NLL is at least 0, so that it is at least -1, and it has no upper bound.

    `lossless`: what has an inflation of 0; `improved`: what alone could have one below.
    """
    met: Branch = ("proved", f"attainable: {lossless} inflation 0 ≤ {at_most:g} [-]")
    if at_most < -1:
        met = ("refused", f"unreachable: inflation ≥ -1, and {at_most:g} is asked for [-]")
    elif at_most < 0:
        met = ("proved", f"attainable only by {improved}: inflation ≤ {at_most:g} < 0 [-]")
    return met, ("proved", f"attainable: inflation has no upper bound, so it can exceed {at_most:g} [-]")


def unknown(metric: str) -> tuple[Branch, Branch]:
    """What is said of a metric whose measure declares no range."""
    branch: Branch = ("warning", f"unchecked: nothing is known of the range of {metric}")
    return branch, branch
