"""Matrices with the given singular values and Haar vectors."""

import torch
from torch import Tensor

from kernels.batch import check_generator, map_matrices, scaled_matrix
from kernels.planted.planted import haar_frame

# Float32 holds 2^-126 ... 2^128: room for sigma_1 <= sqrt(out in) max|w| above, and for small entries below.
FLOAT32_EXPONENT = 100


def spectral_null(w: Tensor, generator: torch.Generator) -> Tensor:
    """`U diag(sigma) V^T` with the singular values of each matrix of `w (..., out, in)`, U and V Haar: float32.

    Keeps the spectrum, so every d_eff and |W|_F; destroys everything that depends on a basis: heavy tails, uneven rows
    and columns, codebooks, what the matrices of a batch have in common. The one-bit cosine is at `haar_level(in)` in
    mean square. For a rotation shared by several matrices pass them *stacked*: stacking later would destroy the common
    column space. Only thin frames are drawn, U `(out, k)` and V `(in, k)` independent per matrix, k = min(out, in);
    sigma from the eigenvalues of the Gram matrix on the small side: those below about 1e-7 sigma_1 are lost, as they
    are to float32. Any floating dtype, upcast to float64, one matrix at a time on one thread. Raises ValueError for
    NaN, Inf, all-zero, empty, non-floating or 1-D input, max|w| outside 2^+-100, and a generator on another device.
    """
    check_generator("spectral_null", w, generator)

    def one(index: tuple[int, ...]) -> Tensor:
        a, exponent = scaled_matrix(w, index, "spectral_null")
        if abs(exponent) > FLOAT32_EXPONENT:
            raise ValueError(
                f"spectral_null: matrix {list(index)} of shape {tuple(w.shape[-2:])} has max|w| = 2^{exponent},"
                f" expected within 2^+-{FLOAT32_EXPONENT} for a float32 result; rescale the weights"
            )
        sigma = torch.linalg.eigvalsh(a @ a.mT).clamp_min(0.0).sqrt()
        left, right = (haar_frame((side, sigma.numel()), generator) for side in w.shape[-2:])
        null: Tensor = (left * (2.0**exponent * sigma)) @ right.mT
        return null.float()

    return torch.stack(map_matrices(one, w.shape[:-2], workers=1)).reshape(w.shape)
