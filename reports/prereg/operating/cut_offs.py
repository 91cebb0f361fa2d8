"""How low a share of matrices must be in the layers read first before a rung is killed there. Pure.

The layers are read in random order: the first n of N are a sample without replacement. In whatever way the shares of
the N layers differ, a rung whose full scope meets the rule (mean share ≥ A) is to be killed early with a probability
below `FALSE_KILLS`. In t = 1 − share, a layer misses by t in [0, 1], all of them together by at most D = N (1 − A),
and the rung is killed after n layers if they miss by n (1 − c) or more.

`worst_kill` is the greatest probability over every population of up to three levels, one of them t = 0: n_a layers
miss by t_a, n_b by t_b, and n_a t_a + n_b t_b = D, since missing by more kills no less. Populations of more levels
are searched by a test, at night, and found to be no worse. Several checkpoints share `FALSE_KILLS`: their
probabilities add up to more than that of any early kill (Bonferroni).
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FALSE_KILLS = 0.01  # of rungs whose full scope meets the rule, in the worst world
STEPS = 20  # cut-offs are multiples of 1/20
SLACK = 1e-9
MOST_EXACT = 16  # layers of a checkpoint for which every level at which something changes is tried …
LEVELS = 33  # … and how many are beyond that
COUNTS = 40  # numbers of layers at a level that are tried at most


def cut_offs(checkpoints: Sequence[int], layers: int, at_least: float) -> tuple[float, ...]:
    """For each checkpoint before the last: the greatest multiple of 1/20 at or below which it may kill early.

    -1 where there is none, not even 0: then no share is low enough. Checkpoints are in ascending order, at most
    `layers`.
    """
    early = checkpoints[:-1]
    return tuple(_cut_off(read, layers, at_least, FALSE_KILLS / len(early)) for read in early)


@lru_cache(maxsize=128)
def _cut_off(read: int, layers: int, at_least: float, allowed: float) -> float:
    found = -1.0
    for step in range(STEPS + 1):
        share = step / STEPS
        if share >= at_least or worst_kill(read, layers, at_least, share) >= allowed:
            return found
        found = share
    return found


@lru_cache(maxsize=1024)
def worst_kill(read: int, layers: int, at_least: float, cut_off: float) -> float:
    """The greatest probability that `read` of `layers` layers have a mean share of at most `cut_off`, though the share
    over all is at least `at_least` [-]."""
    budget, bar = layers * (1.0 - at_least), read * (1.0 - cut_off)
    if cut_off >= at_least:
        return 1.0  # a population of this very share
    worst = 0.0
    counts = sorted({round(one) for one in np.linspace(1, layers, min(layers, COUNTS))} | {read, read + 1})
    for low in counts:
        if low > layers:
            continue
        level = min(1.0, budget / low)
        hits = np.arange(read + 1) * level >= bar - SLACK
        worst = max(worst, float((_counts(low, 0, layers, read)[:, 0] * hits).sum()))
        for high in counts:
            if low + high <= layers:
                worst = max(worst, _of_two(low, high, layers, read, budget, bar))
    return worst


def _of_two(  # noqa: PLR0913, PLR0917 - a world and a rule
    low: int, high: int, layers: int, read: int, budget: float, bar: float
) -> float:
    """The greatest probability with `low` layers that miss by one level and `high` by another, on the budget line."""
    pmf = _counts(low, high, layers, read)
    i, j = np.arange(read + 1)[:, None], np.arange(read + 1)[None, :]
    if read <= MOST_EXACT:
        with np.errstate(divide="ignore", invalid="ignore"):
            critical = ((bar - j * budget / high) / (i - j * low / high)).ravel()
        levels = np.unique(np.concatenate([critical[np.isfinite(critical)], [0.0, 1.0, budget / low]]))
    else:
        levels = np.linspace(0.0, min(1.0, budget / low), LEVELS)
    levels = levels[(levels >= 0.0) & (levels <= 1.0)]
    other = np.minimum(1.0, (budget - low * levels) / high)
    levels, other = levels[other >= 0.0], other[other >= 0.0]
    hits = i[None] * levels[:, None, None] + j[None] * other[:, None, None] >= bar - SLACK
    return float((hits * pmf).sum((1, 2)).max(initial=0.0))


@lru_cache(maxsize=8192)
def _counts(low: int, high: int, layers: int, read: int) -> NDArray[np.float64]:
    """The probability of i of the `low` and j of the `high` layers among those read: multivariate hypergeometric."""
    from scipy.special import gammaln  # noqa: PLC0415 - `--help` does not wait for scipy

    def choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
        inside = (k >= 0) & (k <= n)
        held = np.where(inside, k, 0)
        logs = gammaln(n + 1.0) - gammaln(held + 1.0) - gammaln(n - held + 1.0)
        return np.where(inside, logs, -np.inf)

    k = np.arange(read + 1)
    i, j = k[:, None], k[None, :]
    logs = choose(low, i) + choose(high, j) + choose(layers - low - high, read - i - j)
    return np.asarray(np.exp(logs - choose(layers, np.array(read))), dtype=np.float64)


def early_kills(cut: Sequence[float], checkpoints: Sequence[int], layers: int, at_least: float) -> float:
    """What the probability of any early kill is below, in the worst world: the sum over checkpoints [-]."""
    pairs: Iterator[tuple[int, float]] = zip(itertools.islice(checkpoints, len(cut)), cut, strict=True)
    return min(1.0, sum(worst_kill(read, layers, at_least, share) for read, share in pairs))
