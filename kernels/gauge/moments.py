"""The gauge of a weight matrix under one-bit quantisation: how far sign(W) points in the direction of W.

For a row, beta = |w|_1 / (sqrt(n) |w|_2) is the cosine between w and sign(w); beta^2 is its moment ratio (E|w|)^2 /
E[w^2]. The two are different numbers on different scales: a Gaussian has beta = sqrt(2/pi) = 0.798 and beta^2 = 2/pi =
0.637, and the largest lift from there is 1.253 in beta and 1.571 in beta^2. A *lift* is a ratio of betas, never of
their squares.
"""

import torch
from torch import Tensor

from kernels.batch import MAX_EXPONENT, check_matrices

# A cosine computed in float64 may exceed 1 by the rounding of three sums; pairwise sums stay far below this.
COSINE_ROUNDING = 1e-12


def one_bit_cosine(w: Tensor) -> Tensor:
    """beta(W) of each matrix of `w (..., out, in)`, float64 `(...)`, `[-]`: 1 for a sign matrix, at least 1/sqrt(in).

    `beta^2 = sum_i |w_i|_1^2 / (n |W|_F^2)` over the rows w_i of length n = in, so that rows count by their energy and
    1 - beta^2 is the relative error of `alpha_i sign(w_i)` with least-squares row scales (`relative_one_bit_error`).
    Invariant to the scale of W, signs of its entries, order of its columns, order of its rows; not to the scale of one
    row. Any floating dtype, upcast to float64 on entry (peak extra memory about 16 bytes per weight). Differentiable,
    with slope 0 at a zero weight. Raises ValueError for NaN, Inf, all-zero, empty, non-floating or 1-D input and for
    max|w| outside 2^+-400. Limit: not clamped, so rounding may leave a sign matrix a few 1e-16 above 1.
    Source: Rastegari et al., *XNOR-Net*, ECCV 2016, eq. 6, for one row.
    """
    return _squared(_checked(w, "one_bit_cosine")).sqrt()


def moment_ratio(w: Tensor) -> Tensor:
    """beta(W)^2 of each matrix of `w (..., out, in)`, float64 `(...)`, `[-]`: the *square* of `one_bit_cosine`.

    For one row `(E|w|)^2 / E[w^2]`; rows are weighted by their energy. 2/pi = 0.637 for a Gaussian. dtype, errors and
    limits as for `one_bit_cosine`.
    """
    return _squared(_checked(w, "moment_ratio"))


def jensen_ceiling(beta: Tensor) -> Tensor:
    """The largest lift that any rotation can reach from `beta (...)`: 1/beta, float64 `(...)`, `[-]`.

    A theorem: beta(W R) <= 1 by Cauchy and Schwarz, whatever R. Takes betas, not their squares. Raises ValueError for
    values outside (0, 1] (1e-12 above 1 is rounding) and for a non-floating dtype.
    """
    if not beta.is_floating_point():
        raise ValueError(f"jensen_ceiling: dtype {beta.dtype}, expected a floating dtype; pass one_bit_cosine(w)")
    b = beta.double()
    outside = ~((b > 0.0) & (b <= 1.0 + COSINE_ROUNDING))  # written so that NaN is outside
    if bool(outside.any()):
        raise ValueError(
            f"jensen_ceiling: {int(outside.sum())} of {b.numel()} values outside (0, 1], the first"
            f" {b[outside][0].item():.6g} [-], expected betas; pass one_bit_cosine(w)"
        )
    return b.reciprocal()


def lift(rotated: Tensor, original: Tensor) -> Tensor:
    """`beta(rotated) / beta(original)` per matrix, both `(..., out, in)`, leading axes broadcast: float64, `[-]`.

    A ratio of one-bit cosines, not of moment ratios. Says nothing about how `rotated` was made: check the rotation with
    `kernels.rotations.require_orthogonal`. Raises ValueError where (out, in) differ and as `one_bit_cosine` does.
    """
    if rotated.shape[-2:] != original.shape[-2:]:
        raise ValueError(
            f"lift: rotated {tuple(rotated.shape)} against original {tuple(original.shape)}, expected the same"
            " (out, in); pair each matrix with its own rotation"
        )
    return _squared(_checked(rotated, "lift: rotated")).sqrt() / _squared(_checked(original, "lift: original")).sqrt()


def relative_one_bit_error(w: Tensor) -> Tensor:
    """Measured `|W - alpha sign(W)|_F^2 / |W|_F^2` of each matrix of `w (..., out, in)`, float64 `(...)`, `[-]`.

    Least-squares row scales `alpha_i = |w_i|_1 / n`; sign(0) = +1, since one bit has no third value. Equals
    `1 - beta^2` up to rounding, by quantising rather than by that formula. dtype and errors as for `one_bit_cosine`.
    """
    a = _checked(w, "relative_one_bit_error")
    scale = a.abs().mean(-1, keepdim=True)
    quantised = torch.where(a >= 0.0, scale, -scale)
    return (a - quantised).square().sum((-2, -1)) / a.square().sum((-2, -1))


def _squared(a: Tensor) -> Tensor:
    return a.abs().sum(-1).square().sum(-1) / (a.shape[-1] * a.square().sum((-2, -1)))


def _checked(w: Tensor, caller: str) -> Tensor:
    """`w` in float64, every matrix finite, non-zero and within 2^+-400 (so that squares and their sums fit)."""
    check_matrices(w, caller)
    a = w.double()
    largest = a.detach().abs().amax((-2, -1))  # NaN propagates
    low, high = 2.0**-MAX_EXPONENT, 2.0**MAX_EXPONENT
    if bool(((largest >= low) & (largest <= high)).all()):
        return a
    index = (~((largest >= low) & (largest <= high))).nonzero()[0].tolist()
    matrix = a.detach()[tuple(index)]
    where = f"{caller}: matrix {index} of shape {tuple(matrix.shape)}"
    count = int((~matrix.isfinite()).sum())
    if count:
        raise ValueError(
            f"{where} holds {count} NaN or Inf among {matrix.numel()} weights, expected 0; re-read that tensor"
        )
    peak = float(matrix.abs().max())
    if peak == 0.0:
        raise ValueError(f"{where} is all zero, expected a non-zero matrix; its one-bit cosine is undefined, drop it")
    raise ValueError(f"{where} has max|w| = {peak:.3g}, expected within 2^+-{MAX_EXPONENT}; rescale the weights")
