"""What a figure is before it is drawn: numbers, a sentence that reads them, and panels that know how to draw them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.base.spans import spans
from reports.prereg.preregistration import Cell

if TYPE_CHECKING:  # matplotlib is loaded when a report is rendered, not when pytest starts
    from matplotlib.axes import Axes

LOW = 2.9  # height of a panel [inch]; its width is the theme's


@dataclass(frozen=True)
class Panel:
    """One pair of axes: a picture that fits a phone, and is complete as a file."""

    name: str  # unique within the figure; letters, digits and underscores
    title: str
    description: str  # what a person who cannot see it is told
    draw: Callable[["Axes"], None]
    height: float = LOW  # [inch]


@dataclass(frozen=True)
class Figure:
    """A figure with its tables. Without panels nothing was measured, and `reading` says what."""

    name: str
    title: str
    reading: str  # one sentence: what one sees
    panels: tuple[Panel, ...]
    tables: tuple[Table, ...]
    absent: str | None = None  # one sentence: what was not measured, where something was


def layers_absent(cells: Sequence[Cell], measured: Sequence[Cell]) -> str | None:
    """Which of the registered `cells` have no measurement, in one sentence."""
    absent = {cell.layer for cell in cells if cell not in measured and cell.layer is not None}
    if not absent:
        return None
    plural = "layer" if len(absent) == 1 else "layers"
    return f"{cells[0].name} was not measured at {plural} {spans(absent)}, so nothing is drawn there."


def nothing(name: str, title: str, what: str) -> Figure:
    """The figure of what was not measured at all."""
    return Figure(name, title, f"Nothing to draw: {what} was not measured in this run.", (), ())
