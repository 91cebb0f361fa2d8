"""Percentile bootstrap intervals over the sources of prompts, of which there are many. Pure and seeded.

Over layers, which are few, they cover far less than they say: `reports/judge/spread/` has those intervals.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.prereg.preregistration import Interval


def bootstrap_over_prompts(
    pairs: Sequence[tuple[float, float]], interval: Interval, sources: Sequence[str] | None = None
) -> tuple[tuple[float, float], float | None]:
    """Percentile interval of `Σ NLL / Σ NLL₀ − 1`, and its standard error [-], None for a single source.

    Paired: a resampled prompt brings both of its values, so that what makes a prompt hard cancels. Prompts of one
    source are not independent, so sources are resampled, each with all of its prompts. `sources` names the one of each
    prompt; None: each prompt is its own.
    """
    values = _by_source(np.asarray(pairs, dtype=np.float64), sources)
    counts = _resampled(len(values), interval)
    before, after = np.einsum("dp,pk->kd", counts, values)  # not BLAS, whose last digits depend on its threads
    ratios = after / before - 1.0
    tail = (1.0 - interval.level) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    error = float(ratios.std(ddof=1)) if len(values) > 1 else None
    return (float(low), float(high)), error


def bootstrap_of_mean(
    values: Sequence[float], interval: Interval, sources: Sequence[str] | None = None
) -> tuple[float, float]:
    """Percentile interval of the mean of `values`, one for each prompt, over resampled sources: in their unit."""
    (low, high), _ = bootstrap_over_prompts([(1.0, value) for value in values], interval, sources)
    return low + 1.0, high + 1.0


def _by_source(values: NDArray[np.float64], sources: Sequence[str] | None) -> NDArray[np.float64]:
    """Sums of `values (prompt, 2)` over the prompts of each source, `(source, 2)`, in the order of first mention."""
    if sources is None:
        return values
    rows = {source: row for row, source in enumerate(dict.fromkeys(sources))}
    sums = np.zeros((len(rows), 2))
    for source, pair in zip(sources, values, strict=True):
        sums[rows[source]] += pair
    return sums


@lru_cache(maxsize=2)  # one set of sources, every variant: 7 MB for 91 of them; and of a control, its prompts
def _resampled(count: int, interval: Interval) -> NDArray[np.float64]:
    """How often each of `count` sources is drawn, `(draw, source)`."""
    generator = np.random.Generator(np.random.PCG64(interval.seed))
    return generator.multinomial(count, np.full(count, 1.0 / count), size=interval.draws).astype(np.float64)
