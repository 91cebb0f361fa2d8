"""Noise with the column norms that the matrices of a layer have in common, and nothing else in common."""

import torch
from torch import Tensor

from kernels.batch import check_generator


def common_norms(w: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` matrices `g_ij c_j`, g i.i.d. standard normal and c the common column norms of `w (experts, out, in)`.

    `c_j² = Σ_e ‖W_e e_j‖² / ‖W_e‖²_F`, times `in / experts`, so that every expert weighs alike and the mean square is
    1; float64 `(count, out, in)` on the generator's device. What such matrices share, they share by outlier channels
    and uneven channel scales alone. Drawn in float64. Raises ValueError for NaN, Inf, an all-zero matrix, empty,
    non-floating or other than three-axis input, and a generator on another device.
    """
    check_generator("common_norms", w, generator)
    if w.ndim != 3 or count < 1:  # noqa: PLR2004
        raise ValueError(
            f"common_norms: weights {tuple(w.shape)} and count {count}, expected (experts, out, in) and 1 or more; "
            "pass the matrices of a layer"
        )
    energies = torch.stack([_column_shares(matrix) for matrix in w.detach()]).mean(0)
    if not bool(energies.isfinite().all()):
        raise ValueError(
            "common_norms: a matrix holds NaN or Inf, or is all zero, expected weights; re-read that tensor"
        )
    g = torch.randn((count, *w.shape[1:]), dtype=torch.float64, device=generator.device, generator=generator)
    return g * (energies * w.shape[-1]).sqrt()


def _column_shares(w: Tensor) -> Tensor:
    """Of the energy of `w (out, in)` `[-]`; NaN for an all-zero matrix."""
    a = w.double()
    a = a / a.abs().max()
    columns = a.square().sum(0)
    return columns / columns.sum()
