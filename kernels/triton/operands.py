"""What a kernel may be handed: the checks and the layout shared by the operations."""

from contextlib import AbstractContextManager

import torch
import triton
from torch import Tensor

DTYPES = (torch.float32, torch.float64)
INTERPRETED = bool(triton.knobs.runtime.interpret)  # read once, as `triton.jit` does where a kernel is defined


def checked(x: Tensor, where: str) -> Tensor:
    """`x (b, m, n)`, contiguous and without its history; a copy only where it was not contiguous.

    Raises ValueError unless x is a non-empty float32 or float64 batch on a CUDA device (any device if interpreted).
    """
    if x.dtype not in DTYPES or x.ndim != 3 or x.numel() == 0:  # noqa: PLR2004
        raise ValueError(
            f"{where}: {x.dtype} of shape {tuple(x.shape)}, expected float32 or float64 of shape (b, m, n) with every"
            " axis >= 1; cast or reshape it"
        )
    if not (x.is_cuda or INTERPRETED):
        raise ValueError(
            f"{where}: tensor on {x.device}, expected one on a CUDA device; move it or use kernels.operations.TORCH"
        )
    return x.detach().contiguous()


def on_device_of(x: Tensor) -> AbstractContextManager[None]:
    """Makes the device of x the current one, which is where Triton launches; nothing for a CPU tensor."""
    context: AbstractContextManager[None] = torch.cuda.device_of(x)  # type: ignore[no-untyped-call]
    return context
