"""Activations rounded to few integer levels by scales that were calibrated before on other activations."""

import torch
from torch import Tensor

ROUNDED = 1e-9  # relative: what float64 may add to half a step
LEVELS = {2: 1, 4: 7, 8: 127}  # bits -> the largest code of a symmetric code: -7 … 7, never -8


def quantise_by(x: Tensor, absmax: Tensor, levels: int) -> Tensor:
    """`x (..., channel)` on the grid of `absmax`, and back: `s · clamp(round(x / s), -levels, levels)`, halves to even.

    s = absmax / levels, broadcast over x; float32 for what is narrower, in the dtype of x. What exceeds the calibrated
    absmax saturates at it. A channel that was never seen to be anything but 0 has scale 0, and becomes 0: there is no
    grid that it could be on. Scales are exact: no bits of theirs are rounded.
    Raises `ValueError` for levels below 1 or an absmax that is negative.
    """
    if levels < 1 or bool((absmax < 0.0).any()):
        raise ValueError(
            f"quantise_by: {levels} levels, least absmax {float(absmax.min()):g}, expected 1 or more and ≥ 0"
        )
    wide = torch.promote_types(x.dtype, torch.float32)
    step = absmax.to(wide) / levels
    codes = (x.to(wide) / torch.where(step > 0.0, step, 1.0)).round_().clamp_(-levels, levels)
    return codes.mul_(step).to(x.dtype)


def keep_largest(x: Tensor, rounded: Tensor, kept: int) -> Tensor:
    """`rounded (..., channel)` with the `kept` largest |x| of each vector as they are; ties: the lower channel.

    Raises `ValueError` where a vector has no more channels than are kept: then nothing is rounded.
    """
    if not 0 <= kept < x.shape[-1]:
        raise ValueError(f"keep_largest: {kept} of {x.shape[-1]} channels, expected fewer")
    largest = x.abs().sort(dim=-1, descending=True, stable=True).indices[..., :kept]
    return rounded.scatter(-1, largest, x.gather(-1, largest))


def absmax_by(x: Tensor, group: Tensor, groups: int) -> Tensor:
    """The largest |x| of each group and channel, of `x (t, channel)` with the group `(t,)` of each row: `(groups,
    channel)`, float32; 0 for a group without a row."""
    wide = x.float().abs()
    found = torch.zeros((groups, x.shape[-1]), device=x.device)
    return found.scatter_reduce_(0, group[:, None].expand_as(wide), wide, "amax")


def with_fallback(absmax: Tensor, seen: Tensor, fewest: int) -> Tensor:
    """`absmax (expert, channel)`, that of an expert with fewer than `fewest` of its `seen (expert,)` rows replaced by
    the largest of all experts, channel by channel."""
    return torch.where((seen >= fewest)[:, None], absmax, absmax.amax(0))


def half_steps_off(absmax: Tensor, scales: Tensor, levels: int) -> Tensor:
    """How far the largest values that were seen are from what they are rounded to, over half a step: `(expert,)` [-].

    Of `absmax (expert, channel)` as calibrated, rounded on the grid of `scales` alike, in float64. At most 1 where no
    scale is too small for its channel; above where the largest value saturates. 0 for a channel of zeros. Divided by
    1 + 1e-9, which the last bits of float64 stay far below.
    """
    exact, step = absmax.double(), scales.double() / levels
    off = (quantise_by(exact, scales.double(), levels) - exact).abs()
    return torch.where(off == 0.0, 0.0, off / (step / 2.0)).amax(-1) / (1.0 + ROUNDED)
