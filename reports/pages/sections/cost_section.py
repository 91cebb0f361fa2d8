"""What the run cost."""

from reports.base.number_table import Table
from reports.pages.section import Section, Told

ORDER = 150


def section(told: Told) -> Section | None:
    """Seconds by what was measured, dearest first; None where nothing was."""
    spent: dict[tuple[str, str], list[float]] = {}
    for cell, measurement in told.measurements.items():
        what = "every control" if cell.kind == "control" else cell.name
        spent.setdefault((cell.kind, what), []).append(measurement.seconds)
    if not spent:
        return None
    dearest = sorted(spent.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    rows = tuple((kind, f"`{name}`", len(cells), sum(cells)) for (kind, name), cells in dearest)
    total = sum(sum(cells) for cells in spent.values())
    note = f"{total:.0f} s in all: reading, digesting and computing, each cell once, whatever ran side by side."
    table = Table(
        "What was measured, dearest first", ("kind", "what", "cells", "seconds"), rows, {"seconds": ".1f"}, "s"
    )
    return Section("Cost", (table, note))
