"""Singular-value spectra, layer by layer, beside what a matrix of noise has."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import legend
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.preregistration import Cell, Claim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROFILE = "singular_values_"
NOISE = "noise_singular_values_"
NAME, TITLE = "spectra", "Singular values by layer, beside Marchenko–Pastur"
Curve = tuple[float, ...]  # quantiles of singular values over their RMS
Curves = Mapping[int, Curve]  # by layer


def spectra(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """Mean quantile function of each projection's singular values over their RMS [-], a line per layer."""
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    measured = {cell: measurements[cell].measured for cell in cells if cell in measurements}
    projections = in_order(
        name.removeprefix(PROFILE) for one in measured.values() for name in one.profiles if name.startswith(PROFILE)
    )
    if not projections:
        return nothing(NAME, TITLE, "a spectrum")
    curves: dict[str, Curves] = {
        projection: {
            cell.layer: one.profiles[PROFILE + projection]
            for cell, one in measured.items()
            if cell.layer is not None and PROFILE + projection in one.profiles
        }
        for projection in projections
    }
    noise = {
        name: one.profiles[NOISE + name] for one in measured.values() for name in curves if NOISE + name in one.profiles
    }
    return Figure(
        name=NAME,
        title=TITLE,
        reading=_reading(curves, noise),
        panels=tuple(
            Panel(
                name=projection,
                title=projection,
                description=f"Quantile functions of the singular values of {projection}, one line per layer, with the "
                "Marchenko–Pastur curve of a matrix of noise.",
                draw=partial(_draw, curves=found, noise=noise.get(projection)),
            )
            for projection, found in curves.items()
        ),
        tables=tuple(_table(projection, found, noise.get(projection)) for projection, found in curves.items()),
        absent=layers_absent(cells, list(measured)),
    )


def in_order(projections: Iterable[str]) -> list[str]:
    """Each once, gate, up, down: as their matrices are sampled."""
    return sorted(set(projections), key=lambda name: ("gate" not in name, "up" not in name, name))


def _levels(count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return (np.arange(count, dtype=np.float64) + 0.5) / count


def _reading(curves: Mapping[str, Curves], noise: Mapping[str, Curve]) -> str:
    tops = [(values[-1], layer, projection) for projection, found in curves.items() for layer, values in found.items()]
    (high, top, of), (low, bottom, beside) = max(tops), min(tops)
    said = (
        f"The steepest mean spectrum is that of {of} in layer {top}, whose largest values reach {high:.2f} times the "
        f"RMS [-]; the flattest, {beside} in layer {bottom}, reaches {low:.2f}"
    )
    return f"{said}; noise of the same shape has {noise[of][-1]:.2f} there." if of in noise else f"{said}."


def _table(projection: str, curves: Curves, noise: Curve | None) -> Table:
    levels = _levels(len(next(iter(curves.values()))))
    return Table(
        caption=f"{projection}: singular value over RMS below which a share of the singular values lies, mean over "
        "the layer's experts",
        columns=(
            "share [-]",
            *(f"layer {layer}" for layer in curves),
            *(() if noise is None else ("Marchenko–Pastur",)),
        ),
        rows=tuple(
            (
                float(level),
                *(values[i] for values in curves.values()),
                *(() if noise is None else (noise[i],)),
            )
            for i, level in enumerate(levels)
        ),
        unit="-",
    )


def _draw(axes: "Axes", curves: Curves, noise: Curve | None) -> None:
    first, last = min(curves), max(curves)
    for layer, values in curves.items():
        levels = _levels(len(values))
        if layer == first:
            axes.plot(levels, values, color=light("blue"), label=f"layer {layer}", marker="o", markevery=(4, 8))
        elif layer == last:
            axes.plot(levels, values, color=light("orange"), label=f"layer {layer}", marker="s", markevery=(8, 8))
        else:
            between = f"layers {first + 1} to {last - 1}" if last - first > 2 else f"layer {first + 1}"  # noqa: PLR2004
            known = between in axes.get_legend_handles_labels()[1]
            axes.plot(levels, values, color=light("quiet"), linewidth=0.7, label=None if known else between)
    if noise is not None:
        axes.plot(_levels(len(noise)), noise, color=light("ink"), linestyle="--", linewidth=1.8, label="noise")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("share of the singular values [-]")
    axes.set_ylabel("singular value / RMS [-]")
    legend(axes)
