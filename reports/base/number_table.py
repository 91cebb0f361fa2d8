"""A table as figures, pages and reports share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str | tuple[float, float] | None  # a pair is an interval; None where nothing was measured


@dataclass(frozen=True)
class Table:
    """Numbers, unrounded: HTML shows six significant digits. The first column names the row."""

    caption: str  # HTML alone shows it
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    forms: Mapping[str, str] = field(default_factory=dict)  # column -> of its floats in Markdown, else `.3f`
