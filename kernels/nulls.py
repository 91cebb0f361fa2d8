"""Structureless matrices: what a claim about structure has to beat."""

import torch
from torch import Tensor


def gaussian_null(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """I.i.d. standard normal matrices `(..., out, in)`, float32, on the generator's device.

    Its estimators of d_eff are those of `kernels/marchenko_pastur.py`, and its 1-bit cosine is sqrt(2/pi).
    Every estimator is scale-free, so it matches any subject matrix of its shape. Raises ValueError for a shape that
    is not at least `(out, in)` with sides >= 1.
    """
    if len(shape) <= 1 or min(shape) < 1:
        raise ValueError(f"gaussian_null: shape {tuple(shape)}, expected (..., out, in) with every axis >= 1")
    return torch.randn(shape, dtype=torch.float32, device=generator.device, generator=generator)
