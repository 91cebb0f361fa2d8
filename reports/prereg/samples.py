"""Numbers that describe themselves: what a measure hands over for one cell."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import overload

LABELS = ("domains", "sources")  # texts of a measurement, one line for each prompt
UNNAMED = "unnamed"  # the domain of prompts that name none
OF_NULL = "null_subject_"  # before the name of a metric: the same of each registered draw of the null subject


@dataclass(frozen=True)
class Samples(Sequence[float]):
    """One metric of one cell, with what it takes to judge it and to show it. As a sequence it is its values.

    `values` lie along `axes` (of the measurement, the last axis fastest). `noise` is what a structureless matrix of
    the same shape has, value by value, or None where that says nothing. `least` and `most` are what every machine's
    value is between, where that is certified. A derived metric names in `made_of` the samples that it is made of.
    """

    values: tuple[float, ...]
    label: str  # for people: "d_eff/d, 95 % energy rank"
    unit: str  # "-" for a ratio
    axes: tuple[str, ...]
    counted: str = "matrices"  # what n counts where a rule pools the values
    noise: tuple[float, ...] | None = None
    least: tuple[float, ...] | None = None
    most: tuple[float, ...] | None = None
    made_of: tuple[str, ...] = ()

    @property
    def noise_mean(self) -> float | None:
        return None if self.noise is None else fmean(self.noise)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[float, ...]: ...
    def __getitem__(self, index: int | slice) -> float | tuple[float, ...]:
        return self.values[index]


@dataclass(frozen=True)
class Measured:
    """What a measure hands over for one cell.

    `axes[axis]` names what is along it: the projections, the experts, the prompts, the nulls. `profiles` are curves
    for figures, such as the mean spectrum of each projection, and `texts` are for people: no rule reads either. Of the
    texts, `sources` also tells intervals which prompts belong together, and `domains` a rule on each which are its own.
    """

    samples: Mapping[str, Samples]
    axes: Mapping[str, tuple[str, ...]]
    profiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises `ValueError` for samples that are not as many as their axes are long."""
        for name, samples in self.samples.items():
            absent = [axis for axis in samples.axes if axis not in self.axes]
            if absent:
                raise ValueError(f"{name} lies along {absent[0]}, expected one of {', '.join(self.axes)}")
            size = math.prod(len(self.axes[axis]) for axis in samples.axes)
            for what in ("values", "noise", "least", "most"):
                values = getattr(samples, what)
                if values is not None and len(values) != size:
                    raise ValueError(f"{len(values)} {what} of {name}, expected {size} along {', '.join(samples.axes)}")
        for name in LABELS:
            lines, prompts = self.texts.get(name, "").count("\n") + 1, len(self.axes.get("prompt", ()))
            if name in self.texts and lines != prompts:
                raise ValueError(f"{lines} {name} of {prompts} prompts")

    @property
    def sources(self) -> tuple[str, ...] | None:
        """Where each prompt comes from; None where none is named, so that each is its own source."""
        return tuple(self.texts["sources"].split("\n")) if "sources" in self.texts else None

    @property
    def domains(self) -> tuple[str, ...] | None:
        """Of each prompt; None where none is named."""
        return tuple(self.texts["domains"].split("\n")) if "domains" in self.texts else None

    def null_draws(self, name: str) -> tuple[tuple[float, ...], ...]:
        """The samples `name` as each draw of the null subject has them; nothing where it has no part in them."""
        drawn = OF_NULL + name
        return tuple(self.along(drawn, "draw").values()) if drawn in self.samples else ()

    def along(self, name: str, axis: str) -> dict[str, tuple[float, ...]]:
        """The samples `name` in parts, by what is along `axis`; nothing where they are not along it first."""
        samples = self.samples[name]
        if not samples.axes or samples.axes[0] != axis:
            return {}
        labels = self.axes[axis]
        size = len(samples) // len(labels)
        return {label: samples[i * size : (i + 1) * size] for i, label in enumerate(labels)}

    def place(self, name: str, index: int) -> str:
        """Where the value `index` of the samples `name` was measured: `up_proj of expert 3`."""
        labels = []
        for axis in reversed(self.samples[name].axes):
            index, at = divmod(index, len(self.axes[axis]))
            if len(self.axes[axis]) > 1:
                labels.append(self.axes[axis][at] if axis == "projection" else f"{axis} {self.axes[axis][at]}")
        return " of ".join(reversed(labels)) or name
