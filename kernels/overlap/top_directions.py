"""The directions of the input side that hold most of a matrix's energy, as an orthonormal basis."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from kernels.batch import check_matrices, map_matrices, scaled_matrix

# An energy of the Gram matrix below this share of the first, times k, is rounding: a direction there is arbitrary [-]
ROUNDING = 10.0 * 2.0**-52


@dataclass(frozen=True)
class TopDirections:
    """basis: `(..., in, r)` float64, orthonormal columns. gap: `(...)` float64, how far the r-th energy is above the
    next one, over the first `[-]`: 0 where they are equal, so that the span is arbitrary."""

    basis: Tensor
    gap: Tensor


def top_directions(w: Tensor, rank: int, workers: int = 1) -> TopDirections:
    """The span of the first `rank` right singular vectors of each matrix of `w (..., out, in)`.

    By eigenvectors of the float64 Gram matrix on the small side (LAPACK xSYEVR for the largest `rank + 1` alone),
    carried to the input side and made orthonormal by QR. The span, so every overlap, is off by about 2^-52 over the
    gap; which basis of it comes is left to LAPACK. On the CPU wherever `w` is, one matrix at a time on one
    thread per worker: results are the same whatever `workers`. Any floating dtype. Raises ValueError for a rank outside
    1..min(out, in), for a matrix of a smaller numerical rank, and for NaN, Inf, all-zero, empty, non-floating or 1-D
    input. Limit: energies below `ROUNDING · k` of the first carry no direction.
    """
    check_matrices(w, "top_directions", workers)
    k = min(w.shape[-2:])
    if not 1 <= rank <= k:
        raise ValueError(f"top_directions: rank is {rank}, expected 1 to {k} for shape {tuple(w.shape)}; ask for fewer")
    wide = w.shape[-2] <= w.shape[-1]

    def one(index: tuple[int, ...]) -> tuple[Tensor, float]:
        a = scaled_matrix(w, index, "top_directions")[0].cpu().numpy()
        first = max(0, k - rank - 1)
        energies, vectors = scipy.linalg.eigh(a @ a.T, subset_by_index=(first, k - 1), check_finite=False)
        energies, vectors = energies[::-1], vectors[:, ::-1][:, :rank]
        if not energies[rank - 1] > ROUNDING * k * energies[0]:
            raise ValueError(
                f"top_directions: matrix {list(index)} of shape {tuple(w.shape[-2:])} has an energy number {rank} of "
                f"{energies[rank - 1] / energies[0]:.1g} of its first [-], expected above {ROUNDING * k:.1g}; it has "
                f"no {rank} directions, ask for fewer or leave it out"
            )
        after = max(0.0, float(energies[rank])) if rank < k else 0.0
        basis = np.linalg.qr(a.T @ (vectors / np.sqrt(energies[:rank])) if wide else vectors)[0]
        return torch.from_numpy(basis), float((energies[rank - 1] - after) / energies[0])

    found = map_matrices(one, w.shape[:-2], workers)
    basis = torch.stack([each for each, _ in found]).reshape(*w.shape[:-2], w.shape[-1], rank)
    gap = torch.tensor([each for _, each in found], dtype=torch.float64).reshape(w.shape[:-2])
    return TopDirections(basis, gap)


def sheared_basis(basis: Tensor, share: float) -> Tensor:
    """`V (I + share N)` for `V (..., in, r)`, N upper triangular and Gaussian: a basis broken on purpose.

    N is the same for every call, entries of variance 1/r. It spans what V spans, but is not orthonormal.
    """
    r = basis.shape[-1]
    noise = torch.randn((r, r), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).triu() / r**0.5
    broken: Tensor = basis + share * (basis @ noise.to(basis.device))
    return broken
