"""Gaussian rows with the covariance of the given ones: the anisotropy of the input side, and nothing beyond it."""

import torch
from torch import Tensor

from kernels.batch import check_generator


def covariance_null(w: Tensor, generator: torch.Generator) -> Tensor:
    """Rows `z S`, S the symmetric root of `WᵀW / out`, z i.i.d. standard normal: shape of `w (..., out, in)`, float32.

    Keeps, in expectation, the second moments of the input side: outlier channels, channel scales, the directions that
    hold the energy, so much of the spectrum. Destroys what is beyond them: codebooks, sparse bases, rows of uneven
    norm, heavy tails. For a covariance shared by several matrices pass them stacked. z is drawn and S is computed in
    float64; S turns with the input side, `S(W Q) = Qᵀ S(W) Q`. Any floating dtype. Raises ValueError for NaN, Inf,
    empty, non-floating or 1-D input and a generator on another device.
    """
    check_generator("covariance_null", w, generator)
    a = w.detach().double()
    if not bool(a.isfinite().all()):
        raise ValueError("covariance_null: weights hold NaN or Inf, expected finite ones; re-read that tensor")
    energies, directions = torch.linalg.eigh(a.mT @ a / a.shape[-2])
    root = (directions * energies.clamp_min(0.0).sqrt()[..., None, :]) @ directions.mT
    normal = torch.randn(w.shape, dtype=torch.float64, device=generator.device, generator=generator)
    null: Tensor = (normal @ root).float()
    return null
