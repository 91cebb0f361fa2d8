"""Structureless matrices: what a claim about structure has to beat."""

import torch
from torch import Tensor

from kernels.batch import check_matrices, map_matrices, scaled_matrix
from kernels.planted.planted import haar_frame

# Float32 holds 2^-126 ... 2^128: room for sigma_1 <= sqrt(out in) max|w| above, and for small entries below.
FLOAT32_EXPONENT = 100


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
    _check("spectral_null", w, generator)

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


def shuffled_null(w: Tensor, generator: torch.Generator) -> Tensor:
    """Each matrix of `w (..., out, in)` with its entries in a uniformly random order: same shape and dtype.

    Keeps the multiset of entries, so kurtosis, mean, |W|_F and (Sum|w|)^2 / Sum w^2 over the whole matrix; destroys
    their arrangement: rank, uneven rows and columns, codebooks. Not a null for the rank alone: a non-zero mean is kept,
    and with it one large singular value. The permutations are independent. Raises ValueError for an empty, non-floating
    or 1-D input and for a generator on another device. NaN and Inf are moved about like any entry.
    """
    _check("shuffled_null", w, generator)
    size = w.shape[-2] * w.shape[-1]
    orders = (torch.randperm(size, device=w.device, generator=generator) for _ in range(w.numel() // size))
    matrices = w.detach().reshape(-1, size)
    return torch.stack([entries[order] for entries, order in zip(matrices, orders, strict=True)]).reshape(w.shape)


def _check(caller: str, w: Tensor, generator: torch.Generator) -> None:
    check_matrices(w, caller)
    if generator.device != w.device:
        raise ValueError(
            f"{caller}: weights on {w.device} and generator on {generator.device}, expected one device; seed a"
            " generator on the device of the weights"
        )
