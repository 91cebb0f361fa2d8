"""Matrices with the given entries in another order."""

import torch
from torch import Tensor

from kernels.batch import check_generator


def shuffled_null(w: Tensor, generator: torch.Generator) -> Tensor:
    """Each matrix of `w (..., out, in)` with its entries in a uniformly random order: same shape and dtype.

    Keeps the multiset of entries, so kurtosis, mean, |W|_F and (Sum|w|)^2 / Sum w^2 over the whole matrix; destroys
    their arrangement: rank, uneven rows and columns, codebooks. Not a null for the rank alone: a non-zero mean is kept,
    and with it one large singular value. The permutations are independent. Raises ValueError for an empty, non-floating
    or 1-D input and for a generator on another device. NaN and Inf are moved about like any entry.
    """
    check_generator("shuffled_null", w, generator)
    size = w.shape[-2] * w.shape[-1]
    orders = (torch.randperm(size, device=w.device, generator=generator) for _ in range(w.numel() // size))
    matrices = w.detach().reshape(-1, size)
    return torch.stack([entries[order] for entries, order in zip(matrices, orders, strict=True)]).reshape(w.shape)
