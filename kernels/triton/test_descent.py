"""The fused Rectified Adam against `torch.optim.RAdam`, step by step and at the end of a search."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.operations import Operations, TorchDescent
from kernels.searches.radam import EPSILON, MOMENT_DECAY, radam

STEPS, RECTIFIED_FROM = 12, 6
DTYPES = [torch.float32, torch.float64]
ROUNDINGS = 100  # in eps of max |A|: M gathers 3 eps a step, forgets a tenth of it, and A is M over at least a third


def gaussian(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.nightly
@settings(max_examples=8, deadline=None)
@given(
    b=st.integers(1, 3),
    n=st.integers(1, 24),
    seed=st.integers(0, 2**31),
    dtype=st.sampled_from(DTYPES),
    moment_decay=st.sampled_from([MOMENT_DECAY, (0.8, 0.99)]),
    epsilon=st.sampled_from([EPSILON, 0.1]),
)
def test_every_step_is_that_of_torch(
    operations: Operations,
    device: torch.device,
    b: int,
    n: int,
    seed: int,
    dtype: torch.dtype,
    moment_decay: tuple[float, float],
    epsilon: float,
) -> None:
    like = torch.empty(0, dtype=dtype, device=device)
    found = operations.descent((b, n, n), like, moment_decay, epsilon)
    expected = TorchDescent((b, n, n), like, moment_decay, epsilon)
    for step in range(1, STEPS + 1):
        product = gaussian((b, n, n), seed + step, dtype).to(device)
        if step % 5 == 0:
            product = torch.zeros_like(product)
        a, its = found.move(product.mT, 1.0 / step), expected.move(product.mT, 1.0 / step)
        assert a.dtype == dtype
        assert torch.equal(a, -a.mT)
        assert ((a - its).abs() <= ROUNDINGS * torch.finfo(dtype).eps * its.abs().amax()).all(), step


def test_rectified_from_the_sixth_step() -> None:
    pytest.importorskip("triton", reason="triton-absent: the scalars stand beside the kernel")
    from kernels.triton.descent import step_factor

    factors = [step_factor(step, MOMENT_DECAY) for step in range(1, STEPS + 1)]
    assert [rectified for _, rectified in factors] == [step >= RECTIFIED_FROM for step in range(1, STEPS + 1)]
    assert factors[0][0] == pytest.approx(10.0)
    # by hand: rho_inf = 1999, rho_6 = 5.994164, r = 0.0258211, c2 = 0.00598502, c1 = 0.468559
    assert factors[5][0] == pytest.approx(0.0258211 * 0.00598502**0.5 / 0.468559, rel=1e-5)


def test_a_step_leaves_the_one_before_alone(operations: Operations, device: torch.device) -> None:
    descent = operations.descent((1, 9, 9), torch.empty(0, device=device), MOMENT_DECAY, EPSILON)
    product = gaussian((1, 9, 9), 0, torch.float32).to(device)
    before = descent.move(product, 1.0)
    kept = before.clone()
    descent.move(-product, 1.0)
    assert torch.equal(before, kept)
    torch.testing.assert_close(before, product - product.mT)  # the first step is minus the gradient


def test_nothing_beyond_the_operand_is_read(operations: Operations, device: torch.device) -> None:
    from kernels.triton.descent import TritonDescent

    descent = operations.descent((1, 9, 9), torch.empty(0, device=device), MOMENT_DECAY, EPSILON)
    assert isinstance(descent, TritonDescent)
    memory = torch.full((4 * 64**2,), torch.nan, device=device)
    product = memory[64**2 : 64**2 + 81].view(1, 9, 9)
    product.copy_(gaussian((1, 9, 9), 0))
    assert descent.move(product, 1.0).isfinite().all()
    assert descent.first.isfinite().all()  # the padding of its tiles too, which no result shows
    assert descent.second.isfinite().all()


@pytest.mark.nightly
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
@pytest.mark.parametrize("operations", ["small blocks"], indirect=True)
def test_a_search_lands_where_that_of_torch_does(
    operations: Operations, device: torch.device, dtype: torch.dtype, tolerance: float
) -> None:
    w, start = gaussian((2, 8, 12), 5).to(device), torch.eye(12, dtype=dtype, device=device)
    found, expected = radam(w, 20, 1.0, start, operations=operations), radam(w, 20, 1.0, start)
    torch.testing.assert_close(found.curve, expected.curve, rtol=0.0, atol=tolerance)
    torch.testing.assert_close(found.beta, expected.beta, rtol=0.0, atol=tolerance)
    torch.testing.assert_close(found.frame, expected.frame, rtol=0.0, atol=100 * tolerance)
    assert (found.beta > found.curve[0] + 0.01).all()


@pytest.mark.parametrize("product", [torch.zeros(2, 4, 5), torch.zeros(1, 4, 4), torch.zeros(2, 4, 4).double()])
def test_bad_product_is_named(operations: Operations, device: torch.device, product: Tensor) -> None:
    descent = operations.descent((2, 4, 4), torch.empty(0, device=device), MOMENT_DECAY, EPSILON)
    message = f"triton descent: product {product.dtype} of shape {tuple(product.shape)} on {device.type}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        descent.move(product.to(device), 1.0)


def test_bad_shape_is_named(operations: Operations, device: torch.device) -> None:
    message = "triton descent: shape (2, 4, 5), expected (b, n, n); pass the shape of A"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        operations.descent((2, 4, 5), torch.empty(0, device=device), MOMENT_DECAY, EPSILON)
