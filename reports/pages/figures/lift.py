"""β-lift by layer: what a random rotation does, what a learned one, what the search gains on noise, and the ceiling."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.measured_decomposition import decompose
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import MeanAtLeast
from reports.prereg.samples import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Lift of β by layer: random, learned, on noise, and at most"
LEARNED, RANDOM, NOISE, CEILING = "learned", "random (Haar)", "learned on noise", "ceiling 1/β"
ASKED = "asked for"
OTHERS = ("least", "largest", "noise, i.i.d.")


def lift(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """Means over each layer's matrices [-]. A rule on structure asks for `random × noise fit × threshold`."""
    name, rule = f"lift_{claim.name}", claim.rule
    if not isinstance(rule, MeanAtLeast):
        return nothing(name, TITLE, "a rule on a mean lift")
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    if not measured:
        return nothing(name, TITLE, "a lift")
    layers = [cell.layer for cell in measured if cell.layer is not None]
    series = lift_series(list(measured.values()), rule)
    learned = [value for value in series[LEARNED] if value is not None]
    return Figure(
        name=name,
        title=TITLE,
        reading=_reading(series, rule),
        panels=(
            Panel(
                name="by_layer",
                title="mean lift of a layer's matrices",
                description=f"Lift by layer, between {min(learned):.3f} and {max(learned):.3f} where learned, beside a "
                "random rotation, the same search on noise, the Jensen ceiling, and what is asked for.",
                draw=partial(_draw, layers=layers, series=series, rule=rule),
                height=3.4,
            ),
        ),
        tables=(_table(layers, list(measured.values()), series),),
        absent=layers_absent(cells, list(measured)),
    )


def lift_series(measured: Sequence[Measured], rule: MeanAtLeast) -> dict[str, list[float | None]]:
    """By name one value per layer [-]; None where a layer does not have it. Noise: the shape-matched null's own lift,
    random × noise_fit of the layer where it was decomposed."""
    factors = [decompose(one) for one in measured]
    noise = [None if one is None else one.random * one.noise_fit for one in factors]
    asked: list[float | None] = [rule.at_least] * len(measured)
    if rule.metric != "lift":
        asked = [None if value is None else value * rule.at_least for value in noise]
    return {
        LEARNED: [fmean(one.samples["lift"]) for one in measured],
        RANDOM: [fmean(one.samples["random"]) if "random" in one.samples else None for one in measured],
        NOISE: noise,
        CEILING: [fmean(1.0 / beta for beta in one.samples["beta"]) for one in measured],
        ASKED: asked,
    }


def _reading(series: Mapping[str, Sequence[float | None]], rule: MeanAtLeast) -> str:
    said = {name: fmean(known) for name, found in series.items() if (known := [v for v in found if v is not None])}
    text = f"A learned rotation lifts β {said[LEARNED]:.3f} times in the mean over the layers drawn"
    if NOISE in said:
        text += f", the same search {said[NOISE]:.3f} times where there is only noise"
    text += f"; no rotation can do more than {said[CEILING]:.3f}"
    if ASKED not in said:
        return f"{text}."
    relative = "" if rule.metric == "lift" else f" (for {rule.metric} {rule.at_least:g})"
    return f"{text}, and {said[ASKED]:.3f}{relative} is asked for."


def _table(layers: Sequence[int], measured: Sequence[Measured], series: Mapping[str, Sequence[float | None]]) -> Table:
    return Table(
        caption="Lift by layer, means over the layer's matrices; least and largest learned lift of a matrix; what "
        "i.i.d. Gaussian matrices of the layer's shapes are lifted",
        columns=("layer", *series, *OTHERS),
        rows=tuple(
            (
                layer,
                *(found[i] for found in series.values()),
                min(one.samples["lift"]),
                max(one.samples["lift"]),
                one.samples["lift"].noise_mean,
            )
            for i, (layer, one) in enumerate(zip(layers, measured, strict=True))
        ),
        unit="-",
    )


def _draw(axes: "Axes", layers: Sequence[int], series: Mapping[str, Sequence[float | None]], rule: MeanAtLeast) -> None:
    constant = rule.metric == "lift"
    shown = {name: found for name, found in series.items() if name != ASKED and any(v is not None for v in found)}
    draw_series(axes, layers, shown)
    if constant:
        level(axes, Mark(rule.at_least, f"threshold {rule.at_least:g}"))
        axes.set_ylim(top=max(axes.get_ylim()[1], rule.at_least + 0.02))
    else:
        asked = [float("nan") if value is None else value for value in series[ASKED]]
        label = f"asked for: {rule.metric} {rule.at_least:g}"
        axes.plot(layers, asked, color=light("red"), linestyle="--", linewidth=1.1, label=label)
    layer_axis(axes, layers)
    axes.set_ylabel("lift = β rotated / β [-]")
    legend(axes)
