"""Percentile bootstrap intervals, over layers and over prompts. Pure and seeded."""

import math
import statistics
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.prereg.preregistration import Interval


def bootstrap_over_layers(values: Sequence[float], interval: Interval) -> tuple[tuple[float, float], float | None]:
    """Percentile interval of the mean over layers, and the standard error of that mean [-], None for a single layer.

    Layers are resampled, not matrices: matrices of one layer are not independent, and intervals over matrices cover far
    less than they say. With few layers this one covers 80 to 92 % at a nominal 95 %.
    """
    layers = np.asarray(values, dtype=np.float64)
    generator = np.random.Generator(np.random.PCG64(interval.seed))
    means = layers[generator.integers(0, len(layers), size=(interval.draws, len(layers)))].mean(axis=1)
    tail = (1.0 - interval.level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return (float(low), float(high)), error


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
