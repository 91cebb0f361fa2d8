"""Any metric by its mean: layer by layer, beside what noise has and what is asked for."""

from collections.abc import Mapping, Sequence
from functools import partial
from math import isclose
from statistics import fmean
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.prereg.known_metrics import counted_by, one_counted
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import MeanAtLeast, ShareRule
from reports.prereg.samples import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OWN, NOISE, DRAWS = "the subject", "noise of the same shapes", "null subject"


def layer_means(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """A point for each layer that was measured: of a rule on a mean, or on the share of layers that meet a bound."""
    rule = claim.rule
    name, title = f"layers_{claim.name}", f"Mean {rule.metric} by layer"
    if not isinstance(rule, MeanAtLeast | ShareRule):
        return nothing(name, title, "a rule on a mean, or on a share of layers")
    counted = counted_by(rule.metric)
    shown = rule.metric if counted == "layers" else f"mean {rule.metric}"
    bound = rule.at_least if isinstance(rule, MeanAtLeast) else rule.bound
    of = "" if isinstance(rule, MeanAtLeast) else f"at most, by {rule.at_least:.0%} of {counted}, "
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    if not measured:
        return nothing(name, title, f"{rule.metric} of any matrix")
    layers = [cell.layer for cell in measured if cell.layer is not None]
    series = mean_series(list(measured.values()), rule.metric)
    samples = next(iter(measured.values())).samples[rule.metric]
    label = f"{samples.label} [{samples.unit}]"
    means = {name: fmean(found) for name, found in series.items()}
    said = "; ".join(f"{name} {mean:.4g}" for name, mean in means.items())
    return Figure(
        name=name,
        title=title,
        reading=f"Means over the layers drawn: {said}; {of}{bound:g} is asked for.",
        panels=(
            Panel(
                name="by_layer",
                title=f"{shown} of a layer" if counted == "layers" else f"{shown} of a layer's {counted}",
                description=f"Mean {rule.metric} by layer, between {min(series[OWN]):.4g} and {max(series[OWN]):.4g}, "
                f"beside what noise has and the threshold {bound:g}.",
                draw=partial(_draw, layers=layers, series=series, bound=bound, label=label),
                height=3.4,
            ),
        ),
        tables=(_table(layers, list(measured.values()), series, rule.metric),),
        absent=layers_absent(cells, list(measured)),
    )


def mean_series(measured: Sequence[Measured], metric: str) -> dict[str, list[float]]:
    """By name one value per layer; a name that a layer has no value for is left out, and so is noise that is no other
    number than the mean over draws of the null subject."""
    series = {OWN: [fmean(one.samples[metric]) for one in measured]}
    noise = [level for one in measured if (level := one.samples[metric].noise_mean) is not None]
    if len(noise) == len(measured):
        series[NOISE] = noise
    draws = [fmean(map(fmean, found)) for one in measured if (found := one.null_draws(metric))]
    if len(draws) == len(measured):
        series[DRAWS] = draws
        if NOISE in series and all(map(isclose, draws, noise)):
            del series[NOISE]
    return series


def _table(
    layers: Sequence[int], measured: Sequence[Measured], series: Mapping[str, Sequence[float]], metric: str
) -> Table:
    over = f", means over the layer's {counted_by(metric)}; least and largest of one {one_counted(metric)}"
    over = "" if counted_by(metric) == "layers" else over
    return Table(
        caption=f"{metric} by layer{over}",
        columns=("layer", *series, "least", "largest"),
        rows=tuple(
            (layer, *(found[i] for found in series.values()), min(one.samples[metric]), max(one.samples[metric]))
            for i, (layer, one) in enumerate(zip(layers, measured, strict=True))
        ),
        unit=measured[0].samples[metric].unit,
    )


def _draw(axes: "Axes", layers: Sequence[int], series: Mapping[str, Sequence[float]], bound: float, label: str) -> None:
    draw_series(axes, layers, series)
    level(axes, Mark(bound, f"threshold {bound:g}"))
    layer_axis(axes, layers)
    axes.set_ylabel(label)
    legend(axes)
