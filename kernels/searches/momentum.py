"""Rotations learned by long steps along an averaged gradient: the fastest search here, and on noise the best.

**The iteration.** For V = W R = L F (`learned.py`), G = dbeta/dV and E = L^T G, the canonical gradient on
frames is

    D = E - F E^T F,    M <- mu M + (1 - mu) D,    F <- orth(F + s_t M'),

M' = M / (1 - mu^t) over the root mean square so far of |D|_F, orth the QR retraction of `radam.py`. D is the
gradient of the full rotation R, in the metric of O(n), seen through F = Q^T R: the Euclidean gradient of the frame
weighs its two parts otherwise and lands 0.003 lower. M is not carried to the new point: that costs two products and
gains nothing at these step lengths.

**Step length.** s_t = `STEP_LENGTH` sqrt(k) (1 + cos(pi (t - 1) / steps)) / 2: far longer than |F|_F = sqrt(k), so F is
at first little more than orth(M), and each step solves a Procrustes problem of its own with targets averaged over the
last few; as s_t falls the step becomes a gradient step. On i.i.d. Gaussian 64 x 128 matrices (256 x 512 the same) 25,
50 and 100 steps reach beta = 0.983, 0.986, 0.988; annealed Procrustes in 120 0.977, RAdam in 100 steps of 1.0 0.980.
So **what noise can be lifted is at least 1.237**, 0.987 of Jensen's ceiling, and every smaller figure is a search's.
Not so everywhere: on rotations shared by trained experts it lands up to 0.013 below RAdam where the spectrum of the
stack is uneven (`kernels/benchmarks/README.md`); there `graduated.py` with short steps lands above both.

**Cost.** Five products of k by k by n per step, k = min(out, in), and one Cholesky factor of order k.

Sources: Edelman, Arias and Smith, *The geometry of algorithms with orthogonality constraints*, SIAM J. Matrix Anal.
Appl. 20 (1998), for the canonical metric; Polyak, *Some methods of speeding up the convergence of iteration methods*,
USSR Comput. Math. Math. Phys. 4 (1964).
"""

import math

import torch
from torch import Tensor

from kernels.descent.learned import Learned, Settings, search
from kernels.searches.radam import decay, orthonormal_rows

MOMENTUM = 0.85
STEP_LENGTH = 64.0  # in units of |F|_F / root mean square of |D|_F
SECOND_MOMENT = 0.999


def momentum(w: Tensor, steps: int, start: Tensor) -> Learned:
    """Rotations of `w (b, out, in)` by `steps` steps from `start (in, in)` or `(b, in, in)`, in the dtype of `start`.

    The schedule stretches with `steps`: a shorter run is a coarser search, not the beginning of a longer one. The best
    iterate is kept; the curve need not be monotone. Raises ValueError as `learned.search` does. Limit: a local maximum.
    """
    problem = search(w, start, steps, "momentum")
    average = torch.zeros_like(problem.start)
    square = torch.zeros_like(problem.energy)

    def move(step: int, frame: Tensor, v: Tensor, beta: Tensor) -> Tensor:
        direction = canonical_gradient(frame, problem.gradient(v, beta))
        average.lerp_(direction, 1.0 - MOMENTUM)
        square.mul_(SECOND_MOMENT).add_((1.0 - SECOND_MOMENT) * direction.square().sum((-2, -1)))
        length = STEP_LENGTH * math.sqrt(frame.shape[-2]) * decay("cosine", (step - 1) / steps)
        typical = (square / (1.0 - SECOND_MOMENT**step)).sqrt().clamp_min(torch.finfo(frame.dtype).eps)
        factor = length / ((1.0 - MOMENTUM**step) * typical)
        return orthonormal_rows(frame + factor[:, None, None] * average)

    settings: Settings = {
        "optimiser": "momentum",
        "steps": steps,
        "momentum": MOMENTUM,
        "step_length": STEP_LENGTH,
        "second_moment": SECOND_MOMENT,
        "schedule": "cosine",
    }
    return problem.followed(steps, move, settings)


def canonical_gradient(frame: Tensor, gradient: Tensor) -> Tensor:
    """`E - F E^T F`: the tangent to the frames at F, in the canonical metric, for E = `gradient`; all `(b, k, in)`.

    The skew-symmetric matrix S of `radam.skew_gradient` gives the same direction, -F S.
    """
    tangent: Tensor = torch.baddbmm(gradient, frame @ gradient.mT, frame, alpha=-1.0)
    return tangent
