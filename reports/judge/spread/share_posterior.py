"""The share of matrices that meet a bound, over layers like those that were read: a hierarchical beta-binomial. Pure.

Layer i has k_i of n_i matrices below the bound, k_i ~ Binomial(n_i, θ_i), θ_i ~ Beta(μκ, (1−μ)κ), μ ~ U(0, 1) and
κ log-uniform on [0.5, 2000]: layers differ by as much as they are seen to. Integrated by quadrature, without a draw.

With 4 and 16 layers a 95 % interval covers at least 0.90 and 0.93 (the table in `reports/README.md`). It assumes that
the layers read are a random sample of those it is said of: in ascending order they are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = tuple[tuple[int, int], ...]  # (k, n) of each layer
Floats = NDArray[np.float64]

LEAST_KAPPA, MOST_KAPPA = 0.5, 2000.0
KAPPA_NODES = 32  # Gauss–Legendre in log κ
SPAN = 24.0  # of logit μ on each side: a share of 4e-11
COARSE = 96  # panels of the first pass …
FINE = 40.0  # … and into how many a panel with all of the mass is cut for the second
NODES = 6  # Gauss–Legendre nodes in a panel
NEGLIGIBLE = 1e-13  # mass of a panel that is left out
ENDS = 1e-12  # of an interval, in logit μ


@dataclass(frozen=True)
class SharePosterior:
    """Posterior mass on a grid of `x = logit μ` and log κ."""

    edges: Floats  # (panels + 1,) of x, ascending; a panel may be left out between two of them
    nodes: Floats  # (panels, NODES) of x
    mass: Floats  # (kappa, panels, NODES), its sum is 1
    kappas: Floats  # (kappa,)

    @property
    def mean(self) -> float:
        """E μ [-]."""
        return float((self.mass.sum(0) * _expit(self.nodes)).sum())

    def interval(self, level: float) -> tuple[float, float]:
        """Equal-tailed credible interval of μ [-]; never of width zero."""
        tail = (1.0 - level) / 2.0
        return self.quantile(tail), self.quantile(1.0 - tail)

    def quantile(self, at: float) -> float:
        """The value of μ below which `at` of the posterior is [-]."""
        by_node = self.mass.sum(0)
        cumulative = np.concatenate([[0.0], np.cumsum(by_node.sum(1))])
        panel = min(int(np.searchsorted(cumulative, at * cumulative[-1], side="right")) - 1, len(by_node) - 1)
        wanted = at * cumulative[-1] - cumulative[panel]
        points, weights = np.polynomial.legendre.leggauss(NODES)
        density = np.polynomial.legendre.legfit(points, by_node[panel] / weights, NODES - 1)
        below = np.polynomial.legendre.legint(density, lbnd=-1)
        low, high = -1.0, 1.0
        while high - low > ENDS:
            middle = (low + high) / 2.0
            if np.polynomial.legendre.legval(middle, below) < wanted:
                low = middle
            else:
                high = middle
        left, right = self.edges[panel]
        return float(_expit(left + (right - left) * (1.0 + (low + high) / 2.0) / 2.0))

    @property
    def layer_scatter(self) -> float:
        """Posterior mean of the variance of a layer's θ, `μ (1 − μ) / (κ + 1)` [-]."""
        mu = _expit(self.nodes)
        return float((self.mass * (mu * (1.0 - mu)) / (self.kappas[:, None, None] + 1.0)).sum())


def share_posterior(counts: Sequence[tuple[int, int]]) -> SharePosterior:
    """The posterior given (k, n) of each layer; their order does not matter.

    Raises `ValueError` without a layer, and for counts that no layer can have.
    """
    if not counts or any(not 0 <= k <= n or n < 1 for k, n in counts):
        raise ValueError(f"{list(counts)[:4]}: expected layers with k of n matrices, 0 ≤ k ≤ n and n ≥ 1")
    return _posterior(tuple(sorted(counts)))


@lru_cache(maxsize=1024)  # a gate is judged by every cell behind it
def _posterior(counts: Counts) -> SharePosterior:
    points, weights = np.polynomial.legendre.leggauss(KAPPA_NODES)
    low, high = np.log(LEAST_KAPPA), np.log(MOST_KAPPA)
    kappas = np.exp(low + (high - low) * (points + 1.0) / 2.0)
    uniform = np.linspace(-SPAN, SPAN, COARSE + 1)
    coarse = np.stack([uniform[:-1], uniform[1:]], 1)
    mass = _on(counts, coarse, kappas, weights)[1].sum((0, 2))
    near = np.maximum(mass, np.maximum(np.roll(mass, 1), np.roll(mass, -1)))  # a peak between two nodes
    edges = np.concatenate(
        [
            np.stack([cuts[:-1], cuts[1:]], 1)
            for (left, right), here, beside in zip(coarse, mass, near, strict=True)
            if beside > NEGLIGIBLE
            for cuts in [np.linspace(left, right, 2 + int(FINE * here))]
        ]
    )
    nodes, fine = _on(counts, edges, kappas, weights)
    return SharePosterior(edges, nodes, fine, kappas)


def _on(counts: Counts, edges: Floats, kappas: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Nodes of x in panels `(panels, 2)`, and the posterior mass of each with each κ."""
    points, within = np.polynomial.legendre.leggauss(NODES)
    half = (edges[:, 1:] - edges[:, :1]) / 2.0
    nodes = edges[:, :1] + half * (points + 1.0)
    mu, rest = _expit(nodes), _expit(-nodes)
    logs = log_likelihood(counts, mu, rest, kappas) + np.log(mu * rest)  # dμ = μ (1 − μ) dx
    mass = np.exp(logs - logs.max()) * weights[:, None, None] * half * within
    return nodes, mass / mass.sum()


def log_likelihood(counts: Counts, mu: Floats, rest: Floats, kappas: Floats) -> Floats:
    """`Σ_i log B(k_i + μκ, n_i − k_i + (1−μ)κ) − log B(μκ, (1−μ)κ)`, `(kappa, …)` for `mu (…)`; `rest` is 1 − μ."""
    from scipy.special import gammaln  # noqa: PLC0415 - `--help` does not wait for scipy

    kappa = kappas.reshape(-1, *[1] * mu.ndim)
    a, b = mu * kappa, rest * kappa
    base_a, base_b = gammaln(a), gammaln(b)
    total = np.zeros_like(a)
    layers: dict[tuple[int, int], int] = {}
    for layer in counts:
        layers[layer] = layers.get(layer, 0) + 1
    for (k, n), times in layers.items():
        if k:
            total += times * (gammaln(a + k) - base_a)
        if n - k:
            total += times * (gammaln(b + (n - k)) - base_b)
        total += times * (gammaln(kappa) - gammaln(kappa + n))
    return np.asarray(total, dtype=np.float64)


def _expit(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)
