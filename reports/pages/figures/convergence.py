"""How the search for a rotation converges, and where other searches land."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.judge.probe_outcome import FAMILIES, ProbedLayer, probed_layer
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.preregistration import Cell, Probe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "Convergence of the search, and where other searches land"
CURVE = "curve_"
DRAWN = (
    "landing",
    "larger_budget",
    "annealed_procrustes",
    "procrustes",
    "momentum",
    "graduated",
)  # in the theme's order
NEAR = 0.93  # β from which its bound of 1 is drawn; farther away it would press the curves together [-]
Curve = Sequence[float]  # mean β over the layers, by step [-]


def convergence(decision: Decision, probe: Probe, measurements: Measurements) -> Figure:
    """Mean β [-] by step over the probed layers, for each family of searches, and the landing of each layer."""
    cells = [Cell("probe", probe.name, layer) for layer in decision.layers]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    if not measured:
        return nothing(probe.name, TITLE, "a convergence curve")
    names = _names(decision, probe)
    layers = [probed_layer(cell.layer, one) for cell, one in measured.items() if cell.layer is not None]
    curves = {
        family: [fmean(step) for step in zip(*found, strict=True)]
        for family in DRAWN
        if len(found := [one.profiles[CURVE + family] for one in measured.values() if CURVE + family in one.profiles])
        == len(measured)
    }
    plateau = fmean(layer.plateau_step for layer in layers)
    concluded = next((outcome for outcome in decision.probes if outcome.probe == probe), None)
    return Figure(
        name=probe.name,
        title=TITLE,
        reading=_reading(layers, plateau, names, concluded.conclusion if concluded else None),
        panels=(
            *(
                (
                    Panel(
                        name="curves",
                        title="β by step, mean over the layers",
                        description=f"β by step of each search, from {fmean(one.betas['start'] for one in layers):.3f} "
                        f"at the Haar start; the registered one is flat from step {plateau:.0f} on.",
                        draw=partial(_draw_curves, curves=curves, names=names, plateau=plateau),
                        height=3.4,
                    ),
                )
                if curves
                else ()
            ),
            Panel(
                name="landings",
                title="where each search lands",
                description="β after each search, by layer.",
                draw=partial(_draw_landings, layers=layers, names=names),
                height=3.4,
            ),
        ),
        tables=(_landing_table(layers, names), *((_curve_table(curves, names),) if curves else ())),
        absent=layers_absent(cells, list(measured)),
    )


def _names(decision: Decision, probe: Probe) -> Mapping[str, str]:
    """How each family is called; the registered search by its own name."""
    rotations = decision.prereg.rotations
    search = "registered search" if rotations is None else f"{rotations.optimiser}, {rotations.steps} steps"
    larger = f"{probe.budget_factor} times the steps"
    return {
        "start": "Haar start",
        "landing": search,
        "larger_budget": larger,
        "procrustes": "Procrustes",
        "annealed_procrustes": "annealed Procrustes",
        "momentum": "momentum",
        "graduated": "graduated, long steps",
    }


def _measured(layers: Sequence[ProbedLayer], families: Sequence[str]) -> list[str]:
    return [family for family in families if all(family in layer.betas for layer in layers)]


def _reading(layers: Sequence[ProbedLayer], plateau: float, names: Mapping[str, str], conclusion: str | None) -> str:
    gain = max(layers, key=lambda layer: layer.gain)
    apart = max(layers, key=lambda layer: abs(layer.agreement))
    landing = fmean(layer.betas["landing"] for layer in layers)
    said = (
        f"The registered search ({names['landing']}) lands at β {landing:.3f} [-], flat from step {plateau:.0f} on; "
        f"{names['larger_budget']} gain at most {gain.gain:.2%}, and annealed Procrustes lands within "
        f"{abs(apart.agreement):.2%} of it"
    )
    return f"{said}." if conclusion is None else f"{said}: {conclusion}."


def _landing_table(layers: Sequence[ProbedLayer], names: Mapping[str, str]) -> Table:
    told = _measured(layers, FAMILIES)
    return Table(
        caption="Mean β on the sample after each search; plateau step of the registered one; ceiling of the lift",
        columns=("layer", *(names[family] for family in told), "best on nulls", "plateau step", "lift at most"),
        rows=tuple(
            (
                layer.layer,
                *(layer.betas[family] for family in told),
                max(layer.nulls.values(), default=None),
                layer.plateau_step,
                layer.ceiling,
            )
            for layer in layers
        ),
        unit="-",
        units={"plateau step": "steps"},
    )


def _curve_table(curves: Mapping[str, Curve], names: Mapping[str, str]) -> Table:
    return Table(
        caption="β by step, mean over the layers",
        columns=("step", *(names[family] for family in curves)),
        rows=tuple(
            (step, *(curve[step] if step < len(curve) else None for curve in curves.values()))
            for step in range(max(len(curve) for curve in curves.values()))
        ),
        unit="-",
    )


def _draw_curves(axes: "Axes", curves: Mapping[str, Curve], names: Mapping[str, str], plateau: float) -> None:
    steps = range(max(len(curve) for curve in curves.values()))
    draw_series(axes, steps, {names[family]: curve for family, curve in curves.items()})
    axes.axvline(plateau, color=light("quiet"), linewidth=0.9, linestyle=":")
    axes.annotate(
        f"plateau, step {plateau:.0f}",
        xy=(plateau, 0.04),
        xycoords=("data", "axes fraction"),
        xytext=(3, 0),
        textcoords="offset points",
        color=light("quiet"),
        fontsize=7.5,
    )
    if max(max(curve) for curve in curves.values()) > NEAR:
        axes.set_ylim(top=1.012)
        level(axes, Mark(1.0, "β = 1: nothing but signs"))
    axes.set_xlim(left=0)
    axes.set_xlabel("step")
    axes.set_ylabel("β [-]")
    legend(axes)


def _draw_landings(axes: "Axes", layers: Sequence[ProbedLayer], names: Mapping[str, str]) -> None:
    at = [layer.layer for layer in layers]
    drawn = {names[family]: [layer.betas[family] for layer in layers] for family in _measured(layers, DRAWN)}
    draw_series(axes, at, drawn)
    layer_axis(axes, at)
    axes.set_ylabel("β [-]")
    legend(axes)
