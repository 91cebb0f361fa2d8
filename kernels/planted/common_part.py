"""An expert that is a part common to all and a delta of low rank, its neurons numbered and signed in its own way."""

import math

import torch
from torch import Tensor

from kernels.planted.planted import check_shape


def common_part(
    shape: tuple[int, int], rank_fraction: float, delta_energy: float, common: torch.Generator, own: torch.Generator
) -> Tensor:
    """`√(1 − delta_energy) C + √delta_energy A B / √r`, float64 `(neurons, hidden)`, mean square 1 in expectation.

    C is i.i.d. standard normal from `common`, so the same for every expert that passes a generator of that seed; A
    `(neurons, r)` and B `(r, hidden)` are from `own`, r = round(rank_fraction min(shape)), at least 1. Raises
    ValueError for a bad shape, rank_fraction outside (0, 1] and delta_energy outside [0, 1).
    """
    check_shape("common_part", shape)
    if not 0.0 < rank_fraction <= 1.0 or not 0.0 <= delta_energy < 1.0:
        raise ValueError(
            f"common_part: rank_fraction {rank_fraction!r} and delta_energy {delta_energy!r}, expected shares in (0, 1]"
            " and [0, 1) [-]"
        )
    rank = max(1, round(rank_fraction * min(shape)))
    shared = torch.randn(shape, dtype=torch.float64, generator=common)
    a, b = (torch.randn(size, dtype=torch.float64, generator=own) for size in ((shape[0], rank), (rank, shape[1])))
    return math.sqrt(1.0 - delta_energy) * shared + math.sqrt(delta_energy / rank) * (a @ b)


def renumbered(w: Tensor, neurons: torch.Generator, signed: bool) -> Tensor:
    """The rows of `w (neurons, hidden)` in an order drawn from `neurons` and, `signed`, times signs drawn after it."""
    order = torch.randperm(len(w), generator=neurons)
    signs = 2.0 * torch.randint(0, 2, (len(w), 1), generator=neurons).double() - 1.0
    return w[order] * signs if signed else w[order]
