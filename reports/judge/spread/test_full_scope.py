"""What unread layers may bring, against sums of scipy's beta-binomials and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from reports.judge.spread.full_scope import counts_ahead, full_scope_mean, full_scope_share
from reports.judge.spread.mean_interval import mean_interval
from reports.judge.spread.share_posterior import share_posterior

COUNTS = [(3, 6), (0, 6), (5, 6)]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_counts_ahead_are_sums_of_beta_binomials_averaged_over_the_posterior(layers: int) -> None:
    posterior = share_posterior(COUNTS)
    expected = np.zeros(6 * layers + 1)
    for kappa, panel, node in zip(*np.nonzero(posterior.mass > 1e-8), strict=True):
        x, kappas = posterior.nodes[panel, node], posterior.kappas[kappa]
        pmf = betabinom.pmf(np.arange(7), 6, kappas / (1 + math.exp(-x)), kappas / (1 + math.exp(x)))
        total = np.ones(1)
        for _ in range(layers):
            total = np.convolve(total, pmf)
        expected += posterior.mass[kappa, panel, node] * total
    assert counts_ahead(posterior, 6, layers) == pytest.approx(expected, abs=1e-5)


def test_with_nothing_left_the_full_scope_is_what_was_read() -> None:
    assert full_scope_share(COUNTS, 3, 0.4, 0.95).interval == (8 / 18, 8 / 18)
    assert [full_scope_share(COUNTS, 3, at, 0.95).passes for at in (0.4, 8 / 18, 0.45)] == [1.0, 1.0, 0.0]
    found = full_scope_mean([1.0, 2.0], 2, 1.5, 0.95)
    assert found is not None
    assert (found.interval, found.passes) == ((1.5, 1.5), 1.0)


def test_what_cannot_be_met_any_more_has_no_chance() -> None:
    """0 of 4 layers: the other 12 of 16 can still make 0.75, of 13 they cannot make 0.7."""
    assert 0.0 < full_scope_share([(0, 6)] * 4, 16, 0.7, 0.95).passes < 1e-3
    assert full_scope_share([(0, 6)] * 4, 13, 0.7, 0.95).passes == 0.0


def test_the_review_of_design_4_is_reproduced() -> None:
    found = full_scope_share([(32, 48), (6, 48), (22, 48), (7, 48)], 16, 0.7, 0.95)
    assert found.passes == pytest.approx(0.0023, abs=1e-4)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=4), st.integers(0, 4), st.floats(0.05, 0.9), st.floats(0.5, 0.95)
)
@settings(max_examples=20)
def test_the_predicted_share_can_happen_and_more_is_less_likely(
    below: list[int], left: int, at_least: float, level: float
) -> None:
    counts = [(k, 6) for k in below]
    layers = len(below) + left
    found = full_scope_share(counts, layers, at_least, level)
    low, high = found.interval
    assert sum(below) / (6 * layers) <= low <= high <= (sum(below) + 6 * left) / (6 * layers)
    assert 0.0 <= full_scope_share(counts, layers, at_least + 0.1, level).passes <= found.passes <= 1.0


def test_a_predicted_mean_is_narrower_than_that_of_any_number_of_layers() -> None:
    values = [1.0, 1.2, 0.9, 1.3]
    wide = mean_interval(values, 0.95)
    assert wide is not None
    widths = [
        found.interval[1] - found.interval[0]
        for layers in (5, 8, 16, 10**9)
        if (found := full_scope_mean(values, layers, 1.0, 0.95)) is not None
    ]
    assert widths == sorted(widths)
    assert widths[-1] == pytest.approx(wide[1] - wide[0], rel=1e-6)
    assert full_scope_mean([1.0], 4, 1.0, 0.95) is None


def test_a_predicted_mean_of_normal_layers_covers_what_it_says() -> None:
    worlds = np.random.Generator(np.random.PCG64(5)).normal(1.0, 0.2, size=(4000, 16))
    found = [full_scope_mean(list(world[:4]), 16, 1.0, 0.9) for world in worlds]
    covered = [
        one.interval[0] <= world.mean() <= one.interval[1] for one, world in zip(found, worlds, strict=True) if one
    ]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)
    chances = [full_scope_mean(list(world[:4]), 16, world.mean(), 0.9) for world in worlds]
    below = np.mean([one.passes < 0.2 for one in chances if one])  # of what happened, each chance is as likely
    assert below == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("read", [full_scope_mean, None])
def test_more_layers_than_there_are_are_refused(read: object) -> None:
    with pytest.raises(ValueError, match="2 layers were read, expected at most 1"):
        full_scope_mean([1.0, 2.0], 1, 1.0, 0.95) if read else full_scope_share([(1, 2)] * 2, 1, 0.5, 0.95)
