"""Rows on a grid of whole numbers behind one gauge: what a learned gauge can find, and a rotation finds less of."""

import math

import torch
from torch import Tensor

from kernels.planted.planted import check_shape
from kernels.rotations import haar_orthogonal

CONDITION = 3.0  # of the gauge that undoes it: below the 4 that a rung allows, so that a search has room
SCALES = (0.5, 1.5)  # of the rows


def gauged_grid(
    shape: tuple[int, ...], words: int, noise_energy: float, generator: torch.Generator, condition: float = CONDITION
) -> Tensor:
    """`√(1 − noise_energy) S M⁻¹ + √noise_energy N`, float32 `(..., out, in)`: signal and noise have mean square 1.

    Rows of S are drawn with replacement from `words` vectors of −1, 0 and 1, none of them all zero, with scales
    uniform in 0.5 … 1.5. They are on the grid of 2 bits and of any more, one scale per row. M⁻¹ is a `planted_gauge`,
    so that M has its condition number; words and M are the same for the whole batch, N is i.i.d. Gaussian. Without
    noise W M is lossless at any width. Draws M⁻¹ first, so that it can be drawn again. Computed in float64. Raises
    ValueError for a bad shape, words below 1, noise_energy outside [0, 1) and a condition below 1.
    """
    check_shape("gauged_grid", shape)
    if words < 1:
        raise ValueError(f"gauged_grid: {words} words, expected at least 1")
    if not 0.0 <= noise_energy < 1.0:
        raise ValueError(f"gauged_grid: noise_energy is {noise_energy!r}, expected 0 <= noise_energy < 1 [-]")
    *batch, rows, n = shape
    device = generator.device
    inverse = planted_gauge(n, generator, condition)
    book = torch.randint(-1, 2, (words, n), device=device, generator=generator).double()
    book[book.abs().sum(-1) == 0.0] = 1.0
    chosen = torch.randint(0, words, (*batch, rows), device=device, generator=generator)
    scales = torch.empty((*batch, rows, 1), dtype=torch.float64, device=device).uniform_(*SCALES, generator=generator)
    signal = scales * (book @ inverse)[chosen]
    signal = signal / signal.square().mean((-2, -1), keepdim=True).sqrt()
    noise = torch.randn(shape, dtype=torch.float64, device=device, generator=generator)
    return (math.sqrt(1.0 - noise_energy) * signal + math.sqrt(noise_energy) * noise).float()


def planted_gauge(n: int, generator: torch.Generator, condition: float = CONDITION) -> Tensor:
    """U diag(e^s) V with Haar U and V and s evenly spaced over ln(condition), symmetric about 0: float64 `(n, n)`.

    Raises ValueError for a condition below 1.
    """
    if not 1.0 <= condition < math.inf:
        raise ValueError(f"planted_gauge: condition is {condition!r}, expected finite and at least 1 [-]")
    half = 0.5 * math.log(condition)
    s = torch.linspace(-half, half, n, dtype=torch.float64, device=generator.device)
    left, right = haar_orthogonal(n, generator), haar_orthogonal(n, generator)
    gauge: Tensor = (left * s.exp()) @ right
    return gauge
