"""Kurtosis and rank correlations against scipy, ties included."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kernels.integer.kurtosis_rank import excess_kurtosis, permuted_spearman, spearman
from kernels.planted.varied_tails import varied_tails

FEW = st.lists(st.integers(-3, 3), min_size=2, max_size=30)  # so few values that many are equal


@given(FEW, st.integers(0, 10_000))
def test_ranks_are_scipys_ties_included(values: list[int], seed: int) -> None:
    x = torch.tensor(values, dtype=torch.float64)
    y = torch.randint(0, 5, x.shape, generator=torch.Generator().manual_seed(seed)).double()
    if len(set(values)) == 1 or len(set(y.tolist())) == 1:
        with pytest.raises(ValueError, match=r"values that are not numbers or all alike"):
            spearman(x, y)
        return
    rho = float(spearman(x, y))
    assert rho == pytest.approx(float(stats.spearmanr(x.numpy(), y.numpy()).statistic), abs=1e-12)
    assert float(spearman(x.exp(), -y)) == pytest.approx(-rho, abs=1e-12)  # ranks alone count
    assert -1.0 - 1e-12 <= rho <= 1.0 + 1e-12


def test_a_stack_is_each_row() -> None:
    x, y = torch.randn(2, 3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = [float(stats.spearmanr(a, b).statistic) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    assert spearman(x, y).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("values", [[1.0], [1.0, float("nan")], [2.0, 2.0], [1.0, float("inf")]])
def test_what_has_no_ranks_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=rf"spearman: {len(values)} values that are not numbers or all alike"):
        spearman(torch.tensor(values), torch.arange(len(values)))


def test_permuted_values_keep_no_correlation() -> None:
    """Of two orders alike, a permutation at random has mean 0 and a variance of 1/(m - 1)."""
    x = torch.arange(48, dtype=torch.float64)
    assert float(spearman(x, x)) == pytest.approx(1.0)
    rho = permuted_spearman(x, x, 4000, torch.Generator().manual_seed(2))
    assert rho.shape == (4000,)
    assert float(rho.mean()) == pytest.approx(0.0, abs=4 / 47**0.5 / 4000**0.5)
    assert float(rho.var()) == pytest.approx(1 / 47, rel=0.1)
    order = torch.randperm(48, generator=torch.Generator().manual_seed(2))
    assert float(rho[0]) == pytest.approx(float(stats.spearmanr(order, x).statistic), abs=1e-12)


@given(st.integers(0, 10_000), st.floats(0.0, 1.5), st.floats(-5.0, 5.0), st.floats(0.1, 10.0))
def test_kurtosis_is_scipys_and_free_of_place_and_scale(seed: int, tail: float, shift: float, scale: float) -> None:
    w = varied_tails((7, 9), tail, torch.Generator().manual_seed(seed)).double()
    expected = float(stats.kurtosis(w.numpy(), axis=None))
    assert float(excess_kurtosis(w)) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert float(excess_kurtosis(w * scale + shift)) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_kurtosis_of_a_stack_and_of_nothing() -> None:
    w = torch.randn(2, 3, 8, 5, generator=torch.Generator().manual_seed(1))
    assert torch.equal(excess_kurtosis(w)[1, 2], excess_kurtosis(w[1, 2]))
    assert torch.isnan(excess_kurtosis(torch.ones(2, 2)))
    assert np.isclose(
        float(excess_kurtosis(torch.randn(1000, 1000, generator=torch.Generator().manual_seed(3)))), 0, atol=0.02
    )
