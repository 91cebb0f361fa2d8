"""Rows from a codebook of sign vectors, shared by all matrices or each with its own: what a shared rotation can find.

With one codebook behind one rotation β can be near 1 for every matrix, and a rotation learned on some of them holds
for the others. With codebooks and rotations of their own, what is learned on some says nothing of the others.
"""

import math

import torch
from torch import Tensor

from kernels.planted.planted import check_shape
from kernels.rotations import haar_orthogonal


def sign_codebook(  # noqa: PLR0913
    shape: tuple[int, ...],
    words: int,
    noise_energy: float,
    generator: torch.Generator,
    *,
    shared: bool = True,
    hidden: bool = True,
) -> Tensor:
    """`√(1 − noise_energy) S R + √noise_energy N`, float32 `(..., out, in)`, mean square 1 in expectation.

    Rows of S are drawn with replacement from `words` random vectors of ±1, R is Haar, N i.i.d. standard normal.
    `shared`: one codebook and one R for the whole batch; else every matrix has its own of both. `hidden=False` leaves R
    out. Computed in float64. Raises ValueError for a bad shape, words below 1, and noise_energy outside [0, 1).
    """
    check_shape("sign_codebook", shape)
    if words < 1:
        raise ValueError(f"sign_codebook: {words} words, expected at least 1")
    if not 0.0 <= noise_energy < 1.0:
        raise ValueError(f"sign_codebook: noise_energy is {noise_energy!r}, expected 0 <= noise_energy < 1 [-]")
    *batch, rows, columns = shape
    device = generator.device
    of = () if shared else tuple(batch)
    book = 2.0 * torch.randint(0, 2, (*of, words, columns), device=device, generator=generator).double() - 1.0
    if hidden:
        book = book @ haar_orthogonal(columns, generator, of)
    chosen = torch.randint(0, words, (*batch, rows), device=device, generator=generator)
    signal = torch.take_along_dim(book.expand(*batch, words, columns), chosen[..., None], -2)
    noise = torch.randn(shape, dtype=torch.float64, device=device, generator=generator)
    return (math.sqrt(1.0 - noise_energy) * signal + math.sqrt(noise_energy) * noise).float()
