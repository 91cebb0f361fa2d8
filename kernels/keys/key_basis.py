"""In which coordinates a head's keys are measured and quantised: balanced with the queries, centred, rotated.

Scaling a rotary pair of k by c and of q by 1/c is the same network, and so is adding one vector to all keys of a head,
since the scores of a query then change by one number, which softmax ignores. So keys are taken in the coordinates

    x = (k c − m) R,    c = √(rms q / rms k) of each pair,    m the mean of k c over the tokens that teach,

where k and q have equal root mean squares in each pair. R is a rotation of the head. It is not absorbed by the weights:
what commutes with the turns of RoPE is a I + b J per pair (`theorems/Rope.v`), so its bits count.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from kernels.keys.rotary_pairs import Layout, pair_squares


@dataclass(frozen=True)
class KeyBasis:
    """Of h heads of width n, float64."""

    scales: Tensor  # c, (h, n); 0 for a pair of which keys or queries are all zero
    mean: Tensor  # m, (h, n)
    rotation: Tensor | None = None  # R, (h, n, n), applied as x R; None is the given basis

    def with_rotation(self, rotation: Tensor | None) -> "KeyBasis":
        return replace(self, rotation=rotation)

    def coordinates(self, keys: Tensor) -> Tensor:
        """x of `keys (..., h, t, n)`, float64."""
        centred = keys.double() * self.scales[:, None] - self.mean[:, None]
        return centred if self.rotation is None else centred @ self.rotation

    def keys(self, coordinates: Tensor, instead: Tensor) -> Tensor:
        """The keys of `coordinates (..., h, t, n)`, float64; where c is 0, which no score depends on, `instead`'s."""
        back = coordinates if self.rotation is None else coordinates @ self.rotation.mT
        scales = self.scales[:, None]
        return torch.where(scales > 0.0, (back + self.mean[:, None]) / scales, instead.double())


def balanced(key_square: Tensor, query_square: Tensor, layout: Layout) -> Tensor:
    """c of each coordinate, float64 `(h, n)`: the fourth root of a pair's mean square of q over that of k.

    `key_square`, `query_square (h, n)`: mean squares over the tokens that teach; of queries that share a key's head,
    averaged over them. 0 where either is: then no score depends on the pair. Raises ValueError for unlike shapes, and
    for what is negative or no finite number.
    """
    if key_square.shape != query_square.shape:
        raise ValueError(
            f"balanced: keys {tuple(key_square.shape)} and queries {tuple(query_square.shape)}, expected one shape; "
            "average the queries of a group"
        )
    k, q = (pair_squares(square.double(), layout) for square in (key_square, query_square))
    if not bool((k.isfinite() & q.isfinite() & (k >= 0.0) & (q >= 0.0)).all()):
        raise ValueError("balanced: mean squares that are negative, NaN or Inf, expected finite ones; check the run")
    alive = (k > 0.0) & (q > 0.0)
    return torch.where(alive, (q / torch.where(alive, k, 1.0)) ** 0.25, 0.0)


def basis_of(keys: Tensor, query_square: Tensor, layout: Layout) -> KeyBasis:
    """Balanced and centred on `keys (h, t, n)`, those that teach; not rotated. Raises ValueError as `balanced` does."""
    k = keys.double()
    scales = balanced(k.square().mean(-2), query_square, layout)
    return KeyBasis(scales, (k * scales[:, None]).mean(-2))


def one_bit_keys(keys: Tensor, basis: KeyBasis) -> Tensor:
    """Keys `(..., h, t, n)` at one bit per coordinate of `basis` and a scale per key and head, float64.

    `x̂ = a sign(x)` with the least-squares scale a = |x|₁ / n, and back; sign(0) = +1. The mean is put back, though no
    score would miss it. Rastegari et al., *XNOR-Net*, ECCV 2016, eq. 6, for one row.
    """
    x = basis.coordinates(keys)
    scale = x.abs().mean(-1, keepdim=True)
    return basis.keys(torch.where(x >= 0.0, scale, -scale), keys)


def bits_per_coordinate(width: int, tokens: int, scale_bits: int, number_bits: int) -> float:
    """What one bit keys cost with all that is beside them, per coordinate of a key in a context of `tokens`: [-].

    1 for the sign, `scale_bits / n` for the scale of each key, and `number_bits (n + 1) / tokens` for a head's
    rotation and mean. Raises ValueError for a count below 1.
    """
    if min(width, tokens, scale_bits, number_bits) < 1:
        raise ValueError(
            f"bits_per_coordinate: width {width}, {tokens} tokens, {scale_bits} and {number_bits} bits, expected at "
            "least 1 each; pass the registered ones"
        )
    return 1.0 + scale_bits / width + number_bits * (width + 1) / tokens


def phase_angle(cosine: float) -> float:
    """The source's angle: arccos of a one-bit cosine, in degrees. Raises ValueError outside [-1, 1]."""
    return math.degrees(math.acos(cosine))
