"""One metric's values by layer, pooled, counted and as tables: the numbers behind `distribution`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles

from reports.base.number_table import Table
from reports.prereg.known_metrics import counted_by, one_counted
from reports.prereg.preregistration import Cell
from reports.prereg.rules import ShareRule
from reports.prereg.samples import Measured

STEP = 1 / 32  # width of a bar of d_eff/d: two steps of an energy rank at d = 64, so that no bar holds one step more
SHIFT = 1 / 128  # half a step: no value is on an edge
FEW = 2  # quartiles need as many values


@dataclass(frozen=True)
class Layer:
    """One layer's values and what noise has there [-]."""

    layer: int
    values: tuple[float, ...]
    noise: float | None

    @property
    def quartiles(self) -> tuple[float, float, float]:
        if len(self.values) < FEW:
            return self.values[0], self.values[0], self.values[0]
        low, middle, high = quantiles(self.values, n=4, method="inclusive")
        return low, middle, high


def pooled(layers: Sequence[Layer]) -> list[float]:
    return [value for layer in layers for value in layer.values]


def count(layers: Sequence[Layer]) -> int:
    return len(pooled(layers))


def below(layers: Sequence[Layer], rule: ShareRule) -> int:
    return sum(value < rule.limit for value in pooled(layers))


def noise_of(layers: Sequence[Layer]) -> float | None:
    known = [layer.noise for layer in layers if layer.noise is not None]
    return sum(known) / len(known) if known else None


def edges_of(layers: Sequence[Layer], width: float) -> list[float]:
    highest = max(pooled(layers))
    shift = SHIFT * width / STEP
    return [i * width - shift for i in range(math.floor((highest + shift) / width) + 2)]


def counts(found: Sequence[float], edges: Sequence[float]) -> list[int]:
    return [sum(low <= value < high for value in found) for low, high in pairwise(edges)]


def layer_table(layers: Sequence[Layer], rule: ShareRule, unit: str) -> Table:
    return Table(
        caption=f"{rule.metric} by layer",
        columns=(
            "layer",
            counted_by(rule.metric),
            "least",
            "lower quartile",
            "median",
            "upper quartile",
            "largest",
            f"share {rule.side} {rule.bound:g}",
            "noise",
        ),
        rows=tuple(
            (
                layer.layer,
                len(layer.values),
                min(layer.values),
                *layer.quartiles,
                max(layer.values),
                below([layer], rule) / len(layer.values),
                layer.noise,
            )
            for layer in layers
        ),
        unit=unit,
        units={f"share {rule.side} {rule.bound:g}": "-"},
    )


def histogram_table(groups: Mapping[str, Sequence[Layer]], rule: ShareRule, width: float, unit: str) -> Table:
    edges = edges_of([layer for layers in groups.values() for layer in layers], width)
    found = {label: counts(pooled(layers), edges) for label, layers in groups.items()}
    return Table(
        caption=f"{counted_by(rule.metric).capitalize()} by {rule.metric}, from (included) to (excluded)",
        columns=("from", "to", *found),
        rows=tuple((edges[i], edges[i + 1], *(column[i] for column in found.values())) for i in range(len(edges) - 1)),
        unit=unit,
    )


def every_table(measured: Mapping[Cell, Measured], rule: ShareRule, unit: str) -> Table:
    """Every value, a row per layer and projection where the projections are known, else a row per layer."""
    rows: list[tuple[str | float, ...]] = []
    for cell, one in measured.items():
        parts = one.along(rule.metric, "projection")
        rows += [(f"{cell.layer} {projection}", *part) for projection, part in parts.items()]
        if not parts:
            rows.append((str(cell.layer), *one.samples[rule.metric]))
    widest = max(len(row) for row in rows) - 1
    return Table(
        caption=f"{rule.metric} of every {one_counted(rule.metric)}, experts ascending",
        columns=("layer", *(str(i) for i in range(widest))),
        rows=tuple((*row, *(None,) * (widest + 1 - len(row))) for row in rows),
        unit=unit,
    )
