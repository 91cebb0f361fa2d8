"""Values of `spectra` against numpy and scipy, invariances, refused input. Proofs: `test_spectra_certificate.py`."""

import hashlib
import math
import re

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.spectra.rank_estimators import REGISTERED_SHARES, TIE_TOLERANCE, energy_rank
from kernels.spectra.spectrum import Spectrum, singular_values, spectrum


def exactly(message: str) -> str:
    return f"^{re.escape(message)}$"


SHAPES = [(1, 1), (1, 7), (7, 1), (5, 9), (9, 5), (33, 33), (64, 128), (128, 64), (300, 40)]


def gaussian(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def with_singular_values(sigma: Tensor, columns: int, seed: int) -> Tensor:
    k = len(sigma)
    left = torch.linalg.qr(gaussian((k, k), seed))[0]
    right = torch.linalg.qr(gaussian((columns, k), seed + 1))[0]
    product: Tensor = left @ (sigma.double()[:, None] * right.mT)
    return product


def tie_spectrum(k: int, share: float) -> Tensor:
    """k/2 large and k/2 small values: the cumulative energy meets the lowered threshold of `energy_rank` at r = k/2."""
    theta = share * (1.0 - TIE_TOLERANCE)
    small = torch.full((k // 2,), (1.0 - theta) / theta, dtype=torch.float64)
    return torch.cat([torch.ones(k // 2, dtype=torch.float64), small]).sqrt()


def ranks(energies: Tensor) -> list[list[int]]:
    return [energy_rank(energies, share).flatten().tolist() for share in REGISTERED_SHARES]


def digest(result: Spectrum) -> str:
    parts = (result.energies, result.error_bound, result.recomputed, result.decision_error)
    return hashlib.sha256(b"".join(part.contiguous().numpy().tobytes() for part in parts)).hexdigest()


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_numpy_and_scipy(shape: tuple[int, int], dtype: torch.dtype) -> None:
    w = gaussian((2, *shape), seed=3, dtype=dtype)
    result, sigma = spectrum(w), singular_values(w)
    assert sigma.shape == result.energies.shape == (2, min(shape))
    assert sigma.dtype == result.energies.dtype == torch.float64
    for i in range(2):
        exact = w[i].double().numpy()
        by_numpy = np.linalg.svd(exact, compute_uv=False)
        by_scipy = scipy.linalg.svd(exact, compute_uv=False, lapack_driver="gesvd")
        np.testing.assert_allclose(sigma[i].numpy(), by_numpy, rtol=0, atol=1e-13 * by_numpy[0])
        np.testing.assert_allclose(result.energies[i].numpy(), by_scipy**2, rtol=0, atol=1e-13 * by_scipy[0] ** 2)
        assert ranks(result.energies[i]) == ranks(torch.from_numpy(by_scipy**2))


@pytest.mark.parametrize(
    "heavy_tails", [pytest.param(False, marks=pytest.mark.nightly), True], ids=["gaussian", "student-t"]
)
def test_energy_ranks_at_the_subjects_shape(heavy_tails: bool) -> None:
    w = gaussian((1, 1024, 2048), seed=11)
    if heavy_tails:
        w = w * (3.0 / gaussian((3, 1024, 2048), seed=12).square().sum(0)).sqrt()  # Student t with 3 degrees of freedom
    w = w.bfloat16()
    assert ranks(spectrum(w).energies) == ranks(singular_values(w).square())


@settings(max_examples=40, deadline=None)
@given(k=st.integers(1, 40), extra=st.integers(0, 40), seed=st.integers(0, 2**31), decades=st.floats(0, 14))
def test_properties(k: int, extra: int, seed: int, decades: float) -> None:
    sigma = torch.logspace(0, -decades, k, dtype=torch.float64)
    w = with_singular_values(sigma, k + extra, seed)
    result = spectrum(w)
    close = 1e-13 * max(1.0, math.sqrt(k))  # relative to sigma_1^2 = 1
    assert (result.energies[1:] <= result.energies[:-1]).all()
    assert (result.energies >= 0).all()
    assert torch.allclose(result.energies, sigma.square(), rtol=0, atol=close)
    assert math.isclose(result.energies.sum().item(), w.square().sum().item(), rel_tol=1e-12)
    assert ranks(result.energies) == ranks(singular_values(w).square())
    rotation = torch.linalg.qr(gaussian((k + extra, k + extra), seed + 2))[0]
    order = torch.randperm(k, generator=torch.Generator().manual_seed(seed))
    for same_spectrum in (w @ rotation, w[order], -w):
        assert torch.allclose(spectrum(same_spectrum).energies, result.energies, rtol=0, atol=close)
    if extra:  # small side first: one and the same computation
        assert digest(spectrum(w.mT)) == digest(result)


@pytest.mark.parametrize(
    ("dtype", "power"),
    [(torch.bfloat16, 120), (torch.bfloat16, -120), (torch.float32, -140), (torch.float64, 390), (torch.float64, -390)],
)
def test_scaling_by_a_power_of_two_is_exact(dtype: torch.dtype, power: int) -> None:
    """Float32 squares would overflow or vanish here. At -140 float32 is subnormal, so start from integers."""
    w = torch.randint(-3, 4, (12, 20), generator=torch.Generator().manual_seed(5)).to(dtype)
    scaled = torch.ldexp(w.double(), torch.tensor(power)).to(dtype)
    assert torch.equal(spectrum(scaled).energies, spectrum(w).energies * 4.0**power)
    assert torch.equal(singular_values(scaled), singular_values(w) * 2.0**power)


def test_the_comparisons_can_fail() -> None:
    """A single low bit of a weight, kept or rounded away, is seen: bf16 rounding of the input moves the energies."""
    w = gaussian((33, 50), seed=3)
    rounded = spectrum(w.bfloat16()).energies
    assert not torch.allclose(rounded, singular_values(w).square(), rtol=0, atol=1e-5 * rounded[0].item())
    assert ranks(spectrum(w[:, :25]).energies) != ranks(singular_values(w).square())


def test_rank_deficient_matrices() -> None:
    sigma = torch.cat([torch.ones(3), torch.zeros(29)])
    result = spectrum(with_singular_values(sigma, 50, seed=8))
    assert ranks(result.energies) == [[3], [3], [3]]
    assert (result.energies[3:] <= result.error_bound).all()
    assert ranks(spectrum(torch.ones(6, 4)).energies) == [[1], [1], [1]]


# --- refused input --------------------------------------------------------------------------------------------------


def with_entry(value: float) -> Tensor:
    w = torch.ones(2, 3, 4)
    w[1, 2, 3] = value
    return w


NOT_FINITE = "matrix [1] of shape (3, 4) holds 1 NaN or Inf among 12 weights, expected 0; re-read that tensor"
REFUSED = {
    "nan": (with_entry(math.nan), 1, NOT_FINITE),
    "inf": (with_entry(math.inf), 1, NOT_FINITE),
    "minus inf": (with_entry(-math.inf), 1, NOT_FINITE),
    "zero": (
        torch.stack([torch.ones(3, 4), torch.zeros(3, 4)]),
        1,
        "matrix [1] of shape (3, 4) is all zero, expected a non-zero matrix; "
        "its effective dimension is undefined, drop it",
    ),
    "integer": (
        torch.ones(3, 4).int(),
        1,
        "dtype torch.int32, expected a floating dtype; dequantise or cast the weights first",
    ),
    "1-D": (torch.ones(4), 1, "shape (4,), expected (..., out, in) with at least 2 axes; reshape the weights"),
    "empty": (torch.ones(0, 3, 4), 1, "shape (0, 3, 4) is empty, expected every axis >= 1; check what was read"),
    "scale": (
        torch.full((3, 4), 1.5e308, dtype=torch.float64),
        1,
        "matrix [] of shape (3, 4) has max|w| = 1.5e+308, expected within 2^+-400; rescale the weights",
    ),
    "workers": (torch.ones(3, 4), 0, "workers is 0, expected >= 1; pass the number of cores to use"),
}


@pytest.mark.parametrize("function", [spectrum, singular_values], ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", REFUSED)
def test_refused_input_is_named(name: str, function) -> None:  # type: ignore[no-untyped-def]
    w, workers, message = REFUSED[name]
    with pytest.raises(ValueError, match=exactly(f"{function.__name__}: {message}")):
        function(w, workers=workers)
