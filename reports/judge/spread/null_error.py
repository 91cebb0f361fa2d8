"""The Monte Carlo error of a null that is divided out, from what was stored of it. Pure.

Nulls that are drawn anew for each layer scatter from layer to layer, so the interval over layers holds their error. The
i.i.d. one is drawn once per shape, and every layer divides by the same mean: its error is seen in no scatter. Of it
the mean alone is stored. What one draw scatters by is taken from the other nulls' fits of one rotation, which scatter
by more: they follow the weights of their layer, too.
"""

import math
from collections.abc import Sequence
from statistics import fmean, variance

from reports.prereg.measured_decomposition import decompose
from reports.prereg.samples import Measured

SHARED = "gaussian"  # the null of which all layers have the same draws
FEWEST = 2  # layers


def shared_null_error(layers: Sequence[Measured], draws: int) -> float:
    """Standard error of the mean log structure by the i.i.d. null, which is the mean of `draws` [-].

    `share · s / (fit · √draws)`: share of the layers whose largest null it is, s the standard deviation of the null
    that scatters most among the others. 0 where it is nowhere the largest, or where one layer shows no scatter.
    """
    found = [decompose(layer) for layer in layers]
    known = [factors for factors in found if factors is not None]
    largest = [factors for factors in known if factors.noise_fit == factors.nulls.get(SHARED)]
    fits = [layer.along("null_fit", "null") for layer, factors in zip(layers, found, strict=True) if factors]
    if not largest or len(fits) < FEWEST:
        return 0.0
    scatter = [
        fmean(variance(place) for place in zip(*(layer[null] for layer in fits), strict=False))
        for null in fits[0]
        if null != SHARED
    ]
    if not scatter:
        return 0.0
    return len(largest) / len(known) * math.sqrt(max(scatter) / draws) / fmean(one.noise_fit for one in largest)
