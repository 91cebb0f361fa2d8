"""Operating curves against simulation by numpy, and against what a review found of the first-four rule."""

import numpy as np
import pytest
from scipy.stats import norm

from reports.prereg.operating.operating_curve import (
    OperatingPoint,
    curve_lines,
    mean_point,
    operating_curves,
    share_point,
)
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, ShareBelow
from reports.testing.small_rules import a_claim, a_preregistration

FOUR = (4, 16)


def simulated(truth: float, read: tuple[int, ...], cut_offs: tuple[float | None, ...], draws: int) -> OperatingPoint:
    """`share_point` of 16 layers of 48 matrices by drawing worlds."""
    generator = np.random.Generator(np.random.PCG64(11))
    scatter = min(0.26, 0.7 * (truth * (1 - truth)) ** 0.5)
    kappa = truth * (1 - truth) / scatter**2 - 1
    counts = generator.binomial(48, generator.beta(truth * kappa, (1 - truth) * kappa, (draws, 16)))
    alive, early, layers_read = np.ones(draws, dtype=bool), [], np.full(draws, 16.0)
    meets = counts.sum(1) >= 0.7 * 16 * 48
    for count, cut_off in zip(read[:-1], cut_offs, strict=False):
        share = counts[:, :count].mean(1) / 48
        dead = alive & (share < 0.7 if cut_off is None else share <= cut_off)
        early.append(float(dead.mean()))
        layers_read[dead] = count
        alive &= ~dead
    wrongly = float((~alive & meets).sum() / max(meets.sum(), 1))
    return OperatingPoint(truth, tuple(early), wrongly, float((alive & ~meets).mean()), float((alive & meets).mean()),
                          float(layers_read.mean()))  # fmt: skip


@pytest.mark.parametrize("truth", [0.4, 0.7, 0.9])
@pytest.mark.parametrize(("read", "cut_offs"), [(FOUR, (None, None)), ((4, 8, 16), (0.15, 0.35, None))])
def test_a_share_is_that_of_simulated_worlds(
    truth: float, read: tuple[int, ...], cut_offs: tuple[float | None, ...]
) -> None:
    found, expected = share_point(truth, 0.7, read, cut_offs, 16, 48), simulated(truth, read, cut_offs, 40_000)
    assert found.killed_early == pytest.approx(expected.killed_early, abs=0.012)
    assert (found.killed_last, found.survives) == pytest.approx((expected.killed_last, expected.survives), abs=0.012)
    assert found.layers_read == pytest.approx(expected.layers_read, abs=0.12)
    if truth >= 0.7:
        assert found.false_kill == pytest.approx(expected.false_kill, abs=0.012)


@pytest.mark.parametrize("truth", [-0.3, 0.0, 0.7])
def test_a_mean_is_that_of_the_normal_law(truth: float) -> None:
    """Φ(−δ √4) die early; of two means the joint law is by simulation."""
    found = mean_point(truth, FOUR, 16)
    assert found.killed_early[0] == pytest.approx(norm.cdf(-2.0 * truth), abs=2e-3)
    worlds = np.random.Generator(np.random.PCG64(2)).normal(truth, 1.0, (40_000, 16))
    early, meets = worlds[:, :4].mean(1) < 0, worlds.mean(1) >= 0
    assert found.survives == pytest.approx((~early & meets).mean(), abs=0.01)
    assert found.false_kill == pytest.approx((early & meets).sum() / meets.sum(), abs=0.015)


def test_the_first_four_rule_kills_as_often_as_a_review_found() -> None:
    """31 to 33 % of rungs whose mean share is 0.70, 19 % at 0.80."""
    rates = [share_point(truth, 0.7, FOUR, (None, None), 16, 48).false_kill for truth in (0.7, 0.8)]
    assert rates == pytest.approx([0.31, 0.19], abs=0.015)


def test_a_claim_that_is_judged_once_has_no_false_kill() -> None:
    point = share_point(0.7, 0.7, (16,), (None,), 16, 48)
    assert point.killed_early == ()
    assert (point.false_kill, point.layers_read) == pytest.approx((0.0, 16.0))


def test_every_probability_is_spent_once() -> None:
    for truth in (0.02, 0.5, 0.7, 0.9):
        for read in ((16,), FOUR, (4, 8, 16), (4, 12)):
            point = share_point(truth, 0.7, read, (None,) * len(read), 16, 12)
            assert sum(point.killed_early) + point.killed_last + point.survives == pytest.approx(1.0)


def test_curves_are_of_claims_on_matrices_and_are_told_line_by_line() -> None:
    claims = [
        a_claim("narrow_d", ShareBelow("energy_rank_95", 0.4, 0.7), (1, 2, 4), futility=(0.1, 0.2)),
        a_claim("beta_lift", MeanAtLeast("lift", 1.5), (4,)),
        a_claim("one_bit_nll", ClosingAtMost("inflation", 0.1), (4,)),
    ]
    share, mean = operating_curves(a_preregistration(claims))
    assert (share.claim, share.checkpoints, mean.claim, mean.checkpoints) == ("narrow_d", (1, 2, 4), "beta_lift", (4,))
    first, *others = curve_lines(share)
    assert first == "narrow_d: operating curve by true share (rule: 0.7; early kills after 1, after 2):"
    assert len(others) == len(share.points)
    assert "false survival" in others[0]
    assert "survives" in others[-1]
    assert sum(share.points[0].killed_early) < sum(
        operating_curves(a_preregistration([a_claim(checkpoints=(1, 2, 4))]))[0].points[0].killed_early
    )  # cut-offs kill less than the rule does
