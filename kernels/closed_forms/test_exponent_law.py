"""The law of bf16 exponents against scipy, numpy and draws; published values of a normal law."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kernels.closed_forms.exponent_law import commonest, entropy_bits, normal_exponents, saving


@given(st.floats(-12.0, 4.0))
def test_shares_are_a_law_and_moving_by_a_power_of_two_moves_them_by_one(power: float) -> None:
    shares = normal_exponents(2.0**power)
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    assert min(shares) >= 0.0
    moved = normal_exponents(2.0 ** (power + 1.0))
    assert moved[60:200] == pytest.approx(shares[59:199], abs=1e-12)


def test_the_law_is_that_of_rounded_draws() -> None:
    """What torch rounds to bf16, counted."""
    generator = torch.Generator().manual_seed(3)
    draws = torch.randn(1_000_000, dtype=torch.float64, generator=generator) * 0.02
    codes = (draws.bfloat16().view(torch.int16) >> 7).bitwise_and(255).long()
    counts = torch.bincount(codes, minlength=256).double().numpy()
    shares = np.asarray(normal_exponents(0.02))
    likely = shares > 1e-5
    expected = np.append(shares[likely], max(1.0 - shares[likely].sum(), 1e-12)) * len(draws)
    found = np.append(counts[likely], counts[~likely].sum())
    assert stats.chisquare(found, expected / expected.sum() * found.sum()).pvalue > 1e-3
    # without the half step below a power of two the law is another one
    edges = 2.0 ** np.arange(-127.0, 129.0)
    plain = np.diff(stats.halfnorm.cdf(edges, scale=0.02))[likely[1:].nonzero()[0]]
    off = np.append(plain, max(1.0 - plain.sum(), 1e-12)) * len(draws)
    assert stats.chisquare(found, off / off.sum() * found.sum()).pvalue < 1e-6


def test_a_normal_law_saves_a_third_whatever_its_scale() -> None:
    entropies = [entropy_bits(normal_exponents(2.0 ** (-6.0 + step / 20.0))) for step in range(20)]
    assert min(entropies) == pytest.approx(2.54, abs=0.02)
    assert max(entropies) - min(entropies) < 0.06
    assert all(0.33 < saving(entropy) < 0.35 for entropy in entropies)
    outside = 1.0 - commonest(normal_exponents(0.02))
    assert outside == pytest.approx(1.6e-4, rel=0.5)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=20))
def test_entropy_is_scipys(weights: list[float]) -> None:
    shares = [weight / sum(weights) for weight in weights]
    assert entropy_bits(shares) == pytest.approx(float(stats.entropy(shares, base=2)), abs=1e-12)
    assert 0.0 <= entropy_bits(shares) <= math.log2(len(shares)) + 1e-12


def test_savings_are_those_of_the_claim() -> None:
    assert saving(3.2) == pytest.approx(0.30)  # 11.2 bits a weight
    assert saving(0.0) == 0.5
    assert saving(8.0) == 0.0


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.inf, math.nan])
def test_no_law_has_such_a_scale(sigma: float) -> None:
    with pytest.raises(ValueError, match=r"expected a positive finite number"):
        normal_exponents(sigma)
