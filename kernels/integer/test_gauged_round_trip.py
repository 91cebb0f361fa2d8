"""Whole numbers with one scale per row: against torch's own fake quantiser, and the round trip against its bounds."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.integer.gauged_form import condition
from kernels.integer.gauged_round_trip import largest_level, relative_error, round_trip_error, rounded
from kernels.planted.gauged_grid import planted_gauge

SEEDS = st.integers(0, 2**32)
SIZES = st.integers(1, 24)
BITS = st.sampled_from((2, 3, 4, 8))


def normal(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_the_levels_are_symmetric() -> None:
    assert [largest_level(bits) for bits in (2, 3, 4, 8)] == [1, 3, 7, 127]
    for bits in (1, 9):
        with pytest.raises(ValueError, match=f"^largest_level: {bits} bits, expected 2 to 8; register another width$"):
            largest_level(bits)


@given(SIZES, SIZES, SEEDS, BITS)
@settings(max_examples=25, deadline=None)
def test_rounding_is_that_of_torchs_fake_quantiser(rows: int, n: int, seed: int, bits: int) -> None:
    """`torch.fake_quantize_per_channel_affine`, which nobody here wrote, with the same scales; float32, as it asks."""
    y, most = normal((rows, n), seed).float(), largest_level(bits)
    scale = y.abs().amax(-1) / most
    known = torch.fake_quantize_per_channel_affine(y, scale, torch.zeros(rows, dtype=torch.int32), 0, -most, most)
    assert torch.allclose(rounded(y, bits), known, rtol=1e-6, atol=0.0)


@given(SIZES, SIZES, SEEDS, BITS)
@settings(max_examples=25, deadline=None)
def test_the_error_is_numpys_and_ignores_scales_and_orders(rows: int, n: int, seed: int, bits: int) -> None:
    w = normal((rows, n), seed)
    a = w.numpy()
    scale = np.abs(a).max(1, keepdims=True) / largest_level(bits)
    expected = np.linalg.norm(a - scale * np.rint(a / scale)) / np.linalg.norm(a)
    error = relative_error(w, bits)
    assert error.item() == pytest.approx(expected, rel=1e-12, abs=1e-15)
    flipped = -4.0 * w.flip(0, 1)
    assert relative_error(flipped, bits).item() == pytest.approx(error.item(), rel=1e-12, abs=1e-15)
    assert relative_error(w.expand(3, rows, n), bits).tolist() == [error.item()] * 3


def test_a_row_of_zeros_stays_and_whole_numbers_lose_nothing() -> None:
    w = torch.tensor([[0.0, 0.0, 0.0], [-2.0, 0.0, 2.0], [1.0, 1.0, -1.0]], dtype=torch.float64)
    assert torch.equal(rounded(w, 2), w)
    assert relative_error(w, 2).item() == 0.0
    assert relative_error(torch.tensor([[1.0, 0.4]], dtype=torch.float64), 2).item() == pytest.approx(0.4 / 1.16**0.5)


def test_the_identity_gauge_gives_the_plain_error_exactly() -> None:
    w, one = normal((5, 16, 24), 1), torch.eye(24, dtype=torch.float64)
    for bits in (2, 4):
        assert torch.equal(round_trip_error(w, one, one, bits), relative_error(w, bits))


def test_a_diagonal_gauge_is_not_undone_by_the_scales() -> None:
    """With a scale for each input it would be: powers of two then change not one bit."""
    w, powers = normal((16, 24), 2), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64).repeat(8)
    m, inverse = powers.diag(), powers.reciprocal().diag()
    error = round_trip_error(w, m, inverse, 4)
    assert abs(error.item() - relative_error(w, 4).item()) > 0.01
    by_input = rounded((w @ m).mT, 4).mT @ inverse
    assert torch.equal(by_input, rounded(w.mT, 4).mT)


@given(st.integers(2, 20), st.integers(2, 20), SEEDS, BITS, st.floats(1.0, 8.0))
@settings(max_examples=25, deadline=None)
def test_the_condition_bounds_what_a_gauge_makes_of_an_error(
    rows: int, n: int, seed: int, bits: int, most: float
) -> None:
    """δ(W M) / cond(M) ≤ e(M) ≤ δ(W M) cond(M), and the sharper bound by σ_max that lint prints."""
    w = normal((rows, n), seed)
    m = planted_gauge(n, torch.Generator().manual_seed(seed), most)
    error = round_trip_error(w, m, torch.linalg.inv(m), bits).item()
    y = w @ m
    lost = torch.linalg.matrix_norm(y - rounded(y, bits)).item()
    inside, kappa = relative_error(y, bits).item(), condition(m).item()
    bound = lost / (torch.linalg.matrix_norm(m, 2).item() * torch.linalg.matrix_norm(w).item())
    assert inside / kappa - 1e-12 <= bound * (1.0 + 1e-9) + 1e-12
    assert bound * (1.0 - 1e-9) - 1e-12 <= error <= inside * kappa * (1.0 + 1e-9) + 1e-12


@pytest.mark.parametrize(
    ("w", "message"),
    [
        (
            torch.zeros(2, 3, 4),
            "relative_error: matrix [0] of (2, 3, 4) has norm 0, expected finite and above 0",
        ),
        (torch.full((3, 4), float("nan")), "relative_error: matrix [] of (3, 4) has norm nan, expected finite"),
        (torch.ones(4), "relative_error: shape (4,), expected (..., out, in)"),
        (torch.ones(3, 4, dtype=torch.int64), "relative_error: dtype torch.int64, expected a floating dtype"),
    ],
)
def test_bad_weights_are_one_line(w: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        relative_error(w, 4)


def test_a_gauge_of_another_width_is_refused() -> None:
    one = torch.eye(5)
    with pytest.raises(ValueError, match=re.escape("expected (..., 4, 4) of both: a gauge acts on the inputs")):
        round_trip_error(torch.ones(3, 4), one, one, 4)
