"""A gauge in the form that bounds its condition: M = U diag(e^s) V, U and V orthogonal, |s_i - s_j| <= ln(most).

With |s_i| at most half of ln(most) the condition number e^(max s - min s) is at most `most` whatever U and V are. That
is what the form promises; `gauge_faults` asks the matrices themselves, so that a gauge made otherwise is seen.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.descent.learned import POLISHES, polished
from kernels.rotations import orthogonality_residual, residual_tolerance

ROUNDING = 1e-9  # relative, of a condition number that is exactly the most allowed


@dataclass(frozen=True)
class GaugeForm:
    """Gauges `(b, n, n)`: left = U and right = V, orthogonal, and logs = s `(b, n)`; float32 or float64."""

    left: Tensor
    logs: Tensor
    right: Tensor

    @property
    def matrix(self) -> Tensor:
        """M = U diag(e^s) V, `(b, n, n)`."""
        m: Tensor = (self.left * self.logs.exp()[:, None, :]) @ self.right
        return m

    @property
    def inverse(self) -> Tensor:
        """M^-1 = V^T diag(e^-s) U^T, `(b, n, n)`: no system is solved."""
        inverse: Tensor = (self.right.mT * (-self.logs).exp()[:, None, :]) @ self.left.mT
        return inverse

    def exact(self) -> "GaugeForm":
        """In float64, U and V orthogonal to 10 n eps again. Raises ValueError where they are too far from it."""
        return GaugeForm(_orthogonal(self.left), self.logs.double(), _orthogonal(self.right))

    def stretched(self, most: float, share: float) -> "GaugeForm":
        """Broken on purpose: the same U and V with s evenly spaced, condition most^(1 + share), above what is allowed.

        Still a gauge with its inverse; a guard that lets it pass does not look at condition numbers.
        """
        n = self.logs.shape[-1]
        half = 0.5 * (1.0 + share) * math.log(most)
        spread = torch.linspace(-half, half, n, dtype=self.logs.dtype, device=self.logs.device)
        return GaugeForm(self.left, spread.expand_as(self.logs), self.right)


def sheared_inverse(inverse: Tensor, share: float) -> Tensor:
    """Broken on purpose: M^-1 (I + share N), N strictly upper triangular and Gaussian, so that it undoes no M any more.

    N is the same for every call, entries of variance 1/n.
    """
    n = inverse.shape[-1]
    noise = torch.randn((n, n), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).triu(1) / n**0.5
    sheared: Tensor = inverse + share * (inverse @ noise.to(inverse))
    return sheared


def condition(gauge: Tensor) -> Tensor:
    """sigma_max / sigma_min of each of `gauge (..., n, n)`, by its singular values in float64: `(...)`, `[-]`."""
    values = torch.linalg.svdvals(gauge.double())
    ratio: Tensor = values[..., 0] / values[..., -1]
    return ratio


def inverse_residual(gauge: Tensor, inverse: Tensor) -> Tensor:
    """`max |M N - I|` of each pair `(..., n, n)`, float64 `(...)`, `[-]`: NaN where either holds NaN or Inf."""
    identity = torch.eye(gauge.shape[-1], dtype=torch.float64, device=gauge.device)
    return (gauge.double() @ inverse.double() - identity).abs().amax((-2, -1))


def gauge_faults(gauge: Tensor, inverse: Tensor, most: float) -> Tensor:
    """How far each pair `(..., n, n)` is from what is allowed, in units of that: float64 `(...)`, sound up to 1.

    The larger of `max |M N - I|` over 10 n eps `most`, and of the condition number over `most`. What is not finite is
    NaN or Inf, above every bound: compare as `fault <= 1`.
    """
    residual = inverse_residual(gauge, inverse) / (residual_tolerance(gauge.shape[-1], torch.float64) * most)
    finite = gauge.isfinite().all(-1).all(-1)
    safe = torch.where(finite[..., None, None], gauge, torch.eye(gauge.shape[-1]).to(gauge))
    beyond = torch.where(finite, condition(safe) / (most * (1.0 + ROUNDING)), math.nan)
    return torch.maximum(residual, beyond)


def _orthogonal(frame: Tensor) -> Tensor:
    n = frame.shape[-1]
    exact = frame.double()
    for _ in range(POLISHES):
        exact = polished(exact)
        residual = orthogonality_residual(exact)
        if bool((residual <= residual_tolerance(n, torch.float64)).all()):
            return exact
    raise ValueError(
        f"GaugeForm.exact: max |U^T U - I| = {residual.max().item():.3g} [-] at n = {n}, expected <="
        f" {residual_tolerance(n, torch.float64):.3g} after {POLISHES} steps; the search diverged, register another one"
    )
