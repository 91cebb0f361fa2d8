"""What stands beside a held-out lift on a page, and when the twin of a layer's covariance is said to be enough."""

from typing import Any

import pytest

from reports.base.number_table import Table
from reports.judge.decision import decide
from reports.pages.section import Told
from reports.pages.sections import held_out_section
from reports.prereg.preregistration import Cell
from reports.prereg.rules import MeanAtLeast
from reports.testing.small_rules import a_claim, a_preregistration, of, sampled

CLAIM = a_claim("beta_lift", MeanAtLeast("held_out_lift", at_least=1.05), checkpoints=(2,))


def told(twin: float = 1.0, rows: float = 8.0, *, measured: bool = True) -> Told:
    samples = {"held_out_lift": (1.0, 1.2), "in_sample": (1.3,), "gaussian_in_sample": (1.1, 1.12)}
    samples |= {"twin_lift": (twin,), "down_lift": (1.01, 1.03), "break_even": (1.195,)}
    found: dict[str, Any] = {**samples, "rows_per_dimension": (rows, 8.0)}
    cells = [Cell("claim", "beta_lift", layer) for layer in (1, 0)] if measured else []
    measurements = {cell: of(cell, sampled(found)) for cell in cells}
    return Told(decide(a_preregistration([CLAIM], layers=2), range(2), measurements), {}, measurements)


def test_each_layer_has_its_row_and_all_have_their_mean() -> None:
    section = held_out_section.section(told())
    assert section is not None
    said, table = section.parts
    assert isinstance(table, Table)
    assert table.columns[0] == "layer"
    assert [row[0] for row in table.rows] == [0, 1, "mean"]
    assert table.rows[-1][1:] == pytest.approx((1.1, 1.3, 1.11, 1.0, 1.02))
    assert "on 8 rows per dimension. " in str(said)
    assert "pay from 1.195." in str(said)


@pytest.mark.parametrize(("twin", "met"), [(1.049, False), (1.05, True)])
def test_what_the_covariance_alone_does_is_said_where_it_meets_the_rule(twin: float, met: bool) -> None:
    section = held_out_section.section(told(twin))
    assert section is not None
    assert ("met by anisotropy alone" in str(section.parts[0])) == met


def test_a_sample_is_said_to_be_one() -> None:
    section = held_out_section.section(told(rows=2.0))
    assert section is not None
    assert "on 2 rows per dimension, a sample where 8 are registered." in str(section.parts[0])


def test_without_measurements_there_is_nothing_to_tell() -> None:
    assert held_out_section.section(told(measured=False)) is None
    other = a_preregistration([a_claim()], layers=2)
    assert held_out_section.section(Told(decide(other, range(2), {}), {}, {})) is None
