"""`--cells`: which registered cells one job of a scheduler measures."""

from collections.abc import Sequence

from reports.base.errors import BadInput
from reports.base.printing import one_line
from reports.prereg.parsing.refusals import closest
from reports.prereg.preregistration import Cell

LISTED = "python -m reports cells lists them"


def asked_cells(asked: str, cells: Sequence[Cell]) -> frozenset[Cell]:
    """Of `cells`, in running order, those that `asked` names.

    `3/64` takes every 64th from the fourth on: a claim's cells are neighbours and cost alike, so each job gets some of
    every kind, and the first checkpoint is done first by all of them. A job beyond the last cell gets none.
    `narrow_d[L03],control:planted_narrow_d` names cells, and `narrow_d` every layer of a claim.
    Raises `BadInput` for a name that means no cell, or cells of two kinds.
    """
    part, slash, parts = asked.partition("/")
    if slash:
        return frozenset(cells[int(part) :: int(parts)])
    return frozenset(cell for name in asked.split(",") for cell in _named(name.strip(), cells))


def spelled(cell: Cell) -> str:
    """`claim:narrow_d[L03]`, which means this cell alone."""
    return f"{cell.kind}:{cell.id}"


def _named(name: str, cells: Sequence[Cell]) -> list[Cell]:
    kind, colon, rest = name.rpartition(":")
    found = [cell for cell in cells if rest in (cell.id, cell.name) and (not colon or cell.kind == kind)]
    kinds = sorted({cell.kind for cell in found})
    if not found:
        known = [*dict.fromkeys(cell.id for cell in cells)]
        raise BadInput(f"--cells: {one_line(name)!a} is no registered cell{closest(rest, known)}; {LISTED}")
    if len(kinds) > 1:
        raise BadInput(
            f"--cells: {one_line(name)!a} is a {' and a '.join(kinds)}; say which: {', '.join(map(spelled, found))}"
        )
    return found
