"""Heads say the unit, CSV says the number."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.number_table import FORMULA, Table, as_csv

FLOATS = st.floats(-1e300, 1e300)  # ten digits of the largest ones may round to infinity


def rows_of(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(table))))


def test_only_floats_without_a_unit_get_one() -> None:
    table = Table(
        "t",
        ("layer", "n", "β", "KL [nats]", "took", "said"),
        ((0, 3, 0.8, 0.1, None, "yes"), (1, 3, None, 0.2, 2.5, "no")),
        unit="-",
        units={"took": "s"},
    )
    assert table.heads == ("layer", "n", "β [-]", "KL [nats]", "took [s]", "said")
    assert Table("t", table.columns, table.rows).heads == table.columns
    assert Table("t", ("n", "interval"), ((1, (0.1, 0.2)),), unit="-").heads == ("n", "interval [-]")


def test_csv_has_ten_digits_and_an_interval_in_two_columns() -> None:
    table = Table("t", ("gate", "observed", "interval"), (("a", 1 / 3, (0.1, 0.2)), ("b", None, None)), unit="-")
    assert as_csv(table) == (
        'gate,observed [-],"interval [-], from","interval [-], to"\r\na,0.3333333333,0.1,0.2\r\nb,,,\r\n'
    )


def test_a_word_among_intervals_keeps_the_row_as_long() -> None:
    table = Table("t", ("gate", "interval"), (("a", (0.1, 0.2)), ("b", "census")))
    assert rows_of(table)[1:] == [["a", "0.1", "0.2"], ["b", "census", ""]]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "\tx"])
def test_no_text_is_a_formula(text: str) -> None:
    assert rows_of(Table("t", ("name", text), ((text, -0.5),))) == [["name", f"'{text}"], [f"'{text}", "-0.5"]]


@given(st.lists(st.tuples(st.text(st.characters(codec="utf8")), FLOATS), min_size=1))
def test_what_is_written_is_read_back(rows: list[tuple[str, float]]) -> None:
    _, *found = rows_of(Table("t", ("name", "value"), tuple(rows)))
    assert [float(value) for _, value in found] == pytest.approx([value for _, value in rows], rel=5e-10)
    for (read, _), (written, _) in zip(found, rows, strict=True):
        assert read in (written, f"'{written}")
        assert not read.startswith(FORMULA)
