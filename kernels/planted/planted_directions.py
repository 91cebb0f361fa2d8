"""Matrices that read mostly the same few directions of the input side, hidden behind a Haar rotation."""

import math

import torch
from torch import Tensor

from kernels.planted.planted import check_shape, haar_frame


def planted_directions(
    shape: tuple[int, ...], rank_fraction: float, noise_energy: float, generator: torch.Generator
) -> Tensor:
    """`√(1 − noise_energy) √(in/r) A Fᵀ + √noise_energy N`, float32 `(..., out, in)`, mean square 1 in expectation.

    F `(in, r)` is one Haar frame for the whole batch, r = round(rank_fraction min(out, in)), at least 1; A and N are
    i.i.d. standard normal. Where the noise is little, the top r input directions of every matrix span F, and overlap
    wholly. Computed in float64. Raises ValueError for a bad shape, rank_fraction outside (0, 1] and noise_energy
    outside [0, 1).
    """
    check_shape("planted_directions", shape)
    if not 0.0 < rank_fraction <= 1.0 or not 0.0 <= noise_energy < 1.0:
        raise ValueError(
            f"planted_directions: rank_fraction {rank_fraction!r} and noise_energy {noise_energy!r}, expected shares "
            "in (0, 1] and [0, 1) [-]"
        )
    *batch, rows, columns = shape
    rank = max(1, round(rank_fraction * min(rows, columns)))
    frame = haar_frame((columns, rank), generator)
    amplitudes, noise = (
        torch.randn(size, dtype=torch.float64, device=generator.device, generator=generator)
        for size in ((*batch, rows, rank), shape)
    )
    signal = math.sqrt(columns / rank) * (amplitudes @ frame.mT)
    return (math.sqrt(1.0 - noise_energy) * signal + math.sqrt(noise_energy) * noise).float()
