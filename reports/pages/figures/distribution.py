"""How a metric such as d_eff/d is distributed over matrices, beside its threshold and what noise has."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from reports.base.spans import spans
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, layer_axis, legend, level, upright
from reports.pages.figures.distributed import (
    STEP,
    Layer,
    below,
    count,
    counts,
    edges_of,
    every_table,
    histogram_table,
    layer_table,
    noise_of,
    pooled,
)
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.known_metrics import counted_by, one_counted
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import ShareRule
from reports.prereg.samples import Measured

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def distribution(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """A histogram for each gate of the claim that was judged, and the layers one by one."""
    name, rule = f"distribution_{claim.name}", claim.rule
    counted = counted_by(rule.metric)
    title = f"{rule.metric} of every {one_counted(rule.metric)}"
    if not isinstance(rule, ShareRule):
        return nothing(name, title, f"a rule on a share of {counted}")
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    layers = [
        Layer(cell.layer, one.samples[rule.metric].values, one.samples[rule.metric].noise_mean)
        for cell, one in measured.items()
        if cell.layer is not None
    ]
    if not layers:
        return nothing(name, title, f"{rule.metric} of any matrix")
    judged = [outcome.gate.layers for outcome in decision.gates if outcome.gate.claim == claim and outcome.rule]
    groups = {
        f"layers {spans(chosen)}": [layer for layer in layers if layer.layer in chosen]
        for chosen in judged or [tuple(layer.layer for layer in layers)]
    }
    samples = next(iter(measured.values())).samples[rule.metric]
    label = f"{samples.label} [{samples.unit}]"
    width = STEP / (_scale(next(iter(measured.values())), rule.metric))
    histograms = {
        group: Panel(
            name=f"histogram_{len(chosen)}",
            title=f"{group}: {below(chosen, rule)} of {count(chosen)} {rule.side} {rule.bound:g}",
            description=f"Histogram of {rule.metric} over the {counted} of {group}, with the threshold {rule.bound:g} "
            "and the value of noise.",
            draw=partial(_draw_histogram, layers=chosen, rule=rule, width=width, label=label),
        )
        for group, chosen in groups.items()
    }
    by_layer = Panel(
        name="by_layer",
        title="layer by layer: median, quartiles, range",
        description=f"{rule.metric} by layer: median, quartiles and range, with threshold and noise.",
        draw=partial(_draw_layers, layers=layers, rule=rule, label=label),
    )
    return Figure(
        name=name,
        title=title,
        reading=_reading(groups, rule),
        panels=(*histograms.values(), by_layer),
        tables=(
            layer_table(layers, rule, samples.unit),
            histogram_table(groups, rule, width, samples.unit),
            every_table(measured, rule, samples.unit),
        ),
        absent=layers_absent(cells, list(measured)),
    )


def _scale(measured: Measured, metric: str) -> float:
    """What the registered values are divided by to come to the metric [-]: 1, or their value for noise."""
    parts = measured.samples[metric].made_of
    return (measured.samples[parts[0]].noise_mean or 1.0) if parts else 1.0


def _reading(groups: Mapping[str, Sequence[Layer]], rule: ShareRule) -> str:
    parts = []
    for label, layers in groups.items():
        share = below(layers, rule) / count(layers)
        parts.append(
            f"in {label} {below(layers, rule)} of {count(layers)} {counted_by(rule.metric)} ({share:.0%}) lie "
            f"{rule.side} {rule.bound:g}, median {median(pooled(layers)):.3f} [-]"
        )
    said = f"At least {rule.at_least:.0%} are asked for; {'; '.join(parts)}"
    noise = noise_of(next(iter(groups.values())))
    return f"{said}." if noise is None else f"{said}; noise of the same shape has {noise:.3f}."


def _draw_histogram(axes: "Axes", layers: Sequence[Layer], rule: ShareRule, width: float, label: str) -> None:
    found, edges = pooled(layers), edges_of(layers, width)
    under = counts([value for value in found if value < rule.limit], edges)
    others = counts([value for value in found if value >= rule.limit], edges)
    axes.bar(edges[:-1], under, width=width, align="edge", color=light("blue"), label=f"{rule.side} the threshold")
    axes.bar(
        edges[:-1],
        others,
        width=width,
        align="edge",
        bottom=under,
        facecolor="none",
        edgecolor=light("quiet"),
        linewidth=0.8,
        label=f"not {rule.side}",
    )
    noise = noise_of(layers)
    axes.set_xlim(0.0, max(1.0, edges[-1], (noise or 0.0) * 1.05))
    axes.set_ylim(0.0, 1.35 * max(low + high for low, high in zip(under, others, strict=True)))
    upright(axes, Mark(rule.bound, f"threshold {rule.bound:g}"))
    if noise is not None:
        upright(axes, Mark(noise, f"noise {noise:.3g}", "ink", ":"), height=0.9)
    axes.set_xlabel(label)
    axes.set_ylabel(counted_by(rule.metric))
    legend(axes)


def _draw_layers(axes: "Axes", layers: Sequence[Layer], rule: ShareRule, label: str) -> None:
    at = [layer.layer for layer in layers]
    axes.vlines(
        at,
        [min(layer.values) for layer in layers],
        [max(layer.values) for layer in layers],
        light("quiet"),
        linewidth=0.8,
    )
    lows, highs = [layer.quartiles[0] for layer in layers], [layer.quartiles[2] for layer in layers]
    axes.vlines(at, lows, highs, light("blue"), linewidth=3.5, label="quartiles")
    middles = [layer.quartiles[1] for layer in layers]
    axes.plot(at, middles, color=light("ink"), marker="o", linestyle="none", label="median")
    noise = noise_of(layers)
    axes.set_ylim(0.0, max(1.0, 1.1 * max(pooled(layers))))
    level(axes, Mark(rule.bound, f"threshold {rule.bound:g}"))
    if noise is not None:
        level(axes, Mark(noise, f"noise {noise:.3g}", "ink", ":"), above=True)
    layer_axis(axes, at)
    axes.set_ylabel(label)
    legend(axes)
