"""A table as figures, pages and reports share it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str | tuple[float, float] | None  # a pair is an interval; None where nothing was measured
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of one
DIGITS = ".10g"  # of every float that is published, as in `decision.json`


@dataclass(frozen=True)
class Table:
    """Numbers, unrounded: HTML shows four significant digits, CSV ten. The first column names the row."""

    caption: str  # HTML alone shows it
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    forms: Mapping[str, str] = field(default_factory=dict)  # column -> of its floats in Markdown, else `.3f`
    unit: str | None = None  # of every float below a head that states none: in the heads of HTML and CSV
    units: Mapping[str, str] = field(default_factory=dict)  # column -> its unit, where it is another one
    anchors: tuple[str, ...] = ()  # of each row, where a page links to it: the rows then stay unfolded

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns, with the unit of those that hold floats."""
        return tuple(self._head(place, column) for place, column in enumerate(self.columns))

    def _head(self, place: int, column: str) -> str:
        unit = self.units.get(column, self.unit)
        floats = any(isinstance(row[place], float | tuple) for row in self.rows)
        return column if unit is None or not floats or column.endswith("]") else f"{column} [{unit}]"


def as_csv(table: Table) -> str:
    """The table as CSV (RFC 4180): heads with units, floats at ten digits, an interval as two columns, None as nothing.

    A text that a spreadsheet would run as a formula is led by an apostrophe.
    """
    pairs = [any(isinstance(row[place], tuple) for row in table.rows) for place in range(len(table.columns))]
    heads = [
        name
        for head, pair in zip(table.heads, pairs, strict=True)
        for name in ((f"{head}, from", f"{head}, to") if pair else (head,))
    ]
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(_inert(head) for head in heads)
    for row in table.rows:
        cells = zip(row, pairs, strict=True)
        lines.writerow(text for value, pair in cells for text in _fields(value, pair))
    return written.getvalue()


def _fields(value: Value, pair: bool) -> tuple[str, ...]:
    match value:
        case (low, high):
            return (f"{low:{DIGITS}}", f"{high:{DIGITS}}")
        case None:
            text = ""
        case float():
            text = f"{value:{DIGITS}}"
        case int():
            text = str(value)
        case _:
            text = _inert(value)
    return (text, "") if pair else (text,)


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
