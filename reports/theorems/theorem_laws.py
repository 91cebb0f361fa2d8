"""What a run's measurements say of each law that β follows: of Haar rotations, and of i.i.d. entries. Pure.

A mean of random values is held to its expectation within six standard deviations, which are derived, not fitted.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from kernels.closed_forms.haar_level import haar_level
from reports.judge.gates import Measurements
from reports.prereg.preregistration import Cell, Preregistration
from reports.theorems.theorem_checks import Check, controls, ordered, widths

SIGMAS = 6.0  # of a normal law: beyond them once in 5e8 checks
HALF_NORMAL_MEAN = math.sqrt(2.0 / math.pi)
# E|x|, E x², E|x|³, E x⁴ of i.i.d. entries: standard normal; uniform on [-1, 1]; Laplace of scale 1
MOMENTS: Mapping[str, tuple[float, float, float, float]] = {
    "gaussian": (HALF_NORMAL_MEAN, 1.0, 2.0 * HALF_NORMAL_MEAN, 3.0),
    "uniform": (1 / 2, 1 / 3, 1 / 4, 1 / 5),
    "laplace": (1.0, 2.0, 6.0, 24.0),
}


@dataclass(frozen=True)
class Law:
    """Of a mean of `draws` values of β: E β² and the variance of one value."""

    squared: float
    variance: float
    draws: int


def haar(prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in ordered(measurements):
        betas = measurement.measured.samples.get("haar_beta", ())
        sizes = widths(prereg, cell, measurements)
        draws = len(measurement.measured.samples.get("haar_draws", ()))
        if sizes is None or not draws or not betas or not measurement.measured.along("haar_beta", "projection"):
            continue
        directions = _participating(prereg, cell, measurements, len(betas))
        for index, beta in enumerate(betas):
            n = sizes[index * len(sizes) // len(betas)]
            where = f"{cell.id} {measurement.measured.place('haar_beta', index)}"
            variance = row_variance("gaussian", n) / directions[index]
            yield _apart(where, beta, Law(haar_level(n) ** 2, variance, draws), made=False)


def moment_ratio(entries: str, prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    """Of matrices with i.i.d. `entries`: a Gaussian control's own, or its entries sent through a distribution function.

    Rows are independent: the variance of a matrix's β is that of a row over their number.
    """
    sample = "beta" if entries == "gaussian" else f"beta_{entries}"
    for control, measurement in controls(prereg, measurements, "gaussian"):
        sizes = (control.hidden_size, control.hidden_size, control.intermediate_size)
        held = sample in measurement.measured.samples
        parts = measurement.measured.along(sample, "projection") if held else {}
        for (name, betas), n in zip(parts.items(), sizes, strict=False):
            rows = control.hidden_size + control.intermediate_size - n
            law = Law(row_square(entries, n), row_variance(entries, n) / rows, len(betas))
            yield _apart(f"{control.name} {name}", fmean(betas), law, made=True)


def row_square(entries: str, n: int) -> float:
    """E β² of a matrix of many rows of length `n` with i.i.d. `entries` [-]: `r + (1 − r)/n`, r = (E|x|)²/E x²."""
    first, second, _, _ = MOMENTS[entries]
    ratio = first**2 / second
    return ratio + (1.0 - ratio) / n


def row_variance(entries: str, n: int) -> float:
    """Variance of β of one row, weighted by its energy, to leading order in 1/n [-]; (1 − 3/π)/n for a Gaussian.

    β² is a ratio of means over rows, of a² to q with a = Σ|x|/n and q = Σx²/n: its variance is that of a² − r q over
    q², r = (E|x|)²/E x², and that of β the same over 4 r.
    """
    first, second, third, fourth = MOMENTS[entries]
    ratio = first**2 / second
    spread = 4.0 * ratio * (second - first**2) * second + ratio**2 * (fourth - second**2)
    spread -= 4.0 * first * ratio * (third - first * second)
    return spread / (4.0 * ratio * second**2 * n)


def _apart(where: str, mean: float, law: Law, made: bool) -> Check:
    """How far a mean of β is from E β = √(E β² − variance), and how far it may be."""
    expected = math.sqrt(law.squared - law.variance)
    detail = f"mean β {mean:.4f} of {law.draws}, expected {expected:.4f}"
    return Check(where, abs(mean - expected), SIGMAS * math.sqrt(law.variance / law.draws), made, detail)


def _participating(prereg: Preregistration, cell: Cell, measurements: Measurements, count: int) -> Sequence[float]:
    """Participation ratio of each matrix of the cell's layer, in directions; 1, the least there is, if unknown."""
    d = min(prereg.subject.hidden_size, prereg.subject.intermediate_size)
    for claim in prereg.claims:
        beside = measurements.get(Cell("claim", claim.name, cell.layer))
        ratios = () if beside is None else beside.measured.samples.get("participation_ratio", ())
        if len(ratios) == count:
            return [max(1.0, ratio * d) for ratio in ratios]
    return [1.0] * count
