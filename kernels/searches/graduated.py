"""Rotations learned along a smoothed gauge whose smoothing vanishes: short steps that any processor repeats.

**The iteration.** That of `momentum.py`, for V = W R = L F, with one change: |v| is replaced by

    a = sqrt(v^2 + eps_t^2),    G = (v / a) |a_i|_1,    eps_t = `smoothing` rms(V) (1 - (t - 1) / steps),

so that G, the gradient, is a smooth function of V at every step. At first entries near zero pull weakly, and the search
settles the coarse arrangement before the signs of small entries; with the last step eps is nearly 0 and the gauge is
beta itself. What is kept is the best iterate by beta, not smoothed.

**Why short steps.** With sign(v) one ulp of the weights decides the sign of an entry near zero, which moves the
gradient by a finite amount: after 100 steps a third of the signs of W R differ. The smoothed gradient moves by an ulp,
and how far that grows depends on the step length. Length 1 with momentum 0.9 flips no sign on Gaussian, uneven,
low-rank and codebook stacks (`test_stable_searches.py`) and lands above RAdam on all of them; length 4 flips on
some, length 32 lands higher on single matrices and flips 31 % on a stack. Small flips of signs are large changes of a
network, though beta does not tell: whatever rotation is quantised, applied to other weights or published comes from
such a search, in float64.

**Cost.** Five products of k by k by n per step, k = min(out, in), and one Cholesky factor of order k.

Sources: Blake and Zisserman, *Visual Reconstruction*, MIT Press 1987, for graduated non-convexity; the others as in
`momentum.py`.
"""

import math

import torch
from torch import Tensor

from kernels.descent.learned import Learned, Settings, search
from kernels.searches.momentum import SECOND_MOMENT, canonical_gradient
from kernels.searches.radam import decay, orthonormal_rows


def graduated(  # noqa: PLR0913
    w: Tensor, steps: int, start: Tensor, *, step_length: float = 1.0, momentum: float = 0.9, smoothing: float = 1.5
) -> Learned:
    """Rotations of `w (b, out, in)` by `steps` steps from `start (in, in)` or `(b, in, in)`, in the dtype of `start`.

    Step t has length `step_length` sqrt(k) (1 + cos(pi (t - 1) / steps)) / 2 along the averaged gradient over its
    typical size; `momentum` is the weight of the past in that average; `smoothing` is eps at the first step, in units
    of the root mean square of W [-]. Schedule and smoothing stretch with `steps`. The best iterate is kept. Raises
    ValueError for a step length or smoothing that is not finite and > 0, for a momentum outside [0, 1), and as
    `learned.search` does. Limit: a local maximum.
    """
    for name, value in (("step_length", step_length), ("smoothing", smoothing)):
        if not (value > 0.0 and math.isfinite(value)):
            raise ValueError(f"graduated: {name} is {value}, expected finite and > 0; pass the registered one")
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"graduated: momentum is {momentum}, expected 0 <= momentum < 1; pass the registered one")
    problem = search(w, start, steps, "graduated")
    rms = (problem.energy / w[0].numel()).sqrt()
    average = torch.zeros_like(problem.start)
    square = torch.zeros_like(problem.energy)

    def move(step: int, frame: Tensor, v: Tensor, beta: Tensor) -> Tensor:
        share = (step - 1) / steps
        gradient = problem.coordinates.mT @ smoothed_rows(v, smoothing * (1.0 - share) * rms)
        direction = canonical_gradient(frame, gradient / (v.shape[-1] * problem.energy)[:, None, None])
        average.lerp_(direction, 1.0 - momentum)
        square.mul_(SECOND_MOMENT).add_((1.0 - SECOND_MOMENT) * direction.square().sum((-2, -1)))
        typical = (square / (1.0 - SECOND_MOMENT**step)).sqrt().clamp_min(torch.finfo(frame.dtype).eps)
        length = step_length * math.sqrt(frame.shape[-2]) * decay("cosine", share)
        factor = length / ((1.0 - momentum**step) * typical)
        return orthonormal_rows(frame + factor[:, None, None] * average)

    settings: Settings = {
        "optimiser": "graduated",
        "steps": steps,
        "step_length": step_length,
        "momentum": momentum,
        "smoothing": smoothing,
        "second_moment": SECOND_MOMENT,
        "schedule": "cosine",
    }
    return problem.followed(steps, move, settings)


def smoothed_rows(v: Tensor, epsilon: Tensor) -> Tensor:
    """`(v / a) |a_i|_1`, a = sqrt(v^2 + epsilon^2), for `v (b, out, in)` and `epsilon (b,)`: shape and dtype of v.

    Half the gradient of the sum of `|a_i|_1^2` over rows; as epsilon vanishes, that of `|v_i|_1^2`.
    """
    a = (v.square() + epsilon.square()[:, None, None]).sqrt()
    return v / a * a.sum(-1, keepdim=True)
