"""One-bit quantisation: each scale best at what it claims, in any basis, zeros and signs exact; the guards can fail."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.gauge.moments import moment_ratio, one_bit_cosine, relative_one_bit_error
from kernels.gauge.one_bit import PROJECTION_TOLERANCE, ROW_SCALES, one_bit, rescaled, row_scales, signs, stored_bits
from kernels.rotations import haar_orthogonal, rotate

ROUNDING = 1e-12
SIZES = st.integers(1, 24)
SEEDS = st.integers(0, 2**32)
SCALES = st.sampled_from(ROW_SCALES)
DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn]


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def heavy_tailed(shape: tuple[int, ...], seed: int, zeros: float = 0.1) -> Tensor:
    """Cubed normals of uneven norm, a tenth of the entries zero, every row with a 1: float64."""
    generator = seeded(seed)
    cubes = torch.randn(shape, dtype=torch.float64, generator=generator) ** 3
    w = torch.where(torch.rand(shape, generator=generator) < zeros, 0.0, cubes)
    w[..., 0] = 1.0  # no row all zero
    return w


def relative_error(quantised: Tensor, w: Tensor) -> float:
    return float((quantised - w).square().sum() / w.square().sum())


def same(actual: Tensor, expected: Tensor, tolerance: float = ROUNDING) -> None:
    """Equal dtype and shape, and values within `tolerance` of the largest expected one."""
    peak = float(expected.abs().max())
    torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance * peak)


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_have_two_values_and_zero_is_positive(dtype: torch.dtype) -> None:
    w = torch.tensor([[0.0, -0.0, 2.0, -2.0], [0.5, -0.5, -0.0, 0.0]]).to(dtype)
    assert math.copysign(1.0, w[0, 1].item()) == -1.0
    assert signs(w).dtype == dtype
    assert signs(w).float().tolist() == [[1, 1, 1, -1], [1, -1, 1, 1]]
    assert one_bit(w).tolist() == [[1, 1, 1, -1], [0.25, -0.25, 0.25, 0.25]]


def test_signs_of_the_smallest_weights() -> None:
    tiny = torch.tensor([[2.0**-149, -(2.0**-149)]])  # float32 subnormals
    assert signs(tiny).tolist() == [[1.0, -1.0]]
    assert one_bit(tiny).tolist() == tiny.tolist()


def test_goldens() -> None:
    w = torch.tensor([[3.0, -1.0], [0.0, 4.0]], dtype=torch.float64)
    assert row_scales(w, "least_squares").tolist() == [[2.0], [2.0]]
    assert row_scales(w, "unbiased").tolist() == [[2.5], [4.0]]
    assert row_scales(w, "per_tensor").tolist() == [[2.0], [2.0]]
    assert one_bit(w, None, "unbiased").tolist() == [[2.5, -2.5], [4.0, 4.0]]
    swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    assert one_bit(w, swap, "unbiased").tolist() == [[2.5, -2.5], [4.0, 4.0]]
    # 45 degrees: the rows become (2, 4) / sqrt(2) and (4, -4) / sqrt(2), of which the second is a sign row
    turn = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64) / math.sqrt(2)
    same(one_bit(w, turn), torch.tensor([[3.0, 0.0], [0.0, 4.0]], dtype=torch.float64))
    assert one_bit(w).tolist() == [[2.0, -2.0], [2.0, 2.0]]


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_least_squares_row_scales_are_the_best(rows: int, columns: int, seed: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    s = torch.where(w >= 0, 1.0, -1.0).double()
    scales = row_scales(w, "least_squares")
    for row, sign, a in zip(w.numpy(), s.numpy(), scales[:, 0].tolist(), strict=True):
        solution = np.linalg.lstsq(sign[:, None], row, rcond=None)[0]
        assert a == pytest.approx(float(solution[0]), rel=1e-10)
    best = (w - one_bit(w)).square().sum(-1)
    grid = scales * torch.linspace(0, 3, 301, dtype=torch.float64)  # (rows, candidates), holds the optimum
    errors = (w[:, None, :] - grid[..., None] * s[:, None, :]).square().sum(-1)
    assert (errors >= best[:, None] * (1 - ROUNDING)).all()
    assert (errors.argmin(-1) == 100).all()


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_the_scale_per_tensor_is_the_best_single_one(rows: int, columns: int, seed: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    s = torch.where(w >= 0, 1.0, -1.0).double()
    scales = row_scales(w, "per_tensor")
    assert scales.shape == (rows, 1)
    assert (scales == scales[0]).all()
    solution = np.linalg.lstsq(s.numpy().reshape(-1, 1), w.numpy().reshape(-1), rcond=None)[0]
    assert scales[0].item() == pytest.approx(float(solution[0]), rel=1e-10)
    grid = scales[0] * torch.linspace(0, 3, 301, dtype=torch.float64)
    errors = (w - grid[:, None, None] * s).square().sum((-2, -1))
    assert int(errors.argmin()) == 100
    per_row, single = (relative_error(one_bit(w, None, scale), w) for scale in ("least_squares", "per_tensor"))
    assert per_row <= single + ROUNDING


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS, st.booleans())
def test_unbiased_keeps_the_length_along_each_row(rows: int, columns: int, seed: int, rotated: bool) -> None:
    w = heavy_tailed((rows, columns), seed)
    rotation = haar_orthogonal(columns, seeded(seed)) if rotated else None
    energy = w.square().sum(-1)
    projection = (one_bit(w, rotation, "unbiased") * w).sum(-1)
    torch.testing.assert_close(projection, energy, rtol=1e-10, atol=0)
    # least squares falls short by beta^2 of each row, and the price of keeping it is 1/beta^2 - 1 in error
    ratio = moment_ratio((w if rotation is None else rotate(w, rotation))[:, None, :])
    shrunk = (one_bit(w, rotation) * w).sum(-1) / energy
    torch.testing.assert_close(shrunk, ratio, rtol=1e-10, atol=0)
    price = (one_bit(w, rotation, "unbiased") - w).square().sum(-1) / energy
    torch.testing.assert_close(price, 1 / ratio - 1, rtol=1e-10, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_the_error_is_one_minus_beta_squared_in_any_basis(rows: int, columns: int, seed: int) -> None:
    w = heavy_tailed((rows, columns), seed)
    rotation = haar_orthogonal(columns, seeded(seed))
    for r, v in ((None, w), (rotation, rotate(w, rotation))):
        error = relative_error(one_bit(w, r), w)
        assert error == pytest.approx(1 - one_bit_cosine(v).item() ** 2, abs=ROUNDING)
        assert error == pytest.approx(relative_one_bit_error(v).item(), abs=ROUNDING)


def test_the_other_scales_miss_the_error_of_least_squares() -> None:
    w = heavy_tailed((20, 30), 0)
    for scale in ("unbiased", "per_tensor"):
        assert relative_error(one_bit(w, None, scale), w) - relative_one_bit_error(w).item() > 0.02


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS, SCALES)
def test_rotating_back_keeps_the_error(rows: int, columns: int, seed: int, scale: str) -> None:
    w = heavy_tailed((rows, columns), seed)
    rotation = haar_orthogonal(columns, seeded(seed))
    v = rotate(w, rotation)
    inside = one_bit(v, None, scale)
    assert relative_error(one_bit(w, rotation, scale), w) == pytest.approx(
        relative_error(inside, v), rel=1e-10, abs=ROUNDING
    )
    same(rotate(one_bit(w, rotation, scale), rotation), inside)


def test_the_side_and_the_transpose_of_the_rotation_matter() -> None:
    w = heavy_tailed((16, 16), 1)
    r = haar_orthogonal(16, seeded(1))
    quantised = one_bit(rotate(w, r))
    assert relative_error(rotate(quantised, r), w) > 2 * relative_error(rotate(quantised, r.mT), w)
    same(one_bit(w, r), rotate(quantised, r.mT))


@pytest.mark.parametrize("scale", ROW_SCALES)
def test_the_identity_is_the_given_basis(scale: str) -> None:
    w = heavy_tailed((5, 7), 2)
    for dtype in (torch.float32, torch.float64):
        identity = torch.eye(7, dtype=dtype)
        assert torch.equal(one_bit(w.to(dtype), identity, scale), one_bit(w.to(dtype), None, scale))


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS, SCALES)
def test_two_values_per_row_and_sign_matrices_are_fixed(rows: int, columns: int, seed: int, scale: str) -> None:
    w = heavy_tailed((rows, columns), seed)
    quantised = one_bit(w, None, scale)
    assert torch.equal(quantised.abs(), row_scales(w, scale).expand(rows, columns))
    assert torch.equal(quantised >= 0, w >= 0)
    # dyadic scales of few bits: sums and ratios are exact
    dyadic = torch.randint(1, 8, (rows, 1), generator=seeded(seed)).double() / 4
    lattice = signs(w) * (dyadic[:1] if scale == "per_tensor" else dyadic)
    assert torch.equal(one_bit(lattice, None, scale), lattice)
    assert torch.equal(one_bit(quantised, None, scale) >= 0, w >= 0)


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS, SCALES, st.integers(-300, 300), st.floats(1e-3, 1e3))
def test_equivariance(rows: int, columns: int, seed: int, scale: str, power: int, factor: float) -> None:
    w = heavy_tailed((rows, columns), seed)
    quantised = one_bit(w, None, scale)
    assert torch.equal(one_bit(w * 2.0**power, None, scale), quantised * 2.0**power)
    same(one_bit(factor * w, None, scale), factor * quantised)
    no_zero = heavy_tailed((rows, columns), seed, zeros=0.0)
    assert torch.equal(one_bit(-no_zero, None, scale), -one_bit(no_zero, None, scale))
    order = torch.randperm(rows, generator=seeded(seed))
    same(one_bit(w[order], None, scale), quantised[order])
    columns_order = torch.randperm(columns, generator=seeded(seed))
    same(one_bit(w[:, columns_order], None, scale), quantised[:, columns_order])


@pytest.mark.parametrize("scale", ROW_SCALES)
def test_a_zero_weight_breaks_the_symmetry_of_signs(scale: str) -> None:
    w = torch.tensor([[1.0, 0.0]])
    assert not torch.equal(one_bit(-w, None, scale), -one_bit(w, None, scale))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), SIZES, SEEDS, SCALES, st.sampled_from(["none", "shared", "each"]))
def test_a_batch_is_one_by_one(rows: int, columns: int, seed: int, scale: str, kind: str) -> None:
    w = heavy_tailed((2, 3, rows, columns), seed)
    rotations = haar_orthogonal(columns, seeded(seed), (2, 3) if kind == "each" else ())
    together = one_bit(w, None if kind == "none" else rotations, scale)
    assert together.shape == w.shape
    for i in range(2):
        for j in range(3):
            r = {"none": None, "shared": rotations, "each": rotations[i, j] if kind == "each" else None}[kind]
            same(together[i, j], one_bit(w[i, j], r, scale), 1e-10)
            same(row_scales(w, scale)[i, j], row_scales(w[i, j], scale))


@pytest.mark.parametrize("scale", ROW_SCALES)
def test_zero_rows_stay_zero(scale: str) -> None:
    w = heavy_tailed((2, 4, 8), 3)
    w[0, 1] = 0.0
    w[1, 2] = -0.0
    rotation = haar_orthogonal(8, seeded(3))
    for r in (None, rotation):
        for v in (w, w * 0.0):
            quantised = one_bit(v, r, scale)
            assert quantised.isfinite().all()
            assert torch.equal((quantised == 0.0).all(-1), (v == 0.0).all(-1))
            assert torch.equal((rescaled(one_bit(v, r), v, scale) == 0.0).all(-1), (v == 0.0).all(-1))
    assert torch.equal(row_scales(w * 0.0, scale), torch.zeros((2, 4, 1), dtype=torch.float64))
    # a zero row still counts in the mean of the matrix: with it the scale is three quarters of that without
    if scale == "per_tensor":
        kept = row_scales(w[0, [0, 2, 3]], scale)
        same(row_scales(w[0], scale)[[0, 2, 3]], 0.75 * kept)


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS, SCALES, st.booleans(), st.booleans())
def test_rescaled_is_quantising_with_that_scale(
    rows: int, columns: int, seed: int, scale: str, rotated: bool, zero_row: bool
) -> None:
    w = heavy_tailed((2, rows, columns), seed)
    if zero_row:
        w[1, 0] = 0.0
    rotation = haar_orthogonal(columns, seeded(seed)) if rotated else None
    same(rescaled(one_bit(w, rotation), w, scale), one_bit(w, rotation, scale))


def test_rescaled_leaves_least_squares_alone_and_loses_only_what_was_rounded() -> None:
    w = heavy_tailed((16, 32), 4)
    rotation = haar_orthogonal(32, seeded(4))
    quantised = one_bit(w, rotation)
    assert rescaled(quantised, w, "least_squares") is quantised
    for scale in ("unbiased", "per_tensor"):
        expected = one_bit(w, rotation, scale)
        rounded = rescaled(quantised.bfloat16(), w, scale)
        assert rounded.dtype == torch.bfloat16
        same(rounded.double(), expected, 1e-2)
        assert relative_error(rounded.double(), expected) > 1e-8  # what was rounded stays rounded
        single = rescaled(quantised.float(), w.float(), scale)
        assert single.dtype == torch.float32
        same(single.double(), expected, 1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype: torch.dtype) -> None:
    """Upcast before anything: a narrow matrix and its exact float64 copy have one result, in the computing dtype."""
    w = heavy_tailed((4, 6), 5).clamp(-100, 100).to(dtype)
    wide = w.double()
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    for scale in ROW_SCALES:
        assert torch.equal(row_scales(w, scale), row_scales(wide, scale))
        assert one_bit(w, None, scale).dtype == expected
        assert torch.equal(one_bit(w, None, scale), one_bit(wide, None, scale).to(expected))
        rotation = haar_orthogonal(6, seeded(5))
        assert torch.equal(one_bit(w, rotation, scale), one_bit(wide, rotation, scale))
        if dtype != torch.float64:
            single = one_bit(w, rotation.float(), scale)
            assert single.dtype == torch.float32
            same(single.double(), one_bit(wide, rotation, scale), 1e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4096), st.integers(1, 4096), st.integers(0, 64))
def test_stored_bits(rows: int, columns: int, scale_bits: int) -> None:
    bits = stored_bits(rows, columns, scale_bits)
    assert bits == stored_bits(rows, columns, scale_bits, "unbiased")
    assert bits / (rows * columns) == pytest.approx(1 + scale_bits / columns, rel=ROUNDING)
    assert stored_bits(rows, columns, scale_bits, "per_tensor") == rows * columns + scale_bits


def test_stored_bits_goldens() -> None:
    assert stored_bits(1024, 2048) == 1024 * 2048 + 16 * 1024  # OLMoE's gate_proj: 1.0078 bits per weight
    assert stored_bits(1024, 2048, scale="per_tensor") == 2_097_168
    assert stored_bits(2, 3, 0) == 6


TAKING_WEIGHTS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "signs": (signs, "signs"),
    "row_scales": (lambda w: row_scales(w, "unbiased"), "row_scales"),
    "one_bit": (one_bit, "one_bit"),
    "one_bit rotated": (lambda w: one_bit(w, torch.eye(4)), "one_bit"),
    "rescaled, quantised": (lambda w: rescaled(w, torch.ones(w.shape), "unbiased"), "rescaled: quantised"),
    "rescaled, w": (lambda w: rescaled(torch.ones(w.shape), w, "unbiased"), "rescaled: w"),
}


@pytest.mark.parametrize("case", TAKING_WEIGHTS)
def test_errors_of_the_weights(case: str) -> None:
    function, name = TAKING_WEIGHTS[case]
    w = torch.ones((2, 3, 4))
    for value in (math.nan, math.inf, -math.inf):
        bad = w.clone()
        bad[1, 2, 3] = value
        message = (
            f"{name}: matrix [1] of shape (3, 4) holds 1 NaN or Inf among 12 weights, expected 0; re-read that tensor"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            function(bad)
    for value in (1e-200, 1e200):
        extreme = w.double()
        extreme[0, 1] = value
        message = (
            f"{name}: matrix [0] of shape (3, 4) has max|w| = {value:.3g} in row 1, expected 0 or within 2^+-400;"
            " rescale the weights"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            function(extreme)
    message = f"{name}: dtype torch.int8, expected a floating dtype; dequantise or cast the weights first"
    with pytest.raises(ValueError, match=exactly(message)):
        function(w.to(torch.int8))
    if "rescaled, w" not in case:  # there the other argument, of the same shape, is refused first
        message = f"{name}: shape (4,), expected (..., out, in) with at least 2 axes; reshape the weights"
        with pytest.raises(ValueError, match=exactly(message)):
            function(w[0, 0])
        message = f"{name}: shape (0, 4) is empty, expected every axis >= 1; check what was read"
        with pytest.raises(ValueError, match=exactly(message)):
            function(w[0, :0])


def test_errors_of_the_scale() -> None:
    w = torch.ones((2, 3))
    calls: dict[str, Callable[[], object]] = {
        "row_scales": lambda: row_scales(w, "median"),
        "one_bit": lambda: one_bit(w, None, "median"),
        "rescaled": lambda: rescaled(w, w, "median"),
        "stored_bits": lambda: stored_bits(2, 3, 16, "median"),
    }
    for name, call in calls.items():
        message = f"{name}: scale is 'median', expected one of least_squares, unbiased, per_tensor; name the row scale"
        with pytest.raises(ValueError, match=exactly(message)):
            call()


def test_errors_of_the_rotation() -> None:
    w = torch.ones((2, 3))
    message = (
        "rotate: weights torch.float64 and rotation torch.float32, expected one dtype of float32, float64; cast"
        " explicitly"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        one_bit(w.double(), torch.eye(3))
    for dtype in (torch.bfloat16, torch.int8):
        message = (
            f"rotate: rotation of dtype {dtype}, expected torch.float32 or torch.float64; keep rotations unquantised"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            one_bit(w, torch.eye(3).to(dtype))
    message = (
        "rotate: weights (2, 3) on cpu and rotation (2, 2) on cpu, expected (..., out, in) and (..., in, in) on one"
        " device; rotations act on the input side"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        one_bit(w, torch.eye(2))
    with pytest.raises(ValueError, match=r"^rotate: rotation of shape \(3, 2\), expected a non-empty"):
        one_bit(w, torch.ones(3, 2))
    message = (
        "one_bit: W R: matrix [] of shape (2, 3) holds 6 NaN or Inf among 6 weights, expected 0; re-read that tensor"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        one_bit(w, torch.full((3, 3), math.nan))
    with pytest.raises(ValueError, match=r"^one_bit: W R: matrix \[\] of shape \(1, 4\) holds 1 NaN or Inf"):
        one_bit(torch.full((1, 4), 3e38), torch.ones((4, 4)) * torch.tensor([1.0, 0.1, 0.1, 0.1]))  # overflow


def test_errors_of_rescaled() -> None:
    w = heavy_tailed((4, 64), 6)
    w[0] = torch.tensor([3.0, 1.0]).repeat(32)
    rotation = haar_orthogonal(64, seeded(6))
    message = "rescaled: quantised (4, 64) against w (3, 64), expected one shape; pair each matrix with its own weights"
    with pytest.raises(ValueError, match=exactly(message)):
        rescaled(one_bit(w), w[:3], "unbiased")
    # |w_0|^2 = 32 * 10, and unbiased a = 320 / 128 = 2.5 gives |a sign|^2 = 64 * 6.25 = 400
    message = (
        "rescaled: row [0] has <w, quantised> = 320 and |quantised|^2 = 400 (4 of 4 rows fail), expected them equal"
        f" within {PROJECTION_TOLERANCE:g} and non-zero where w is; pass one_bit(w, R, 'least_squares')"
    )
    for scale in ROW_SCALES:
        with pytest.raises(ValueError, match=exactly(message)):
            rescaled(one_bit(w, None, "unbiased"), w, scale)
    refused = {
        "negated": -one_bit(w, rotation),
        "another matrix": one_bit(w.roll(1, 0), rotation),
        "not orthogonal": one_bit(w, 1.1 * rotation),
        "a zero row for one that is not": one_bit(w, rotation) * torch.tensor([[0.0], [1], [1], [1]]),
        "the rotated basis": one_bit(rotate(w, rotation)),
    }
    for reason, quantised in refused.items():
        with pytest.raises(ValueError, match=r"^rescaled: row \[\d\] has <w, quantised>"):
            pytest.fail(f"{reason}: {rescaled(quantised, w, 'unbiased').shape}")
    zero = w.clone()
    zero[2] = 0.0
    with pytest.raises(ValueError, match=r"^rescaled: row \[2\] .* \(1 of 4 rows fail\)"):
        rescaled(one_bit(w, rotation), zero, "per_tensor")


def test_errors_of_stored_bits() -> None:
    for rows, columns, scale_bits in ((0, 3, 16), (2, 0, 16), (2, 3, -1)):
        message = (
            f"stored_bits: rows, columns and scale_bits are {rows}, {columns} and {scale_bits}, expected >= 1, >= 1"
            " and >= 0; pass the shape of W"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            stored_bits(rows, columns, scale_bits)
