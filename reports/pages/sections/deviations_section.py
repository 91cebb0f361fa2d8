"""How the run departs from a complete run of a final preregistration on its sealed subject."""

from collections.abc import Sequence

from reports.base.markdown import plain
from reports.base.spans import spans
from reports.pages.section import Bullets, Section, Told
from reports.prereg.preregistration import Cell

ORDER = 120


def section(told: Told) -> Section:
    """Deviations, faults, and what was not measured."""
    document, decision = told.document, told.decision
    said = [*document["deviations"], *(f"{error['cell']}: {error['message']}" for error in document["errors"])]
    lines = [plain(line) for line in said]
    absent = [*decision.missing, *decision.unprobed]
    if absent:
        lines.append(f"not measured: {', '.join(cell_ranges(absent))}")
    return Section("Deviations", (Bullets(tuple(lines)) if lines else "None.",))


def cell_ranges(cells: Sequence[Cell]) -> list[str]:
    """`narrow_d[L04-L15]` for runs of layers of one claim, in the order in which the claims first appear."""
    layers: dict[str, set[int]] = {}
    for cell in cells:
        layers.setdefault(cell.name, set()).update(() if cell.layer is None else (cell.layer,))
    return [f"{name}[{spans(found, 'L{:02d}')}]" if found else name for name, found in layers.items()]
