"""What a lift is made of: random × noise fit × structure, layer by layer."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from kernels.closed_forms.lift_decomposition import Decomposition, pooled
from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.measured_decomposition import decompose
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import MeanAtLeast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "What the lift is made of: random × noise fit × structure"
Layers = Mapping[int, Decomposition]


def decomposition(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """The factors [-] of each layer that was decomposed; geometric means over them."""
    name = f"decomposition_{claim.name}"
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    layers = {
        cell.layer: factors
        for cell in cells
        if cell.layer is not None and cell in measurements
        if (factors := decompose(measurements[cell].measured)) is not None
    }
    if not layers:
        return nothing(name, TITLE, "a decomposition of the lift")
    interval = next(
        (
            outcome.structure_interval
            for outcome in decision.gates
            if outcome.gate.claim == claim and len(outcome.decompositions) == len(layers)
        ),
        None,
    )
    band = next((probe.band for probe in decision.prereg.probes if probe.claim == claim.name), None)
    rule = claim.rule
    asked = rule.at_least if isinstance(rule, MeanAtLeast) and rule.metric == "structure" else None
    whole = pooled(list(layers.values()))
    return Figure(
        name=name,
        title=TITLE,
        reading=_reading(whole, interval, decision.prereg.interval.level),
        panels=(
            Panel(
                name="factors",
                title="the factors of each layer's lift",
                description=f"Lift {whole.lift:.3f} as the product of random {whole.random:.3f}, noise fit "
                f"{whole.noise_fit:.3f} and structure {whole.structure:.3f}, layer by layer.",
                draw=partial(_draw_factors, layers=layers),
                height=3.4,
            ),
            Panel(
                name="structure",
                title="structure alone, over each null",
                description="Structure by layer, over the largest of three nulls and over each of them, with the band "
                "around 1 that counts as none.",
                draw=partial(_draw_structure, layers=layers, band=band, asked=asked),
                height=3.4,
            ),
        ),
        tables=(_table(layers, whole),),
        absent=layers_absent(cells, [Cell("claim", claim.name, layer) for layer in layers]),
    )


def _reading(whole: Decomposition, interval: tuple[float, float] | None, confidence: float) -> str:
    spread = (
        "" if interval is None else f" ({confidence:.0%} interval over layers {interval[0]:.3f} to {interval[1]:.3f})"
    )
    return (
        f"The lift of {whole.lift:.3f} is {whole.random:.3f} by rotating at random, times {whole.noise_fit:.3f} that "
        f"the search also gains on noise, times {whole.structure:.3f}{spread} that is left for structure."
    )


def _table(layers: Layers, whole: Decomposition) -> Table:
    def row(name: int | str, one: Decomposition) -> tuple[int | str | float, ...]:
        return (name, one.lift, one.random, one.noise_fit, one.structure, *one.nulls.values())

    return Table(
        caption="Factors of the lift by layer, on the registered sample; noise fit: the largest of three nulls",
        columns=("layer", "lift", "random", "noise fit", "structure", *(f"noise fit, {null}" for null in whole.nulls)),
        rows=(*(row(layer, one) for layer, one in layers.items()), row("geometric mean", whole)),
        unit="-",
    )


def _draw_factors(axes: "Axes", layers: Layers) -> None:
    found = list(layers.values())
    series: dict[str, Sequence[float]] = {
        "lift": [one.lift for one in found],
        "noise fit": [one.noise_fit for one in found],
        "random": [one.random for one in found],
        "structure": [one.structure for one in found],
    }
    axes.axhline(1.0, color=light("quiet"), linewidth=0.9)
    draw_series(axes, list(layers), series)
    layer_axis(axes, list(layers))
    axes.set_ylabel("factor [-]")
    legend(axes)


def _draw_structure(axes: "Axes", layers: Layers, band: float | None, asked: float | None) -> None:
    found = list(layers.values())
    series: dict[str, Sequence[float]] = {"over the largest": [one.structure for one in found]}
    series |= {f"over {null}": [one.over(one.nulls[null]) for one in found] for null in found[0].nulls}
    if band is not None:
        axes.axhspan(1.0 - band, 1.0 + band, facecolor=light("rule"), alpha=0.6, label=f"none: 1 ± {band:g}")
    axes.axhline(1.0, color=light("quiet"), linewidth=0.9)
    draw_series(axes, list(layers), series)
    if asked is not None:
        level(axes, Mark(asked, f"threshold {asked:g}"))
    layer_axis(axes, list(layers))
    axes.set_ylabel("structure [-]")
    legend(axes)
