"""Percentile bootstrap intervals over prompts, of which there are many. Pure and seeded.

Over layers, which are few, they cover far less than they say: `reports/judge/spread/` has those intervals.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.prereg.preregistration import Interval


def bootstrap_over_prompts(
    pairs: Sequence[tuple[float, float]], interval: Interval
) -> tuple[tuple[float, float], float | None]:
    """Percentile interval of `Σ NLL / Σ NLL₀ − 1`, and its standard error [-], None for a single prompt.

    Paired: a resampled prompt brings both of its values, so that what makes a prompt hard cancels. Prompts of one
    source are not independent: the interval may be too narrow.
    """
    counts = _resampled(len(pairs), interval)
    values = np.asarray(pairs, dtype=np.float64)
    before, after = np.einsum("dp,pk->kd", counts, values)  # not BLAS, whose last digits depend on its threads
    ratios = after / before - 1.0
    tail = (1.0 - interval.level) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    error = float(ratios.std(ddof=1)) if len(values) > 1 else None
    return (float(low), float(high)), error


@lru_cache(maxsize=1)  # one set of prompts, every variant: 19 MB for 239 of them
def _resampled(count: int, interval: Interval) -> NDArray[np.float64]:
    """How often each of `count` prompts is drawn, `(draw, prompt)`."""
    generator = np.random.Generator(np.random.PCG64(interval.seed))
    return generator.multinomial(count, np.full(count, 1.0 / count), size=interval.draws).astype(np.float64)
