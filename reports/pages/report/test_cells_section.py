"""Every cell with what its rule reads there, and what came of it."""

import pytest

from reports.base.number_table import Table, Value
from reports.pages.report.cells_section import anchor, cells_section
from reports.pages.section import Told
from reports.prereg.preregistration import Cell, running_order
from reports.testing.figured_rung import Keep, document_of, first_kill, measured_rung


def rows(keep: Keep = lambda _: True) -> dict[str, dict[str, Value]]:
    """Column -> value of each cell, by the cell's name."""
    decision, measurements = measured_rung(keep)
    told = Told(decision, document_of(decision), measurements)
    tables = [part for part in cells_section(told, ()).parts if isinstance(part, Table)]
    found = {str(row[0]): dict(zip(table.columns, row, strict=True)) for table in tables for row in table.rows}
    assert set(found) == {cell.id for cell in running_order(decision.prereg, decision.layers)}
    return found


def test_a_row_holds_the_numbers_of_its_cell() -> None:
    row = rows()["narrow_d[L01]"]  # 0.40, 0.42, … 0.50 of six matrices
    assert row["values"] == 6
    numbers = [row[name] for name in ("least", "median", "mean", "largest", "noise")]
    assert numbers == pytest.approx([0.4, 0.45, 0.45, 0.5, 0.777])


def test_a_row_says_what_came_of_its_cell() -> None:
    found = rows()
    assert found["narrow_d[L00]"]["came to"] == ""
    assert found["narrow_d[L01]"]["came to"] == "narrow_d@2-layer KILLED"
    assert found["random_rotation[L02]"]["came to"] == "sound"
    assert found["planted_narrow_d"]["came to"] == "sound"
    assert found["radam_convergence[L00]"]["came to"] == "outside the verdict"
    assert found["specialist_narrower[L00]"]["came to"] == "outside the verdict"


def test_what_was_not_measured_has_a_row_that_says_so() -> None:
    found = rows(first_kill)
    assert found["narrow_d[L01]"]["came to"] == "narrow_d@2-layer KILLED"
    empty = dict.fromkeys(found["narrow_d[L02]"])
    assert found["narrow_d[L02]"] == {**empty, "cell": "narrow_d[L02]", "came to": "not measured"}


def test_a_cell_never_has_the_address_of_a_section() -> None:
    decision, measurements = measured_rung()
    assert anchor(Cell("control", "figures")) == "figures"
    assert anchor(Cell("control", "figures"), {"figures"}) == "cell-figures"
    assert anchor(Cell("claim", "narrow_d", 3), {"figures"}) == "narrow_d-L03"
    told = Told(decision, document_of(decision), measurements)
    tables = [part for part in cells_section(told, {"planted_narrow_d"}).parts if isinstance(part, Table)]
    assert "cell-planted_narrow_d" in {at for table in tables for at in table.anchors}
