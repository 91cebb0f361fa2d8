"""Singular-value spectra of batches of matrices: the plain float64 definition, and a fast route certified against it.

**Why float64 and not float32.** The proven part of a float32 error is useless here: Householder reduction alone is
bounded by 12 k^2 u = 0.75 of |W W^T|_F at k = 1024, while consecutive cumulative energies at the 99 % boundary
differ by 2e-4 of the total, so that every matrix would have to be recomputed. In float64 everything below adds up to
1e-7 of the total: one Gaussian matrix in about 450 is expected to be recomputed.

**The bound.** A is W scaled by a power of two (exact), `(k, n)` with k <= n; u = 2^-53; T = |A|_F^2; G = A A^T.

1. Gram product: |fl(G) - G| <= gamma_n |A||A|^T entrywise, gamma_n = nu/(1 - nu), for any order of summation, with or
   without fused multiply-add (Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed. 2002, eq. 3.13);
   hence <= gamma_n T in |.|_F.
2. Eigenvalues of fl(G) (LAPACK xSYEVD without vectors: xSYTRD, then xSTERF): exact for fl(G) + F with |F|_F <= p(k) u
   |fl(G)|_F. xSYTRD applies 2(k-2) reflections, each perturbing by at most about (6k + 30)u (Higham, Lemmas
   19.1-19.3, with the constants kept): 12 k^2. xSTERF stops after 30k sweeps of at most k rotations, each perturbing
   by about 20u: 600 k^2. Rounded up: p(k) = 640 (k+1)^2. In practice the error is 1e7 times smaller; the slack costs
   a recomputed matrix now and then, never an answer. Assumed, not provable from here: that the vendor's LAPACK is of
   this class (orthogonal similarities at the ordinary rounding); the tests compare with 40-digit arithmetic.
3. So the computed energies differ from the true ones by a vector of 2-norm at most E = gamma_n T + p(k) u |fl(G)|_F
   (Hoffman and Wielandt 1953), and each of them by at most E (Weyl). `error_bound` is E, in the unit of the energies.
4. The referee, float64 svdvals, is itself exact for A + H with |H|_F <= q u |A|_F, q = 12kn + 24k^2 + 200k (QR of n x
   k, then bidiagonalisation, as in 2; doubled; the bidiagonal values are found to high relative accuracy: Fernando
   and Parlett 1994). By Mirsky (1960) its energies are off by a vector of 1-norm at most q u (2 + q u) T.
5. An energy rank compares `sum c_i e_i` with 0, all |c_i| <= 1. Ours and the referee's sums differ by at most sqrt(k)
   E (Cauchy and Schwarz) + q u (2 + q u) T + 4(k + 4) u T (squares and sums). A matrix with a boundary nearer than
   that is recomputed by the referee.
6. Two machines need not have the same svdvals. Both are within r = q u (2 + q u) T + 4(k + 4) u T of the exact sums, so
   a rank is the same everywhere if no boundary of the *exact* spectrum is nearer than r. That follows from our own sums
   where no boundary of theirs is nearer than the bound of 5 (which contains r), or, of a matrix that was recomputed,
   than 2 r. `decision_error` is that distance; a matrix with a boundary nearer than it is a *tie*: both ranks are
   possible, and `energy_rank_range` says which. In practice every machine still finds the same one, since real errors
   are a hundred times smaller; so it is with exact ties, which `TIE_TOLERANCE` puts 1e-12 beside the threshold: less
   than what is proven of any matrix larger than 5 x 5, more than what is seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from kernels.batch import check_matrices, map_matrices, matrix_indices, scaled_matrix
from kernels.spectra.rank_estimators import REGISTERED_SHARES, energy_rank_margin

UNIT_ROUNDOFF = 2.0**-53
EIGENSOLVER_CONSTANT = 640.0  # p(k) = 640 (k+1)^2: derivation in the module docstring, point 2
DEVICE_BYTES_PER_CHUNK = 2**31  # of scaled float64 matrices, Gram matrices and the solver's copy of them
CORES_BESIDE = (
    4  # with as many, LAPACK on them takes the Gram matrices of a GPU, else its own solver does: not measured
)


@dataclass(frozen=True)
class Spectrum:
    """Energies of a batch of matrices, with what is proven about them.

    energies: `(..., k)` float64, squared singular values, descending, >= 0, in squared units of the weights.
    error_bound: `(...)` float64, no energy of that matrix is off by more (absolute, unit of `energies`).
    recomputed: `(...)` bool, True where an energy-rank boundary was within the bound, so that float64 svdvals decided.
    decision_error: `(...)` float64, point 6: a boundary of an energy rank farther away than this (absolute, unit of
    `energies`) is on the same side on every machine.
    """

    energies: Tensor
    error_bound: Tensor
    recomputed: Tensor
    decision_error: Tensor


def singular_values(w: Tensor, workers: int = 1) -> Tensor:
    """Singular values of `w (..., out, in)`, descending, float64 `(..., min(out, in))`: a loop of float64 svdvals.

    The plain definition, and the referee of `spectrum`. Any floating dtype, upcast matrix by matrix; computed on the
    CPU wherever `w` lives. Backward stable: errors of order 2^-53 sigma_1, so relative accuracy is lost below 1e-13
    sigma_1. Errors and determinism as for `spectrum`.
    """
    check_matrices(w, "singular_values", workers)

    def one(index: tuple[int, ...]) -> Tensor:
        a, exponent = scaled_matrix(w, index, "singular_values")
        return _referee(a) * 2.0**exponent

    values = torch.stack(map_matrices(one, w.shape[:-2], workers))
    return values.reshape(*w.shape[:-2], -1).to(w.device)


def spectrum(w: Tensor, workers: int = 1) -> Spectrum:
    """Energies of `w (..., out, in)` by eigenvalues of the float64 Gram matrix on the small side, certified.

    `energy_rank` at 0.90, 0.95 and 0.99 is *exactly* that of `singular_values(w)**2`: matrices for which the error
    bound (module docstring) leaves any of these undecided are recomputed with float64 svdvals. Any floating dtype,
    explicit upcast, one matrix at a time on one thread per worker: results are bitwise independent of `workers` and
    of the rest of the batch, and peak extra memory is about 8 (kn + 2k^2) bytes per worker. On a GPU: Gram matrices of
    a chunk at once, chunks by memory; their eigenvalues on `workers` >= `CORES_BESIDE` cores, or by the GPU's solver,
    which takes one matrix after the other. There energies may differ in the last bits with the chunk, ranks may not.
    Raises ValueError for NaN, Inf, all-zero, empty, non-floating or 1-D input and for max|W| outside 2^+-400. Limit:
    energies below `error_bound` (about 3e-9 of the total at k = 1024, proven; 1e-14 of sigma_1^2 in practice) carry
    no digits.
    """
    check_matrices(w, "spectrum", workers)
    if w.device.type == "cpu":
        parts = map_matrices(lambda index: _certified(w, [index], eigenvalues), w.shape[:-2], workers)
    else:
        route = partial(eigenvalues_beside, cores=workers) if workers >= CORES_BESIDE else eigenvalues_on_device
        parts = [_certified(w, indices, route) for indices in device_chunks(w)]
    batch, found = w.shape[:-2], joined(parts)
    return Spectrum(
        energies=found.energies.reshape(*batch, -1),
        error_bound=found.error_bound.reshape(batch),
        recomputed=found.recomputed.reshape(batch),
        decision_error=found.decision_error.reshape(batch),
    )


def joined(parts: Sequence[Spectrum]) -> Spectrum:
    """The spectra of matrices `(c, …)` of one shape, one part after the other: on a CPU those of all in one call."""
    return Spectrum(
        energies=torch.cat([part.energies for part in parts]),
        error_bound=torch.cat([part.error_bound for part in parts]),
        recomputed=torch.cat([part.recomputed for part in parts]),
        decision_error=torch.cat([part.decision_error for part in parts]),
    )


def _certified(w: Tensor, indices: list[tuple[int, ...]], route: Callable[[Tensor], Tensor]) -> Spectrum:
    """The spectra of `w[index]` for some indices, stacked `(c, k)`: the same rule for one matrix and for a chunk."""
    scaled = [scaled_matrix(w, index, "spectrum") for index in indices]
    a = torch.stack([matrix for matrix, _ in scaled]) if len(scaled) > 1 else scaled[0][0][None]
    energies = route(a).flip(-1).clamp_min(0.0)
    bound, undecided = _gram_error(energies, a.shape[-1])
    recomputed = energy_rank_margin(energies, REGISTERED_SHARES) <= undecided
    for i in recomputed.nonzero().flatten().tolist():
        energies[i] = _referee(a[i]).square().to(energies.device)
        bound[i] = _referee_error(energies[i], a.shape[-1])
        undecided[i] = 2.0 * _referee_decision_error(energies[i], a.shape[-1])
    square_scale = torch.tensor([4.0**exponent for _, exponent in scaled], dtype=torch.float64, device=w.device)
    return Spectrum(energies * square_scale[:, None], bound * square_scale, recomputed, undecided * square_scale)


def eigenvalues(a: Tensor) -> Tensor:
    """Eigenvalues, ascending, of `A A^T` for `a (c, k, n)` on the CPU: `(c, k)`.

    Through numpy: it multiplies a matrix by its own transpose with half the flops (xSYRK), and its OpenBLAS was a third
    faster here than torch's MKL on an AMD processor.
    """
    products = (matrix @ matrix.T for matrix in a.numpy())
    return torch.from_numpy(np.stack([np.linalg.eigvalsh(product) for product in products]))


def eigenvalues_on_device(a: Tensor) -> Tensor:
    """The same for `a` on any device, by the solver that torch has there."""
    values: Tensor = torch.linalg.eigvalsh(a @ a.mT)
    return values


def eigenvalues_beside(a: Tensor, cores: int) -> Tensor:
    """The same: the products where `a` lives, their eigenvalues by LAPACK on `cores` cores of the host."""
    grams = (a @ a.mT).cpu().numpy()
    found = map_matrices(lambda index: np.linalg.eigvalsh(grams[index]), a.shape[:1], cores)
    return torch.from_numpy(np.stack(found)).to(a.device)


def _gram_error(energies: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Points 3 and 5 of the module docstring: bound on one energy, and on a decision sum; both `(...)`."""
    k = energies.shape[-1]
    total = energies.sum(-1)
    gamma = n * UNIT_ROUNDOFF / (1.0 - n * UNIT_ROUNDOFF)
    solver = EIGENSOLVER_CONSTANT * (k + 1) ** 2 * UNIT_ROUNDOFF
    bound = 1.01 * (
        gamma * total + solver * energies.square().sum(-1).sqrt()
    )  # 1 %: `total` and the norm are computed ones
    return bound, k**0.5 * bound + _referee_decision_error(energies, n)


def _referee_decision_error(energies: Tensor, n: int) -> Tensor:
    """Points 4 to 6 of the module docstring: r, how far the referee's sums are from the exact ones; shape `(...)`."""
    k = energies.shape[-1]
    referee = _referee_constant(k, n)
    return (referee * (2.0 + referee) + 4.0 * (k + 4) * UNIT_ROUNDOFF) * energies.sum(-1)


def _referee_error(energies: Tensor, n: int) -> Tensor:
    """Point 4 of the module docstring, for one energy: `d (2 sigma_1 + d)` with d = q u |A|_F; shape `(...)`."""
    shift = _referee_constant(energies.shape[-1], n) * energies.sum(-1).sqrt()
    return 1.01 * shift * (2.0 * energies[..., 0].sqrt() + shift)


def _referee_constant(k: int, n: int) -> float:
    return (12.0 * k * n + 24.0 * k**2 + 200.0 * k) * UNIT_ROUNDOFF


def _referee(a: Tensor) -> Tensor:
    values: Tensor = torch.linalg.svdvals(a.cpu())
    return values


def device_chunks(w: Tensor) -> list[list[tuple[int, ...]]]:
    """The indices of `w`'s matrices `(..., out, in)` in chunks that fit `DEVICE_BYTES_PER_CHUNK`."""
    k, n = sorted(w.shape[-2:])
    chunk = max(1, DEVICE_BYTES_PER_CHUNK // (8 * (2 * k * n + 2 * k * k)))
    indices = matrix_indices(w.shape[:-2])
    return [indices[i : i + chunk] for i in range(0, len(indices), chunk)]
