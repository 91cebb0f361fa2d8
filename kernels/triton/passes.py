"""The two passes over V = L F of a search: row sums |v_i|_1, and scale_i sign(v_i).

One program takes one row, block by block: V is read once, and nothing of its size is written but the result. Rows are
counted in int64, since b * out * in may exceed 2^31. The row is added up by an `_add` of its own: `tl.sum` is a kernel
too, and cannot be interpreted where triton was imported to be compiled, as transformers does.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.triton.operands import checked, on_device_of

BLOCK = 2048  # entries of a row in flight; a power of two


def row_sums(v: Tensor) -> Tensor:
    """`|v_i|_1` of each row of `v (b, out, in)`: `(b, out)`, same dtype, to a relative `in` eps.

    Raises ValueError as `operands.checked` does.
    """
    v = checked(v, "triton row_sums")
    b, rows, n = v.shape
    sums = v.new_empty((b, rows))
    with on_device_of(v):
        _row_sums[(b * rows,)](v, sums, n, block=_block(n), enable_fp_fusion=True)
    return sums


def sign_rows(v: Tensor, scale: Tensor) -> Tensor:
    """`scale_i sign(v_i)`, sign(0) = 0, for `v (b, out, in)` and `scale (b, out)` of one dtype: exact, shaped as v.

    Raises ValueError as `operands.checked` does, and for a scale of another shape, dtype or device.
    """
    v = checked(v, "triton sign_rows")
    b, rows, n = v.shape
    if scale.shape != (b, rows) or scale.dtype != v.dtype or scale.device != v.device:
        raise ValueError(
            f"triton sign_rows: scale {scale.dtype} of shape {tuple(scale.shape)} on {scale.device}, expected {v.dtype}"
            f" of shape {(b, rows)} on {v.device}; pass one factor a row"
        )
    signs = torch.empty_like(v)
    with on_device_of(v):
        _sign_rows[(b * rows,)](v, scale.detach().contiguous(), signs, n, block=_block(n), enable_fp_fusion=True)
    return signs


@triton.jit  # type: ignore[untyped-decorator]
def _add(a: tl.tensor, b: tl.tensor) -> tl.tensor:
    return a + b


def _block(n: int) -> int:
    return int(min(BLOCK, triton.next_power_of_2(n)))


@triton.jit  # type: ignore[untyped-decorator]
def _row_sums(v: tl.tensor, sums: tl.tensor, n: int, block: tl.constexpr) -> None:
    row = tl.program_id(0).to(tl.int64)
    total = tl.full((block,), 0.0, v.dtype.element_ty)
    for start in range(0, n, block):
        columns = start + tl.arange(0, block)
        total += tl.abs(tl.load(v + row * n + columns, mask=columns < n, other=0.0))
    tl.store(sums + row, tl.reduce(total, 0, _add))


@triton.jit  # type: ignore[untyped-decorator]
def _sign_rows(v: tl.tensor, scale: tl.tensor, signs: tl.tensor, n: int, block: tl.constexpr) -> None:
    row = tl.program_id(0).to(tl.int64)
    factor = tl.load(scale + row)
    for start in range(0, n, block):
        columns = start + tl.arange(0, block)
        entries = tl.load(v + row * n + columns, mask=columns < n, other=0.0)
        sign = (entries > 0.0).to(entries.dtype) - (entries < 0.0).to(entries.dtype)
        tl.store(signs + row * n + columns, factor * sign, mask=columns < n)
