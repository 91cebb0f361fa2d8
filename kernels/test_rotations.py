"""Rotations: orthogonal to 10 n eps, Haar in distribution, Hadamard in integers; and checks that a wrong one fails."""

import math
import re
from collections.abc import Callable

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import (
    haar_orthogonal,
    hadamard_matrix,
    orthogonality_residual,
    random_hadamard,
    require_orthogonal,
    rotate,
)

SEEDS = st.integers(0, 2**32)
DTYPES = st.sampled_from([torch.float32, torch.float64])
KINDS = st.sampled_from([haar_orthogonal, random_hadamard])
HADAMARD_SIZES = [n for n in range(1, 513) if n in (1, 2) or n % 4 == 0]
MISSING_SIZES = [52, 92, 100, 116, 156, 172, 184, 188, 232, 236, 244, 260, 268, 292]
MISSING_SIZES += [324, 340, 344, 356, 372, 376, 404, 412, 428, 436, 452, 472, 476, 508]

# A p-value below this is a failure. Seeds are fixed; over seeds, the 14 p-values of the Haar checks and the 4 against
# scipy would raise a false alarm with probability at most 18 * 1e-6 = 1.8e-5.
FALSE_ALARM = 1e-6
DRAWS = 20_000


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def raw_qr(n: int, generator: torch.Generator, batch: tuple[int, ...]) -> Tensor:
    """Orthogonal, random, and not Haar: QR without the sign fix."""
    q: Tensor = torch.linalg.qr(torch.randn((*batch, n, n), dtype=torch.float64, generator=generator))[0]
    return q


def z_test(sample: Tensor, expected: float) -> float:
    """Two-sided p-value of the mean of independent draws, by the central limit theorem."""
    z = (sample.mean() - expected) / (sample.std() / math.sqrt(len(sample)))
    return float(2 * scipy.stats.norm.sf(abs(z.item())))


def haar_p_values(r: Tensor) -> dict[str, float]:
    """p-values of exact properties of Haar measure on O(n), n >= 8, from independent `r (draws, n, n)`.

    Eigenvalue angles: the mean of tr R^k is the k-th Fourier coefficient of their density; on O(n) it is 1 for even
    and 0 for odd k <= n/2, which is uniform but for the pairing of conjugates (Diaconis and Shahshahani 1994).
    """
    n = r.shape[-1]
    # (1 + an entry) / 2 is Beta((n - 1)/2, (n - 1)/2): the marginal density is (1 - x^2)^((n - 3)/2)
    shape = (n - 1) / 2
    ks = scipy.stats.kstest((1 + r[:, 0, 0].numpy()) / 2, scipy.stats.beta(shape, shape).cdf)
    square = r @ r
    traces = [trace(power) for power in (r, square, square @ r, square @ square)]
    return {
        "entry distribution": float(ks.pvalue),
        "entry mean": min(1.0, n * n * min(z_test(r[:, i, j], 0.0) for i in range(n) for j in range(n))),
        "entry variance": min(1.0, n * n * min(z_test(r[:, i, j] ** 2, 1 / n) for i in range(n) for j in range(n))),
        **{f"angles, order {k}": z_test(traces[k - 1], float(k % 2 == 0)) for k in (1, 2, 3, 4)},
    }


def trace(r: Tensor) -> Tensor:
    return r.diagonal(dim1=-2, dim2=-1).sum(-1)


def random_angle(r: Tensor, generator: torch.Generator) -> Tensor:
    """The angle of one eigenvalue of each matrix, drawn uniformly, so that the sample is independent."""
    angles = torch.linalg.eigvals(r).angle()
    chosen: Tensor = angles.gather(1, torch.randint(0, r.shape[-1], (len(r), 1), generator=generator))[:, 0]
    return chosen


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), SEEDS, DTYPES)
def test_haar_is_orthogonal(n: int, seed: int, dtype: torch.dtype) -> None:
    r = haar_orthogonal(n, seeded(seed), (2,), dtype)
    assert r.shape == (2, n, n)
    assert r.dtype == dtype
    require_orthogonal(r, "haar")
    require_orthogonal(r.mT, "transpose")
    torch.testing.assert_close(r, haar_orthogonal(n, seeded(seed), (2,)).to(dtype), rtol=0, atol=0)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1, 2, 4, 12, 20, 28, 36, 44, 48, 56, 60, 64]), SEEDS, DTYPES)
def test_random_hadamard_is_orthogonal_with_equal_magnitudes(n: int, seed: int, dtype: torch.dtype) -> None:
    r = random_hadamard(n, seeded(seed), (2,), dtype)
    assert r.shape == (2, n, n)
    assert r.dtype == dtype
    require_orthogonal(r, "hadamard")
    torch.testing.assert_close(r.abs(), torch.full_like(r, n**-0.5))


@pytest.mark.parametrize("kind", [haar_orthogonal, random_hadamard])
def test_draws_depend_on_the_generator_alone(kind: Callable[..., Tensor]) -> None:
    one, two = seeded(7), seeded(7)
    first = kind(64, one)
    torch.manual_seed(0)
    assert torch.equal(first, kind(64, two))
    assert not torch.equal(first, kind(64, one))
    a, b = kind(64, one, (2,))
    assert not torch.equal(a, b)


@pytest.mark.parametrize("n", [8, 12])
def test_haar_moments_entries_and_angles(n: int) -> None:
    p_values = haar_p_values(haar_orthogonal(n, seeded(n), (DRAWS,)))
    assert min(p_values.values()) > FALSE_ALARM, p_values


def test_raw_qr_fails_the_haar_checks() -> None:
    p_values = haar_p_values(raw_qr(8, seeded(8), (DRAWS,)))
    failed = {name for name, p in p_values.items() if p < FALSE_ALARM}
    assert {"entry distribution", "entry mean", "angles, order 1"} <= failed, p_values
    require_orthogonal(raw_qr(8, seeded(8), (10,)), "raw QR")  # orthogonality alone does not see it


def scipy_p_values(r: Tensor) -> dict[str, float]:
    """Two-sample Kolmogorov-Smirnov p-values of `r (draws, 8, 8)` against `scipy.stats.ortho_group`."""
    reference = torch.from_numpy(scipy.stats.ortho_group.rvs(8, size=4000, random_state=0))
    generator = seeded(1)
    pairs = {
        "entry": (r[:, 2, 5], reference[:, 2, 5]),
        "trace": (trace(r), trace(reference)),
        "trace of the square": (trace(r @ r), trace(reference @ reference)),
        "angle": (random_angle(r, generator), random_angle(reference, generator)),
    }
    return {name: float(scipy.stats.ks_2samp(a.numpy(), b.numpy()).pvalue) for name, (a, b) in pairs.items()}


def test_haar_agrees_with_scipy() -> None:
    p_values = scipy_p_values(haar_orthogonal(8, seeded(9), (4000,)))
    assert min(p_values.values()) > FALSE_ALARM, p_values


def test_raw_qr_disagrees_with_scipy() -> None:
    p_values = scipy_p_values(raw_qr(8, seeded(9), (4000,)))
    assert p_values["trace"] < FALSE_ALARM, p_values


def test_both_components_are_drawn() -> None:
    """det = -1 for about half of 2000 draws: 6 sigma = 134, missed once in 5e8 seeds."""
    reflections = (torch.linalg.det(haar_orthogonal(4, seeded(10), (2000,))) < 0).sum().item()
    assert reflections == pytest.approx(1000, abs=134)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.sampled_from([1, 2, 4, 12, 20, 32]), SEEDS, DTYPES, KINDS)
def test_rotation_keeps_norm_and_singular_values(
    rows: int, n: int, seed: int, dtype: torch.dtype, kind: Callable[..., Tensor]
) -> None:
    generator = seeded(seed)
    w = (torch.randn((3, rows, n), dtype=torch.float64, generator=generator) ** 3).to(dtype)
    r = kind(n, generator, (3,), dtype)
    rotated = rotate(w, r)
    assert rotated.dtype == dtype
    tolerance = 10 * n * torch.finfo(dtype).eps
    norms = torch.linalg.matrix_norm(w.double())
    assert ((torch.linalg.matrix_norm(rotated.double()) - norms).abs() <= tolerance * norms).all()
    values, expected = torch.linalg.svdvals(rotated.double()), torch.linalg.svdvals(w.double())
    assert ((values - expected).abs() <= tolerance * norms[:, None]).all()
    assert ((rotate(rotated, r.mT) - w).abs() <= tolerance * norms[:, None, None]).all()


def test_one_rotation_is_shared_by_a_batch_on_the_input_side() -> None:
    w = torch.randn((2, 3, 5, 8), dtype=torch.float64, generator=seeded(11))
    r = haar_orthogonal(8, seeded(12))
    rotated = rotate(w, r)
    x = torch.randn(8, dtype=torch.float64, generator=seeded(13))
    torch.testing.assert_close(rotated @ (r.mT @ x), w @ x)
    torch.testing.assert_close(rotated[1, 2], torch.einsum("oi,ij->oj", w[1, 2], r))


@pytest.mark.parametrize("n", [n for n in HADAMARD_SIZES if n not in MISSING_SIZES])
def test_hadamard_is_exact_in_integers(n: int) -> None:
    h = hadamard_matrix(n)
    assert h.dtype == torch.int8
    assert h.shape == (n, n)
    assert torch.equal(h.abs(), torch.ones_like(h))
    assert torch.equal(h.double() @ h.double().mT, n * torch.eye(n, dtype=torch.float64))  # sums below 2^53: exact
    assert torch.equal(h, hadamard_matrix(n))


@pytest.mark.parametrize("n", [768, 896, 1024, 1408, 1536, 2048, 2560, 2880, 3072, 3584, 4096])
def test_hadamard_exists_at_the_widths_of_language_models(n: int) -> None:
    h = hadamard_matrix(n)
    rows = h[:: n // 8].double()
    assert torch.equal(rows @ h.double().mT, n * torch.eye(n, dtype=torch.float64)[:: n // 8])


@pytest.mark.parametrize(
    ("n", "nearest"),
    [(0, "1"), (-4, "1"), (3, "2 and 4"), (52, "48 and 56"), (92, "88 and 96"), (1004, "1000 and 1008")],
)
def test_hadamard_names_the_nearest_sizes(n: int, nearest: str) -> None:
    message = (
        f"hadamard_matrix: no Sylvester or Paley construction of order {n}; the nearest sizes that have one are"
        f" {nearest}; use one of them or haar_orthogonal"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        hadamard_matrix(n)


def test_every_missing_size_is_refused() -> None:
    for n in [*MISSING_SIZES, *(n for n in range(3, 512) if n % 4)]:
        with pytest.raises(ValueError, match="no Sylvester or Paley construction"):
            hadamard_matrix(n)


def kurtosis(w: Tensor) -> float:
    centred = w - w.mean()
    return float(centred.pow(4).mean() / centred.square().mean() ** 2)


def test_hadamard_pulls_heavy_tails_to_a_gaussian() -> None:
    """Student-t with 5 degrees of freedom (kurtosis 9 in the limit), 1024 x 768. The kurtosis of as many normals has
    standard error sqrt(24 / 786432) = 5.5e-3; averaging 768 entries leaves a bias of (9 - 3) / 768 = 8e-3;
    the tolerance is 7 standard errors more.
    """
    generator = seeded(14)
    normal = torch.randn((1024, 768), dtype=torch.float64, generator=generator)
    w = normal / torch.randn((5, 1024, 768), dtype=torch.float64, generator=generator).square().mean(0).sqrt()
    rotated = rotate(w, random_hadamard(768, generator))
    assert kurtosis(w) > 6
    assert kurtosis(rotated) == pytest.approx(3.0, abs=0.05)
    assert one_bit_cosine(rotated).item() == pytest.approx(math.sqrt(2 / math.pi), abs=0.002)


def test_residual_is_the_definition_and_accepts_frames() -> None:
    r = haar_orthogonal(6, seeded(15), (2,))
    assert orthogonality_residual(r[..., :4]).max() < 1e-14
    r[1] *= 2.0
    assert orthogonality_residual(r).tolist() == pytest.approx([0.0, 3.0], abs=1e-14)
    assert orthogonality_residual(r).dtype == torch.float64
    message = (
        "orthogonality_residual: torch.float64 of shape (4, 6), expected a non-empty floating (..., n, k) with n >= k;"
        " for orthonormal rows pass r.mT"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        orthogonality_residual(r[0, :4])


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 64), SEEDS, DTYPES)
def test_a_non_orthogonal_matrix_is_caught(n: int, seed: int, dtype: torch.dtype) -> None:
    r = haar_orthogonal(n, seeded(seed), (3,), dtype)
    stretched, copied, poisoned = r.clone(), r.clone(), r.clone()
    stretched[1] *= 1 + 20 * n * torch.finfo(dtype).eps
    copied[1, :, 0] = copied[1, :, 1]
    poisoned[1, 0, 0] = math.nan
    beginning = r"^layer 3: max \|R\^T R - I\| = \S+ \[-\] for matrix \[1\] \(1 of 3 fail\)"
    for bad in (stretched, copied, poisoned):
        with pytest.raises(ValueError, match=beginning):
            require_orthogonal(bad, "layer 3")


def test_a_rotation_rounded_to_half_precision_is_caught() -> None:
    r = haar_orthogonal(64, seeded(16))
    for dtype in (torch.bfloat16, torch.float16):
        with pytest.raises(ValueError, match=r"^reloaded: max"):
            require_orthogonal(r.to(dtype).float(), "reloaded")
    with pytest.raises(ValueError, match=r"^reloaded: max"):
        require_orthogonal(r.float().double(), "reloaded")


def test_messages() -> None:
    message = (
        "layer 0 gate_proj: max |R^T R - I| = 3 [-] for matrix [] (1 of 1 fail), expected <= 10 n eps = 4.44e-15 at"
        " n = 2 in torch.float64; project R back onto the orthogonal group or draw it again"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        require_orthogonal(2 * torch.eye(2, dtype=torch.float64), "layer 0 gate_proj")
    message = "here: rotation of shape (2, 3), expected a non-empty (..., in, in); pass a square matrix"
    with pytest.raises(ValueError, match=exactly(message)):
        require_orthogonal(torch.ones(2, 3), "here")
    message = (
        "here: rotation of dtype torch.bfloat16, expected torch.float32 or torch.float64; keep rotations unquantised"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        require_orthogonal(torch.eye(2).bfloat16(), "here")
    message = "haar_orthogonal: n is 0 and batch (), expected every axis >= 1; check the width read"
    with pytest.raises(ValueError, match=exactly(message)):
        haar_orthogonal(0, seeded(0))
    message = "random_hadamard: n is 4 and batch (0,), expected every axis >= 1; check the width read"
    with pytest.raises(ValueError, match=exactly(message)):
        random_hadamard(4, seeded(0), (0,))
    message = "haar_orthogonal: dtype torch.float16, expected torch.float32 or torch.float64; cast after rotating"
    with pytest.raises(ValueError, match=exactly(message)):
        haar_orthogonal(4, seeded(0), (), torch.float16)


def test_rotate_refuses_promotion_and_mismatch() -> None:
    r = torch.eye(3)
    for w in (torch.ones(2, 3, dtype=torch.float64), torch.ones(2, 3, dtype=torch.bfloat16)):
        message = (
            f"rotate: weights {w.dtype} and rotation torch.float32, expected one dtype of float32, float64;"
            " cast explicitly"
        )
        with pytest.raises(ValueError, match=exactly(message)):
            rotate(w, r)
    with pytest.raises(ValueError, match=r"^rotate: rotation of dtype torch.bfloat16, expected"):
        rotate(torch.ones(2, 3).bfloat16(), r.bfloat16())
    message = (
        "rotate: weights (3, 2) on cpu and rotation (3, 3) on cpu, expected (..., out, in) and (..., in, in) on one"
        " device; rotations act on the input side"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        rotate(torch.ones(3, 2), r)


def test_rotate_refuses_reduced_precision_products() -> None:
    message = (
        "rotate: float32 products on cpu run in 'bf16', expected 'ieee';"
        " call torch.set_float32_matmul_precision('highest')"
    )
    w, r = torch.ones(2, 3), torch.eye(3)
    torch.set_float32_matmul_precision("medium")
    try:
        assert torch.equal(rotate(w.double(), r.double()), w.double())
        with pytest.raises(ValueError, match=exactly(message)):
            rotate(w, r)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert torch.equal(rotate(w, r), w)
