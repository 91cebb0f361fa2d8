"""The passes of `kernels/operations.py` fused in Triton: each reads its operand once and writes its result once.

On a GPU an elementwise pass is bound by memory, and torch's definitions make several: `v.abs().sum(-1)` writes |V| and
reads it again, and a step of `torch.optim.RAdam` on A makes about ten passes over A and its moments. Whether fusing
pays is for a profile to say, hence `kernels.triton.operations.TRITON` is offered and never chosen here. Triton is an
optional dependency: this module can be imported without it, the others cannot. No derivatives: inputs are detached.
"""

from importlib.util import find_spec

import torch


def library_absent() -> str | None:
    """Why the other modules of this package cannot be imported, in one line; None where they can."""
    if find_spec("triton") is None:
        return (
            "triton-absent: the library triton is not installed; install the optional dependencies [triton], on Linux"
        )
    return None


def available() -> str | None:
    """Why `TRITON` cannot be used here, in one line beginning `triton-absent:` or `cuda-absent:`; None where it can."""
    if (reason := library_absent()) is not None:
        return reason
    if not torch.cuda.is_available():
        return "cuda-absent: torch sees no CUDA device, which Triton compiles for; use kernels.operations.TORCH"
    return None
