"""How many matrices are below a bound on every machine, or None where that is not proven. Pure.

Energy ranks are whole numbers, so a count of them can be the same everywhere, unlike a mean. The measure hands over
what every machine's rank is between (`kernels/spectra/`, point 6): both ends are the rank itself but at a tie.
"""

from collections.abc import Sequence

from reports.prereg.known_names import RELATIVE
from reports.prereg.measurement import Measured

# Noise's energy rank, by which a relative one is divided, is a numerical integral: good to about 1e-12, not to the bit.
REFERENCE_ERROR = 1e-9  # relative [-]


def certified_count(layers: Sequence[Measured], metric: str, below: float) -> int | None:
    """The number of matrices whose `metric` is less than `below`.

    None where the metric is not an energy rank, where no range of ranks was measured, and where a matrix's other
    possible rank is on the other side of the bound.
    """
    count, rank = 0, metric.removeprefix(RELATIVE)
    for measured in layers:
        least, most = (measured.samples.get(f"{rank}_{end}") for end in ("at_least", "at_most"))
        if least is None or most is None:
            return None
        bound = below * measured.reference[rank] if metric.startswith(RELATIVE) else below
        error = REFERENCE_ERROR * bound if metric.startswith(RELATIVE) else 0.0
        for low, high, value in zip(least, most, measured.samples[rank], strict=True):
            if any((end < bound - error) != (end < bound + error) for end in (low, high)):
                return None
            if not (low < bound) == (value < bound) == (high < bound):
                return None
            count += value < bound
    return count
