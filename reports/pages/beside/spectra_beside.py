"""Mean singular-value spectra of two verdicts, projection by projection, each beside its own noise."""

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from reports.base.number_table import Table
from reports.pages.beside.side import CHANGE, A, B, Side
from reports.pages.figures.axes import legend
from reports.pages.figures.figure import Figure, Panel
from reports.pages.figures.spectra import NOISE, PROFILE, in_order
from reports.pages.figures.theme import SERIES, light
from reports.pages.section import Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)  # of the singular values, at which two spectra are compared
LOOKS = ((A, 0), (B, 1), (f"noise of {A}", 4), (f"noise of {B}", 5))  # place in the theme's order
SAID = (
    "Singular value over RMS below which a share of the singular values is: mean over the experts and the layers that "
    "were measured. Spectra of unlike shapes differ on noise too: compare each with its own."
)
Curve = Sequence[float]  # quantiles at the middles of equal shares


def section(a: Side, b: Side) -> Section | None:
    """A table for each projection that both have a spectrum of."""
    tables = [_table(projection, curves) for projection, curves in _curves(a, b).items()]
    return Section("Spectra", (SAID, *tables)) if tables else None


def figures(a: Side, b: Side) -> tuple[Figure, ...]:
    """The same drawn, a panel for each projection."""
    found = _curves(a, b)
    if not found:
        return ()
    tops = [f"{projection} {A} {curves[A][-1]:.2f}, {B} {curves[B][-1]:.2f}" for projection, curves in found.items()]
    return (
        Figure(
            name="spectra",
            title="Mean singular values, side by side",
            reading=f"The largest singular values over the RMS [-]: {'; '.join(tops)}.",
            panels=tuple(
                Panel(
                    name=projection,
                    title=projection,
                    description=f"Mean quantile functions of the singular values of {projection} in both verdicts.",
                    draw=partial(_draw, curves=curves),
                )
                for projection, curves in found.items()
            ),
            tables=tuple(_table(projection, curves) for projection, curves in found.items()),
        ),
    )


def _curves(a: Side, b: Side) -> dict[str, dict[str, Curve]]:
    """Projection -> the mean curves of A and B, and of their noise where it is known."""
    ours, theirs = _means(a), _means(b)
    both = in_order(name.removeprefix(PROFILE) for name in ours if name.startswith(PROFILE) and name in theirs)
    return {
        projection: {
            label: side[prefix + projection]
            for label, side, prefix in (
                (A, ours, PROFILE),
                (B, theirs, PROFILE),
                (f"noise of {A}", ours, NOISE),
                (f"noise of {B}", theirs, NOISE),
            )
            if prefix + projection in side
        }
        for projection in both
    }


def _means(side: Side) -> Mapping[str, Curve]:
    """Each profile of a spectrum, in the mean over the layers of every claim that has one."""
    found: dict[str, list[Curve]] = {}
    for claim in side.claims:
        for measurement in side.layers(claim).values():
            for name, values in measurement.measured.profiles.items():
                if name.startswith((PROFILE, NOISE)):
                    found.setdefault(name, []).append(values)
    return {name: [fmean(at) for at in zip(*curves, strict=True)] for name, curves in found.items()}


def at_shares(curve: Curve, shares: Sequence[float] = SHARES) -> list[float]:
    """The curve between its points, and flat outside of them."""
    levels = (np.arange(len(curve)) + 0.5) / len(curve)
    return [float(value) for value in np.interp(shares, levels, curve)]


def _table(projection: str, curves: Mapping[str, Curve]) -> Table:
    values = {label: at_shares(curve) for label, curve in curves.items()}
    noise = [label for label in values if label not in (A, B)]
    rows = tuple(
        (share, values[A][i], values[B][i], values[B][i] - values[A][i], *(values[label][i] for label in noise))
        for i, share in enumerate(SHARES)
    )
    return Table(f"{projection}: singular value over RMS", ("share", A, B, CHANGE, *noise), rows, unit="-")


def _draw(axes: "Axes", curves: Mapping[str, Curve]) -> None:
    for label, place in LOOKS:
        if label in curves:
            colour, _, line = SERIES[place]
            curve = curves[label]
            levels = (np.arange(len(curve)) + 0.5) / len(curve)
            axes.plot(levels, curve, color=light(colour), linestyle=line, label=label)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("share of the singular values [-]")
    axes.set_ylabel("singular value / RMS [-]")
    legend(axes)
