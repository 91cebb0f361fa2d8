"""Rotary position embedding of queries and keys, pair by pair: turning them, and turning them back.

Coordinate pairs (x, y) of a head turn by an angle that grows with the position: `x cos − y sin, y cos + x sin`. Models
differ in which coordinates are a pair and in how their cosines are handed over; the three ways are `LAYOUTS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Which coordinates of a head of width n are a pair, and which of the n cosines handed over is a pair's."""

    name: str
    interleaved: bool  # coordinates 2i and 2i + 1 are a pair; else i and i + n/2
    repeated: bool  # each cosine stands twice in turn; else all n/2 of them, and then again

    def pairs(self, width: int) -> tuple[Tensor, Tensor]:
        """First and second coordinates of each pair, int64 `(n/2,)`. Raises ValueError for an odd width."""
        if width < 2 or width % 2:  # noqa: PLR2004
            raise ValueError(f"rotary pairs: a head of width {width}, expected an even number from 2; check the key")
        at = torch.arange(width // 2)
        return (2 * at, 2 * at + 1) if self.interleaved else (at, at + width // 2)

    def of_pairs(self, angles: Tensor) -> Tensor:
        """Of cosines or sines as a model hands them over, `(..., n)`, the one of each pair, `(..., n/2)`."""
        return angles[..., ::2] if self.repeated else angles[..., : angles.shape[-1] // 2]


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("halves", interleaved=False, repeated=False),  # of LLaMA as transformers writes it, OLMoE, Qwen, ...
        Layout("interleaved", interleaved=True, repeated=True),  # of Cohere
        Layout("interleaved halves", interleaved=True, repeated=False),  # of GLM, ERNIE
    )
}


def turned(x: Tensor, cos: Tensor, sin: Tensor, layout: Layout) -> Tensor:
    """`x (..., n)` turned by each pair's angle, `cos` and `sin (..., n/2)` broadcast: the shape of x, float64.

    Raises ValueError for an odd n, and for as many cosines as there are not pairs.
    """
    first, second, a, b = _apart(x, cos, layout)
    return _together(a * cos - b * sin, b * cos + a * sin, first, second)


def unturned(x: Tensor, cos: Tensor, sin: Tensor, layout: Layout) -> Tensor:
    """The inverse of `turned`, also where cosines and sines are scaled (YaRN): float64, the shape of x.

    Raises ValueError as `turned` does, and where a cosine and its sine are both 0.
    """
    first, second, a, b = _apart(x, cos, layout)
    square = cos.double().square() + sin.double().square()
    if not bool((square > 0.0).all()):
        raise ValueError("unturned: a cosine and a sine that are both 0, expected an angle; check what was handed over")
    return _together((a * cos + b * sin) / square, (b * cos - a * sin) / square, first, second)


def pair_squares(square: Tensor, layout: Layout) -> Tensor:
    """Mean squares `(..., n)` of coordinates averaged over each pair, and given to both: `(..., n)`."""
    first, second = layout.pairs(square.shape[-1])
    mean = 0.5 * (square[..., first] + square[..., second])
    return _together(mean, mean, first, second)


def _apart(x: Tensor, cos: Tensor, layout: Layout) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    first, second = layout.pairs(x.shape[-1])
    if cos.shape[-1] != len(first):
        raise ValueError(
            f"rotary pairs: {cos.shape[-1]} cosines of {len(first)} pairs, expected one each; pass Layout.of_pairs(cos)"
        )
    a = x.double()
    return first, second, a[..., first], a[..., second]


def _together(a: Tensor, b: Tensor, first: Tensor, second: Tensor) -> Tensor:
    out = torch.empty((*a.shape[:-1], 2 * a.shape[-1]), dtype=torch.float64, device=a.device)
    out[..., first], out[..., second] = a, b
    return out
