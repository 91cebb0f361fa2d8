"""A search is stable where one unit in the last place of the weights flips no sign of W R: any processor repeats it.

What `reports/prereg/repeatable.py` allows is tried here at its bounds, on four kinds of matrices; a search that it
forbids is shown to flip signs, so that the test can fail.
"""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.batch import on_one_thread
from kernels.descent.chunks import Optimiser
from kernels.rotations import haar_orthogonal
from kernels.searches.graduated import LONG_STEPS, graduated
from kernels.searches.momentum import momentum
from kernels.searches.radam import radam
from reports.prereg.repeatable import LARGEST_STEP, LEAST_SMOOTHING, LONGEST_STEP, MOST_MOMENTUM

WORDS = 32  # of the codebook
SINGLE = [(32, 64), (64, 32)]  # out x in of a matrix with a rotation of its own
SHARED = [(512, 64), (512, 32)]  # of a stack whose matrices share one


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    drawn: Tensor = torch.randn(shape, dtype=torch.float64, generator=generator)
    return drawn


def gaussian(generator: torch.Generator, rows: int, n: int) -> Tensor:
    return normal(generator, rows, n)


def uneven(generator: torch.Generator, rows: int, n: int) -> Tensor:
    """Lognormal scales of rows (σ 0.5) and columns (σ 0.7)."""
    scales = (0.5 * normal(generator, rows, 1)).exp() * (0.7 * normal(generator, 1, n)).exp()
    return scales * normal(generator, rows, n)


def low_rank(generator: torch.Generator, rows: int, n: int) -> Tensor:
    rank = n // 6
    signal = normal(generator, rows, rank) @ normal(generator, rank, n) / math.sqrt(rank)
    return (signal + 0.5 * normal(generator, rows, n)) * (0.5 * normal(generator, rows, 1)).exp()


def codebook(generator: torch.Generator, rows: int, n: int) -> Tensor:
    """Rows drawn from Student-t words (3 degrees of freedom) with scales and noise."""
    words = normal(generator, WORDS, n) / normal(generator, 3, WORDS, n).square().mean(0).sqrt()
    chosen = words[torch.randint(0, WORDS, (rows,), generator=generator)]
    return chosen * (0.3 * normal(generator, rows, 1)).exp() + 0.2 * normal(generator, rows, n)


KINDS: dict[str, Callable[[torch.Generator, int, int], Tensor]] = {
    "gaussian": gaussian,
    "uneven": uneven,
    "low_rank": low_rank,
    "codebook": codebook,
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def stack(kind: str, shape: tuple[int, int], count: int, seed: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([KINDS[kind](generator, *shape) for _ in range(count)])


def moved(w: Tensor, seed: int = 9) -> Tensor:
    """Every weight one unit in the last place larger or smaller."""
    upwards = torch.randint(0, 2, w.shape, generator=torch.Generator().manual_seed(seed)).bool()
    return torch.nextafter(w, torch.where(upwards, torch.inf, -torch.inf).to(w.dtype))


def start(n: int) -> Tensor:
    return haar_orthogonal(n, torch.Generator().manual_seed(1))


def compared(optimise: Optimiser, w: Tensor) -> tuple[int, float]:
    """Signs of W R that one ulp flips, and how far β moves at most [-]."""
    found = [on_one_thread(lambda given=given: optimise(given, start(w.shape[-1]))) for given in (w, moved(w))]  # type: ignore[misc]
    here, there = (given.double() @ each.rotation > 0.0 for given, each in zip((w, moved(w)), found, strict=True))
    return int((here != there).sum()), float((found[0].beta - found[1].beta).abs().max())


def by_radam(w: Tensor, at: Tensor) -> object:
    return radam(w, 100, at, step_size=LARGEST_STEP)


def by_graduated(w: Tensor, at: Tensor) -> object:
    return graduated(w, 100, at)


def at_the_bounds(w: Tensor, at: Tensor) -> object:
    settings = {"step_length": LONGEST_STEP, "momentum": MOST_MOMENTUM, "smoothing": LEAST_SMOOTHING}
    return graduated(w, 100, at, **settings)


ALLOWED: dict[str, tuple[Optimiser, list[tuple[int, int]], int]] = {
    "radam, one matrix": (by_radam, SINGLE, 4),  # type: ignore[dict-item]
    "graduated, one matrix": (by_graduated, SINGLE, 4),  # type: ignore[dict-item]
    "graduated, shared": (by_graduated, SHARED, 1),  # type: ignore[dict-item]
    "graduated at the bounds, one matrix": (at_the_bounds, SINGLE, 4),  # type: ignore[dict-item]
    "graduated at the bounds, shared": (at_the_bounds, SHARED, 1),  # type: ignore[dict-item]
}


@every_kind
@pytest.mark.parametrize("search", ALLOWED)
def test_one_ulp_flips_no_sign(search: str, kind: str) -> None:
    optimise, shapes, count = ALLOWED[search]
    for shape in shapes:
        flipped, moved_by = compared(optimise, stack(kind, shape, count))
        assert flipped == 0, f"{shape}: {flipped} signs"
        assert moved_by < 1e-8, shape


@pytest.mark.nightly
@every_kind
@pytest.mark.parametrize("seed", range(4))
def test_one_ulp_flips_no_sign_at_the_embedded_shapes(kind: str, seed: int) -> None:
    for optimise in (by_graduated, at_the_bounds):
        for shape in ((2048, 128), (2048, 64)):
            flipped, moved_by = compared(optimise, stack(kind, shape, 1, seed))  # type: ignore[arg-type]
            assert flipped == 0, (shape, flipped)
            assert moved_by < 1e-8, shape
    for optimise in (by_radam, by_graduated, at_the_bounds):
        for shape in ((64, 128), (128, 64)):
            flipped, moved_by = compared(optimise, stack(kind, shape, 16, seed))  # type: ignore[arg-type]
            assert flipped == 0, (shape, flipped)
            assert moved_by < 1e-8, shape


FORBIDDEN: dict[str, tuple[Optimiser, torch.dtype]] = {
    "momentum": (lambda w, at: momentum(w, 100, at), torch.float64),
    "graduated, long steps": (lambda w, at: graduated(w, 100, at, **LONG_STEPS), torch.float64),
    "radam, float32": (lambda w, at: radam(w, 100, at.float(), step_size=1.0), torch.float32),
}


@pytest.mark.parametrize("search", FORBIDDEN)
def test_the_test_can_fail(search: str) -> None:
    optimise, dtype = FORBIDDEN[search]
    w = stack("uneven", (512, 64), 2).to(dtype)
    flipped, _ = compared(optimise, w)
    assert flipped > w.numel() // 1000
