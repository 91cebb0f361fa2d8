"""What the layers that were not read yet may bring: the predictive distribution of a full-scope number. Pure.

For shares, given (μ, κ), each further layer of n matrices has a beta-binomial count; their sum is convolved exactly and
averaged over the posterior of `share_posterior.py`. For means, the layers are exchangeable and normal: the mean over
all N layers differs from that over the n read by `t · s · √(1/n − 1/N)`, which is 0 when all are read.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.judge.spread.mean_interval import t_quantile
from reports.judge.spread.share_posterior import Counts, SharePosterior, share_posterior

Floats = NDArray[np.float64]
NEGLIGIBLE = 1e-9  # posterior mass of a node that is left out
DIGITS = 9  # of a probability, after the point: below that a convolution by FFT is rounding alone
AT_ONCE = 256  # nodes whose spectra are held at a time


@dataclass(frozen=True)
class FullScope:
    """What the share, or the mean, over all layers may be; seen from the layers read."""

    interval: tuple[float, float]  # predictive, equal-tailed [-]
    passes: float  # predictive probability that the full scope meets the rule [-]


def full_scope_share(counts: Sequence[tuple[int, int]], layers: int, at_least: float, level: float) -> FullScope:
    """The share over `layers` layers of which `counts` (k of n) were read; the others have as many matrices as those on
    average. Raises `ValueError` where more were read than there are."""
    return _full_scope_share(tuple(sorted(counts)), layers, at_least, level)


@lru_cache(maxsize=256)
def _full_scope_share(counts: Counts, layers: int, at_least: float, level: float) -> FullScope:
    left = layers - len(counts)
    if left < 0:
        raise ValueError(f"{len(counts)} layers were read, expected at most {layers}")
    size = round(sum(n for _, n in counts) / len(counts))
    ahead = counts_ahead(share_posterior(counts), size, left)
    read, total = sum(k for k, _ in counts), sum(n for _, n in counts) + left * size
    shares = (read + np.arange(len(ahead))) / total
    cumulative = np.cumsum(ahead)
    tail = (1.0 - level) / 2.0
    low, high = (min(int(np.searchsorted(cumulative, at)), len(ahead) - 1) for at in (tail, 1.0 - tail))
    passes = float(ahead[shares >= at_least].sum())
    return FullScope((float(shares[low]), float(shares[high])), round(min(passes, 1.0), DIGITS))


def counts_ahead(posterior: SharePosterior, size: int, layers: int) -> Floats:
    """The probability of 0, 1, … matrices below the bound among `layers` further layers of `size` each."""
    if layers == 0:
        return np.ones(1)
    from scipy.special import gammaln  # noqa: PLC0415 - `--help` does not wait for scipy

    kappa, panel, node = np.nonzero(posterior.mass > NEGLIGIBLE)
    weights = posterior.mass[kappa, panel, node]
    x, kappas = posterior.nodes[panel, node], posterior.kappas[kappa]
    a, b = kappas / (1.0 + np.exp(-x)), kappas / (1.0 + np.exp(x))
    k = np.arange(size + 1)
    choose = gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)
    length = 1 << (size * layers).bit_length()
    spectrum = np.zeros(length // 2 + 1, dtype=np.complex128)
    for first in range(0, len(weights), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        logs = _rising(a[part], size)[:, k] + _rising(b[part], size)[:, size - k] + choose
        pmf = np.exp(logs - _rising(kappas[part], size)[:, -1:])
        spectrum += weights[part] @ np.fft.rfft(pmf, length) ** layers
    ahead = np.fft.irfft(spectrum, length)[: size * layers + 1]
    ahead = np.maximum(ahead, 0.0)
    return np.asarray(ahead / ahead.sum(), dtype=np.float64)


def _rising(start: Floats, size: int) -> Floats:
    """`log Γ(start + k) / Γ(start)` for k from 0 to `size`, `(start, size + 1)`."""
    steps = np.log(start[:, None] + np.arange(size))
    return np.concatenate([np.zeros((len(start), 1)), np.cumsum(steps, axis=1)], axis=1)


def full_scope_mean(values: Sequence[float], layers: int, at_least: float, level: float) -> FullScope | None:
    """The mean over `layers` layers of which `values` were read; None for a single one, which has no spread."""
    read, left = len(values), layers - len(values)
    if left < 0:
        raise ValueError(f"{read} layers were read, expected at most {layers}")
    if read < 2:  # noqa: PLR2004
        return None
    from scipy.special import stdtr  # noqa: PLC0415 - `--help` does not wait for scipy

    mean = math.fsum(values) / read
    variance = math.fsum((value - mean) ** 2 for value in values) / (read - 1)
    error = math.sqrt(variance * (1.0 / read - 1.0 / layers))
    if error == 0.0:
        return FullScope((mean, mean), float(mean >= at_least))
    half = t_quantile(level, read - 1) * error
    return FullScope((mean - half, mean + half), round(float(stdtr(read - 1, (mean - at_least) / error)), DIGITS))
