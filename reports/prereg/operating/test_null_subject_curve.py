"""How often noise is called VACUOUS, against scipy's binomial law and the judge's own majority."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from reports.judge.spread.null_subject import NullDraw, by_most, surviving_draws
from reports.prereg.operating.null_subject_curve import TRUTHS, null_curve_lines, null_subject_curve, vacuous
from reports.prereg.preregistration import NullSubject, Preregistration
from reports.testing.small_rules import a_claim, a_control, a_preregistration


def structure(draws: int) -> Preregistration:
    prereg = a_preregistration([a_claim()], [a_control("planted")])
    return replace(prereg, asks="structure", null_subject=NullSubject(draws, seed=1))


@given(st.integers(0, 500).map(lambda half: 2 * half + 1), st.floats(0.0, 1.0))
def test_the_chance_is_the_binomial_law_s(draws: int, p: float) -> None:
    assert vacuous(draws, p) == pytest.approx(binom.sf(draws // 2, draws, p), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("draws", [1, 3, 5])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_the_majority_is_the_judge_s(draws: int, p: float) -> None:
    """Every outcome of the draws at two gates, put to what the verdict asks, weighed by its probability."""
    chance = 0.0
    for outcome in product((False, True), repeat=draws):
        gates = [[NullDraw(1.0, met) for met in outcome], [NullDraw(1.0, True)] * draws]
        weight = p ** sum(outcome) * (1.0 - p) ** (draws - sum(outcome))
        chance += weight * by_most(surviving_draws(gates), draws)
    assert vacuous(draws, p) == pytest.approx(chance)


def test_where_sampling_cannot_decide() -> None:
    curve = null_subject_curve(structure(3))
    assert curve is not None
    assert (curve.draws, curve.needed) == (3, 2)
    low, high = curve.undecided
    assert 3 * low**2 - 2 * low**3 == pytest.approx(0.05)  # P(2 or 3 of 3)
    assert low + high == pytest.approx(1.0)
    wide, narrow = null_subject_curve(structure(1)), null_subject_curve(structure(101))
    assert wide is not None
    assert narrow is not None
    assert wide.undecided == pytest.approx((0.05, 0.95))
    assert narrow.undecided == pytest.approx((0.4188, 0.5812), abs=5e-4)


def test_what_lint_prints() -> None:
    curve = null_subject_curve(structure(3))
    assert curve is not None
    lines = null_curve_lines(curve)
    assert len(lines) == len(TRUTHS) + 2
    assert lines[0].startswith("null subject: a subject that meets every gate is VACUOUS if 2 or more of 3 draws do,")
    assert "  0.1: VACUOUS 2.8%, SURVIVED 97.2%" in lines
    assert lines[-1].startswith("  p from 0.14 to 0.86: 3 draws cannot decide")
    assert null_subject_curve(a_preregistration([a_claim()], [a_control("planted")])) is None
