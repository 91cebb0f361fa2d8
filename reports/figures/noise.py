"""The Marchenko-Pastur curve that a spectrum is drawn beside, in numpy: a verdict is shown again without torch."""

import numpy as np
from numpy.typing import NDArray

POINTS = (
    8193  # of t in [0, pi]; the quantile is then right to 1e-6 (tested against `kernels.closed_forms.marchenko_pastur`)
)


def marchenko_pastur_quantiles(levels: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Singular values over their RMS below which a share `levels` (in [0, 1]) of them lies, for i.i.d. entries [-].

    gamma = min side / max side, in (0, 1]. With `x = sigma^2 / RMS^2 = 1 + gamma + 2 sqrt(gamma) cos t`, t in [0, pi]
    from the top edge down, the share above x is
    `(2/pi) (-sin t / (2 c) + (1 + gamma) t / (4 gamma) - (1 - gamma) / (2 gamma) atan((1 - c)/(1 + c) tan(t/2)))`,
    c = sqrt(gamma); inverted by linear interpolation. Float64. Source: Marchenko and Pastur, 1967.
    """
    c = np.sqrt(gamma)
    t = np.linspace(0.0, np.pi, POINTS)
    half_angle = np.arctan2((1.0 - c) * np.sin(t / 2.0), (1.0 + c) * np.cos(t / 2.0))
    above = (2.0 / np.pi) * (
        -np.sin(t) / (2.0 * c) + (1.0 + gamma) * t / (4.0 * gamma) - (1.0 - gamma) / (2.0 * gamma) * half_angle
    )
    at = np.interp(1.0 - levels, above, t)
    energies: NDArray[np.float64] = np.maximum(1.0 + gamma + 2.0 * c * np.cos(at), 0.0)
    return np.sqrt(energies)


def aspect_ratio(participation_ratio: float) -> float:
    """gamma [-] of a matrix whose Marchenko-Pastur participation ratio over k is `1 / (1 + gamma)`."""
    return 1.0 / participation_ratio - 1.0
