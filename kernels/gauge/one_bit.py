"""One-bit quantisation of weight matrices: the sign of each weight and row scales, in the given or a rotated basis.

Which scale is part of the claim. Least squares has the smallest weight error but shrinks every row by beta^2 along
itself (0.64 in a random basis), and the shrinkage of gate, up and down compounds; `unbiased` keeps that length and pays
1/beta^2 - 1 instead of 1 - beta^2 in weight error.
"""

import torch
from torch import Tensor

from kernels.batch import MAX_EXPONENT, check_matrices
from kernels.rotations import rotate

ROW_SCALES = ("least_squares", "unbiased", "per_tensor")

# `<w, W_hat> = |W_hat|^2` for a least-squares row. Storage in bfloat16 moves it by 2^-9 / beta, under 1 % for beta >
# 0.2; other scales and other matrices miss it by 36 % and 100 % in a random basis.
PROJECTION_TOLERANCE = 0.02


def signs(w: Tensor) -> Tensor:
    """+1 where `w (..., out, in)` >= 0, else -1, `[-]`, in the dtype of w: sign(+-0) = +1, one bit has no third value.

    Raises ValueError for NaN, Inf, empty, non-floating or 1-D input and for rows outside 2^+-400 (all-zero rows pass).
    """
    return _signs(_checked(w, "signs")).to(w.dtype)


def row_scales(w: Tensor, scale: str) -> Tensor:
    """The scale a_i of each row of `w (..., out, in)`, float64 `(..., out, 1)`, in the unit of w.

    `least_squares`: `|w_i|_1 / in`, which minimises `|w_i - a sign(w_i)|_2`. `unbiased`: `|w_i|_2^2 / |w_i|_1`, with
    which `<w_i, a_i sign(w_i)> = |w_i|_2^2`: larger by 1/beta_i^2. `per_tensor`: the mean of |w| over the matrix, least
    squares among single scales, for every row. An all-zero row has scale 0 whatever the rule, so that it stays zero;
    per tensor that takes one more bit per row, not counted by `stored_bits`, and the row still counts in the mean. Any
    floating dtype, upcast to float64 on entry. Raises ValueError for a scale not in ROW_SCALES and as `signs` does.
    Source: Rastegari et al., *XNOR-Net*, ECCV 2016, eq. 6 (least squares); Vargaftik et al., *DRIVE*, NeurIPS 2021
    (unbiased, after a rotation).
    """
    _check_scale("row_scales", scale)
    return _scales(_checked(w, "row_scales"), scale)


def one_bit(w: Tensor, rotation: Tensor | None = None, scale: str = "least_squares") -> Tensor:
    """`W_hat = a sign(W R) R^T`, a = `row_scales(W R)`, for `w (..., out, in)`: same shape, in the unit of w.

    `rotation (in, in)` or `(..., in, in)`, leading axes broadcast; None is the given basis. w is upcast to the dtype of
    the rotation, without one to float32 (float64 stays): signs are decided and the result returned in that dtype, the
    scales are float64 until they multiply. All-zero rows and matrices stay zero. Orthogonality is not checked: call
    `kernels.rotations.require_orthogonal` once where R is made or loaded. Raises ValueError for a scale not in
    ROW_SCALES, for W and for W R as `signs` does, and as `kernels.rotations.rotate` does: float64 weights are not
    rounded to a float32 rotation. Limit: a sign of W R that is zero but for rounding is arbitrary.
    """
    _check_scale("one_bit", scale)
    _checked(w, "one_bit")
    if rotation is None:
        v = w if w.dtype == torch.float64 else w.float()
    else:
        v = rotate(w if w.dtype == torch.float64 else w.to(rotation.dtype), rotation)
    a = _checked(v, "one_bit: W R")
    quantised = (_scales(a, scale) * _signs(a)).to(v.dtype)
    return quantised if rotation is None else rotate(quantised, rotation.mT)


def rescaled(quantised: Tensor, w: Tensor, scale: str) -> Tensor:
    """What `one_bit` gives with another `scale`, from its least-squares result for w and without R: same dtype, shape.

    `quantised`, `w (..., out, in)`. Rotations keep norms and a_i is `|W_hat_i| / sqrt(in)`, so row i is multiplied by
    `|w_i|^2 / |W_hat_i|^2` for `unbiased`, by `mean(a) / a_i` for `per_tensor`; `least_squares` returns it unchanged.
    All-zero rows stay zero. Norms in float64. Raises ValueError for a scale not in ROW_SCALES, for different shapes,
    for either argument as `signs` does, and where a row is not the least-squares one of w: `<w_i, W_hat_i> =
    |W_hat_i|^2` within 2 %. Limit: as exact as W_hat and the orthogonality of R; a W_hat rounded to bfloat16 gives
    scales good to 2^-9, one rounded further may be refused.
    """
    _check_scale("rescaled", scale)
    if quantised.shape != w.shape:
        raise ValueError(
            f"rescaled: quantised {tuple(quantised.shape)} against w {tuple(w.shape)}, expected one shape; pair each"
            " matrix with its own weights"
        )
    q, a = _checked(quantised, "rescaled: quantised"), _checked(w, "rescaled: w")
    q_energy, w_energy = q.square().sum(-1, keepdim=True), a.square().sum(-1, keepdim=True)
    projection = (q * a).sum(-1, keepdim=True)
    least_squares = (projection - q_energy).abs() <= PROJECTION_TOLERANCE * q_energy
    failing = ~least_squares | ((q_energy == 0.0) & (w_energy > 0.0))
    if bool(failing.any()):
        index = failing[..., 0].nonzero()[0].tolist()
        raise ValueError(
            f"rescaled: row {index} has <w, quantised> = {projection[tuple(index)].item():.6g} and |quantised|^2 ="
            f" {q_energy[tuple(index)].item():.6g} ({int(failing.sum())} of {failing.numel()} rows fail), expected"
            f" them equal within {PROJECTION_TOLERANCE:g} and non-zero where w is; pass one_bit(w, R, 'least_squares')"
        )
    if scale == "least_squares":
        return quantised
    norms = q_energy.sqrt()
    factors = w_energy / q_energy if scale == "unbiased" else norms.mean(-2, keepdim=True) / norms
    return (q * torch.where(q_energy > 0.0, factors, 0.0)).to(quantised.dtype)


def stored_bits(rows: int, columns: int, scale_bits: int = 16, scale: str = "least_squares") -> int:
    """`rows columns + scale_bits rows`, with one scale for the matrix if `per_tensor`: bits of one matrix, without R.

    Raises ValueError for a scale not in ROW_SCALES, rows or columns < 1 and scale_bits < 0.
    """
    _check_scale("stored_bits", scale)
    if rows < 1 or columns < 1 or scale_bits < 0:
        raise ValueError(
            f"stored_bits: rows, columns and scale_bits are {rows}, {columns} and {scale_bits}, expected >= 1, >= 1 and"
            " >= 0; pass the shape of W"
        )
    return rows * columns + scale_bits * (1 if scale == "per_tensor" else rows)


def _signs(a: Tensor) -> Tensor:
    return torch.where(a >= 0.0, 1.0, -1.0)


def _scales(a: Tensor, scale: str) -> Tensor:
    mass = a.abs().sum(-1, keepdim=True)
    if scale == "least_squares":
        return mass / a.shape[-1]
    rows = a.square().sum(-1, keepdim=True) / mass if scale == "unbiased" else a.abs().mean((-2, -1), keepdim=True)
    return torch.where(mass > 0.0, rows, 0.0)


def _check_scale(caller: str, scale: str) -> None:
    if scale not in ROW_SCALES:
        raise ValueError(f"{caller}: scale is {scale!r}, expected one of {', '.join(ROW_SCALES)}; name the row scale")


def _checked(w: Tensor, caller: str) -> Tensor:
    """`w` in float64, finite, every row all zero or with max|w| within 2^+-400 (so that squares and sums fit)."""
    check_matrices(w, caller)
    a = w.double()
    peaks = a.detach().abs().amax(-1)  # NaN propagates
    within = (peaks == 0.0) | ((peaks >= 2.0**-MAX_EXPONENT) & (peaks <= 2.0**MAX_EXPONENT))
    if bool(within.all()):
        return a
    *index, row = (~within).nonzero()[0].tolist()
    matrix = a.detach()[tuple(index)]
    where = f"{caller}: matrix {index} of shape {tuple(matrix.shape)}"
    count = int((~matrix.isfinite()).sum())
    if count:
        raise ValueError(
            f"{where} holds {count} NaN or Inf among {matrix.numel()} weights, expected 0; re-read that tensor"
        )
    raise ValueError(
        f"{where} has max|w| = {float(matrix[row].abs().max()):.3g} in row {row}, expected 0 or within"
        f" 2^+-{MAX_EXPONENT}; rescale the weights"
    )
