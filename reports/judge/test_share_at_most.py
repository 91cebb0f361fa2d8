"""The rule share_at_most: what is at the bound counts, on every page and in every message."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.decision import decide, rule_text
from reports.judge.gates import apply_rule
from reports.pages.figures.distribution import distribution
from reports.pages.messages import gate_message, measurement_text
from reports.pages.why_gates import gate_lines
from reports.pages.why_values import layer_arithmetic
from reports.prereg.lint import lint
from reports.prereg.preregistration import Cell, NullDraws
from reports.prereg.rules import ShareAtMost, ShareBelow
from reports.testing.small_rules import a_claim, a_preregistration, of, sampled

METRIC = "over_null_energy_rank_95"
RULE = ShareAtMost(metric=METRIC, at_most=0.6, at_least=0.7)
CLAIM = a_claim(rule=RULE, checkpoints=(2,))
PREREG = replace(a_preregistration([CLAIM]), null_draws=NullDraws(101, 1, 1), tolerances={METRIC: 0.02})
VALUES = (30 / 50, 31 / 50, 20 / 50)
NUMBERS = sampled({METRIC: VALUES, "energy_rank_95": [0.78 * value for value in VALUES]})
MEASURED = {cell: of(cell, NUMBERS) for cell in (Cell("claim", "narrow_d", layer) for layer in (0, 1))}
shares = st.floats(0.0, 1.0)


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=20), shares, shares)
def test_it_counts_what_is_at_most_the_bound(values: list[float], bound: float, asked: float) -> None:
    measurement = of(Cell("claim", "narrow_d", 0), sampled({METRIC: values}))
    outcome = apply_rule(ShareAtMost(METRIC, bound, asked), [measurement])
    count = sum(value <= bound for value in values)
    assert outcome.observed == count / len(values)
    assert outcome.met is (count / len(values) >= asked)
    assert outcome.below == bound
    below = apply_rule(ShareBelow(METRIC, bound, asked), [measurement])
    assert below.observed == sum(value < bound for value in values) / len(values)


def test_at_the_bound_the_two_rules_differ() -> None:
    measurement = MEASURED[Cell("claim", "narrow_d", 0)]
    assert apply_rule(RULE, [measurement]).observed == pytest.approx(2 / 3)
    assert apply_rule(ShareBelow(METRIC, 0.6, 0.7), [measurement]).observed == pytest.approx(1 / 3)
    assert RULE.limit == math.nextafter(0.6, 1.0)


def test_every_message_says_at_or_below() -> None:
    decision = decide(PREREG, (0, 1), MEASURED)
    (gate,) = decision.gates
    measurement = MEASURED[Cell("claim", "narrow_d", 0)]
    assert rule_text(RULE) == f"{METRIC} ≤ 0.6 for at least 70% of matrices"
    assert measurement_text(CLAIM, measurement).startswith("2/3 at or below 0.60, median 0.600")
    assert gate_message(gate).startswith(
        f"2-layer checkpoint (layers 0-1): KILLED, {METRIC} ≤ 0.60 for 4/6 matrices (67%), need ≥ 5 (70%) [-]"
    )
    lines = gate_lines(gate, decision, MEASURED)
    assert lines[:2] == ["at or below 0.6: L00:2 + L01:2 = 4 of 6", "4 / 6 = 0.6667 < 0.7"]
    assert layer_arithmetic(measurement.measured, RULE)[-1] == "share at or below 0.6: 2 / 3 = 0.6667 [-]"


def test_the_figure_counts_as_the_rule_does() -> None:
    shown = distribution(decide(PREREG, (0, 1), MEASURED), CLAIM, MEASURED)
    assert "4 of 6 matrices (67%) lie at or below 0.6, median 0.600 [-]" in shown.reading
    assert shown.panels[0].title == "layers 0-1: 4 of 6 at or below 0.6"
    assert "share at or below 0.6" in shown.tables[0].columns


def test_lint_knows_both_branches() -> None:
    prereg = replace(PREREG, subject=replace(PREREG.subject, hidden_size=128, intermediate_size=64))
    told = {finding.text for finding in lint(prereg) if finding.about.startswith("narrow_d")}
    assert any(text.startswith("MET attainable: rank one gives over_null_energy_rank_95") for text in told)
    assert any(text.startswith("KILLED attainable: the median draw of noise has") for text in told)
