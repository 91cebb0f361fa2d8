"""The Gaussian null: seeded, standard, and without structure."""

import re

import pytest
import torch
from scipy import stats

from kernels.nulls import gaussian_null


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
