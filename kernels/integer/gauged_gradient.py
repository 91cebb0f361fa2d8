"""The error of a gauged round trip at one point of a search, and its gradient there.

**The error seen through the form.** For M = U diag(e^s) V (`gauged_form.py`) and D = W M - Q(W M) the round trip loses
D M^-1, whose norm is that of E = D V^T diag(e^-s): U drops out. What is lowered is L = |E|^2 / 2.

**The quantiser in the gradient.** Away from ties the whole numbers q of a row do not change, so that D = Y - a q, Y =
W M, is differentiable with q held, and the scale a = max|y| / `largest_level` moves with the row. The derivative of the
largest magnitude is that of one entry, and the next step has another largest one. It is smoothed to that of the 16-norm
over its own size, which pulls at all large entries; the value of the scale is the true one, and so is the error.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.integer.gauged_form import GaugeForm
from kernels.integer.gauged_round_trip import largest_level


@dataclass(frozen=True)
class GaugePoint:
    left: Tensor  # U (b, n, n)
    coordinates: Tensor  # t (b, n)
    right: Tensor  # V (b, n, n)

    def where(self, better: Tensor, other: "GaugePoint") -> "GaugePoint":
        """`other` for the matrices that are `better (b,)`."""
        whole = better[:, None, None]
        return GaugePoint(
            torch.where(whole, other.left, self.left),
            torch.where(better[:, None], other.coordinates, self.coordinates),
            torch.where(whole, other.right, self.right),
        )


@dataclass(frozen=True)
class GaugeProblem:
    rows: Tensor  # W (b, out, n), mean square 1
    bits: int
    half: float  # of the logarithm of the condition that is allowed
    energy: Tensor  # |W|_F^2 (b,)

    def form(self, state: GaugePoint) -> GaugeForm:
        """In float64, s within +-half: float32's tanh may be 1, and its logarithm's half rounds either way."""
        logs = self.half * state.coordinates.double().tanh()
        return GaugeForm(state.left, logs, state.right).exact()

    def error(self, lost: Tensor) -> Tensor:
        return ((lost * lost).sum((-2, -1)) / self.energy).sqrt()

    def of_rotation(self, state: GaugePoint) -> tuple[Tensor, Tensor]:
        """The error `(b,)` with s = 0 and V = I, and dL/dU."""
        lost, levels, pull = _quantised(self.rows @ state.left, self.bits)
        return self.error(lost), self.rows.mT @ _through(lost, levels, pull, self.bits)

    def of_gauge(self, state: GaugePoint) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The error `(b,)`, and dL/dU, dL/dt, dL/dV."""
        tanh = state.coordinates.tanh()
        scale = (self.half * tanh).exp()[:, None, :]
        scaled = (self.rows @ state.left) * scale
        lost, levels, pull = _quantised(scaled @ state.right, self.bits)
        error = (lost @ state.right.mT) / scale
        weighed = error / scale
        into_y = _through(weighed @ state.right, levels, pull, self.bits)
        into_scaled = into_y @ state.right.mT
        into_logs = (into_scaled * scaled).sum(-2) - (error * error).sum(-2)
        return (
            self.error(error),
            self.rows.mT @ (into_scaled * scale),
            into_logs * self.half * (1.0 - tanh * tanh),
            scaled.mT @ into_y + weighed.mT @ lost,
        )


def _quantised(y: Tensor, bits: int) -> tuple[Tensor, Tensor, Tensor]:
    """D = Y - a q, the whole numbers q, and the derivative of the 16-norm over its size, all `(b, out, n)`."""
    largest = y.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(y.dtype).tiny)
    scale = largest / largest_level(bits)
    levels = torch.round(y * scale.reciprocal())
    share = y * largest.reciprocal()
    two = share * share
    four = two * two
    eight = four * four
    pull = eight * four * two * share  # the 15th power has the sign of y
    return y - scale * levels, levels, pull / (pull * share).sum(-1, keepdim=True)


def _through(into_lost: Tensor, levels: Tensor, pull: Tensor, bits: int) -> Tensor:
    """dL/dY from dL/dD: directly, and through the scale of each row."""
    into_scale = (into_lost * levels).sum(-1, keepdim=True) / largest_level(bits)
    return into_lost - into_scale * pull
