"""The Gram matrix against its definition, and its symmetry."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import operations as definitions
from kernels.operations import Operations

DTYPES = [torch.float32, torch.float64]


@pytest.mark.nightly
@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 70)),
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from(DTYPES),
)
def test_gram(
    operations: Operations, device: torch.device, shape: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    x = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))
    found = operations.gram(x.to(device)).cpu()
    assert found.dtype == dtype
    assert torch.equal(found, found.mT)
    # a sum of n products, in any order, is off by less than n eps of the sum of their magnitudes; the float64 one too
    allowed = 2 * shape[-1] * torch.finfo(dtype).eps * definitions.gram(x.double().abs())
    assert ((found - definitions.gram(x.double())).abs() <= allowed).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_operands_need_not_be_contiguous(operations: Operations, device: torch.device, dtype: torch.dtype) -> None:
    x = torch.arange(2 * 19 * 33, dtype=dtype, device=device).reshape(19, 33, 2).permute(2, 1, 0) % 7
    assert torch.equal(operations.gram(x), definitions.gram(x))  # small integers: every sum is exact


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_keep_all_bits_of_the_operands(
    operations: Operations, device: torch.device, dtype: torch.dtype
) -> None:
    """1 + 4 eps has a last bit that TF32, with 10 bits after the point, would drop."""
    x = torch.eye(20, dtype=dtype, device=device)[None] * (1.0 + 4.0 * torch.finfo(dtype).eps)
    assert torch.equal(operations.gram(x), definitions.gram(x))
    assert (operations.gram(x).diagonal(dim1=-2, dim2=-1) > 1.0).all()


def test_nothing_beyond_the_operand_is_read(operations: Operations, device: torch.device) -> None:
    memory = torch.full((4 * 64**2,), torch.nan, device=device)
    x = memory[64**2 : 64**2 + 19 * 33].view(1, 19, 33)
    x.copy_(torch.arange(19.0 * 33.0).view(1, 19, 33) % 7)
    assert torch.equal(operations.gram(x), definitions.gram(x))
