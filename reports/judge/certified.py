"""How many matrices are below a bound on every machine, or None where that is not proven. Pure.

Energy ranks are whole numbers, so a count of them can be the same everywhere, unlike a mean. The measure hands over
what every machine's rank is between (`kernels/spectra/`, point 6): both ends are the rank itself but at a tie.
"""

from collections.abc import Sequence

from reports.prereg.samples import Samples


def certified_count(layers: Sequence[Samples], below: float) -> int | None:
    """The number of matrices whose value is less than `below`.

    None where no range of values was certified, and where a matrix's other possible value is on the other side of the
    bound.
    """
    count = 0
    for samples in layers:
        if samples.least is None or samples.most is None:
            return None
        for low, high, value in zip(samples.least, samples.most, samples.values, strict=True):
            if not (low < below) == (value < below) == (high < below):
                return None
            count += value < below
    return count
