"""How heavy the tails of a matrix's entries are, and whether two numbers of many matrices rise together."""

import torch
from torch import Tensor


def excess_kurtosis(w: Tensor) -> Tensor:
    """`E(w - μ)⁴ / (E(w - μ)²)² - 3` over all entries of each matrix `(..., out, in)`: float64 `(...)` [-].

    The population's moments, 0 for a normal law, as `scipy.stats.kurtosis` has them by default. NaN where all entries
    are alike.
    """
    entries = w.double().flatten(-2)
    squares = (entries - entries.mean(-1, keepdim=True)).square()
    kurtosis: Tensor = squares.square().mean(-1) / squares.mean(-1).square() - 3.0
    return kurtosis


def spearman(x: Tensor, y: Tensor) -> Tensor:
    """Spearman's ρ of `x (..., m)` and `y (..., m)`, leading axes broadcast: float64 `(...)` [-].

    Pearson's correlation of ranks, equal values sharing the mean of theirs. Raises `ValueError` where there are fewer
    than two values, where one is not a number, and where all are alike: ranks then say nothing.
    """
    return _correlation(_ranks(x), _ranks(y))


def permuted_spearman(x: Tensor, y: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """ρ of `y (m)` and of `x (m)` in as many random orders: float64 `(draws)` [-], 0 in expectation."""
    orders = torch.stack([torch.randperm(x.shape[-1], generator=generator) for _ in range(draws)])
    return _correlation(_ranks(x)[orders.to(x.device)], _ranks(y))


def _correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's, of numbers whose means are 0."""
    norms = first.square().sum(-1) * second.square().sum(-1)
    rho: Tensor = (first * second).sum(-1) / norms.sqrt()
    return rho


def _ranks(values: Tensor) -> Tensor:
    """Ranks less their mean, ties averaged: how many are below, and half of the others that are equal."""
    exact = values.double()
    below = (exact[..., None, :] < exact[..., :, None]).double().sum(-1)
    equal = (exact[..., None, :] == exact[..., :, None]).double().sum(-1)
    ranks = below + 0.5 * (equal - 1.0)
    if exact.shape[-1] <= 1 or not bool(exact.isfinite().all()) or bool((equal == exact.shape[-1]).all(-1).any()):
        raise ValueError(
            f"spearman: {exact.shape[-1]} values that are not numbers or all alike, expected two or more that differ"
        )
    return ranks - 0.5 * (exact.shape[-1] - 1.0)
