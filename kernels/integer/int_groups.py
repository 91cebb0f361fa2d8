"""Weights rounded to 4-bit integers, a scale for each group of consecutive inputs: what is lost, and a check of it."""

import torch
from torch import Tensor

LEVELS = 7  # of INT4, symmetric: -7 … 7. With the scale absmax/7 no weight is ever rounded to -8
ROUNDING = 1e-9  # relative: what float64 may add to half a step


def int_groups(w: Tensor, group: int, *, scaled: float = 1.0) -> Tensor:
    """`w (..., in)` rounded to symmetric INT4 and back, float64: `s · clamp(round(w / s), -7, 7)`, halves to even.

    s is the largest absolute weight of a group over 7; a group is `group` consecutive inputs of a row. Where the width
    is no multiple of that, the last group of each row is the rest, with a scale of its own. A group of zeros stays as
    it is. Scales are exact: no bits of theirs are rounded. `scaled` breaks the instrument on purpose: s times it.
    Raises `ValueError` for a group below 1 or a dtype that is not floating.

    The levels are those of QuaRot (arXiv 2404.00456), whose quantiser of groups divides by 7 too.
    """
    _check(w, group)
    rounded = [_rounded(part, scaled) for part in _parts(w.double(), group)]
    return torch.cat(rounded, dim=-1)


def squared_error(w: Tensor, rounded: Tensor) -> Tensor:
    """`‖W - Ŵ‖² / ‖W‖²`, Frobenius norms, of `(..., out, in)`: float64 `(...)` [-]. NaN where W is all zero."""
    exact = w.double()
    lost: Tensor = (exact - rounded).square().sum((-2, -1)) / exact.square().sum((-2, -1))
    return lost


def half_steps(w: Tensor, rounded: Tensor, group: int) -> Tensor:
    """The largest `|w - ŵ|` over half a step of its group, of `(..., out, in)`: float64 `(...)`, 1 at most [-].

    From the weights alone, whatever scales the quantiser took: a step is the group's absmax over 7. What rounds to the
    nearest of the right levels is never above 1; clipping and the scale of another group are. Infinite where a group of
    zeros changed. Divided by 1 + 1e-9, which the last bits of float64 stay far below.
    """
    _check(w, group)
    worst = []
    for exact, other in zip(_parts(w.double(), group), _parts(rounded, group), strict=True):
        half = exact.abs().amax(-1) / (2 * LEVELS)
        off = (exact - other).abs().amax(-1)
        worst.append(torch.where(off == 0.0, 0.0, off / half).amax((-2, -1)))
    return torch.stack(worst).amax(0) / (1.0 + ROUNDING)


def _parts(w: Tensor, group: int) -> list[Tensor]:
    """`(..., out, groups, group)`, and the rest of each row as one shorter group where there is one."""
    whole = w.shape[-1] // group * group
    parts = [w[..., :whole].reshape(*w.shape[:-1], -1, group)] if whole else []
    return parts if whole == w.shape[-1] else [*parts, w[..., None, whole:]]


def _rounded(w: Tensor, scaled: float) -> Tensor:
    """Of groups `(..., groups, group)`: `(..., groups · group)`."""
    steps = w.abs().amax(-1, keepdim=True) / LEVELS * scaled
    codes = (w / torch.where(steps > 0.0, steps, 1.0)).round_().clamp_(-LEVELS, LEVELS)
    return codes.mul_(steps).flatten(-2)


def _check(w: Tensor, group: int) -> None:
    if group < 1 or w.ndim <= 1 or not w.is_floating_point():
        raise ValueError(
            f"int_groups: {w.dtype} of shape {tuple(w.shape)} in groups of {group}, expected floating (..., out, in) "
            "and 1 or more inputs in a group"
        )
