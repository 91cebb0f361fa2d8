"""Matrices with the given row and column norms and nothing else: uneven neurons and channels, but no direction."""

import torch
from torch import Tensor

from kernels.batch import check_generator

MOST_STEPS = 10_000
CLOSE = 1e-9  # of squared row norms, relative [-]; columns are exact after each step


def norms_null(w: Tensor, generator: torch.Generator) -> Tensor:
    """For each matrix of `w (..., out, in)` a Gaussian one whose rows and columns are scaled to have the norms of W's.

    `r_i g_ij c_j` with g i.i.d. standard normal, drawn in float64 row by row of the batch, and r, c such that rows and
    columns have the norms of W within 1e-9: Sinkhorn's iteration on g², which converges since every g_ij ≠ 0. Float64
    for float64, else float32. What is narrow against i.i.d. noise and not against this null is uneven neurons or
    channels, not low rank. Zero rows and columns stay zero. Raises ValueError for an empty, non-floating or 1-D input,
    for a generator on another device, for NaN or Inf, and where norms are not met after 10,000 steps, which takes
    entries of g next to 0. Source: Sinkhorn and Knopp, *Pacific J. Math.* 21 (1967).
    """
    check_generator("norms_null", w, generator)
    matrices = w.detach().reshape(-1, *w.shape[-2:])
    made = [_scaled(matrix.double(), generator) for matrix in matrices]
    null = torch.stack(made).reshape(w.shape)
    return null if w.dtype == torch.float64 else null.float()


def _scaled(w: Tensor, generator: torch.Generator) -> Tensor:
    g = torch.randn(w.shape, dtype=torch.float64, device=w.device, generator=generator)
    peak = float(w.abs().max())
    if not 0.0 <= peak < 2.0**400:  # NaN as well
        raise ValueError(f"norms_null: a matrix has max|w| = {peak:.3g}, expected below 2^400; re-read or rescale it")
    if peak == 0.0:
        return torch.zeros_like(g)
    squares = (w / peak).square()
    rows, columns = squares.sum(-1), squares.sum(-2)
    energies = g.square()
    c = (columns > 0.0).double()
    for _ in range(MOST_STEPS):
        r = _over(rows, energies @ c)
        c = _over(columns, energies.mT @ r)
        off = (r * (energies @ c) - rows).abs() - CLOSE * rows
        if float(off.max()) <= 0.0:
            return peak * r.sqrt()[:, None] * g * c.sqrt()
    raise ValueError(
        f"norms_null: row norms are not met after {MOST_STEPS} steps, {int((off > 0.0).sum())} of {len(rows)} rows are"
        " off by more than 1e-9; pass another seed"
    )


def _over(wanted: Tensor, had: Tensor) -> Tensor:
    return torch.where(wanted > 0.0, wanted / had, 0.0)
