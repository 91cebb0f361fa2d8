"""The round trip of a gauged weight matrix: W -> W M -> whole numbers -> times M^-1, and what it loses.

The quantiser is symmetric, with one scale for each output row over all of its inputs, the largest magnitude over
`largest_level`. M acts on the inputs, so no scale undoes it, not even a diagonal one: a scale per input, or per group
of inputs, would.
"""

import torch
from torch import Tensor

from kernels.batch import check_matrices

LEAST_BITS, MOST_BITS = 2, 8


def largest_level(bits: int) -> int:
    """2^(bits - 1) - 1: 7 of INT4, 1 of INT2, whose levels are -1, 0 and 1. Raises ValueError outside 2 ... 8 bits."""
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise ValueError(f"largest_level: {bits} bits, expected {LEAST_BITS} to {MOST_BITS}; register another width")
    return int(2 ** (bits - 1) - 1)


def rounded(y: Tensor, bits: int) -> Tensor:
    """The nearest whole multiples of each row's scale max|y_i| / `largest_level`, `(..., out, in)`, in the dtype of y.

    Ties go to the even multiple; a row of zeros stays so. Raises ValueError as `largest_level` and `check_matrices` do.
    """
    check_matrices(y, "rounded")
    scale = y.abs().amax(-1, keepdim=True) / largest_level(bits)
    return torch.where(scale > 0.0, scale * torch.round(y / scale), 0.0)


def relative_error(w: Tensor, bits: int) -> Tensor:
    """`|W - Q(W)|_F / |W|_F` of each of `w (..., out, in)`, a norm and not its square: float64 `(...)`, `[-]`.

    Raises ValueError as `rounded` does, and for NaN, Inf and all-zero matrices.
    """
    exact = _checked(w, "relative_error")
    return _norm(exact - rounded(exact, bits)) / _norm(exact)


def round_trip_error(w: Tensor, gauge: Tensor, inverse: Tensor, bits: int) -> Tensor:
    """`|W - Q(W M) N|_F / |W|_F` for M = `gauge` and N = `inverse`, both `(..., in, in)`: float64 `(...)`, `[-]`.

    As written, in float64, with N as it is given: whether it is the inverse of M is `gauge_faults`'s to say. For every
    M, `e(M) >= |W M - Q(W M)|_F / (sigma_max(M) |W|_F)`, hence at least 1 / cond(M) of the relative error of W M.
    Raises ValueError as `relative_error` does, and where the shapes do not fit.
    """
    exact = _checked(w, "round_trip_error")
    n = exact.shape[-1]
    if gauge.shape[-2:] != (n, n) or inverse.shape[-2:] != (n, n):
        raise ValueError(
            f"round_trip_error: weights {tuple(w.shape)} with a gauge {tuple(gauge.shape)} and an inverse"
            f" {tuple(inverse.shape)}, expected (..., {n}, {n}) of both: a gauge acts on the inputs"
        )
    back = rounded(exact @ gauge.double(), bits) @ inverse.double()
    return _norm(exact - back) / _norm(exact)


def _norm(a: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.matrix_norm(a)
    return norm


def _checked(w: Tensor, caller: str) -> Tensor:
    """`w` in float64, every matrix finite and not zero."""
    check_matrices(w, caller)
    exact = w.detach().double()
    norms = _norm(exact)
    failing = ~((norms > 0.0) & norms.isfinite())  # NaN fails
    if bool(failing.any()):
        index = failing.nonzero()[0].tolist()
        raise ValueError(
            f"{caller}: matrix {index} of {tuple(w.shape)} has norm {norms[tuple(index)].item():g}, expected finite and"
            " above 0; re-read that tensor, or drop it"
        )
    return exact
