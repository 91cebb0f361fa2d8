"""The mean over layers like those that were read, by Student's t, and the effect that it could detect. Pure.

Exact for normal layers; over the worlds of `reports/README.md` it covers 0.91 to 0.94 with 4 layers. A percentile
bootstrap over 4 layers covers 0.62 to 0.81 where it says 0.95, so none is used here.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

ALPHA, POWER = 0.05, 0.80  # a two-sided 5 % test that finds the effect four times out of five
FEWEST = 2  # layers; a single one has no spread
PANELS, NODES = 40, 12
TAIL = 10.0  # standard deviations of √χ² and more
STEPS = 60  # halvings of a bracket: far below a float64's last digit


def mean_interval(values: Sequence[float], level: float, beside: float = 0.0) -> tuple[float, float] | None:
    """`mean ± t · √(s²/n + beside²)` with n − 1 degrees of freedom; None for a single layer.

    `beside` is a standard error that all layers share, such as that of a null which is measured once for all of them:
    no scatter between layers shows it [of the mean].
    """
    error = standard_error(values)
    if error is None:
        return None
    half = t_quantile(level, len(values) - 1) * math.hypot(error, beside)
    mean = math.fsum(values) / len(values)
    return mean - half, mean + half


def geometric_mean_interval(values: Sequence[float], level: float, beside: float = 0.0) -> tuple[float, float] | None:
    """`mean_interval` of the logarithms, raised again; `beside` is of the mean logarithm."""
    found = mean_interval([math.log(value) for value in values], level, beside) if values else None
    return None if found is None else (math.exp(found[0]), math.exp(found[1]))


def standard_error(values: Sequence[float]) -> float | None:
    """`s / √n`; None for a single value."""
    n = len(values)
    if n < FEWEST:
        return None
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


@lru_cache(maxsize=256)
def t_quantile(level: float, degrees: int) -> float:
    """Between minus and plus this is `level` of Student's t."""
    from scipy.special import stdtrit  # noqa: PLC0415 - `--help` does not wait for scipy

    return float(stdtrit(degrees, (1.0 + level) / 2.0))


def detectable_effect(error: float, layers: int) -> float | None:
    """The shift of a mean that a two-sided 5 % t test over `layers` layers finds four times out of five, or None for
    one layer; `error` is the standard error of the mean.

    The power is that of the *noncentral* t: with 4 layers the effect is 4.26 standard errors, where a normal one has
    2.80.
    """
    if layers < FEWEST or error == 0.0:
        return None
    return error * detectable_errors(layers)


@lru_cache(maxsize=256)
def detectable_errors(layers: int) -> float:
    """`detectable_effect` in standard errors of the mean [-]."""
    degrees = layers - 1
    bar = t_quantile(1.0 - ALPHA, degrees)
    low, high = 0.0, 100.0  # with one degree of freedom it is 16
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        power = noncentral_above(bar, degrees, middle) + noncentral_above(bar, degrees, -middle)
        low, high = (middle, high) if power < POWER else (low, middle)
    return high


def noncentral_above(bar: float, degrees: int, shift: float) -> float:
    """The probability that noncentral t exceeds `bar`: `∫ Φ(shift − bar · u / √ν) dχ_ν(u)`, by Gauss–Legendre panels.

    scipy 1.17 has no number for one degree of freedom and a large shift.
    """
    from scipy.special import gammaln, ndtr  # noqa: PLC0415 - `--help` does not wait for scipy

    points, weights = np.polynomial.legendre.leggauss(NODES)
    edges = np.linspace(max(0.0, math.sqrt(degrees) - TAIL), math.sqrt(degrees) + TAIL, PANELS + 1)
    half = (edges[1:] - edges[:-1])[:, None] / 2.0
    u = edges[:-1, None] + half * (points + 1.0)
    logs = (degrees - 1.0) * np.log(u) - u * u / 2.0 - (degrees / 2.0 - 1.0) * math.log(2.0) - gammaln(degrees / 2.0)
    return float((np.exp(logs) * ndtr(shift - bar * u / math.sqrt(degrees)) * weights * half).sum())
