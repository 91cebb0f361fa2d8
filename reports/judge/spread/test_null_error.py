"""The error of a null that all layers share, from the scatter of those that they do not share."""

import math

import numpy as np
import pytest

from reports.judge.spread.null_error import shared_null_error
from reports.prereg.samples import Measured, Samples


def layer(gaussian: float, spectral: tuple[float, ...], shuffled: tuple[float, ...]) -> Measured:
    fits = (*[gaussian] * len(spectral), *spectral, *shuffled)
    sampled = tuple(str(index) for index in range(len(spectral)))
    axes = {"null": ("gaussian", "spectral", "shuffled"), "sampled rotation": sampled}
    return Measured(
        {
            "sampled_lift": Samples((1.5,) * len(sampled), "", "-", ("sampled rotation",)),
            "sampled_random": Samples((1.0,) * len(sampled), "", "-", ("sampled rotation",)),
            "null_fit": Samples(fits, "", "-", ("null", "sampled rotation")),
        },
        axes,
    )


def test_by_hand() -> None:
    """The shuffled null varies by 0.02² at one place and not at the other: s² = 2e-4, over 8 draws, relative to 1.2."""
    layers = [layer(1.2, (1.0, 1.1), (1.10, 1.0)), layer(1.2, (1.0, 1.1), (1.10 + 0.02 * math.sqrt(2), 1.0))]
    assert shared_null_error(layers, 8) == pytest.approx(math.sqrt(2e-4 / 8) / 1.2)


def test_it_counts_where_the_shared_null_is_the_largest() -> None:
    high = [layer(1.2, (1.0,), (1.1 + 0.01 * index,)) for index in range(4)]
    low = [layer(0.9, (1.0,), (1.1 + 0.01 * index,)) for index in range(4)]
    assert shared_null_error(low, 8) == 0.0
    mixed = [*high[:2], *low[2:]]
    assert shared_null_error(high, 1) > 0.0
    assert shared_null_error([*mixed], 1) < shared_null_error(high, 1)


def test_one_layer_shows_no_scatter() -> None:
    assert shared_null_error([layer(1.2, (1.0,), (1.1,))], 8) == 0.0


def test_it_is_no_less_than_what_the_mean_of_the_draws_errs_by() -> None:
    """Nulls simulated with one scatter: the estimate is the standard error of the shared mean, within a fifth."""
    draw = np.random.Generator(np.random.PCG64(3))
    scatter, draws = 0.004, 32
    estimates = []
    for _ in range(50):
        shared = draw.normal(1.2, scatter, draws).mean()
        layers = [
            layer(shared, tuple(draw.normal(1.1, scatter, 2)), tuple(draw.normal(1.1, scatter, 2))) for _ in range(16)
        ]
        estimates.append(shared_null_error(layers, draws))
    assert np.mean(estimates) == pytest.approx(scatter / math.sqrt(draws) / 1.2, rel=0.2)
