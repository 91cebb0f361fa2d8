"""The matrix with orthonormal rows nearest to a given one: by eigenvectors on a CPU, by products alone on a GPU.

**By eigenvectors.** H = (M M^T)^(-1/2) and X = H M: on a CPU about half the time of an SVD, or less.

**By products.** X <- 3/2 mu X - 1/2 mu^3 (X X^T) X takes each singular value s of X to p(s) = 1/2 mu s (3 - mu^2 s^2)
and leaves its singular vectors alone. With every s in [l, 1] and mu^2 = 3 / (1 + l + l^2), l and 1 go to the same
value, which is the new l, and nothing exceeds 1 (Chen and Chow, *A stable scaling of Newton-Schulz for improving the
sign function computation of a Hermitian matrix*, ANL/MCS-P5059-0114, 2014). For small l that would take s = 1 to
nearly 0 and its digits with it, so mu^2 is at most 2.5, where p(1) = 0.4. Two products a step, about 20 steps from l =
1e-6: a GPU multiplies a batch of matrices at once, and finds their eigenvectors one after the other.

**Certificate.** Either way `max |X X^T - I| <= 10 n eps` is checked, and a matrix that fails it (ill-conditioned, or
rank-deficient) is taken by its SVD, U V^T. In float64 by eigenvectors the check proves the polar decomposition: H is
symmetric and positive definite, so M = H^-1 X *is* it as soon as X has orthonormal rows. In float32 X may lean 5e-3
from it in directions that hold next to nothing of M (3e-7 of the trace). Not unique where M is rank-deficient: any
orthogonal completion is as good.
"""

import math

import torch
from torch import Tensor

from kernels.descent.learned import polished
from kernels.rotations import orthogonality_residual, residual_tolerance

LEAST = {torch.float32: 1e-6, torch.float64: 1e-13}  # the least singular value, over the largest, that products reach
LARGEST_SCALE = 2.5  # of mu^2


def polar_factor(m: Tensor) -> Tensor:
    """The matrix with orthonormal rows nearest to each of `m (b, k, n)`, k <= n: `(b, k, n)`, same dtype."""
    return certified(m, by_eigenvectors(m) if m.device.type == "cpu" else by_products(m))


def certified(m: Tensor, x: Tensor) -> Tensor:
    """`x (b, k, n)`, meant as the polar factors of `m`, with those that miss 10 n eps replaced, in place, by an SVD."""
    inexact = ~(orthogonality_residual(x.mT) <= residual_tolerance(m.shape[-1], m.dtype))  # NaN is inexact
    for i in inexact.nonzero().flatten().tolist():
        u, _, vh = torch.linalg.svd(m[i], full_matrices=False)
        x[i] = u @ vh
    return x


def by_eigenvectors(m: Tensor) -> Tensor:
    """`(M M^T)^(-1/2) M`; in float32, where the Gram matrix holds half the digits, then two Newton-Schulz steps."""
    energies, vectors = torch.linalg.eigh(m @ m.mT)
    x: Tensor = (vectors * energies.rsqrt()[..., None, :]) @ (vectors.mT @ m)  # NaN or Inf if an energy is <= 0
    return polished(polished(x)) if m.dtype == torch.float32 else x


def by_products(m: Tensor) -> Tensor:
    """Scaled Newton-Schulz from M over a bound of its largest singular value, as the module's docstring says."""
    x = m / m.abs().amax((-2, -1), keepdim=True)
    x = x / (x @ x.mT).abs().sum(-1).amax(-1).sqrt()[:, None, None]  # sigma_1^2 <= |X X^T|_inf
    least = LEAST[m.dtype]
    while least < 1.0 - torch.finfo(m.dtype).eps:
        mu = math.sqrt(min(3.0 / (1.0 + least + least * least), LARGEST_SCALE))
        x = torch.baddbmm(x, x @ x.mT, x, beta=1.5 * mu, alpha=-0.5 * mu**3)
        least = min(0.5 * mu * s * (3.0 - (mu * s) ** 2) for s in (least, 1.0))
    return polished(x)
