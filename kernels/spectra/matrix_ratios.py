"""From weights to the numbers a narrow-d cell stores: every d_eff/d of every matrix, and the mean spectrum."""

import torch
from torch import Tensor

from kernels.spectra.rank_estimators import (
    REGISTERED_SHARES,
    effective_dimension_ratios,
    energy_rank_range,
    shares_of_energy,
)
from kernels.spectra.spectrum import Spectrum, spectrum


def measure_effective_dimension(w: Tensor, workers: int = 1) -> dict[str, list[float]]:
    """d_eff/d under every estimator for each matrix of `w (..., out, in)`: JSON-ready, row-major, unit `[-]`.

    Keys as in `effective_dimension_ratios`; the registered one is `energy_rank_95`. Accumulation, errors and limits:
    `spectrum`. Use `ratios_by_matrix(spectrum(w).energies)` where the spectrum itself is needed too.
    """
    return ratios_by_matrix(spectrum(w, workers).energies)


def ratios_by_matrix(energies: Tensor) -> dict[str, list[float]]:
    """`effective_dimension_ratios` of `energies (..., k)` as lists of Python floats, row-major; unit `[-]`."""
    return {name: ratio.flatten().tolist() for name, ratio in effective_dimension_ratios(energies).items()}


def rank_ranges_by_matrix(found: Spectrum) -> dict[str, list[float]]:
    """What every machine's energy ranks of these matrices are between, over k: lists, row-major; unit `[-]`.

    Keys `energy_rank_90_at_least`, `energy_rank_90_at_most` and so on. Both are the rank itself but at a tie: where
    what is proven of float64 svdvals does not exclude another rank on another machine (`spectra`, point 6).
    """
    k, ranges = found.energies.shape[-1], {}
    for share in REGISTERED_SHARES:
        least, most = energy_rank_range(found.energies, share, found.decision_error)
        name = f"energy_rank_{round(100 * share)}"
        ranges[f"{name}_at_least"] = (least.double() / k).flatten().tolist()
        ranges[f"{name}_at_most"] = (most.double() / k).flatten().tolist()
    return ranges


def mean_spectrum_quantiles(energies: Tensor, count: int = 64) -> list[float]:
    """`count` quantiles of the singular values over their RMS, averaged over the matrices of `energies (..., k)`.

    Ascending, at levels (i + 1/2)/count, linearly interpolated, float64; the i-th is to be drawn beside
    `marchenko_pastur.singular_value_quantile((i + 1/2)/count, gamma)`. Each matrix has RMS 1 before the mean, so that
    scale does not weigh. Raises ValueError for count < 1 and for energies that are not a spectrum.
    """
    if count < 1:
        raise ValueError(f"mean_spectrum_quantiles: count is {count}, expected >= 1")
    k = energies.shape[-1]
    over_rms = (shares_of_energy(energies) * k).sqrt().reshape(-1, k)
    levels = (torch.arange(count, dtype=torch.float64, device=energies.device) + 0.5) / count
    return torch.quantile(over_rms, levels, dim=-1).mean(-1).tolist()
