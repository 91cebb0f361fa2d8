"""The hierarchical interval of a share against scipy's beta-binomial, integrated by brute force."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from reports.judge.spread.share_posterior import LEAST_KAPPA, MOST_KAPPA, share_posterior

Layers = list[tuple[int, int]]
layers = st.lists(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=6
)


def by_brute_force(counts: Layers, at: tuple[float, ...]) -> list[float]:
    """Quantiles of μ from scipy's probabilities on a plain grid of logit μ and log κ, by the midpoint rule."""
    x = np.linspace(-25.0, 25.0, 6001)
    x = (x[1:] + x[:-1]) / 2.0
    ends = np.linspace(math.log(LEAST_KAPPA), math.log(MOST_KAPPA), 81)
    kappa = np.exp((ends[1:] + ends[:-1]) / 2.0)[:, None]
    mu, rest = 1.0 / (1.0 + np.exp(-x)), 1.0 / (1.0 + np.exp(x))
    logs = sum(betabinom.logpmf(k, n, mu * kappa, rest * kappa) for k, n in counts) + np.log(mu * rest)
    mass = np.exp(logs - np.max(logs)).sum(0)
    cumulative = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
    edges = np.concatenate([[-25.0], (x[1:] + x[:-1]) / 2.0, [25.0]])
    return [float(1.0 / (1.0 + np.exp(-np.interp(value, cumulative, edges)))) for value in at]


@pytest.mark.parametrize(
    "counts",
    [
        [(32, 48), (6, 48), (22, 48), (7, 48)],  # design 4's narrow_d at its first checkpoint
        [(0, 18)] * 4,
        [(48, 48)] * 3 + [(0, 48)],
        [(96, 192)] * 16,
        [(5, 10)],
        [(1, 1), (3, 7), (40, 40)],
    ],
)
def test_quantiles_are_those_of_brute_force(counts: Layers) -> None:
    posterior, at = share_posterior(counts), (0.025, 0.5, 0.975)
    assert [posterior.quantile(one) for one in at] == pytest.approx(by_brute_force(counts, at), rel=2e-3, abs=1e-6)
    assert posterior.mass.sum() == pytest.approx(1.0)


def test_the_review_of_design_4_is_reproduced() -> None:
    """[0.18, 0.63] from an own script, where a bootstrap over the four layers printed [0.14, 0.56]."""
    assert share_posterior([(32, 48), (6, 48), (22, 48), (7, 48)]).interval(0.95) == pytest.approx(
        (0.18, 0.63), abs=0.008
    )


def test_none_of_72_matrices_leaves_a_share_that_may_be_above_zero() -> None:
    low, high = share_posterior([(0, 18)] * 4).interval(0.95)
    assert 0.0 < low < 0.01
    assert 0.1 < high < 0.3


@given(layers, st.floats(0.5, 0.99))
@settings(max_examples=40)
def test_an_interval_has_width_holds_the_median_and_grows_with_its_level(counts: Layers, level: float) -> None:
    posterior = share_posterior(counts)
    low, high = posterior.interval(level)
    wider = posterior.interval(level + 0.005)
    assert 0.0 < wider[0] < low < posterior.quantile(0.5) < high < wider[1] < 1.0
    assert 0.0 < posterior.layer_scatter < posterior.mean * (1.0 - posterior.mean)


@given(layers, st.randoms())
@settings(max_examples=40)
def test_order_is_nothing_and_the_complement_is_the_mirror_image(counts: Layers, shuffle: random.Random) -> None:
    mixed = sorted(counts, key=lambda _: shuffle.random())
    assert share_posterior(mixed).interval(0.95) == share_posterior(counts).interval(0.95)
    low, high = share_posterior([(n - k, n) for k, n in counts]).interval(0.95)
    assert share_posterior(counts).interval(0.95) == pytest.approx((1.0 - high, 1.0 - low), abs=1e-7)


def test_layers_that_differ_say_less_than_layers_that_agree() -> None:
    (low, high), (least, most) = (
        share_posterior(counts).interval(0.95) for counts in ([(24, 48)] * 4, [(48, 48), (0, 48)] * 2)
    )
    assert most - least > 3.0 * (high - low)


@pytest.mark.parametrize("counts", [[], [(3, 2)], [(-1, 4)], [(0, 0)]])
def test_counts_that_no_layer_has_are_refused(counts: Layers) -> None:
    with pytest.raises(ValueError, match="expected layers with k of n matrices"):
        share_posterior(counts)
