"""A gauge learned for the round trip of `gauged_round_trip.py`: first a rotation, then whatever else condition allows.

**The iteration.** U and V move along the averaged canonical gradient over its typical size, as in
`kernels/searches/momentum.py`, with step lengths that fall by a cosine. t moves alike; s = ln(most) tanh(t) / 2, so
that cond(M) <= most. First the *orthogonal* search, U alone with s = 0 and V = I; then all three from the best U. So a
gauge is never worse than the rotation that it came from, and what it gains is what condition buys.

**Choice of settings**, on Gaussian stacks 512 x 128 and 1024 x 64 and planted ones of the same sizes, 40 + 40 steps: a
momentum of 0.8 lands up to 0.02 of the Haar error below 0.9; the 16-norm up to 0.035 below the 8-norm for rotations;
rotation lengths 0.25 to 1 and spectrum lengths 0.05 to 0.2 differ by 0.02 at most. A gauge length of 0.06 is best for
INT4, of 0.25 to 0.5 for planted INT2; 0.12 is between.

float32 is enough: only the error of what is found is asked, and that is computed in float64. Another processor may find
another gauge of nearly the same error (`kernels/searches/graduated.py` says why): one ulp of the weights moves what is
saved of a layer's INT4 error by up to 0.02 on planted grids and 0.004 on noise, of its INT2 error by 1e-4.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from kernels.batch import check_matrices
from kernels.integer.gauged_form import GaugeForm
from kernels.integer.gauged_gradient import GaugePoint, GaugeProblem
from kernels.rotations import ROTATION_DTYPES, require_orthogonal
from kernels.searches.momentum import canonical_gradient
from kernels.searches.radam import decay, orthonormal_rows

SECOND_MOMENT = 0.999


@dataclass(frozen=True)
class GaugeBudget:
    """How long and how fast: step lengths in units of sqrt(n), for matrices and for the spectrum's coordinates."""

    rotation_steps: int
    gauge_steps: int
    rotation_length: float
    gauge_length: float
    spectrum_length: float
    momentum: float
    condition: float  # most that a gauge may have [-]


@dataclass(frozen=True)
class LearnedGauge:
    """The best rotation and the best gauge of each stack, exact; and the error of every iterate, `(steps + 1, b)`."""

    rotation: GaugeForm
    gauge: GaugeForm
    curve: Tensor


def learned_gauge(
    w: Tensor, bits: int, start: Tensor, budget: GaugeBudget, go_on: Callable[[], None] = lambda: None
) -> LearnedGauge:
    """Gauges of `w (b, out, in)` from the rotation `start (in, in)`, in the dtype of `start`; each matrix has its own.

    A gauge shared by several matrices is learned on their rows stacked into one. `go_on` is asked before each step.
    Raises ValueError for other shapes, for a start that is not orthogonal, for zero or non-finite weights and for a
    budget without steps, or with a condition below 1.
    """
    _check(w, start, budget)
    rows = w.detach().double()
    rows = (rows / rows.square().mean((-2, -1), keepdim=True).sqrt()).to(start.dtype)
    b, _, n = rows.shape
    identity = torch.eye(n, dtype=start.dtype, device=start.device).expand(b, n, n)
    state = GaugePoint(start.detach().expand(b, n, n), torch.zeros_like(rows[:, 0]), identity)
    problem = GaugeProblem(rows, bits, 0.5 * math.log(budget.condition), rows.square().sum((-2, -1)))
    rotation = _descend(problem, state, budget, go_on, free=False)
    gauge = _descend(problem, rotation.best, budget, go_on, free=True)
    curve = torch.stack(rotation.curve + gauge.curve[1:]).double()
    return LearnedGauge(problem.form(rotation.best), problem.form(gauge.best), curve)


@dataclass
class _Averaged:
    """The averaged gradient of one part over its typical size: where a step of a given length goes."""

    momentum: float
    average: Tensor
    square: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.square = torch.zeros_like(self.average.flatten(1)[:, 0])

    def step(self, gradient: Tensor, number: int, length: float) -> Tensor:
        self.average.lerp_(gradient, 1.0 - self.momentum)
        self.square.mul_(SECOND_MOMENT).add_((1.0 - SECOND_MOMENT) * (gradient * gradient).flatten(1).sum(-1))
        typical = (self.square / (1.0 - SECOND_MOMENT**number)).sqrt().clamp_min(torch.finfo(gradient.dtype).tiny)
        factor = length / ((1.0 - self.momentum**number) * typical)
        return -factor.reshape(-1, *[1] * (gradient.ndim - 1)) * self.average


@dataclass
class _Followed:
    best: GaugePoint
    least: Tensor
    curve: list[Tensor]

    def offer(self, state: GaugePoint, error: Tensor) -> None:
        self.curve.append(error)
        better = error < self.least
        self.best, self.least = self.best.where(better, state), torch.where(better, error, self.least)


def _descend(
    problem: GaugeProblem, state: GaugePoint, budget: GaugeBudget, go_on: Callable[[], None], *, free: bool
) -> _Followed:
    """`free`: all of U, s and V move; else U alone, V being the identity and s zero."""
    steps, length = (
        (budget.gauge_steps, budget.gauge_length) if free else (budget.rotation_steps, budget.rotation_length)
    )
    root = math.sqrt(state.left.shape[-1])
    left, spectrum, right = (
        _Averaged(budget.momentum, torch.zeros_like(part)) for part in (state.left, state.coordinates, state.right)
    )
    followed = _Followed(state, torch.full_like(problem.rows[:, 0, 0], math.inf), [])
    for number in range(1, steps + 2):
        go_on()
        share = decay("cosine", (number - 1) / steps)
        if not free:
            error, into_left = problem.of_rotation(state)
        else:
            error, into_left, into_spectrum, into_right = problem.of_gauge(state)
        followed.offer(state, error)
        if number > steps:
            break
        tangent = canonical_gradient(state.left, into_left)
        moved = orthonormal_rows(state.left + left.step(tangent, number, share * length * root))
        if not free:
            state = GaugePoint(moved, state.coordinates, state.right)
            continue
        turned = canonical_gradient(state.right, into_right)
        state = GaugePoint(
            moved,
            state.coordinates + spectrum.step(into_spectrum, number, share * budget.spectrum_length * root),
            orthonormal_rows(state.right + right.step(turned, number, share * length * root)),
        )
    return followed


def _check(w: Tensor, start: Tensor, budget: GaugeBudget) -> None:
    check_matrices(w, "learned_gauge")
    n = w.shape[-1]
    if w.ndim != 3 or start.shape != (n, n) or start.dtype not in ROTATION_DTYPES or start.device != w.device:  # noqa: PLR2004
        raise ValueError(
            f"learned_gauge: weights {tuple(w.shape)} on {w.device} and start {start.dtype} {tuple(start.shape)} on"
            f" {start.device}, expected (b, out, in) and a float32 or float64 (in, in) on one device"
        )
    require_orthogonal(start, "learned_gauge: start")
    if min(budget.rotation_steps, budget.gauge_steps) < 1 or not 1.0 <= budget.condition < math.inf:
        raise ValueError(
            f"learned_gauge: {budget.rotation_steps} + {budget.gauge_steps} steps to a condition of"
            f" {budget.condition:g}, expected at least 1 of each; pass the registered budget"
        )
    energies = w.detach().double().square().sum((-2, -1))
    failing = ~((energies > 0.0) & energies.isfinite())
    if bool(failing.any()):
        at = int(failing.nonzero()[0])
        raise ValueError(
            f"learned_gauge: matrix {at} has energy {energies[at].item():g}, expected finite and above 0; re-read it"
        )
