"""Rotations learned by gradient: Rectified Adam (that of `torch.optim.RAdam`) in a frame that moves with the rotation.

**Chart.** R = R_t orth(I + A) with A skew-symmetric; after each step R_t moves to the point reached and A returns to 0
(dynamic trivialisation with period 1), so the chart is only used where it is nearly an isometry. orth is the factor
with orthonormal rows of F (I + A), by a Cholesky factor of its Gram matrix I - F A^2 F^T, whose eigenvalues are at
least 1. At A = 0 its derivative is that of the Cayley and of the exponential chart, hence
for a function f of V = W R

    grad_A f = V^T G - G^T V,    G = df/dV,

and no derivative of a matrix inverse is needed. Landings agree with the Cayley chart's within 5e-4, at half the cost or
less: for out < in the frame F = Q^T R alone is moved (`learned.py`), and nothing of order in^3 remains. The
moments of the optimiser are coordinates of A in the frame that moves with R (output columns), and are carried over
unchanged. That matters: moments kept in fixed coordinates and projected at each step land 0.007 lower on Gaussian
64 x 128 matrices.

**Loss.** -beta, which is O(1) for any W. The sum over the batch: every step is elementwise, so matrices do not mix.

**Its steps** are `torch.optim.RAdam`'s, in half as many passes over A: torch scales each entry by every factor in turn,
here the factors that all entries share are one number, which goes into the product F A. A test compares the two.

**Rectified, not Riemannian.** In its first five steps RAdam takes plain momentum steps, tiny for entries of this size;
from then on each entry of A moves by about `step_size` times the rectification (0.01 at first, 0.3 after 200 steps), in
radians of the plane of two columns.

Sources: Liu et al., *On the variance of the adaptive learning rate and beyond*, ICLR 2020; Lezcano-Casado,
*Trivializations for gradient-based optimization on manifolds*, NeurIPS 2019.
"""

import math

import torch
from torch import Tensor

from kernels.descent.learned import Learned, Settings, search

MOMENT_DECAY = (0.9, 0.999)  # the defaults of torch.optim.RAdam, written down because they are part of a budget
EPSILON = 1e-8
SCHEDULES = ("constant", "cosine")
CHART = "orth_rebased"  # the only one
SHORTEST = 5.0  # average of second moments that is rectified, as in torch.optim.RAdam
ONE_PASS = 30.0  # condition at which one pass leaves 1e-4 in float32


def radam(  # noqa: PLR0913
    w: Tensor,
    steps: int,
    start: Tensor,
    *,
    step_size: float,
    schedule: str = "cosine",
    chart: str = CHART,
    moment_decay: tuple[float, float] = MOMENT_DECAY,
    epsilon: float = EPSILON,
) -> Learned:
    """Rotations of `w (b, out, in)` by `steps` steps from `start (in, in)` or `(b, in, in)`, in the dtype of `start`.

    Step t = 1 ... steps has size `step_size`, or under "cosine" `step_size (1 + cos(pi (t - 1) / steps)) / 2`: the
    schedule stretches with `steps`. The best iterate is kept, so a step that is too large costs a rise of the curve and
    not the result. On Gaussian 64 x 128 matrices 100 steps of 1.0 under "cosine" reach beta = 0.980, of 0.1 0.965, of
    0.03 about 0.96: **the step size decides where the search ends**, not only how fast. Four products of `in` by `out`
    by `out` or `in` per step and matrix. Raises ValueError for step_size <= 0 or not finite, an unknown schedule or
    chart, and as `learned.search` does. Limit: a local maximum, and the budget is part of what is measured.
    """
    if not (step_size > 0.0 and math.isfinite(step_size)):
        raise ValueError(f"radam: step_size is {step_size}, expected finite and > 0; pass the registered step size")
    if schedule not in SCHEDULES:
        raise ValueError(f"radam: schedule is {schedule!r}, expected one of {', '.join(SCHEDULES)}")
    if chart != CHART:
        raise ValueError(f"radam: chart is {chart!r}, expected {CHART}")
    problem = search(w, start, steps, "radam")
    n = problem.start.shape[-1]
    descent = SkewDescent((len(w), n, n), problem.start, moment_decay, epsilon)

    def move(step: int, frame: Tensor, v: Tensor, beta: Tensor) -> Tensor:
        product = frame.mT @ problem.gradient(v, beta)
        a, scale = descent.move(product, step_size * decay(schedule, (step - 1) / steps))
        return orthonormal_rows(torch.baddbmm(frame, frame, a, alpha=scale))

    settings: Settings = {
        "optimiser": "radam",
        "steps": steps,
        "step_size": step_size,
        "schedule": schedule,
        "chart": "orth(I + A), re-based every step",
        "moment_decay": str(moment_decay),
        "epsilon": epsilon,
    }
    return problem.followed(steps, move, settings)


class SkewDescent:
    """The steps of Rectified Adam on skew-symmetric A `(b, n, n)`, from A = 0 each; its moments are carried along."""

    def __init__(
        self, shape: tuple[int, int, int], like: Tensor, moment_decay: tuple[float, float], epsilon: float
    ) -> None:
        self.decays, self.epsilon, self.step = moment_decay, epsilon, 0
        self.mean = torch.zeros(shape, dtype=like.dtype, device=like.device)
        self.square = torch.zeros_like(self.mean)
        self._out = torch.empty_like(self.mean)

    def move(self, product: Tensor, step_size: float) -> tuple[Tensor, float]:
        """A step with the gradient g = `skew_gradient(product)`, `(b, n, n)`, leads from 0 to `scale` times the matrix
        returned, which the next step overwrites.

        m = d1 m + (1 - d1) g, s = d2 s + (1 - d2) g^2, A = -step_size r m sqrt(1 - d2^t) / ((1 - d1^t) (sqrt(s) + eps))
        with r = `rectification`, and A = -step_size m / (1 - d1^t) in the first steps, which have none.
        """
        self.step += 1
        d1, d2 = self.decays
        gradient = skew_gradient(product)
        self.mean.lerp_(gradient, 1.0 - d1)
        self.square.mul_(d2).addcmul_(gradient, gradient, value=1.0 - d2)
        scale = -step_size / (1.0 - d1**self.step)
        rectified = rectification(self.step, d2)
        if rectified is None:
            return self.mean, scale
        torch.sqrt(self.square, out=self._out).add_(self.epsilon)
        a = torch.div(self.mean, self._out, out=self._out)
        return a, scale * rectified * math.sqrt(1.0 - d2**self.step)


def rectification(step: int, decay: float) -> float | None:
    """The factor `[-]` on step t = 1, 2, ... for second moments of that decay; None where their variance is not finite.

    sqrt((p - 4) (p - 2) q / ((q - 4) (q - 2) p)) for p = q - 2 t d^t / (1 - d^t) > 5, q = 2 / (1 - d) - 1.
    """
    longest = 2.0 / (1.0 - decay) - 1.0
    length = longest - 2.0 * step * decay**step / (1.0 - decay**step)
    if length <= SHORTEST:
        return None
    return math.sqrt((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))


def skew_gradient(product: Tensor) -> Tensor:
    """`P^T - P`, skew-symmetric `(b, n, n)`: for P = F^T (L^T G), with frame F and `Search.gradient` L^T G, it is the
    gradient of -beta at A = 0 with respect to A (V^T G = F^T L^T G for V = L F)."""
    return product.mT - product


def orthonormal_rows(x: Tensor) -> Tensor:
    """`C^-1 X` with `X X^T = C C^T`, C lower triangular: orthonormal rows for `x (b, k, n)`, the QR retraction.

    One pass is accurate to eps cond(X)^2. The diagonal of C bounds the condition from below: beyond `ONE_PASS` the pass
    is repeated (Yamamoto et al., *Roundoff error analysis of the CholeskyQR2 algorithm*, ETNA 44 (2015)), and rows that
    are dependent to rounding are taken by Householder reflections instead.
    """
    factor, failed = torch.linalg.cholesky_ex(x @ x.mT)
    diagonal = factor.diagonal(dim1=-2, dim2=-1)
    spread = diagonal.amax(-1) / diagonal.amin(-1)
    rows: Tensor = torch.linalg.solve_triangular(factor, x, upper=False)
    repeat = ~(spread <= ONE_PASS) & (failed == 0)  # written so that NaN is repeated
    if bool(repeat.any()):
        again, failed_again = torch.linalg.cholesky_ex(rows[repeat] @ rows[repeat].mT)
        rows[repeat] = torch.linalg.solve_triangular(again, rows[repeat], upper=False)
        failed[repeat] = failed_again
    for i in failed.nonzero().flatten().tolist():
        q, r = torch.linalg.qr(x[i].mT)
        rows[i] = (q * torch.where(r.diagonal() < 0.0, -1.0, 1.0).to(q.dtype)).mT
    return rows


def decay(schedule: str, share: float) -> float:
    """The factor on the step size after `share` of the steps, `[-]`."""
    return 0.5 * (1.0 + math.cos(math.pi * share)) if schedule == "cosine" else 1.0
