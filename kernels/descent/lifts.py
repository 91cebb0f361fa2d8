"""How far rotations lift the one-bit cosine of matrices: random ones, and the learned one; of weights or of a null.

A *rotation problem* is `matrices (b, m, out, in)`: b rotations to learn, each for m matrices that share it, stacked as
one matrix of m out rows. With m = 1 every matrix has its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.descent.chunks import Optimiser
from kernels.descent.learned import Learned, joined
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import orthogonality_residual, residual_tolerance, rotate


@dataclass(frozen=True)
class Lifts:
    """Of a rotation problem `(b, m, out, in)`; all float64 `[-]`.

    beta: `(b, m)`, unrotated. landing: `(b, m)`, after the learned rotation. haar: `(draws, b, m)`, lift by each draw.
    residual: `(b,)`, `max |F F^T - I|` of the learned rotation in units of the 10 n eps allowed.
    found: what the optimiser returned.
    """

    beta: Tensor
    landing: Tensor
    haar: Tensor
    residual: Tensor
    found: Learned

    @property
    def lift(self) -> Tensor:
        return self.landing / self.beta

    @property
    def fit(self) -> Tensor:
        """Learned lift over mean Haar lift of each rotation problem, `(b,)`: what is gained by fitting."""
        return self.lift.mean(1) / self.haar.mean((0, 2))


def lifts(matrices: Tensor, start: Tensor, draws: Sequence[Tensor], optimise: Optimiser) -> Lifts:
    """Lifts of `matrices (b, m, out, in)` from `start (in, in)` by `optimise`, and by each of `draws (in, in)`.

    Draws are float32 or float64 and applied in their own dtype; the start sets the precision of the search. Raises
    ValueError as the optimiser, `rotate` and `one_bit_cosine` do.
    """
    b, m, rows, n = matrices.shape
    beta = one_bit_cosine(matrices)
    haar = [one_bit_cosine(rotate(matrices.to(draw.dtype), draw)) / beta for draw in draws]
    found = optimise(matrices.reshape(b, m * rows, n), start)
    return Lifts(beta, landings(matrices, found), torch.stack(haar), relative_residual(found.frame), found)


def joined_lifts(parts: Sequence[Lifts]) -> Lifts:
    """One `Lifts` of several chunks of b, in order."""
    return Lifts(
        beta=torch.cat([part.beta for part in parts]),
        landing=torch.cat([part.landing for part in parts]),
        haar=torch.cat([part.haar for part in parts], 1),
        residual=torch.cat([part.residual for part in parts]),
        found=joined([part.found for part in parts]),
    )


def landings(matrices: Tensor, found: Learned) -> Tensor:
    """beta of each of `matrices (b, m, out, in)` after the rotation found for its stack: `(b, m)`."""
    b, m, rows, n = matrices.shape
    if m == 1:
        return found.beta[:, None]
    stack = matrices.reshape(b, m * rows, n).double()
    coordinates = stack if found.basis is None else stack @ found.basis
    return one_bit_cosine((coordinates @ found.frame).reshape(b, m, rows, n))


def relative_residual(frame: Tensor) -> Tensor:
    """`max |F F^T - I|` of `frame (b, k, n)` in units of 10 n eps: float64 `(b,)`, at most 1 where it is sound."""
    return orthogonality_residual(frame.mT) / residual_tolerance(frame.shape[-1], torch.float64)
