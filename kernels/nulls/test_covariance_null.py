"""The covariance null keeps the covariance of the input side, and no structure beyond it."""

import re

import numpy as np
import pytest
import torch

from kernels.gauge.moments import one_bit_cosine
from kernels.nulls.covariance import covariance_null
from kernels.planted.sign_codebook import sign_codebook
from kernels.rotations import haar_orthogonal


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_it_keeps_the_covariance_of_the_rows() -> None:
    w = torch.randn(50, 6, generator=generator(1)) * torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5, 0.1])
    null = covariance_null(w.expand(800, 50, 6), generator(2)).double().reshape(-1, 6).numpy()
    expected = w.double().numpy().T @ w.double().numpy() / 50
    scales = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((null.T @ null / len(null) - expected) / scales).max() < 5 * np.sqrt(2 / len(null))
    assert np.abs((null.T @ null / len(null) - np.eye(6)) / scales).max() > 0.5  # the check can fail


def test_it_turns_with_the_input_side() -> None:
    """By one orthogonal Q: rows of the null are those of W Q's null but for the draw, which is the same here."""
    w, q = torch.randn(40, 8, generator=generator(3), dtype=torch.float64), haar_orthogonal(8, generator(4))
    normal = torch.randn(40, 8, dtype=torch.float64, generator=generator(5))
    roots = [torch.linalg.lstsq(normal, covariance_null(v, generator(5)).double()).solution for v in (w, w @ q)]
    torch.testing.assert_close(roots[1], q.mT @ roots[0] @ q, rtol=0.0, atol=1e-5)


def test_a_codebook_is_destroyed() -> None:
    w = sign_codebook((1, 512, 32), 4, 0.0, generator(6), hidden=False)
    assert one_bit_cosine(w).item() == pytest.approx(1.0)
    assert one_bit_cosine(covariance_null(w, generator(7))).item() < 0.95


def test_it_is_seeded_and_of_the_shape() -> None:
    w = torch.randn(2, 5, 3, generator=generator(8), dtype=torch.bfloat16)
    null = covariance_null(w, generator(9))
    assert null.shape == w.shape
    assert null.dtype == torch.float32
    assert torch.equal(null, covariance_null(w, generator(9)))
    assert not torch.equal(null, covariance_null(w, generator(10)))
    assert not covariance_null(torch.zeros(4, 3), generator(9)).any()  # no rows that matter: none here


def test_weights_without_a_covariance_are_named() -> None:
    said = "covariance_null: weights hold NaN or Inf, expected finite ones; re-read that tensor"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        covariance_null(torch.full((2, 2), torch.nan), generator(0))
