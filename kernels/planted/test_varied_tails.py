"""Planted tails: their energy, their kurtosis, and that a tail of 0 is a normal law."""

import math

import pytest
import torch

from kernels.integer.kurtosis_rank import excess_kurtosis
from kernels.planted.varied_tails import varied_tails


@pytest.mark.parametrize(("tail", "within"), [(0.0, 0.02), (0.1, 0.02), (0.3, 0.1)])
def test_kurtosis_is_that_of_the_law(tail: float, within: float) -> None:
    w = varied_tails((1000, 1000), tail, torch.Generator().manual_seed(1))
    assert w.dtype == torch.float32
    assert float(w.double().square().mean()) == pytest.approx(1.0, abs=0.01)
    assert float(excess_kurtosis(w)) == pytest.approx(3.0 * (math.exp(4.0 * tail * tail) - 1.0), abs=within)


def test_a_negative_tail_is_refused() -> None:
    with pytest.raises(ValueError, match=r"varied_tails: tail is -0\.1, expected 0 or more"):
        varied_tails((2, 2), -0.1, torch.Generator())
