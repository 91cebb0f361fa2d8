"""Every kernel once, on operands of a few blocks, beside torch's. The properties are nightly: interpreting is slow."""

import pytest
import torch

from kernels import operations as definitions
from kernels.operations import Operations, TorchDescent
from kernels.searches.radam import EPSILON, MOMENT_DECAY

pytestmark = pytest.mark.parametrize("operations", ["small blocks"], indirect=True)


def small_integers(shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """From -3 to 3, so that every sum of them is exact in any order."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(-3, 4, shape, generator=generator).float().to(device)


def test_every_pass_is_that_of_torch(operations: Operations, device: torch.device) -> None:
    x, scale = small_integers((2, 3, 19), device), small_integers((2, 3), device)
    assert torch.equal(operations.row_sums(x), definitions.row_sums(x))
    assert torch.equal(operations.sign_rows(x, scale), definitions.sign_rows(x, scale))
    assert torch.equal(operations.gram(x), definitions.gram(x))


def test_a_step_is_that_of_torch(operations: Operations, device: torch.device) -> None:
    product = small_integers((1, 9, 9), device)
    like = torch.empty(0, device=device)
    found, expected = (
        descent((1, 9, 9), like, MOMENT_DECAY, EPSILON).move(product, 0.5)
        for descent in (operations.descent, TorchDescent)
    )
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0.0)
    assert expected.abs().amax() > 0.0
