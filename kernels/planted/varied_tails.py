"""Matrices of one family whose tails differ: the heavier they are, the more an absmax quantiser loses of them."""

import torch
from torch import Tensor


def varied_tails(shape: tuple[int, int], tail: float, generator: torch.Generator) -> Tensor:
    """`g · exp(tail · z - tail²)`, g and z i.i.d. standard normal: float32 `shape`, mean square 1 in expectation.

    Each entry has a scale of its own, lognormal, and no place in the matrix is special: the excess kurtosis of the law
    is 3 (exp(4 tail²) - 1), which samples of large tails fall short of. A Hadamard rotation adds up many entries, and
    takes the tails away. Drawn in float64. Raises `ValueError` for a tail that is negative.
    """
    if not tail >= 0.0:
        raise ValueError(f"varied_tails: tail is {tail!r}, expected 0 or more [-]")
    g, z = torch.randn((2, *shape), dtype=torch.float64, device=generator.device, generator=generator)
    entries: Tensor = (g * torch.exp(tail * z - tail * tail)).float()
    return entries
