"""The numbers of a figure as CSV, inside the page: a `data:` address needs no second file and no network."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from reports.base.number_table import Table, as_csv

SAFE = ",/:;[]()"  # of what CSV holds, allowed in such an address as it is (RFC 2397)


@dataclass(frozen=True)
class Download:
    file: str  # the name that a browser saves it under
    text: str  # of the link, another one for each table
    address: str


def downloads(prefix: str, figure: str, tables: Sequence[Table]) -> tuple[Download, ...]:
    """A link for each table of a figure; the files are named after the rung, the figure and the table's place."""
    return tuple(
        Download(
            f"{prefix}-{figure}{f'-{place}' if len(tables) > 1 else ''}.csv",
            f"{table.caption} ({len(table.rows)} {'row' if len(table.rows) == 1 else 'rows'})",
            f"data:text/csv;charset=utf-8,{quote(as_csv(table), safe=SAFE)}",
        )
        for place, table in enumerate(tables, 1)
    )
