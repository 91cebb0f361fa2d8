"""Rotations learned along a smoothed gauge whose smoothing vanishes: in short steps that any processor repeats, in
longer ones the highest landing here.

**The iteration.** That of `momentum.py`, for V = W R = L F, with one change: |v| is replaced by

    a = sqrt(v^2 + eps_t^2),    G = (v / a) |a_i|_1,    eps_t = `smoothing` rms(V) (1 - (t - 1) / steps),

so that G, the gradient, is a smooth function of V at every step. At first entries near zero pull weakly, and the search
settles the coarse arrangement before the signs of small entries; with the last step eps is nearly 0 and the gauge is
beta itself. What is kept is the best iterate by beta, not smoothed.

**Two settings, two uses.** With sign(v) one ulp of the weights decides the sign of an entry near zero, which moves the
gradient by a finite amount: after 100 steps a third of the signs of W R differ. The smoothed gradient moves by an ulp,
and how far that grows depends on the step length.

- *Short steps* (the defaults: length 1, momentum 0.9, smoothing 1.5) flip no sign on Gaussian, uneven, low-rank and
  codebook stacks (`test_stable_searches.py`). Small flips of signs are large changes of a network, though beta does
  not tell: whatever rotation is quantised, applied to other weights or published comes from them, in float64.
- *Long steps* (`LONG_STEPS`: length 4, momentum 0.85, smoothing 2) land higher and settle sooner, and may flip: for
  nulls, probes and whatever else beta alone is asked of, in float32.

**The trade-off.** Mean beta on i.i.d. Gaussian matrices, float32, of 8 matrices x seeds 5, 6, 7 (2048 x 128: one each;
1024 x 2048: one matrix, seed 7, 30 steps); 2048 x 128 in 100 steps. Starts: seed 1. Flips: share of the signs of W R
that one ulp flips after 100 steps in float64, the worst of four kinds of matrices: of 8 of 64 x 128 and 8 of 128 x 64 /
of one stack of 2048 x 128 and one of 2048 x 64.

| length, momentum, smoothing | 64 x 128, 30 / 100 | 128 x 64, 30 / 100 | 2048 x 128 | 1024 x 2048 | flips |
| --- | --- | --- | --- | --- | --- |
| 1, 0.9, 1.5 (short) | 0.9883 / 0.9917 | 0.9399 / 0.9496 | 0.8659 | | 0 / 0 |
| 2, 0.85, 2 | 0.9901 / 0.9927 | 0.9432 / 0.9504 | 0.8664 | | not tried; 2, 0.9, 1.5: 0 / 0 |
| **4, 0.85, 2 (long)** | 0.9901 / 0.9927 | 0.9433 / 0.9502 | 0.8663 | 0.9899 | 10 % / 5 % |
| 4, 0.85, 1.5 | 0.9894 / 0.9920 | 0.9435 / 0.9500 | 0.8665 | | 4, 0.9, 1.5: 2 % / 0.1 % |
| 4, 0.8, 3 | 0.9907 / 0.9935 | 0.9424 / 0.9500 | 0.8656 | 0.9904 | |
| 8, 0.85, 2 | 0.9900 / 0.9927 | 0.9431 / 0.9498 | 0.8661 | 0.9897 | 31 % / 21 % |
| 16, 0.85, 2 | 0.9897 / 0.9927 | 0.9420 / 0.9490 | 0.8660 | 0.9895 | 48 % / 43 % |
| 32, 0.85, 1.5 | 0.9890 / 0.9920 | 0.9410 / 0.9482 | 0.8658 | 0.9888 | 50 % / 50 % |
| `momentum` | 0.9837 / 0.9878 | 0.9346 / 0.9417 | 0.8635 | | |

Wide matrices want more smoothing, tall ones less; 2 is between. Thirty steps of the long setting flipped none.

**Tried, and left out.** One change of the long setting at a time, the same matrices of 64 x 128 and 128 x 64, 30 and
100 steps. A length that falls linearly in place of the cosine: +0.0014 at 128 x 64 in 30 steps, at most +0.0003
elsewhere; quadratically: the same to 0.0003; as the cosine's square: down to -0.0042. Smoothing that falls as its
share to the power 0.7: at most +0.0003 at 64 x 128, down to -0.0015 at 128 x 64; to 1.5: to -0.0007; to 2: to -0.0013.
Momentum that moves to 0.5: down to -0.0015; to 0.95: down to -0.0007. 30 iterations of row-scaled Procrustes from the
landing (seed 5), which cost as much as the search: at most +0.0001 at 64 x 128, +0.0012 and +0.0001 at 128 x 64.

**Cost.** Five products of k by k by n per step, k = min(out, in), and one Cholesky factor of order k.

Sources: Blake and Zisserman, *Visual Reconstruction*, MIT Press 1987, for graduated non-convexity; the others as in
`momentum.py`.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from kernels.descent.learned import Learned, Settings, search
from kernels.searches.momentum import SECOND_MOMENT, canonical_gradient
from kernels.searches.radam import decay, orthonormal_rows

LONG_STEPS: Mapping[str, float] = {"step_length": 4.0, "momentum": 0.85, "smoothing": 2.0}  # where beta alone counts


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
