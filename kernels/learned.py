"""What every optimiser of a rotation returns, and the checks that they share.

An optimiser looks for the orthogonal R, one per matrix, that maximises the one-bit cosine beta(W R). It takes
`w (b, out, in)` and a `start`, and returns a `Learned`. A rotation shared by several matrices is learned on their rows
stacked into one matrix. All of it in float64: beta is a ratio of sums over all the weights, and a run is compared to
1e-3.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.batch import check_matrices
from kernels.moments import one_bit_cosine
from kernels.rotations import orthogonality_residual, require_orthogonal

Settings = Mapping[str, str | int | float]

PLATEAU = 1e-3  # of beta: a tenth of a percent, a third of the tolerance of the published Gaussian levels


@dataclass(frozen=True)
class Learned:
    """Rotations learned for a batch of b matrices `(b, out, in)`, with how the search went.

    rotation: `(b, in, in)` float64, the best iterate; to be applied as `W R`.
    beta: `(b,)` float64 `[-]`, one-bit cosine of `W R` at the best iterate.
    curve: `(steps + 1, b)` float64 `[-]`, one-bit cosine of every iterate; row 0 is the start.
    best_step: `(b,)` int64, the row of `curve` at which `beta` was met first.
    plateau_step: `(b,)` int64, the first step after which the best beta still rises by less than `PLATEAU` *in total*.
        A property of the run, not of the matrix: with too few steps, or too small ones, it says little.
    residual: `(b,)` float64 `[-]`, `orthogonality_residual` of `rotation`, at most 10 n eps.
    seconds: wall time of the whole call.
    settings: everything that decides the result besides weights and start, for the record.
    """

    rotation: Tensor
    beta: Tensor
    curve: Tensor
    best_step: Tensor
    plateau_step: Tensor
    residual: Tensor
    seconds: float
    settings: Settings


def learned(rotation: Tensor, curve: Tensor, began: float, settings: Settings) -> Learned:
    """Assemble a `Learned` from the best rotations, the curve and `time.perf_counter()` at the beginning.

    Raises ValueError where a rotation is not orthogonal to 10 n eps: such a result is never handed on.
    """
    require_orthogonal(rotation, f"{settings['optimiser']}: learned rotation")
    best, best_step = curve.max(0)
    return Learned(
        rotation=rotation,
        beta=best,
        curve=curve,
        best_step=best_step,
        plateau_step=plateau_step(curve),
        residual=orthogonality_residual(rotation),
        seconds=time.perf_counter() - began,
        settings=settings,
    )


def polished(rotation: Tensor) -> Tensor:
    """`R (3 I - R^T R) / 2` for nearly orthogonal `rotation (b, n, n)`: the rounding gathered on the way is squared.

    One Newton-Schulz step towards the polar factor: a residual d becomes about 3 d^2 / 4. Not a projection: a matrix
    far from orthogonal stays so, and is refused by `learned`.
    """
    return 1.5 * rotation - 0.5 * rotation @ (rotation.mT @ rotation)


def plateau_step(curve: Tensor) -> Tensor:
    """The first step t with `max(curve) - max(curve[:t + 1]) < PLATEAU`, for `curve (steps + 1, b)`: int64 `(b,)`."""
    best_so_far = curve.cummax(0).values
    settled = best_so_far[-1] - best_so_far < PLATEAU
    return settled.int().argmax(0)  # argmax returns the first of the ones; the last step is always one


def prepared(w: Tensor, start: Tensor, steps: int, caller: str) -> tuple[Tensor, Tensor]:
    """`w (b, out, in)` in float64 with max|W| = 1 per matrix, and `start` as `(b, in, in)`, both detached.

    The scale changes no beta and keeps every product in range. `start` is one orthogonal matrix `(in, in)` for all, or
    one each `(b, in, in)`, float64. Raises ValueError for any other shape or dtype, for NaN, Inf, all-zero or empty
    weights, for a start that is not orthogonal to 10 n eps, and for steps < 1.
    """
    if w.ndim != 3:  # noqa: PLR2004
        raise ValueError(f"{caller}: weights of shape {tuple(w.shape)}, expected (b, out, in); pass w[None] for one")
    check_matrices(w, caller)
    if steps < 1:
        raise ValueError(f"{caller}: steps is {steps}, expected >= 1; pass the registered budget")
    b, _, n = w.shape
    if start.dtype != torch.float64 or start.shape not in ((n, n), (b, n, n)) or start.device != w.device:
        raise ValueError(
            f"{caller}: start {start.dtype} of shape {tuple(start.shape)} on {start.device}, expected torch.float64 of"
            f" shape {(n, n)} or {(b, n, n)} on {w.device}; draw it with haar_orthogonal or pass the identity"
        )
    require_orthogonal(start, f"{caller}: start")
    one_bit_cosine(w.detach())  # for its checks of the values
    a = w.detach().double()
    return a / a.abs().amax((-2, -1), keepdim=True), start.detach().expand(b, n, n)
