"""A terminal's table: as wide as it is allowed to be, and no number lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.text_table import text_table

HEADS = ("gate", "A [-]", "B [-]")
ROWS = (("narrow_d@4-layer", "0.3490", "0"), ("a", "1.188", "12.25"))
CELLS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=30)


def test_columns_where_they_fit() -> None:
    assert text_table(HEADS, ROWS) == [
        "gate               A [-]  B [-]",
        "narrow_d@4-layer  0.3490      0",
        "a                  1.188  12.25",
    ]


def test_a_name_of_its_own_line_where_they_do_not() -> None:
    assert text_table(HEADS, ROWS, 20) == [
        "gate",
        "   A [-]  B [-]",
        "narrow_d@4-layer",
        "  0.3490      0",
        "a",
        "   1.188  12.25",
    ]


def test_head_and_value_where_nothing_else_fits() -> None:
    assert text_table(HEADS, ROWS[:1], 12) == [
        "narrow_d@4-l",
        "  ayer",
        "  A [-]",
        "    0.3490,",
        "    B [-] 0",
    ]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(40, 100))
def test_no_line_is_too_long_and_no_cell_is_lost(rows: list[tuple[str, str, str]], columns: int) -> None:
    lines = text_table(HEADS, rows, columns)
    assert max(map(len, lines)) <= columns
    words = " ".join(lines).replace(",", " ").split()
    for row in rows:
        assert set(row) <= set(words)


@pytest.mark.parametrize("columns", [80, 20])
def test_no_line_ends_in_blanks(columns: int) -> None:
    assert all(line == line.rstrip() for line in text_table(HEADS, (("a", "b", ""),), columns))
