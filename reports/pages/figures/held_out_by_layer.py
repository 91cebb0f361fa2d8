"""Held-out lift by layer, beside what the same rotations do in sample, on noise, and to rows of the same covariance."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import MeanAtLeast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "β over the Haar level: held out, in sample, on noise"
SERIES = {
    "held_out_lift": "held out",
    "in_sample": "in sample",
    "gaussian_in_sample": "noise, in sample",
    "twin_lift": "covariance twin",
    "down_lift": "down",
}


def held_out(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """Means over each layer's matrices [-]; 1 is what any rotation does."""
    name, rule = f"held_out_{claim.name}", claim.rule
    if not isinstance(rule, MeanAtLeast):
        return nothing(name, TITLE, "a rule on a mean lift")
    cells = [Cell("claim", claim.name, layer) for layer in sorted(decision.layers)]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    if not measured:
        return nothing(name, TITLE, "a held-out lift")
    layers = [cell.layer for cell in measured if cell.layer is not None]
    series = {label: [fmean(one.samples[key]) for one in measured.values()] for key, label in SERIES.items()}
    held, learned, noise, twin, _ = (fmean(values) for values in series.values())
    return Figure(
        name=name,
        title=TITLE,
        reading=f"A rotation learned on half of the experts lifts these {learned:.3f} times over the Haar level, the "
        f"same search {noise:.3f} times where there is only noise, and the other half {held:.3f} times, where "
        f"{rule.at_least:g} is asked for; rows with nothing but the covariance of the layers reach {twin:.3f}.",
        panels=(
            Panel(
                name="by_layer",
                title="mean over a layer's matrices",
                description=f"Held-out lift by layer, between {min(series['held out']):.3f} and "
                f"{max(series['held out']):.3f}, beside the lift in sample, on noise, of rows with the layer's "
                "covariance, and of down.",
                draw=partial(_draw, layers=layers, series=series, rule=rule),
                height=3.4,
            ),
        ),
        tables=(
            Table(
                "β over the Haar level by layer",
                ("layer", *series),
                tuple((layer, *(values[i] for values in series.values())) for i, layer in enumerate(layers)),
                unit="-",
            ),
        ),
        absent=layers_absent(cells, list(measured)),
    )


def _draw(axes: "Axes", layers: Sequence[int], series: Mapping[str, Sequence[float]], rule: MeanAtLeast) -> None:
    draw_series(axes, layers, series)
    level(axes, Mark(rule.at_least, f"threshold {rule.at_least:g}"), above=True)
    level(axes, Mark(1.0, "Haar level", "ink", ":"))
    layer_axis(axes, layers)
    axes.set_ylim(bottom=min(axes.get_ylim()[0], 0.985))
    axes.set_ylabel("β over the Haar level [-]")
    legend(axes)
