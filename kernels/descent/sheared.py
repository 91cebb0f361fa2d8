"""A rotation broken on purpose: what an instrument that no longer returns rotations looks like."""

from dataclasses import replace

import torch
from torch import Tensor

from kernels.descent.learned import Learned
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import orthogonality_residual


def sheared(w: Tensor, found: Learned, share: float) -> Learned:
    """`found` for `w (b, out, in)` with every R replaced by R (I + share N), N strictly upper triangular and Gaussian.

    beta and residual are those of the sheared matrix, so nothing hides that it is not a rotation: a guard that lets it
    pass is broken. N is the same for every call, entries of variance 1/in.
    """
    n = found.frame.shape[-1]
    noise = torch.randn((n, n), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).triu(1) / n**0.5
    frame = found.frame + share * (found.frame @ noise.to(found.frame.device))
    coordinates = w.double() if found.basis is None else w.double() @ found.basis
    return replace(
        found, frame=frame, beta=one_bit_cosine(coordinates @ frame), residual=orthogonality_residual(frame.mT)
    )
