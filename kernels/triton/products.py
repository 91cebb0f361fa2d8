"""The Gram matrix X X^T, of which only the lower triangle is computed.

Tile (i, j) with i >= j is the sum over blocks of columns of X_i X_j^T, in IEEE float32 (no TF32: the Cholesky factor
taken of it needs all 24 bits). Every entry on or below the diagonal is stored twice, at (r, c) and (c, r): the result
is symmetric bit by bit.

float64 is left to torch: a matrix product is the vendor's to win, and half of it is not worth a second kernel for a
precision that a search uses on small problems only. Its lower triangle is mirrored as well.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.triton.operands import checked, on_device_of

TILE = 64  # rows and columns of the result that one program computes; a power of two, at least 16 for `tl.dot`
DEPTH = 32  # columns of X in flight; likewise


def gram(x: Tensor) -> Tensor:
    """`X X^T` of `x (b, k, n)`: `(b, k, k)`, same dtype, exactly symmetric, within n eps |X| |X|^T.

    Raises ValueError as `operands.checked` does.
    """
    x = checked(x, "triton gram")
    if x.dtype == torch.float64:
        product = x @ x.mT
        return product.tril() + product.tril(-1).mT
    b, k, n = x.shape
    tiles = int(triton.cdiv(k, TILE))
    product = x.new_empty((b, k, k))
    with on_device_of(x):
        _gram[(b * tiles * tiles,)](x, product, k, n, tiles, tile=TILE, depth=DEPTH, enable_fp_fusion=True)
    return product


@triton.jit  # type: ignore[untyped-decorator]
def _gram(  # noqa: PLR0913, PLR0917
    x: tl.tensor, product: tl.tensor, k: int, n: int, tiles: int, tile: tl.constexpr, depth: tl.constexpr
) -> None:
    program = tl.program_id(0)
    i = program // tiles % tiles
    j = program % tiles
    if j > i:
        return
    matrix = (program // (tiles * tiles)).to(tl.int64)
    rows = i.to(tl.int64) * tile + tl.arange(0, tile)
    columns = j.to(tl.int64) * tile + tl.arange(0, tile)
    x += matrix * k * n
    product += matrix * k * k
    total = tl.full((tile, tile), 0.0, x.dtype.element_ty)
    for start in range(0, n, depth):
        inner = start + tl.arange(0, depth)
        within = (inner < n)[None, :]
        left = tl.load(x + rows[:, None] * n + inner[None, :], mask=(rows < k)[:, None] & within, other=0.0)
        right = tl.load(x + columns[:, None] * n + inner[None, :], mask=(columns < k)[:, None] & within, other=0.0)
        total = tl.dot(left, tl.trans(right), total, input_precision="ieee")
    lower = (rows[:, None] >= columns[None, :]) & (rows < k)[:, None]
    mirrored = (columns[:, None] <= rows[None, :]) & (rows < k)[None, :]
    tl.store(product + rows[:, None] * k + columns[None, :], total, mask=lower)
    tl.store(product + columns[:, None] * k + rows[None, :], tl.trans(total), mask=mirrored)
