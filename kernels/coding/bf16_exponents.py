"""How often each exponent occurs in bf16 matrices."""

import math

import torch
from torch import Tensor

from kernels.closed_forms.exponent_law import EXPONENTS, MANTISSA


def exponent_counts(w: Tensor) -> Tensor:
    """How often each of the 256 exponents occurs: `(…, out, in)` in bf16 -> `(…, 256)` int64.

    Raises `ValueError` for another dtype: only of bf16 are 8 of 16 bits an exponent.
    """
    if w.dtype != torch.bfloat16:
        raise ValueError(f"exponent_counts: weights are {w.dtype}, expected torch.bfloat16")
    matrices = w.reshape(-1, w.shape[-2] * w.shape[-1])
    counts = torch.empty(len(matrices), EXPONENTS, dtype=torch.int64, device=w.device)
    for row, matrix in zip(counts, matrices, strict=True):  # one at a time: the codes are held in int64
        codes = (matrix.view(torch.int16) >> MANTISSA).bitwise_and(EXPONENTS - 1)
        row.copy_(torch.bincount(codes.long(), minlength=EXPONENTS))
    return counts.reshape(*w.shape[:-2], EXPONENTS)


def exponent_entropy(counts: Tensor) -> Tensor:
    """The entropy of each row of counts, float64 [bits]: `(…, 256)` -> `(…)`."""
    shares = counts.double() / counts.sum(-1, keepdim=True)
    entropy: Tensor = torch.special.entr(shares).sum(-1) / math.log(2.0)
    return entropy


def commonest_share(counts: Tensor, count: int) -> Tensor:
    """The share of weights that have one of their matrix's `count` commonest exponents: `(…, 256)` -> `(…)`."""
    return counts.topk(count, dim=-1).values.sum(-1).double() / counts.sum(-1)
