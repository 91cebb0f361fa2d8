"""Rectified Adam on a skew-symmetric A in one pass: `torch.optim.RAdam` from A = 0, on the upper triangle only.

With the gradient G = P^T - P, decays (b1, b2), step number t and

    M <- M + (1 - b1) (G - M),    V <- b2 V + (1 - b2) G^2,    c1 = 1 - b1^t,    c2 = 1 - b2^t,
    rho_inf = 2 / (1 - b2) - 1,    rho_t = rho_inf - 2 t b2^t / c2,

    A = -s M / c1                                                      for rho_t <= 5,
    A = -s M r sqrt(c2) / (c1 (sqrt(V) + epsilon))                     for rho_t > 5,
    r^2 = (rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t),

entry by entry. G, M and A are skew-symmetric and V is symmetric, so a program takes the tiles (i, j) and (j, i) of P,
i <= j, keeps the moments of tile (i, j) alone, and stores A_rc with its opposite at (c, r): skew bit by bit, half the
moments. Source: Liu et al., *On the variance of the adaptive learning rate and beyond*, ICLR 2020.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.triton.operands import checked, on_device_of

TILE = 32  # rows and columns of A that one program moves; a power of two
RECTIFIABLE = 5.0  # rho_t above which torch.optim.RAdam rectifies


class TritonDescent:
    """Rectified Adam on A `(b, n, n)`, with its moments kept as the tiles on and above the diagonal."""

    def __init__(
        self, shape: tuple[int, int, int], like: Tensor, moment_decay: tuple[float, float], epsilon: float
    ) -> None:
        """Zero moments for A of `shape (b, n, n)` in the dtype, on the device of `like`; ValueError if not square."""
        b, n, columns = shape
        if n != columns:
            raise ValueError(f"triton descent: shape {tuple(shape)}, expected (b, n, n); pass the shape of A")
        self.shape, self.moment_decay, self.epsilon = shape, moment_decay, epsilon
        self.tile, self.tiles, self.steps = TILE, int(triton.cdiv(n, TILE)), 0
        packed = (b, self.tiles * (self.tiles + 1) // 2, self.tile, self.tile)
        self.first = torch.zeros(packed, dtype=like.dtype, device=like.device)
        self.second = torch.zeros_like(self.first)

    def move(self, product: Tensor, step_size: float) -> Tensor:
        """The A that one step with the gradient `P^T - P`, `product (b, n, n)`, leads to from 0: exactly skew.

        Raises ValueError as `operands.checked` does, and for a product of another shape, dtype or device than A.
        """
        product = checked(product, "triton descent")
        if product.shape != self.shape or product.dtype != self.first.dtype or product.device != self.first.device:
            raise ValueError(
                f"triton descent: product {product.dtype} of shape {tuple(product.shape)} on {product.device}, expected"
                f" {self.first.dtype} of shape {tuple(self.shape)} on {self.first.device}; pass F^T (L^T G)"
            )
        self.steps += 1
        factor, rectified = step_factor(self.steps, self.moment_decay)
        b, n, _ = self.shape
        moved = torch.empty_like(product)
        with on_device_of(product):
            _move[(b * self.tiles * self.tiles,)](
                product,
                moved,
                self.first,
                self.second,
                n,
                self.tiles,
                step_size * factor,
                first_weight=1.0 - self.moment_decay[0],
                second_decay=self.moment_decay[1],
                second_weight=1.0 - self.moment_decay[1],
                epsilon=self.epsilon,
                rectified=rectified,
                tile=self.tile,
                enable_fp_fusion=True,
            )
        return moved


def step_factor(step: int, moment_decay: tuple[float, float]) -> tuple[float, bool]:
    """What the step size is multiplied by at `step` >= 1, and whether the step is rectified, as in torch.optim.RAdam:
    `r sqrt(c2) / c1` and True where rho_t > 5, else `1 / c1` and False."""
    first, second = moment_decay
    first_correction, second_correction = 1.0 - first**step, 1.0 - second**step
    longest = 2.0 / (1.0 - second) - 1.0
    length = longest - 2.0 * step * second**step / second_correction
    if not length > RECTIFIABLE:
        return 1.0 / first_correction, False
    rectification = (length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)
    return math.sqrt(rectification * second_correction) / first_correction, True


@triton.jit  # type: ignore[untyped-decorator]
def _move(  # noqa: PLR0913, PLR0917
    product: tl.tensor,
    moved: tl.tensor,
    first: tl.tensor,
    second: tl.tensor,
    n: int,
    tiles: int,
    size: tl.float64,  # a plain Python number would arrive as float32
    first_weight: tl.constexpr,
    second_decay: tl.constexpr,
    second_weight: tl.constexpr,
    epsilon: tl.constexpr,
    rectified: tl.constexpr,
    tile: tl.constexpr,
) -> None:
    program = tl.program_id(0)
    i = program // tiles % tiles
    j = program % tiles
    if i > j:
        return
    matrix = (program // (tiles * tiles)).to(tl.int64)
    rows = i.to(tl.int64) * tile + tl.arange(0, tile)
    columns = j.to(tl.int64) * tile + tl.arange(0, tile)
    product += matrix * n * n
    moved += matrix * n * n
    entries = rows[:, None] * n + columns[None, :]
    mirrors = columns[:, None] * n + rows[None, :]
    above = tl.load(product + entries, mask=(rows < n)[:, None] & (columns < n)[None, :], other=0.0)
    below = tl.load(product + mirrors, mask=(columns < n)[:, None] & (rows < n)[None, :], other=0.0)
    gradient = tl.trans(below) - above

    pair = matrix * (tiles * (tiles + 1) // 2) + j * (j + 1) // 2 + i
    corner = tl.arange(0, tile)
    kept = pair * tile * tile + corner[:, None] * tile + corner[None, :]
    mean = tl.load(first + kept)
    mean += first_weight * (gradient - mean)
    tl.store(first + kept, mean)
    square = tl.load(second + kept)
    square = second_decay * square + second_weight * gradient * gradient
    tl.store(second + kept, square)

    a = -mean * tl.full((), size, mean.dtype)
    if rectified:
        a = a / (tl.sqrt(square) + epsilon)
    upper = (rows[:, None] <= columns[None, :]) & (columns < n)[None, :]
    lower = (columns[:, None] >= rows[None, :]) & (columns < n)[:, None]
    tl.store(moved + entries, a, mask=upper)
    tl.store(moved + mirrors, -tl.trans(a), mask=lower)
