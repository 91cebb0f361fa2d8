"""Row sums and scaled signs against their definitions."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels import operations as definitions
from kernels.operations import Operations

DTYPES = st.sampled_from([torch.float32, torch.float64])
SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 70))


def entries(shape: tuple[int, ...], seed: int, dtype: torch.dtype) -> Tensor:
    """Gaussian entries over six decades, a third of them 0.0 or -0.0."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, dtype=torch.float64, generator=generator)
    x *= 10.0 ** torch.randint(-3, 4, shape, generator=generator)
    return (x * torch.randint(0, 3, shape, generator=generator).clamp(max=1)).to(dtype)


@pytest.mark.nightly
@settings(max_examples=15, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 2**31), dtype=DTYPES)
def test_row_sums(
    operations: Operations, device: torch.device, shape: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    v = entries(shape, seed, dtype)
    found = operations.row_sums(v.to(device)).cpu()
    exact = definitions.row_sums(v.double())
    assert found.dtype == dtype
    # a sum of n numbers of one sign, in any order, is off by less than n eps of itself; the float64 one too
    assert ((found - exact).abs() <= 2 * shape[-1] * torch.finfo(dtype).eps * exact).all()


@pytest.mark.nightly
@settings(max_examples=15, deadline=None)
@given(shape=SHAPES, seed=st.integers(0, 2**31), dtype=DTYPES)
def test_sign_rows(
    operations: Operations, device: torch.device, shape: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    v, scale = entries(shape, seed, dtype), entries(shape[:2], seed + 1, dtype)
    found = operations.sign_rows(v.to(device), scale.to(device)).cpu()
    assert found.dtype == dtype
    assert torch.equal(found, definitions.sign_rows(v, scale))


def test_signs_of_zeros_and_the_smallest_numbers(operations: Operations, device: torch.device) -> None:
    tiny = torch.finfo(torch.float32).tiny
    v = torch.tensor([[[0.0, -0.0, tiny, -tiny, 3e38, -3e38]]], device=device)
    found = operations.sign_rows(v, torch.tensor([[-2.0]], device=device))
    assert found.tolist() == [[[0.0, 0.0, -2.0, 2.0, -2.0, 2.0]]]


def test_operands_need_not_be_contiguous(operations: Operations, device: torch.device) -> None:
    v, scale = entries((21, 3, 37), 0, torch.float64).to(device), entries((21, 3), 1, torch.float64).to(device)
    v, scale = v.transpose(0, 1)[:, :, ::2], scale.T
    torch.testing.assert_close(operations.row_sums(v), definitions.row_sums(v), rtol=1e-14, atol=0.0)
    assert torch.equal(operations.sign_rows(v, scale), definitions.sign_rows(v, scale))


def test_rows_of_every_block_are_visited(operations: Operations, device: torch.device) -> None:
    ones = torch.ones((1, 2, 2049), device=device)
    assert (operations.row_sums(ones) == 2049.0).all()
    assert (operations.sign_rows(ones, torch.full((1, 2), 0.5, device=device)) == 0.5).all()


@pytest.mark.parametrize("v", [torch.ones(2, 3), torch.ones(2, 3, 0), torch.ones(2, 3, 4, dtype=torch.float16)])
def test_bad_operand_is_named(operations: Operations, device: torch.device, v: Tensor) -> None:
    message = f"triton row_sums: {v.dtype} of shape {tuple(v.shape)}, expected float32 or float64 of shape (b, m, n)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        operations.row_sums(v.to(device))


@pytest.mark.parametrize("scale", [torch.ones(2, 4), torch.ones(2, 3, dtype=torch.float64)])
def test_bad_scale_is_named(operations: Operations, device: torch.device, scale: Tensor) -> None:
    message = f"triton sign_rows: scale {scale.dtype} of shape {tuple(scale.shape)} on {device.type}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        operations.sign_rows(torch.ones((2, 3, 4), device=device), scale.to(device))


def test_a_cpu_tensor_is_refused_by_compiled_kernels(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernels.triton.operands.INTERPRETED", False)
    message = "triton row_sums: tensor on cpu, expected one on a CUDA device; move it or use kernels.operations.TORCH"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        operations.row_sums(torch.ones(1, 2, 3))
