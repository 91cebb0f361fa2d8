"""What several figures draw alike: a layer axis, series that differ in more than colour, labelled lines."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.pages.figures.theme import SERIES, light

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TICKS = 8  # at most so many, or their labels touch on a phone
ROOMY = 0.65  # a label of ten letters right of a line needs the rest of the axes
MARKERS = 16  # about so many on a line


@dataclass(frozen=True)
class Mark:
    """A labelled line at a value: a threshold, or what noise has."""

    value: float
    label: str
    colour: str = "red"
    dash: str = "--"


def layer_axis(axes: "Axes", layers: Sequence[int], label: str = "layer") -> None:
    """Whole numbers only, from the first layer to the last."""
    first, last = min(layers), max(layers)
    step = max(1, math.ceil((last - first + 1) / TICKS))
    axes.set_xticks(range(first, last + 1, step))
    axes.set_xlim(first - 0.5, last + 0.5)
    axes.set_xlabel(label)


def draw_series(axes: "Axes", xs: Sequence[float], series: Mapping[str, Sequence[float | None]]) -> None:
    """One line per name, in the theme's order of colour, marker and dash; a gap where a value is None.

    A series that is shorter than `xs` ends early.
    """
    for i, ((name, values), (colour, marker, line)) in enumerate(zip(series.items(), SERIES, strict=False)):
        axes.plot(
            xs[: len(values)],
            [math.nan if value is None else value for value in values],
            color=light(colour),
            marker=marker,
            linestyle=line,
            markevery=max(1, len(xs) // MARKERS),
            markerfacecolor=light(colour) if i == 0 else "none",  # what is under it shows through
            label=name,
        )


def level(axes: "Axes", mark: Mark, above: bool = False, right: bool = True) -> None:
    """A horizontal line, labelled above or below, at its right end or its left one."""
    axes.axhline(mark.value, color=light(mark.colour), linestyle=mark.dash, linewidth=1.1)
    axes.annotate(
        mark.label,
        xy=(1.0 if right else 0.0, mark.value),
        xycoords=("axes fraction", "data"),
        xytext=(-1 if right else 3, 2 if above else -2),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom" if above else "top",
        color=light(mark.colour),
        fontsize=7.5,
    )


def upright(axes: "Axes", mark: Mark, height: float = 1.0) -> None:
    """A vertical line, labelled at `height` [share of the axes] on its roomier side. The limits of x must be set."""
    low, high = axes.get_xlim()
    right = mark.value < low + ROOMY * (high - low)
    axes.axvline(mark.value, color=light(mark.colour), linestyle=mark.dash, linewidth=1.2)
    axes.annotate(
        mark.label,
        xy=(mark.value, height),
        xycoords=("data", "axes fraction"),
        xytext=(3 if right else -3, -1),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        color=light(mark.colour),
        fontsize=7.5,
    )


def legend(axes: "Axes", columns: int = 2) -> None:
    """Below the axes, where it covers nothing."""
    figure = axes.get_figure(root=True)
    if figure is not None:
        figure.legend(loc="outside lower left", ncols=columns)
