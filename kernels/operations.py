"""The passes over memory between a search's matrix products: how torch states them, and who may fuse them.

A step of `radam` is products, which the vendor's BLAS does best, and elementwise passes over their operands, which on a
GPU are bound by memory. Each pass has its plain definition here, `TORCH`; `kernels/triton` holds the same passes fused,
to be chosen where a profile says that they pay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class SkewDescent(Protocol):
    """Rectified Adam on skew-symmetric A `(b, n, n)`, from A = 0 at every step; its moments are carried along."""

    def move(self, product: Tensor, step_size: float) -> Tensor:
        """The A that one step with the gradient `skew_gradient(product)`, `(b, n, n)`, leads to from 0."""
        ...


@dataclass(frozen=True)
class Operations:
    """One way to compute the passes.

    row_sums: `v (b, out, in)` -> `|v_i|_1` of each row, `(b, out)`, same dtype.
    sign_rows: `(v (b, out, in), scale (b, out))` -> `scale_i sign(v_i)`, sign(0) = 0, shape and dtype of v.
    gram: `x (b, k, n)` -> `X X^T`, `(b, k, k)`, symmetric up to rounding.
    descent: `(shape (b, n, n), like, moment_decay, epsilon)` -> a `SkewDescent` in the dtype, on the device of `like`.
    """

    name: str
    row_sums: Callable[[Tensor], Tensor]
    sign_rows: Callable[[Tensor, Tensor], Tensor]
    gram: Callable[[Tensor], Tensor]
    descent: Callable[[tuple[int, int, int], Tensor, tuple[float, float], float], SkewDescent]


class TorchDescent:
    """`torch.optim.RAdam` on the whole of A."""

    def __init__(
        self, shape: tuple[int, int, int], like: Tensor, moment_decay: tuple[float, float], epsilon: float
    ) -> None:
        self.chart = torch.zeros(shape, dtype=like.dtype, device=like.device).requires_grad_()
        self.optimiser = torch.optim.RAdam([self.chart], betas=moment_decay, eps=epsilon, weight_decay=0.0)

    def move(self, product: Tensor, step_size: float) -> Tensor:
        self.chart.grad = skew_gradient(product)
        self.optimiser.param_groups[0]["lr"] = step_size
        with torch.no_grad():
            self.chart.zero_()  # re-base: the optimiser's step is then the new A itself
            self.optimiser.step()
        return self.chart.detach()


def skew_gradient(product: Tensor) -> Tensor:
    """`P^T - P`, skew-symmetric `(b, n, n)`: for P = F^T (L^T G), with frame F and `Search.gradient` L^T G, it is the
    gradient of -beta at A = 0 with respect to A (V^T G = F^T L^T G for V = L F)."""
    return product.mT - product


def row_sums(v: Tensor) -> Tensor:
    return v.abs().sum(-1)


def sign_rows(v: Tensor, scale: Tensor) -> Tensor:
    return v.sign() * scale[..., None]


def gram(x: Tensor) -> Tensor:
    return x @ x.mT


TORCH = Operations("torch", row_sums, sign_rows, gram, TorchDescent)
