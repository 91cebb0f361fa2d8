"""A Hadamard rotation of the input side in n log n additions, and what tells that it is a rotation."""

import math

import torch
from torch import Tensor

from kernels.rotations import hadamard_matrix, orthogonality_residual, residual_tolerance

MOST_ROWS = 1024  # of a rotation whose products are looked at: 0.3 s at n = 2048


def hadamard_block(n: int) -> int:
    """The largest power of two that divides n. Raises `ValueError` where that is 1: a rotation by it does nothing."""
    block = n & -n
    if block <= 1:
        raise ValueError(
            f"hadamard_block: the width is {n}, expected an even one: blocks of 1 would rotate nothing; "
            "leave such matrices out"
        )
    return block


def walsh_hadamard(w: Tensor) -> Tensor:
    """`W R` for `w (..., in)`, float64: R has blocks H / √b of the order b = `hadamard_block(in)`, H Sylvester's.

    Additions and subtractions alone, in one order, and one product at the end: the same on every processor. H is
    symmetric, so that this is its own inverse. The plain definition is `hadamard_rotation`, whose product takes 2.6
    times as long at 1024 × 2048 (a seventh at 64 × 128) and has other last bits on another processor.
    """
    block = hadamard_block(w.shape[-1])
    x = w.double().reshape(-1, block).mT.contiguous()  # one input of all rows after another: each sum is one long one
    other, half = torch.empty_like(x), 1
    while half < block:
        pairs, into = (one.view(block // (2 * half), 2, half, -1) for one in (x, other))
        torch.add(pairs[:, 0], pairs[:, 1], out=into[:, 0])
        torch.sub(pairs[:, 0], pairs[:, 1], out=into[:, 1])
        x, other, half = other, x, 2 * half
    rotated: Tensor = (x.mT * (1.0 / math.sqrt(block))).reshape(w.shape)
    return rotated


def hadamard_rotation(n: int) -> Tensor:
    """The plain definition, `(n, n)` float64: blocks H / √b along the diagonal."""
    block = hadamard_block(n)
    one = hadamard_matrix(block).double() / math.sqrt(block)
    return torch.kron(torch.eye(n // block, dtype=torch.float64), one)


def sheared_hadamard(w: Tensor, share: float) -> Tensor:
    """A rotation broken on purpose: `W R (I + share N)`, N strictly upper triangular and Gaussian, always the same."""
    n = w.shape[-1]
    noise = torch.randn((n, n), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).triu(1) / math.sqrt(n)
    rotated = walsh_hadamard(w)
    return rotated + share * (rotated @ noise.to(w.device))


def hadamard_residual(n: int, share: float = 0.0) -> float:
    """max |R Rᵀ - I| of what weights of width n are multiplied by, over the 10 n ε that are allowed [-].

    Of R itself, row by row through the transform that is used: of one block where it is not sheared, all blocks being
    alike, and of 1024 rows evenly spaced where there are more.
    """
    order = n if share else hadamard_block(n)
    rows = torch.eye(order, dtype=torch.float64)[:: max(1, order // MOST_ROWS)]
    through = sheared_hadamard(rows, share) if share else walsh_hadamard(rows)
    return float(orthogonality_residual(through.mT)) / residual_tolerance(order, torch.float64)
