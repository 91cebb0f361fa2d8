"""What INT4 in groups does to i.i.d. Gaussian weights: how much is lost, and how kurtosis goes with it by itself.

Excess kurtosis and the error of an absmax quantiser are both moments of a few large entries. So matrices without any
structure, drawn from one law, have a rank correlation of the two that is far from 0.
"""

import math
from dataclasses import dataclass

LEVELS = 7  # of INT4, symmetric: -7 … 7
SMALLEST, LARGEST = 2, 4096  # of a group
STEPS = 4000  # of a trapezoidal rule on [0, 12]: 1e-10 of what it integrates is left out
MOST_CORRELATED = (
    81  # the group whose ρ is greatest, 0.768: smaller ones have few large entries, greater ones many small
)
END = 12.0  # of 4096 normal numbers none is as large


@dataclass(frozen=True)
class Int4Law:
    """Of many i.i.d. normal weights in groups."""

    error: float  # ‖W - Ŵ‖ / ‖W‖, of Frobenius norms [-]
    correlation: float  # of excess kurtosis and error, over matrices [-]
    spearman: float  # the same of ranks [-]


def int4_law(group: int) -> Int4Law:
    """For groups of `group` weights, of matrices with many groups.

    M, the absmax of a group, has the density g (2Φ - 1)^(g-1) 2φ. The step is M/7; the other g - 1 weights are normal
    within ± M and their errors uniform within half a step, as near as 1e-3 in the mean. To first order a matrix's
    kurtosis moves with ΣHe₄(w), and its error with Σe² - D Σw², D its mean. Both are sums over groups, so that they
    are jointly normal in the end: with correlation r ranks have (6/π) asin(r/2).
    Raises `ValueError` for a group outside 2 to 4096.
    """
    if not SMALLEST <= group <= LARGEST:
        raise ValueError(f"int4_law: group is {group}, expected {SMALLEST} to {LARGEST}")
    others, width = group - 1, END / STEPS
    mean = square = rounding = with_he4 = with_he2 = 0.0
    for i in range(1, STEPS):
        m = i * width
        density, within = math.exp(-0.5 * m * m) / math.sqrt(2.0 * math.pi), math.erf(m / math.sqrt(2.0))
        weight = group * within**others * 2.0 * density * width
        lost = others * (m / LEVELS) ** 2 / 12.0
        he4 = m**4 - 6.0 * m**2 + 3.0 - others * 2.0 * (m**3 - 3.0 * m) * density / within
        he2 = m**2 - 1.0 - others * 2.0 * m * density / within
        mean += weight * lost
        square += weight * lost * lost
        rounding += weight * others * (m / LEVELS) ** 4 / 180.0
        with_he4 += weight * lost * he4
        with_he2 += weight * lost * he2
    share = mean / group
    spread = square - mean * mean + rounding - 2.0 * share * with_he2 + 2.0 * group * share * share
    r = with_he4 / math.sqrt(24.0 * group * spread)
    return Int4Law(math.sqrt(share), r, 6.0 / math.pi * math.asin(r / 2.0))
