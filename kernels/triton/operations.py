"""`TRITON`: the passes of a search fused, in place of `kernels.operations.TORCH`.

The same operations to rounding, on CUDA tensors of dtype float32 or float64. Ask `kernels.triton.available()` first.
"""

from kernels.operations import Operations
from kernels.triton.descent import TritonDescent
from kernels.triton.passes import row_sums, sign_rows
from kernels.triton.products import gram

TRITON = Operations("triton", row_sums, sign_rows, gram, TritonDescent)
