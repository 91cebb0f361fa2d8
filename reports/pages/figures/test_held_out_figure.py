"""The figure of a held-out lift draws what was measured, and says what one sees."""

import pytest

from fixtures.measures.rotation.held_out_lift import figures
from reports.pages.figures.held_out_by_layer import held_out
from reports.pages.figures.render import drawn
from reports.pages.test_held_out_section import CLAIM, told
from reports.testing.small_rules import a_claim


def test_each_layer_is_drawn_beside_noise_and_its_covariance() -> None:
    run = told(twin=1.04)
    shown = held_out(run.decision, CLAIM, run.measurements)
    assert shown.absent is None
    (table,) = shown.tables
    assert table.columns == ("layer", "held out", "in sample", "noise, in sample", "covariance twin", "down")
    for layer, row in enumerate(table.rows):
        assert row == pytest.approx((layer, 1.1, 1.3, 1.11, 1.04, 1.02))
    for said in (
        "lifts these 1.300 times",
        "noise, and the other half 1.100 times",
        "1.05 is asked for",
        "reach 1.040",
    ):
        assert said in shown.reading
    assert b"PNG" in drawn(shown)["by_layer"].png[:8]
    assert [one.name for one in figures(run.decision, CLAIM, run.measurements)] == ["held_out_beta_lift"]


def test_what_was_not_measured_is_said() -> None:
    run = told(measured=False)
    assert held_out(run.decision, CLAIM, run.measurements).panels == ()
    assert held_out(run.decision, a_claim(), run.measurements).panels == ()
