"""The gradient of a gauged round trip is autograd's."""

import math

import pytest
import torch
from torch import Tensor

from kernels.integer.gauged_gradient import GaugePoint, GaugeProblem
from kernels.integer.gauged_round_trip import largest_level
from kernels.rotations import haar_orthogonal


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=seeded(seed))


@pytest.mark.parametrize("bits", [2, 4])
def test_the_gradient_is_that_of_the_error_with_whole_numbers_held(bits: int) -> None:
    """Autograd's, of |D M⁻¹|² / 2 with the scale's derivative that of the 16-norm over its size."""
    b, rows, n, half = 2, 7, 5, 0.5 * math.log(4.0)
    w = normal((b, rows, n), 3)
    u, v = (haar_orthogonal(n, seeded(seed), (b,)).requires_grad_() for seed in (4, 5))
    t = normal((b, n), 6).requires_grad_()
    problem = GaugeProblem(w, bits, half, w.square().sum((-2, -1)))
    with torch.no_grad():
        error, *found = problem.of_gauge(GaugePoint(u, t, v))
    scale = (half * t.tanh()).exp()[:, None, :]
    y = ((w @ u) * scale) @ v
    largest = y.detach().abs().amax(-1, keepdim=True)
    norm = (y / largest).abs().pow(16.0).sum(-1, keepdim=True).pow(1.0 / 16.0)
    size = largest * norm / norm.detach() / largest_level(bits)
    lost = y - size * torch.round(y.detach() / size.detach())
    energy = ((lost @ v.mT) / scale).square().sum()
    for own, known in zip(found, torch.autograd.grad(0.5 * energy, (u, t, v)), strict=True):
        assert torch.allclose(own, known, rtol=1e-10, atol=1e-12)
    assert (error.square() * problem.energy).sum().item() == pytest.approx(energy.item())
    flat = GaugePoint(u.detach(), torch.zeros_like(t), torch.eye(n, dtype=torch.float64).expand(b, n, n))
    error, into_left = problem.of_rotation(flat)
    expected = problem.of_gauge(flat)
    assert torch.allclose(error, expected[0])
    assert torch.allclose(into_left, expected[1])
