"""The one-bit cosine against its bounds, invariances and measured error, its Haar level; the checks can fail."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.closed_forms.haar_level import haar_level
from kernels.gauge.moments import (
    jensen_ceiling,
    lift,
    moment_ratio,
    one_bit_cosine,
    relative_one_bit_error,
)
from kernels.rotations import haar_orthogonal, random_hadamard, rotate

ROUNDING = 1e-12
SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32)


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def heavy_tailed(shape: tuple[int, ...], seed: int) -> Tensor:
    """Cubed normals with a tenth of the entries zero: rows of uneven norm, spikes, and sign(0) exercised; float64."""
    generator = seeded(seed)
    cubes = torch.randn(shape, dtype=torch.float64, generator=generator) ** 3
    w = torch.where(torch.rand(shape, generator=generator) < 0.1, 0.0, cubes)
    w[..., 0, 0] = 1.0  # never all zero
    return w


def defined_beta(w: list[list[float]]) -> float:
    """The definition, in correctly rounded sums over Python floats."""
    weighted = math.fsum(math.fsum(map(abs, row)) ** 2 for row in w)
    return math.sqrt(weighted / (len(w[0]) * math.fsum(x * x for row in w for x in row)))


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_definition_bounds_and_square(rows: int, columns: int, seed: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    beta = one_bit_cosine(w).item()
    assert beta == pytest.approx(defined_beta(w.tolist()), rel=ROUNDING)
    assert 1 / math.sqrt(columns) - ROUNDING <= beta <= 1 + ROUNDING
    assert moment_ratio(w).item() == pytest.approx(beta**2, rel=ROUNDING)


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, SEEDS, st.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16]))
def test_one_minus_beta_squared_is_the_measured_error(rows: int, columns: int, seed: int, dtype: torch.dtype) -> None:
    w = heavy_tailed((3, rows, columns), seed).to(dtype)
    torch.testing.assert_close(1 - moment_ratio(w), relative_one_bit_error(w), rtol=0, atol=ROUNDING)


def test_a_third_sign_or_the_unsquared_gauge_breaks_the_identity() -> None:
    w = heavy_tailed((20, 30), 0)
    ternary = w.abs().mean(-1, keepdim=True) * w.sign()  # sign(0) = 0
    error = (w - ternary).square().sum() / w.square().sum()
    assert abs(error - (1 - moment_ratio(w))) > 1e-3
    assert abs(relative_one_bit_error(w) - (1 - one_bit_cosine(w))) > 0.1


@settings(max_examples=50, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_least_squares_row_scales_are_the_best(rows: int, columns: int, seed: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    scale = w.abs().mean(-1, keepdim=True)
    signs = torch.where(w >= 0, 1.0, -1.0)
    for factor in (0.99, 1.01):
        error = (w - factor * scale * signs).square().sum() / w.square().sum()
        assert error > relative_one_bit_error(w)


@settings(max_examples=50, deadline=None)
@given(SIZES, SIZES, SEEDS, st.integers(-300, 300))
def test_invariances(rows: int, columns: int, seed: int, power: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    generator = seeded(seed + 1)
    flips = 2.0 * torch.randint(0, 2, w.shape, generator=generator) - 1.0
    changed = {
        "scale": w * 2.0**power,
        "signs": w * flips,
        "columns": w[:, torch.randperm(columns, generator=generator)],
        "rows": w[torch.randperm(rows, generator=generator)],
        "repeated": torch.cat((w, w)),
    }
    for name, v in changed.items():
        assert one_bit_cosine(v).item() == pytest.approx(one_bit_cosine(w).item(), rel=ROUNDING), name


def test_the_scale_of_one_row_matters() -> None:
    w = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert one_bit_cosine(w).item() == pytest.approx(math.sqrt(5 / 6), rel=ROUNDING)
    w[0] *= 10
    assert one_bit_cosine(w).item() == pytest.approx(math.sqrt(401 / 402), rel=ROUNDING)


@settings(max_examples=50, deadline=None)
@given(SIZES, SIZES, SEEDS, st.floats(1e-3, 1e3))
def test_equality_cases(rows: int, columns: int, seed: int, scale: float) -> None:
    generator = seeded(seed)
    signs = 2.0 * torch.randint(0, 2, (rows, columns), generator=generator).double() - 1.0
    row_scales = scale * (0.5 + torch.rand((rows, 1), dtype=torch.float64, generator=generator))
    assert one_bit_cosine(row_scales * signs).item() == pytest.approx(1.0, abs=ROUNDING)
    spikes = torch.zeros((rows, columns), dtype=torch.float64)
    spikes[torch.arange(rows), torch.randint(0, columns, (rows,), generator=generator)] = scale
    assert one_bit_cosine(spikes).item() == pytest.approx(1 / math.sqrt(columns), rel=ROUNDING)


def test_batched_is_per_matrix_and_upcasts() -> None:
    w = heavy_tailed((2, 3, 5, 7), 1).float()
    together = one_bit_cosine(w)
    assert together.shape == (2, 3)
    assert together.dtype == torch.float64
    for i in range(2):
        for j in range(3):
            assert together[i, j].item() == pytest.approx(defined_beta(w[i, j].double().tolist()), rel=ROUNDING)
    half = w.bfloat16()
    torch.testing.assert_close(one_bit_cosine(half), one_bit_cosine(half.double()), rtol=0, atol=0)


def test_gaussian_level() -> None:
    """Seeded; beta scatters by sqrt((1 - 3/pi) / 2^20) = 2.1e-4, so 6 sigma = 1.3e-3 is missed once in 5e8 seeds."""
    w = torch.randn((1024, 1024), dtype=torch.float64, generator=seeded(0))
    assert one_bit_cosine(w).item() == pytest.approx(math.sqrt(2 / math.pi), abs=1.3e-3)


@pytest.mark.parametrize(("width", "golden"), [(64, 0.8014), (128, 0.7997)])
def test_haar_level_of_the_spikiest_matrix(width: int, golden: float) -> None:
    """One-hot rows rotate into rows of R, uniform on the sphere. beta^2 of the batch is an average over `width * 200`
    rows, each with standard deviation 2 beta sqrt((1 - 3/pi) / width) (rows of one R are nearly uncorrelated): 6 sigma,
    missed once in 5e8 seeds.
    """
    rotated = rotate(torch.eye(width).double(), haar_orthogonal(width, seeded(2), (200,)))
    squared = moment_ratio(rotated).mean().item()
    tolerance = 6 * 2 * 0.8 * math.sqrt((1 - 3 / math.pi) / width / (200 * width))
    assert squared == pytest.approx(haar_level(width) ** 2, abs=tolerance)
    assert haar_level(width) == pytest.approx(golden, abs=5e-5)
    # the finite-width term is resolved: the Gaussian limit and the unsquared level are both outside
    assert abs(squared - 2 / math.pi) > tolerance
    assert abs(squared - haar_level(width)) > tolerance


def test_haar_level_limits_and_single_row_bias() -> None:
    """A row of n normals has a uniform direction. 4e5 rows: 6 sigma of the mean = 5e-4 at n = 16, bias 1.8e-3."""
    assert haar_level(1) == 1.0
    assert haar_level(10**9) == pytest.approx(math.sqrt(2 / math.pi), abs=1e-9)
    mean = one_bit_cosine(torch.randn((400_000, 1, 16), generator=seeded(3))).mean().item()
    assert mean == pytest.approx(haar_level(16) - 0.028 / 16, abs=5e-4)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 5), SEEDS)
def test_lift_never_exceeds_the_jensen_ceiling(rows: int, power: int, seed: int) -> None:
    n = 2**power
    w = heavy_tailed((rows, n), seed)
    rotations = torch.cat((haar_orthogonal(n, seeded(seed), (4,)), random_hadamard(n, seeded(seed), (4,))))
    lifts = lift(rotate(w, rotations), w)
    assert lifts.shape == (8,)
    assert (lifts <= jensen_ceiling(one_bit_cosine(w)) + ROUNDING * n).all()


def test_the_ceiling_is_attained_and_differs_from_its_square() -> None:
    w = torch.eye(16, dtype=torch.float64)
    rotated = rotate(w, random_hadamard(16, seeded(0)))
    assert jensen_ceiling(one_bit_cosine(w)).item() == pytest.approx(4.0, rel=ROUNDING)
    assert lift(rotated, w).item() == pytest.approx(4.0, rel=ROUNDING)
    assert lift(rotated, w) < 1 / moment_ratio(w)
    assert lift(w, w).item() == 1.0
    gaussian = torch.tensor(math.sqrt(2 / math.pi), dtype=torch.float64)
    assert jensen_ceiling(gaussian).item() == pytest.approx(1.2533, abs=5e-5)


def test_differentiable() -> None:
    w = heavy_tailed((3, 4), 5) + 0.1
    assert torch.autograd.gradcheck(one_bit_cosine, (w.requires_grad_(),))


GAUGES = [one_bit_cosine, moment_ratio, relative_one_bit_error]


@pytest.mark.parametrize("gauge", GAUGES)
def test_errors(gauge: Callable[[Tensor], Tensor]) -> None:
    name = gauge.__name__
    w = torch.ones((2, 3, 4))
    for value in (math.nan, math.inf, -math.inf):
        bad = w.clone()
        bad[1, 2, 3] = value
        message = (
            f"{name}: matrix [1] of shape (3, 4) holds 1 NaN or Inf among 12 weights, expected 0; re-read that tensor"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            gauge(bad)
    message = (
        f"{name}: matrix [0] of shape (3, 4) is all zero, expected a non-zero matrix; its one-bit cosine is undefined,"
        " drop it"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        gauge(w * torch.tensor([0.0, 1.0])[:, None, None])
    message = f"{name}: matrix [] of shape (1, 2) has max|w| = 1e-200, expected within 2^+-400; rescale the weights"
    with pytest.raises(ValueError, match=exactly(message)):
        gauge(torch.full((1, 2), 1e-200, dtype=torch.float64))
    message = f"{name}: dtype torch.int8, expected a floating dtype; dequantise or cast the weights first"
    with pytest.raises(ValueError, match=exactly(message)):
        gauge(w.to(torch.int8))
    message = f"{name}: shape (4,), expected (..., out, in) with at least 2 axes; reshape the weights"
    with pytest.raises(ValueError, match=exactly(message)):
        gauge(w[0, 0])
    message = f"{name}: shape (0, 4) is empty, expected every axis >= 1; check what was read"
    with pytest.raises(ValueError, match=exactly(message)):
        gauge(w[0, :0])


def test_errors_of_the_levels_and_of_lift() -> None:
    message = "haar_level: width is 0, expected >= 1; pass the number of columns of W"
    with pytest.raises(ValueError, match=exactly(message)):
        haar_level(0)
    message = "jensen_ceiling: 3 of 4 values outside (0, 1], the first 1.1 [-], expected betas; pass one_bit_cosine(w)"
    with pytest.raises(ValueError, match=exactly(message)):
        jensen_ceiling(torch.tensor([0.5, 1.1, 0.0, math.nan]))
    message = "jensen_ceiling: dtype torch.int64, expected a floating dtype; pass one_bit_cosine(w)"
    with pytest.raises(ValueError, match=exactly(message)):
        jensen_ceiling(torch.tensor(1))
    message = (
        "lift: rotated (2, 3) against original (3, 2), expected the same (out, in);"
        " pair each matrix with its own rotation"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        lift(torch.ones(2, 3), torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"^lift: rotated: matrix \[\] of shape \(2, 3\) is all zero"):
        lift(torch.zeros(2, 3), torch.ones(2, 3))
