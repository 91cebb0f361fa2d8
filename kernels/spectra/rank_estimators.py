"""Estimators of the effective dimension of a matrix, as pure functions of its energies.

Energies are squared singular values in descending order, shape `(..., k)` with k = min(out, in); any common scale.
Sums are accumulated in float64. All estimators lie in [1, k] and are counts of directions `[-]`; divided by k they
are the d_eff/d of the study. Their values on structureless matrices are in `kernels/closed_forms/marchenko_pastur.py`.
"""

import torch
from torch import Tensor

REGISTERED_SHARES = (0.90, 0.95, 0.99)

# Relative slack under the threshold of an energy rank, so that a cumulative energy of *exactly* the share counts as
# reaching it: float64 sums of k energies round by at most k * 2^-53 (1e-13 at k = 1024), in practice by about 1e-15.
TIE_TOLERANCE = 1e-12


def energy_rank(energies: Tensor, share: float) -> Tensor:
    """Smallest r with `sum_{i<=r} energies_i >= share * sum_i energies_i` (int64 `(...)`, unit: directions `[-]`).

    The rank of the best low-rank approximation that keeps `share` of the squared Frobenius norm (Eckart and Young,
    1936). A sum of exactly `share` counts: the threshold is lowered by the relative `TIE_TOLERANCE` = 1e-12. Raises
    ValueError for a share outside (0, 1] and for energies that are not a spectrum.
    """
    cumulative, thresholds = _cumulative_and_thresholds(energies, (share,))
    return (cumulative < thresholds).sum(-1) + 1


def energy_rank_margin(energies: Tensor, shares: tuple[float, ...] = REGISTERED_SHARES) -> Tensor:
    """Smallest |cumulative energy - threshold| over all r and `shares`, in the unit of the energies, shape `(...)`.

    As long as no cumulative energy is wrong, relative to its threshold, by this much, every `energy_rank` at these
    shares is right: the quantity that a certified spectrum compares with its error bound.
    """
    cumulative, thresholds = _cumulative_and_thresholds(energies, shares)
    return (cumulative[..., :, None] - thresholds[..., None, :]).abs().amin((-2, -1))


def energy_rank_range(energies: Tensor, share: float, error: Tensor) -> tuple[Tensor, Tensor]:
    """Least and greatest `energy_rank` of any spectrum whose decision sums are within `error` of these (int64 `(...)`).

    `error`: `(...)`, the unit of the energies, such as `Spectrum.decision_error`. Both are the rank itself where no
    cumulative energy is that near to the threshold. Errors as for `energy_rank`.
    """
    cumulative, thresholds = _cumulative_and_thresholds(energies, (share,))
    slack = error.double()[..., None]
    least, most = ((cumulative < thresholds + sign * slack).sum(-1) + 1 for sign in (-1.0, 1.0))
    return least, most.clamp_max(energies.shape[-1])  # the sum of all reaches any share


def participation_ratio(energies: Tensor) -> Tensor:
    """`(sum e)^2 / sum e^2`, float64 `(...)`, unit `[-]`: the exponential of the Renyi-2 entropy of e / sum e.

    Limit: a few large singular values drag it down while the bulk stays full, so it does not mean "a low-rank
    approximation keeps the signal"; `energy_rank` does. Source: Bell and Dean (1970), for vibrational modes.
    """
    return shares_of_energy(energies).square().sum(-1).reciprocal()


def entropy_rank_sigma(energies: Tensor) -> Tensor:
    """`exp(-sum p ln p)` with `p = sigma / sum sigma`, sigma = sqrt(energies); float64 `(...)`, unit `[-]`, 0 ln 0 = 0.

    The effective rank of Roy and Vetterli, "The effective rank", EUSIPCO 2007.
    """
    sigma = shares_of_energy(energies).sqrt()
    return _exponential_of_entropy(sigma / sigma.sum(-1, keepdim=True))


def entropy_rank_energy(energies: Tensor) -> Tensor:
    """`exp(-sum p ln p)` with `p = energies / sum energies`; float64 `(...)`, unit `[-]`, 0 ln 0 = 0.

    Roy and Vetterli's formula on energies instead of singular values: the exponential of the von Neumann entropy of
    `W W^T / tr(W W^T)`.
    """
    return _exponential_of_entropy(shares_of_energy(energies))


def stable_rank(energies: Tensor) -> Tensor:
    """`sum e / e_1 = |W|_F^2 / |W|_2^2`, float64 `(...)`, unit `[-]`.

    The stable (or numerical) rank of Rudelson and Vershynin, J. ACM 54(4), 2007. Limit: it only sees the largest value
    beside the sum, so that even structureless matrices have a low one.
    """
    return shares_of_energy(energies)[..., 0].reciprocal()


def effective_dimension_ratios(energies: Tensor) -> dict[str, Tensor]:
    """Every estimator over k = `energies.shape[-1]`: float64 `(...)`, unit `[-]`, in (0, 1]; keys as in verdicts."""
    k = energies.shape[-1]
    return {
        "energy_rank_90": energy_rank(energies, 0.90).double() / k,
        "energy_rank_95": energy_rank(energies, 0.95).double() / k,
        "energy_rank_99": energy_rank(energies, 0.99).double() / k,
        "participation_ratio": participation_ratio(energies) / k,
        "entropy_rank_sigma": entropy_rank_sigma(energies) / k,
        "entropy_rank_energy": entropy_rank_energy(energies) / k,
        "stable_rank": stable_rank(energies) / k,
    }


def shares_of_energy(energies: Tensor) -> Tensor:
    """`e / sum e` in float64, shape `(..., k)`. Raises ValueError unless e is a spectrum: see `_check_spectrum`."""
    _check_spectrum(energies)
    energies = energies.double()
    return energies / energies.sum(-1, keepdim=True)


def _exponential_of_entropy(p: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(p).sum(-1)
    return entropy.exp()


def _cumulative_and_thresholds(energies: Tensor, shares: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    for share in shares:
        if not 0.0 < share <= 1.0:
            raise ValueError(f"energy_rank: share is {share!r}, expected 0 < share <= 1 [-]; pass e.g. 0.95")
    _check_spectrum(energies)
    cumulative = energies.double().cumsum(-1)
    levels = torch.tensor(shares, dtype=torch.float64, device=energies.device) * (1.0 - TIE_TOLERANCE)
    return cumulative, cumulative[..., -1:] * levels


def _check_spectrum(energies: Tensor) -> None:
    where = f"effective dimension: energies of shape {tuple(energies.shape)}"
    if energies.ndim == 0 or energies.numel() == 0 or not energies.is_floating_point():
        raise ValueError(
            f"{where} and {energies.dtype}, expected floating (..., k) with k >= 1; pass Spectrum.energies"
        )
    descending = bool((energies[..., 1:] <= energies[..., :-1]).all())
    if not (descending and bool((energies[..., -1] >= 0).all()) and bool(energies.isfinite().all())):
        raise ValueError(
            f"{where} are not finite, non-negative and descending; pass squared singular values, largest first"
        )
    if bool((energies[..., 0] == 0).any()):
        raise ValueError(f"{where} hold an all-zero spectrum, whose effective dimension is undefined; drop that matrix")
