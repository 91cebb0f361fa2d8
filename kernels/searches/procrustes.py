"""Rotations learned by alternating sign targets with orthogonal Procrustes problems (ITQ).

**The iteration.** For v = a row of W R and a power 1 <= p <= 2 the target row is

    b = |v|_p^(2-p) |v|^(p-1) sign(v),    sign(0) = +1,

half the gradient of |v|_p^2; then R = polar(W^T B), the orthogonal matrix that maximises tr(R^T W^T B). At p = 1 the
target is |v|_1 sign(v) = n alpha sign(v), with alpha the least-squares scale of *that row*.

**Why it cannot fall.** f(V) = sum_i |v_i|_p^2 is convex, hence is above its tangent at V_t, and R_(t+1) maximises
that tangent over the orthogonal group: f(V_(t+1)) >= f(V_t). At p = 1, f = n |W|_F^2 beta^2, so beta itself is
monotone. With targets sign(v), unscaled, as ITQ has them, it is sum |v_i|_1 that is monotone, and beta drops now and
then on rows of uneven norm.

**Frame.** For out < in the frame F = Q^T R is iterated (`learned.py`): the Procrustes problem for R has the
solutions Q polar(L^T B) + (anything orthogonal on the complement).

Source: Gong and Lazebnik, *Iterative quantization: a Procrustean approach to learning binary codes*, CVPR 2011.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from kernels.descent.learned import Learned, Settings, search
from kernels.descent.polar import polar_factor


def procrustes(w: Tensor, steps: int, start: Tensor, power: float = 1.0) -> Learned:
    """Rotations of `w (b, out, in)` by `steps` iterations at a constant power, from `start (in, in)` or `(b, in, in)`.

    `power` = 1 is ITQ with row-scaled targets: the curve falls by rounding at most. For 1 < power < 2 it is
    `sum_i |v_i|_p^2` that cannot fall; the curve is the one-bit cosine all the same. Computed in the dtype
    of `start`. Raises ValueError for power outside [1, 2) and as `learned.search` does. Limit: a local maximum; on
    i.i.d. Gaussian matrices with out <= 2 in, 2-3 % below the annealed one.
    """
    if not 1.0 <= power < 2.0:  # noqa: PLR2004
        raise ValueError(
            f"procrustes: power is {power}, expected 1 <= power < 2 [-]; at 2 nothing moves, pass 1 for ITQ"
        )
    settings: Settings = {"optimiser": "procrustes", "steps": steps, "power": power}
    return iterate(w, steps, start, lambda _: power, settings)


def target(v: Tensor, power: float) -> Tensor:
    """`|v|_p^(2-p) |v|^(p-1) sign(v)` for each row of `v (..., out, in)`, sign(0) = +1: same shape and dtype.

    Half the gradient of `|v|_p^2`. p = 1: `|v|_1 sign(v)`; p = 2: v itself.
    """
    magnitude = v.abs()
    signs = torch.where(v < 0.0, -1.0, 1.0).to(v.dtype)
    if power == 1.0:
        return magnitude.sum(-1, keepdim=True) * signs
    row_scale = magnitude.pow(power).sum(-1, keepdim=True).pow((2.0 - power) / power)
    return row_scale * magnitude.pow(power - 1.0) * signs


def iterate(w: Tensor, steps: int, start: Tensor, power: Callable[[int], float], settings: Settings) -> Learned:
    """Rotations by `steps` iterations, step t with the power `power(t)`; `settings` name the search and its budget."""
    problem = search(w, start, steps, str(settings["optimiser"]))

    def move(step: int, _: Tensor, v: Tensor, __: Tensor) -> Tensor:
        return polar_factor(problem.coordinates.mT @ target(v, power(step)))

    return problem.followed(steps, move, settings)
