"""The nulls keep what they say and nothing else: moments, the spectrum, the multiset of entries."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from kernels.closed_forms.haar_level import haar_level
from kernels.gauge.moments import one_bit_cosine
from kernels.nulls.gaussian import gaussian_null
from kernels.nulls.shuffled import shuffled_null
from kernels.nulls.spectral import spectral_null
from kernels.spectra.spectrum import singular_values

DERIVED = [spectral_null, shuffled_null]  # the nulls made from a matrix


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_is_seeded_float32_and_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    w = gaussian_null((3, 8, 16), generator(1))
    assert w.shape == (3, 8, 16)
    assert w.dtype == torch.float32
    assert torch.equal(w, gaussian_null((3, 8, 16), generator(1)))
    assert not torch.equal(w, gaussian_null((3, 8, 16), generator(2)))
    assert torch.equal(before, torch.random.get_rng_state())


def test_entries_are_standard_normal() -> None:
    entries = gaussian_null((200, 500), generator(3)).double().flatten().numpy()
    assert stats.kstest(entries, "norm").pvalue > 1e-4
    assert stats.kstest(1.05 * entries, "norm").pvalue < 1e-4  # the check can fail


@pytest.mark.parametrize("shape", [(4,), (2, 0, 3)])
def test_refused_shape_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=exactly(f"gaussian_null: shape {shape}, expected (..., out, in) with every axis >= 1")
    ):
        gaussian_null(shape, generator(0))


@st.composite
def matrices(draw: st.DrawFn) -> Tensor:
    """Gaussian, wide or tall or square, single or batched, of low or full rank, at any scale and floating dtype."""
    batch = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    rows, columns = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    rank = draw(st.integers(1, min(rows, columns)))
    source = generator(draw(st.integers(0, 2**31)))
    left = torch.randn((*batch, rows, rank), generator=source, dtype=torch.float64)
    right = torch.randn((*batch, rank, columns), generator=source, dtype=torch.float64)
    w = 2.0 ** draw(st.integers(-20, 20)) * left @ right
    return w.to(draw(st.sampled_from([torch.float64, torch.float32, torch.bfloat16])))


@settings(deadline=None, max_examples=40)
@given(w=matrices(), seed=st.integers(0, 2**31))
def test_spectral_null_keeps_the_singular_values(w: Tensor, seed: int) -> None:
    null = spectral_null(w, generator(seed))
    assert null.shape == w.shape
    assert null.dtype == torch.float32
    assert torch.equal(null, spectral_null(w.clone(), generator(seed)))
    kept, expected = singular_values(null), singular_values(w)
    assert ((kept - expected).abs() <= 1e-5 * expected[..., :1]).all()


@settings(deadline=None, max_examples=40)
@given(w=matrices(), seed=st.integers(0, 2**31))
def test_shuffled_null_keeps_the_entries(w: Tensor, seed: int) -> None:
    null = shuffled_null(w, generator(seed))
    assert null.shape == w.shape
    assert null.dtype == w.dtype
    assert torch.equal(null, shuffled_null(w.clone(), generator(seed)))
    assert torch.equal(null.flatten(-2).sort(-1).values, w.flatten(-2).sort(-1).values)  # matrix by matrix


def test_what_one_null_keeps_the_other_destroys() -> None:
    w = torch.zeros((2, 16, 32))
    w[:, :4, :8] = 1.0  # rank one
    assert (singular_values(shuffled_null(w, generator(1)))[:, 1] > 0.1 * singular_values(w)[:, 0]).all()
    spread = spectral_null(w, generator(1))
    assert (spread.abs().flatten(-2).sort(-1).values - w.flatten(-2).sort(-1).values).abs().amax() > 0.1


@pytest.mark.parametrize("null", DERIVED)
def test_seeds_and_matrices_are_independent(null: Callable[[Tensor, torch.Generator], Tensor]) -> None:
    before = torch.random.get_rng_state()
    w = gaussian_null((16, 32), generator(1)).expand(3, 16, 32)
    copies = null(w, generator(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.equal(copies, null(w, generator(3)))
    correlations = torch.corrcoef(torch.cat((copies, w[:1])).flatten(1)) - torch.eye(4)
    assert correlations.abs().max() < 5 / math.sqrt(16 * 32)
    assert torch.equal(copies[0], null(w[0], generator(2)))  # the first matrix does not know of the others


def beta_score(w: Tensor) -> float:
    """Standard score of the mean square beta of `w (b, out, in)` against that of Haar right vectors."""
    squares = one_bit_cosine(w).square()
    return ((squares.mean() - haar_level(w.shape[-1]) ** 2) / squares.std() * math.sqrt(len(w))).item()


@pytest.mark.parametrize("shape", [(3, 8), (8, 3)], ids=str)
def test_spectral_null_is_at_the_haar_level_on_either_side(shape: tuple[int, int]) -> None:
    spike = torch.zeros(shape)
    spike.diagonal().copy_(torch.tensor([4.0, 2.0, 1.0]))
    null = spectral_null(spike.expand(1500, *shape), generator(5))
    assert abs(beta_score(null)) < 4
    assert abs(beta_score(null.mT)) < 4
    row_energy = null.double().square().sum(-1).mean(0)
    assert row_energy.tolist() == pytest.approx([21.0 / shape[0]] * shape[0], rel=0.1)  # spread over all rows
    one_sided = null[0] @ torch.eye(shape[1])[:, torch.randperm(shape[1], generator=generator(6))]
    signs = torch.randint(0, 2, (1500, 1, shape[1]), generator=generator(7)) * 2.0 - 1.0
    noise = 1e-3 * gaussian_null((1500, *shape), generator(8))
    assert abs(beta_score(one_sided * signs + noise)) > 4  # signs and permutations alone are not Haar


def test_shuffled_null_is_uniform() -> None:
    w = torch.arange(6.0).reshape(2, 3).expand(3000, 2, 3)
    null = shuffled_null(w, generator(9))
    places = torch.stack([(null == value).double().mean(0) for value in range(6)])  # share of each value at each place
    error = math.sqrt(1 / 6 * 5 / 6 / 3000)
    assert ((places - 1 / 6).abs() < 5 * error).all()
    rows_only = torch.stack([(w == value).double().mean(0) for value in range(6)])
    assert not ((rows_only - 1 / 6).abs() < 5 * error).all()  # the check can fail


def with_nan() -> Tensor:
    w = torch.ones((2, 2, 3))
    w[1, 0, 0] = math.nan
    return w


@pytest.mark.parametrize("null", DERIVED)
@pytest.mark.parametrize(
    ("w", "message"),
    [
        (torch.ones(3), "shape (3,), expected (..., out, in) with at least 2 axes; reshape the weights"),
        (torch.ones((2, 0)), "shape (2, 0) is empty, expected every axis >= 1; check what was read"),
        (
            torch.ones((2, 2), dtype=torch.int8),
            "dtype torch.int8, expected a floating dtype; dequantise or cast the weights first",
        ),
        (
            torch.ones((2, 2), device="meta"),
            "weights on meta and generator on cpu, expected one device; seed a generator on the device of the weights",
        ),
    ],
    ids=["axes", "empty", "integer", "device"],
)
def test_refused_matrix_is_named(null: Callable[[Tensor, torch.Generator], Tensor], w: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=exactly(f"{null.__name__}: {message}")):
        null(w, generator(0))


@pytest.mark.parametrize(
    ("w", "message"),
    [
        (with_nan(), "matrix [1] of shape (2, 3) holds 1 NaN or Inf among 6 weights, expected 0; re-read that tensor"),
        (
            torch.zeros((2, 3)),
            "matrix [] of shape (2, 3) is all zero, expected a non-zero matrix; its effective dimension is undefined,"
            " drop it",
        ),
        (
            torch.full((1, 2, 3), 2.0**120, dtype=torch.float64),
            "matrix [0] of shape (2, 3) has max|w| = 2^121, expected within 2^+-100 for a float32 result; rescale the"
            " weights",
        ),
    ],
    ids=["nan", "zero", "range"],
)
def test_matrix_without_a_spectrum_is_named(w: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=exactly(f"spectral_null: {message}")):
        spectral_null(w, generator(0))
