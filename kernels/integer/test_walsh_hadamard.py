"""The fast transform against scipy's Hadamard matrix and the plain definition; what is no rotation is seen."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from kernels.integer import walsh_hadamard as module
from kernels.integer.int_groups import int_groups, squared_error
from kernels.integer.walsh_hadamard import (
    hadamard_block,
    hadamard_residual,
    hadamard_rotation,
    sheared_hadamard,
    walsh_hadamard,
)

EVEN = st.integers(1, 48).map(lambda n: 2 * n)


@given(EVEN, st.integers(0, 10_000))
def test_it_is_scipys_matrix_in_blocks(n: int, seed: int) -> None:
    w = torch.randn(3, n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    block = hadamard_block(n)
    expected = linalg.block_diag(*[linalg.hadamard(block) / np.sqrt(block)] * (n // block))
    assert np.allclose(hadamard_rotation(n).numpy(), expected, rtol=0.0, atol=1e-15)
    assert np.allclose(walsh_hadamard(w).numpy(), w.numpy() @ expected, rtol=0.0, atol=1e-13)
    assert torch.allclose(walsh_hadamard(walsh_hadamard(w)), w, rtol=0.0, atol=1e-13)  # its own inverse
    assert float(walsh_hadamard(w).norm()) == pytest.approx(float(w.norm()), rel=1e-13)


@pytest.mark.parametrize(
    ("n", "block"), [(2, 2), (6, 2), (64, 64), (96, 32), (1024, 1024), (1408, 128), (2048, 2048), (14336, 2048)]
)
def test_a_block_is_the_largest_power_of_two(n: int, block: int) -> None:
    assert hadamard_block(n) == block


@pytest.mark.parametrize("n", [1, 3, 63])
def test_an_odd_width_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=rf"the width is {n}, expected an even one: blocks of 1 would rotate nothing"):
        walsh_hadamard(torch.ones(2, n))


def test_float64_comes_out_and_stacks_are_each_row() -> None:
    w = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1)).bfloat16()
    rotated = walsh_hadamard(w)
    assert (rotated.dtype, rotated.shape) == (torch.float64, (2, 3, 8))
    assert torch.equal(rotated[1, 2], walsh_hadamard(w[1, 2]))
    assert torch.equal(walsh_hadamard(w.mT.contiguous().mT), rotated)  # however it lies in memory


@pytest.mark.parametrize("n", [2, 96, 128, 4096])
def test_the_transform_is_orthogonal_and_a_sheared_one_is_not(n: int) -> None:
    assert hadamard_residual(n) <= 1.0
    if n <= 128:
        assert hadamard_residual(n, 0.01) > 1e6
        w = torch.eye(n, dtype=torch.float64)
        assert float((sheared_hadamard(w, 0.01) - walsh_hadamard(w)).abs().max()) > 1e-4


def test_the_residual_is_that_of_the_transform_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = walsh_hadamard
    monkeypatch.setattr(module, "walsh_hadamard", lambda w: whole(w) * (1.0 + 1e-9))
    assert hadamard_residual(128) > 1e3


@pytest.mark.parametrize("n", [8, 64, 128, 2048])
def test_spikes_are_spread_and_the_error_falls(n: int) -> None:
    """The example that lint names: rows of ±1 with one 16 in each block, which INT4 rounds to nothing else."""
    signs = torch.randint(0, 2, (64, n), generator=torch.Generator().manual_seed(n)).double() * 2.0 - 1.0
    signs[:, :: min(n, 64)] = 16.0
    group = min(n, 64)
    before = squared_error(signs, int_groups(signs, group))
    rotated = walsh_hadamard(signs)
    after = squared_error(rotated, int_groups(rotated, group))
    assert 1.0 - float((after / before).sqrt()) > 0.5
