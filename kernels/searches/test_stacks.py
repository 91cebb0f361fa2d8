"""Where many matrices share a rotation the order of the searches turns with the spectrum of their stack."""

import pytest
import torch
from torch import Tensor

from kernels.rotations import haar_orthogonal
from kernels.searches.graduated import LONG_STEPS, graduated
from kernels.searches.momentum import momentum
from kernels.searches.radam import radam

pytestmark = pytest.mark.nightly
ROWS, N = 2048, 128  # gates and ups of 16 experts of the embedded shape


def normal(seed: int, *shape: int) -> Tensor:
    drawn: Tensor = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return drawn


def landings(w: Tensor) -> dict[str, float]:
    """Beta after 100 steps in float32."""
    start = haar_orthogonal(N, torch.Generator().manual_seed(1), dtype=torch.float32)
    stack = w.float()[None]
    return {
        "radam": radam(stack, 100, start, step_size=1.0).beta.item(),
        "momentum": momentum(stack, 100, start).beta.item(),
        "short": graduated(stack, 100, start).beta.item(),
        "long": graduated(stack, 100, start, **LONG_STEPS).beta.item(),
    }


def test_an_uneven_spectrum_puts_momentum_below_radam_and_whitening_above() -> None:
    """As in the early layers of the embedded model (`kernels/benchmarks/README.md`)."""
    scales = (0.5 * normal(8, 1, N)).exp()
    w = (normal(3, ROWS, N) * scales) @ haar_orthogonal(N, torch.Generator().manual_seed(9))
    found = landings(w)
    assert found["momentum"] < found["radam"] - 0.01
    assert found["momentum"] < found["long"] < found["radam"] < found["short"] + 0.001
    u, _, vh = torch.linalg.svd(w, full_matrices=False)
    white = landings(u @ vh)
    assert white["radam"] < white["momentum"] < white["short"] < white["long"] + 0.001


def test_uneven_rows_do_too_and_equal_norms_turn_it_round() -> None:
    w = normal(3, ROWS, N) * normal(4, ROWS, 1).exp()
    found = landings(w)
    assert found["momentum"] < found["radam"] - 0.002
    assert found["radam"] < min(found["short"], found["long"])
    equal = landings(w / w.norm(dim=-1, keepdim=True))
    assert equal["radam"] < equal["momentum"] < min(equal["short"], equal["long"])
