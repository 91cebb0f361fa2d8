"""I.i.d. matrices: nothing but a shape."""

import torch
from torch import Tensor


def gaussian_null(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """I.i.d. standard normal matrices `(..., out, in)`, drawn in float64 and cast: float32, on the generator's device.

    Its estimators of d_eff are those of `kernels/closed_forms/marchenko_pastur.py`, and its 1-bit cosine is sqrt(2/pi).
    Every estimator is scale-free, so it matches any subject matrix of its shape. Raises ValueError for a shape that
    is not at least `(out, in)` with sides >= 1.
    """
    if len(shape) <= 1 or min(shape) < 1:
        raise ValueError(f"gaussian_null: shape {tuple(shape)}, expected (..., out, in) with every axis >= 1")
    # float32 draws differ from one instruction set to another in a third of the entries, float64 ones in none
    return torch.randn(shape, dtype=torch.float64, device=generator.device, generator=generator).float()
