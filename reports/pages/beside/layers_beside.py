"""What a claim measured, layer by layer, in two verdicts: lifts, effective dimensions, whatever its rule reads."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from reports.base.number_table import Table, Value
from reports.pages.beside.side import CHANGE, ERRORS, A, B, Side
from reports.pages.beside.standard_errors import apart_in_errors
from reports.pages.figures.axes import draw_series, layer_axis, legend
from reports.pages.figures.figure import Figure, Panel
from reports.pages.section import Section
from reports.prereg.measurement import Measurement
from reports.prereg.samples import Samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAID = (
    "Means over the values of a layer. SE: standard errors by the spread of those values, as if they were drawn from "
    "more like them; of the same weights pair by pair."
)
Layers = Mapping[int, Measurement]


def section(a: Side, b: Side) -> Section | None:
    """A table for each claim that both measured by the same metric, of layers and not of a whole model."""
    tables = [_table(claim, *found) for claim, found in _alike(a, b).items()]
    return Section("Layer by layer", (SAID, *tables)) if tables else None


def figures(a: Side, b: Side) -> tuple[Figure, ...]:
    """The same drawn, a figure for each claim."""
    return tuple(_figure(claim, *found) for claim, found in _alike(a, b).items())


def _alike(a: Side, b: Side) -> dict[str, tuple[str, Layers, Layers]]:
    """Claim -> metric and what either measured."""
    found: dict[str, tuple[str, Layers, Layers]] = {}
    for name, claim in a.claims.items():
        other, metric = b.claims.get(name), claim.rule.metric
        if other is None or claim.of_model or other.rule.metric != metric:
            continue
        ours, theirs = a.layers(name), b.layers(name)
        if ours and theirs:
            found[name] = (metric, ours, theirs)
    return found


def _samples(layers: Layers, layer: int, metric: str) -> Samples | None:
    return layers[layer].measured.samples[metric] if layer in layers else None


def _table(claim: str, metric: str, ours: Layers, theirs: Layers) -> Table:
    unit = next(iter(ours.values())).measured.samples[metric].unit
    rows = tuple(_row(layer, metric, ours, theirs) for layer in sorted({*ours, *theirs}))
    return Table(f"{claim}: mean {metric} by layer", ("layer", A, B, CHANGE, ERRORS), rows, unit=unit)


def _row(layer: int, metric: str, ours: Layers, theirs: Layers) -> tuple[Value, ...]:
    one, other = _samples(ours, layer, metric), _samples(theirs, layer, metric)
    if one is None or other is None:
        return (layer, None if one is None else fmean(one), None if other is None else fmean(other), None, None)
    same = ours[layer].tensors_sha256 == theirs[layer].tensors_sha256 and one.axes == other.axes
    return (layer, fmean(one), fmean(other), fmean(other) - fmean(one), apart_in_errors(one, other, same))


def _figure(claim: str, metric: str, ours: Layers, theirs: Layers) -> Figure:
    table = _table(claim, metric, ours, theirs)
    layers = sorted({*ours, *theirs})
    series = {
        letter: [None if row[at] is None else float(str(row[at])) for row in table.rows]
        for letter, at in ((A, 1), (B, 2))
    }
    first = next(iter(ours.values())).measured.samples[metric]
    means = {letter: fmean(value for value in values if value is not None) for letter, values in series.items()}
    return Figure(
        name=f"layers_{claim}",
        title=f"Mean {metric} by layer",
        reading=f"Means over the layers that either measured: {A} {means[A]:.4g}, {B} {means[B]:.4g}.",
        panels=(
            Panel(
                name="by_layer",
                title=f"{claim}: mean {metric} of a layer",
                description=f"Mean {metric} by layer of both, {A} {means[A]:.4g} and {B} {means[B]:.4g} in the mean.",
                draw=partial(_draw, layers=layers, series=series, label=f"{first.label} [{first.unit}]"),
                height=3.4,
            ),
        ),
        tables=(table,),
    )


def _draw(axes: "Axes", layers: Sequence[int], series: Mapping[str, Sequence[float | None]], label: str) -> None:
    draw_series(axes, layers, series)
    layer_axis(axes, layers)
    axes.set_ylabel(label)
    legend(axes)
