"""Matrices whose effective dimension is known by construction: the controls that a narrow-d gate has to get right."""

import math

import torch
from torch import Tensor


def low_rank_plus_noise(
    shape: tuple[int, ...], rank_fraction: float, noise_energy: float, generator: torch.Generator
) -> Tensor:
    """`W = sqrt(1 - noise_energy) S + sqrt(noise_energy) N`, float32 `(..., out, in)`, mean square 1 in expectation.

    `S` has rank r = round(rank_fraction k), k = min(out, in), r *equal* singular values, Haar left and right vectors
    and mean square 1; `N` is i.i.d. standard normal. Equal values, because then the cumulative energy is a straight
    line and the dose is read off it: `predicted_energy_rank`. Computed in float64. Raises ValueError for
    rank_fraction outside (0, 1] or noise_energy outside [0, 1).
    """
    check_shape("low_rank_plus_noise", shape)
    rank = _rank(shape, rank_fraction)
    _check_noise(noise_energy)
    *batch, rows, columns = shape
    left = haar_frame((*batch, rows, rank), generator)
    right = haar_frame((*batch, columns, rank), generator)
    signal = math.sqrt(rows * columns / rank) * (left @ right.mT)
    noise = torch.randn(shape, dtype=torch.float64, device=generator.device, generator=generator)
    return (math.sqrt(1.0 - noise_energy) * signal + math.sqrt(noise_energy) * noise).float()


def predicted_energy_rank(
    shape: tuple[int, ...], rank_fraction: float, noise_energy: float, share: float = 0.95
) -> int:
    """Energy rank of `low_rank_plus_noise`, within one direction at k >= 64 and noise_energy <= 0.01, `[-]`.

    The noise outside the signal's row and column spaces holds `tail = noise_energy (k - r)(m - r) / (k m)` of the
    energy, m = max(out, in); the first r directions share the rest evenly. So the rank is `ceil(share r / (1 -
    tail))`. Raises ValueError where share > 1 - tail: the boundary is then in the noise, and no dose is read there.
    """
    check_shape("predicted_energy_rank", shape)
    _check_noise(noise_energy)
    rank = _rank(shape, rank_fraction)
    k, m = sorted(shape[-2:])
    tail = noise_energy * (k - rank) * (m - rank) / (k * m)
    if share > 1.0 - tail:
        raise ValueError(
            f"predicted_energy_rank: share {share} > {1.0 - tail:.4f} held by the signal [-]; lower noise_energy"
        )
    return math.ceil(share * rank / (1.0 - tail) - 1e-9)  # 1e-9: an exact integer must not be pushed up by rounding


def scaled_identity(shape: tuple[int, ...], scale: float = 1.0) -> Tensor:
    """`scale` on the main diagonal, float32 `(..., out, in)`: k equal singular values, so d_eff/d = ceil(0.95 k)/k."""
    check_shape("scaled_identity", shape)
    return scale * torch.eye(shape[-2], shape[-1], dtype=torch.float32).expand(shape).clone()


def rank_one(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """`u v^T` with i.i.d. standard normal u and v, float32 `(..., out, in)`: every estimator is 1 up to rounding.

    Rounding the products to float32 adds singular values of about 1e-8 sigma_1, below every registered share.
    """
    check_shape("rank_one", shape)
    *batch, rows, columns = shape
    left = torch.randn((*batch, rows, 1), dtype=torch.float64, device=generator.device, generator=generator)
    right = torch.randn((*batch, 1, columns), dtype=torch.float64, device=generator.device, generator=generator)
    return (left @ right).float()


def haar_frame(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Haar-distributed orthonormal columns `(..., n, r)`, float64: QR of a Gaussian, sign fix of Mezzadri (2007)."""
    gaussian = torch.randn(shape, dtype=torch.float64, device=generator.device, generator=generator)
    q, r = torch.linalg.qr(gaussian)
    signs = torch.where(r.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0)
    haar: Tensor = q * signs[..., None, :]
    return haar


def _rank(shape: tuple[int, ...], rank_fraction: float) -> int:
    if not 0.0 < rank_fraction <= 1.0:
        raise ValueError(
            f"low_rank_plus_noise: rank_fraction is {rank_fraction!r}, expected 0 < rank_fraction <= 1 [-]"
        )
    return max(1, round(rank_fraction * min(shape[-2:])))


def _check_noise(noise_energy: float) -> None:
    if not 0.0 <= noise_energy < 1.0:
        raise ValueError(f"low_rank_plus_noise: noise_energy is {noise_energy!r}, expected 0 <= noise_energy < 1 [-]")


def check_shape(caller: str, shape: tuple[int, ...]) -> None:
    if len(shape) <= 1 or min(shape) < 1:
        raise ValueError(f"{caller}: shape {tuple(shape)}, expected (..., out, in) with every axis >= 1")
