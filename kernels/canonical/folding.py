"""The weight of a norm belongs to the matrices that read the normed vector: folded in, it is the same network."""

import torch
from torch import Tensor

from kernels.batch import check_matrices
from kernels.canonical.symmetries import NormForm


def column_scale(norm: Tensor | None, form: NormForm, width: int) -> Tensor:
    """What the norm multiplies each channel by, `[-]`, float64 `(width,)`: γ, 1 + γ, or ones.

    `norm (width,)` is γ as stored, None where the family's norm has none or follows the experts (post-norm). Raises
    ValueError for another shape, for NaN or Inf, and for a norm given or missing against `form`.
    """
    if (norm is None) != (form == "none"):
        found = "no weight" if norm is None else f"a weight of shape {tuple(norm.shape)}"
        raise ValueError(f"fold: {found} for a norm of form {form!r}; pass γ for every form but 'none'")
    if norm is None:
        return torch.ones(width, dtype=torch.float64)
    if norm.shape != (width,) or not bool(norm.isfinite().all()):
        raise ValueError(
            f"fold: the norm's weight has shape {tuple(norm.shape)} and {int((~norm.isfinite()).sum())} NaN or Inf,"
            f" expected ({width},) and none; pass the weight of the norm that feeds these experts"
        )
    return norm.double() + 1.0 if form == "one_plus_weight" else norm.double()


def fold(w: Tensor, scale: Tensor) -> Tensor:
    """`W diag(scale)` in float64, for `w (..., out, in)` that reads the normed vector and `scale (in,)` `[-]`.

    Exact for weights and norms of at most 24 bits (float32, bfloat16, float16). `W (γ ∘ x̂) = (W diag γ) x̂`, x̂ being
    the vector over its RMS. Raises ValueError as `check_matrices` does and for another width.
    """
    check_matrices(w, "fold")
    _check_width(w, scale)
    return w.double() * scale.to(w.device)


def centre(w: Tensor, dim: int) -> Tensor:
    """`w` less its mean over axis `dim`, in float64: what a stream without a mean sees of it.

    A norm that takes the mean away hands over u with Σ u = 0, so `W u = (W P) u` for P = 1 − 11ᵀ/n, the mean over the
    input axis (-1) being free; and what is written to a stream that only such norms read is free along the output axis
    (-2) of `down`. Taken away on both sides, the network is one of RMS norms, in which every rotation of the stream is
    free again.
    """
    return w.double() - w.double().mean(dim, keepdim=True)


def unfold(folded: Tensor, scale: Tensor, stored: Tensor) -> Tensor:
    """`w` from `fold(w, scale)`, in the dtype of `stored`; columns of scale 0, which are lost, come from `stored`.

    To the bit where the dtype has at most 24 bits, within one unit in the last place in float64.
    """
    _check_width(folded, scale)
    scale = scale.to(folded.device)
    return torch.where(scale == 0.0, stored.double(), folded / scale).to(stored.dtype)


def _check_width(w: Tensor, scale: Tensor) -> None:
    if scale.shape != (w.shape[-1],):
        raise ValueError(
            f"fold: scale of shape {tuple(scale.shape)} for weights {tuple(w.shape)}, expected ({w.shape[-1]},);"
            " fold the matrices that read the normed vector"
        )
