"""Experts beside the FFN of a dense model, layer by layer."""

from functools import partial
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.secondary import SecondaryOutcome, secondary_line
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, nothing
from reports.prereg.preregistration import Secondary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Experts beside a dense model, each relative to its own noise"


def beside_dense(decision: Decision, secondary: Secondary) -> Figure:
    """The secondary's metric [-] of both sides where both were measured."""
    found = next((outcome for outcome in decision.secondaries if outcome.secondary == secondary), None)
    if found is None:
        return nothing(secondary.name, TITLE, f"the comparison with {secondary.dense.name}")
    short = found.registered - len(found.layers)
    return Figure(
        name=secondary.name,
        title=TITLE,
        reading=f"{secondary_line(found)}.",
        panels=(
            Panel(
                name="by_layer",
                title="mean over a layer's matrices",
                description=f"{secondary.metric} by layer, of experts and of {secondary.dense.name}.",
                draw=partial(_draw, found=found),
            ),
        ),
        tables=(
            Table(
                caption=f"Mean {secondary.metric} over a layer's matrices",
                columns=("layer", "experts", secondary.dense.name, "difference"),
                rows=tuple((one.layer, one.experts, one.dense, one.difference) for one in found.layers),
                unit="-",
            ),
        ),
        absent=f"{short} of {found.registered} layers were not measured on both sides." if short else None,
    )


def _draw(axes: "Axes", found: SecondaryOutcome) -> None:
    at = [one.layer for one in found.layers]
    dense = found.secondary.dense.name
    draw_series(
        axes, at, {"experts": [one.experts for one in found.layers], dense: [one.dense for one in found.layers]}
    )
    axes.set_ylim(0.0, 1.08)
    level(axes, Mark(1.0, "noise", "ink", ":"), right=False)
    layer_axis(axes, at)
    axes.set_ylabel(f"{found.secondary.metric} [-]", fontsize=7.5)
    legend(axes)
