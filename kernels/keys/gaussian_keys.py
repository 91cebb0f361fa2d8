"""Keys without structure: Gaussian before RoPE, with the mean and the covariance that a head's keys have there.

RoPE makes circles: even a constant key with a little noise is far from Gaussian once it is turned, and a Gaussian with
the covariance of *turned* keys forgets that. So the draw is made before, and turned at the same positions.
"""

import torch
from torch import Tensor


def gaussian_keys(before: Tensor, generator: torch.Generator) -> Tensor:
    """As many keys as `before (h, t, n)` has, float64: `μ + z S`, z i.i.d. standard normal, drawn in float64.

    μ `(n,)` is a head's mean over its tokens and S the symmetric root of its covariance (over t), so that mean and
    covariance are kept in expectation, and nothing else. Raises ValueError for another number of axes, fewer than two
    tokens, NaN, Inf, and a generator on another device.
    """
    if before.ndim != 3 or before.shape[-2] < 2:  # noqa: PLR2004
        raise ValueError(
            f"gaussian_keys: keys of shape {tuple(before.shape)}, expected (heads, tokens, width) with two tokens or "
            "more; pass the keys of a layer"
        )
    if generator.device != before.device:
        raise ValueError(
            f"gaussian_keys: keys on {before.device} and generator on {generator.device}, expected one device"
        )
    k = before.double()
    if not bool(k.isfinite().all()):
        raise ValueError("gaussian_keys: keys hold NaN or Inf, expected finite ones; check the model's run")
    mean = k.mean(-2, keepdim=True)
    centred = k - mean
    energies, directions = torch.linalg.eigh(centred.mT @ centred / k.shape[-2])
    root = (directions * energies.clamp_min(0.0).sqrt()[..., None, :]) @ directions.mT
    normal = torch.randn(k.shape, dtype=torch.float64, device=generator.device, generator=generator)
    drawn: Tensor = mean + normal @ root
    return drawn
