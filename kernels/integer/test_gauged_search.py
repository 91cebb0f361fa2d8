"""The learned gauge: never worse than the rotation it starts from; it finds what is planted."""

import math
import re
from typing import Any

import pytest
import torch
from torch import Tensor

from kernels.integer.gauged_form import condition, gauge_faults
from kernels.integer.gauged_round_trip import round_trip_error
from kernels.integer.gauged_search import GaugeBudget, LearnedGauge, learned_gauge
from kernels.planted.gauged_grid import gauged_grid
from kernels.rotations import haar_orthogonal

BUDGET = GaugeBudget(
    rotation_steps=32,
    gauge_steps=32,
    rotation_length=0.5,
    gauge_length=0.12,
    spectrum_length=0.1,
    momentum=0.8,
    condition=4.0,
)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=seeded(seed))


def start(n: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return haar_orthogonal(n, seeded(1), dtype=dtype)


def errors(w: Tensor, found: LearnedGauge, bits: int) -> tuple[Tensor, Tensor]:
    """Through the rotation, and through the gauge."""
    first, second = (round_trip_error(w, one.matrix, one.inverse, bits) for one in (found.rotation, found.gauge))
    return first, second


def haar(w: Tensor, bits: int) -> Tensor:
    draws = haar_orthogonal(w.shape[-1], seeded(2), (5,))
    return torch.stack([round_trip_error(w, r, r.mT, bits) for r in draws]).mean(0)


@pytest.mark.parametrize("bits", [2, 4])
def test_a_gauge_is_no_worse_than_its_rotation_nor_that_than_its_start(bits: int) -> None:
    w = normal((2, 96, 24), 7)
    found = learned_gauge(w, bits, start(24, torch.float64), BUDGET)
    rotation, gauge = errors(w, found, bits)
    begun = round_trip_error(w, start(24, torch.float64), start(24, torch.float64).mT, bits)
    assert found.curve.shape == (65, 2)
    assert torch.allclose(found.curve[0], begun)
    assert bool((rotation < begun).all())
    assert bool((gauge <= rotation + 1e-12).all())
    assert torch.allclose(found.curve.amin(0), gauge)  # the best iterate, by its true error
    for one in (found.rotation, found.gauge):
        assert float(gauge_faults(one.matrix, one.inverse, BUDGET.condition).max()) <= 1.0
    assert condition(found.rotation.matrix).tolist() == pytest.approx([1.0, 1.0])
    assert float(condition(found.gauge.matrix).max()) > 1.01
    assert float(condition(found.gauge.matrix).max()) <= 4.0 * (1.0 + 1e-12)


def test_it_finds_a_grid_that_a_rotation_undoes_less_well_and_little_of_noise() -> None:
    """Far beyond half where rows are words of a grid behind a gauge; on Gaussian ones, eight a coordinate, below it."""
    for bits, least, rotated in ((2, 0.75, 0.70), (4, 0.77, 0.75)):
        w = gauged_grid((1, 256, 32), 10, 0.0, seeded(8))
        rotation, gauge = errors(w, learned_gauge(w, bits, start(32), BUDGET), bits)
        expected = haar(w, bits)
        assert float(1.0 - gauge / expected) > least
        assert float(1.0 - rotation / expected) < rotated
        noise = normal((1, 256, 32), 9)
        _, gauge = errors(noise, learned_gauge(noise, bits, start(32), BUDGET), bits)
        assert 0.1 < float(1.0 - gauge / haar(noise, bits)) < 0.4


def test_a_condition_of_one_leaves_rotations_alone() -> None:
    w = normal((1, 40, 16), 10)
    found = learned_gauge(w, 2, start(16), GaugeBudget(**{**vars(BUDGET), "condition": 1.0}))
    assert condition(found.gauge.matrix).item() == pytest.approx(1.0)


def test_matrices_do_not_mix() -> None:
    w = normal((3, 40, 16), 11)
    together = learned_gauge(w, 4, start(16, torch.float64), BUDGET)
    alone = learned_gauge(w[1:2], 4, start(16, torch.float64), BUDGET)
    assert together.curve[:, 1].tolist() == pytest.approx(alone.curve[:, 0].tolist(), rel=1e-6)


def test_it_stops_where_no_more_is_wanted() -> None:
    asked = []

    def enough() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        learned_gauge(normal((1, 8, 4), 12), 4, start(4), BUDGET, enough)


@pytest.mark.parametrize(
    ("w", "first", "changes", "message"),
    [
        (
            torch.ones(3, 4),
            start(4),
            {},
            "learned_gauge: weights (3, 4) on cpu and start torch.float32 (4, 4) on ",
        ),
        (
            torch.ones(1, 3, 4),
            start(5),
            {},
            "learned_gauge: weights (1, 3, 4) on cpu and start torch.float32 (5, 5)",
        ),
        (torch.ones(1, 3, 4), 2.0 * start(4), {}, "learned_gauge: start: max |R^T R - I| = 3 [-] for matrix []"),
        (
            torch.ones(1, 3, 4),
            start(4),
            {"gauge_steps": 0},
            "learned_gauge: 32 + 0 steps to a condition of 4, ",
        ),
        (
            torch.ones(1, 3, 4),
            start(4),
            {"condition": 0.5},
            "learned_gauge: 32 + 32 steps to a condition of 0.5, ",
        ),
        (
            torch.zeros(1, 3, 4),
            start(4),
            {},
            "learned_gauge: matrix 0 has energy 0, expected finite and above 0",
        ),
        (torch.full((1, 3, 4), math.inf), start(4), {}, "learned_gauge: matrix 0 has energy inf, expected finite"),
    ],
)
def test_bad_input_is_one_line(w: Tensor, first: Tensor, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        learned_gauge(w, 4, first, GaugeBudget(**{**vars(BUDGET), **changes}))
