"""Each estimator against an independent definition, its bounds and invariances, and that the checks can fail."""

import math
import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.spectra import rank_estimators as effective_dimension
from kernels.spectra.rank_estimators import (
    effective_dimension_ratios,
    energy_rank,
    energy_rank_margin,
    entropy_rank_energy,
    entropy_rank_sigma,
    participation_ratio,
    stable_rank,
)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


KEYS = [
    "energy_rank_90",
    "energy_rank_95",
    "energy_rank_99",
    "participation_ratio",
    "entropy_rank_sigma",
    "entropy_rank_energy",
    "stable_rank",
]
INTEGER_SPECTRA = (
    st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any).map(lambda e: sorted(e, reverse=True))
)


def exact_energy_rank(energies: list[int], percent: int) -> int:
    """The definition, in integers: no rounding, so a tie at exactly the share is decided by arithmetic."""
    for r in range(1, len(energies) + 1):
        if 100 * sum(energies[:r]) >= percent * sum(energies):
            return r
    raise AssertionError("unreachable: r = k holds all the energy")


@settings(max_examples=200, deadline=None)
@given(INTEGER_SPECTRA, st.integers(1, 100), st.integers(-60, 60))
def test_energy_rank_is_the_definition(energies: list[int], percent: int, power: int) -> None:
    e = torch.tensor(energies, dtype=torch.float64) * 2.0**power
    assert energy_rank(e, percent / 100).item() == exact_energy_rank(energies, percent)


@pytest.mark.parametrize("k", [20, 40, 100, 1000, 2000])
@pytest.mark.parametrize("value", [1.0, 0.1, 1 / 3, 1e-7])
def test_a_sum_of_exactly_the_share_reaches_it(k: int, value: float) -> None:
    e = torch.full((k,), value, dtype=torch.float64)
    assert [energy_rank(e, share).item() for share in (0.90, 0.95)] == [k * 90 // 100, k * 95 // 100]


def test_the_tie_rule_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effective_dimension, "TIE_TOLERANCE", 0.0)
    flat = [
        torch.full((k,), v, dtype=torch.float64) for k in (20, 40, 100, 1000, 2000) for v in (1.0, 0.1, 1 / 3, 1e-7)
    ]
    assert any(energy_rank(e, 0.95).item() != len(e) * 95 // 100 for e in flat)


@settings(max_examples=200, deadline=None)
@given(INTEGER_SPECTRA)
def test_bounds_and_monotone_share(energies: list[int]) -> None:
    e = torch.tensor(energies, dtype=torch.float64)
    k = len(energies)
    for name, ratio in effective_dimension_ratios(e).items():
        assert 1.0 - 1e-12 <= ratio.item() * k <= k * (1.0 + 1e-12), name
    by_share = [energy_rank(e, share).item() for share in (0.05, 0.5, 0.9, 0.95, 0.99, 1.0)]
    assert by_share == sorted(by_share)
    # Renyi entropies fall with their order: 1 (energies), 2, infinity.
    assert entropy_rank_energy(e) * (1 + 1e-12) >= participation_ratio(e) >= stable_rank(e) * (1 - 1e-12)


@settings(max_examples=100, deadline=None)
@given(INTEGER_SPECTRA)
def test_against_independent_formulas(energies: list[int]) -> None:
    e = torch.tensor(energies, dtype=torch.float64)
    participation = Fraction(sum(energies)) ** 2 / sum(Fraction(x) ** 2 for x in energies)
    assert math.isclose(participation_ratio(e).item(), float(participation), rel_tol=1e-12)
    assert math.isclose(stable_rank(e).item(), sum(energies) / energies[0], rel_tol=1e-12)
    array = np.array(energies, dtype=float)
    assert math.isclose(entropy_rank_energy(e).item(), math.exp(scipy.stats.entropy(array)), rel_tol=1e-10)
    assert math.isclose(entropy_rank_sigma(e).item(), math.exp(scipy.stats.entropy(np.sqrt(array))), rel_tol=1e-10)


def test_known_spectra() -> None:
    """r equal energies: every entropy-like estimator is r. Two values 3 and 1: by hand."""
    flat = effective_dimension_ratios(torch.tensor([2.0] * 4 + [0.0] * 6))
    assert list(flat) == KEYS
    assert [round(ratio.item(), 12) for ratio in flat.values()] == [0.4] * 7
    two = torch.tensor([3.0, 1.0], dtype=torch.float64)
    assert math.isclose(participation_ratio(two).item(), 16 / 10)
    assert math.isclose(stable_rank(two).item(), 4 / 3)
    assert math.isclose(entropy_rank_energy(two).item(), 4 / 3**0.75)
    assert (energy_rank(two, 0.75).item(), energy_rank(two, 0.76).item()) == (1, 2)


def test_batches_equal_single_spectra_bitwise() -> None:
    e = torch.rand(3, 5, 1024, generator=torch.Generator().manual_seed(1), dtype=torch.float64).sort(
        -1, descending=True
    )[0]
    for name, ratios in effective_dimension_ratios(e).items():
        assert ratios.shape == (3, 5)
        assert ratios.dtype == torch.float64
        single = torch.stack([effective_dimension_ratios(row)[name] for row in e.flatten(0, 1)])
        assert torch.equal(ratios.flatten(), single), name


def test_margin_is_the_distance_to_the_nearest_boundary() -> None:
    e = torch.tensor([[94.0, 4.0, 2.0], [96.0, 3.0, 1.0]], dtype=torch.float64)
    assert torch.allclose(energy_rank_margin(e, (0.95,)), torch.tensor([1.0, 1.0], dtype=torch.float64), atol=1e-9)
    assert energy_rank_margin(e).tolist() == pytest.approx([1.0, 0.0], abs=1e-9)  # 99 % of the second is a tie


def test_extreme_scales_do_not_overflow() -> None:
    e = torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64)
    for scale in (2.0**900, 2.0**-900):
        for name, ratio in effective_dimension_ratios(e * scale).items():
            assert ratio == effective_dimension_ratios(e)[name], name


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "share": (
        lambda: energy_rank(torch.ones(3), 0.0),
        "energy_rank: share is 0.0, expected 0 < share <= 1 [-]; pass e.g. 0.95",
    ),
    "ascending": (
        lambda: participation_ratio(torch.tensor([1.0, 2.0])),
        "effective dimension: energies of shape (2,) are not finite, non-negative and descending; "
        "pass squared singular values, largest first",
    ),
    "negative": (
        lambda: stable_rank(torch.tensor([1.0, -2.0])),
        "effective dimension: energies of shape (2,) are not finite, non-negative and descending; "
        "pass squared singular values, largest first",
    ),
    "nan": (
        lambda: entropy_rank_energy(torch.tensor([math.nan])),
        "effective dimension: energies of shape (1,) are not finite, non-negative and descending; "
        "pass squared singular values, largest first",
    ),
    "zero": (
        lambda: entropy_rank_sigma(torch.zeros(2, 2)),
        "effective dimension: energies of shape (2, 2) hold an all-zero spectrum, "
        "whose effective dimension is undefined; drop that matrix",
    ),
    "integer": (
        lambda: effective_dimension_ratios(torch.ones(2).int()),
        "effective dimension: energies of shape (2,) and torch.int32, "
        "expected floating (..., k) with k >= 1; pass Spectrum.energies",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_input_is_named(name: str) -> None:
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=exactly(message)):
        call()
