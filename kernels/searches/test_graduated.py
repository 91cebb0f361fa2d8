"""The graduated search: its smoothed gradient, the levels that it reaches, the optima that it must find."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.descent.learned import Learned
from kernels.gauge.moments import one_bit_cosine
from kernels.planted.planted_beta import sign_lattice
from kernels.rotations import haar_orthogonal, rotate
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.graduated import LONG_STEPS, graduated, smoothed_rows
from kernels.searches.momentum import momentum
from kernels.searches.procrustes import procrustes
from kernels.searches.radam import radam

DTYPES = [torch.float32, torch.float64]
SHAPES = [(2, 32, 64), (2, 64, 32), (1, 512, 32)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def haar(n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return haar_orthogonal(n, generator(1), dtype=dtype)


def test_smoothed_rows_are_half_the_gradient_of_what_is_climbed() -> None:
    v, epsilon = gaussian((3, 5, 7)).requires_grad_(), torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64)
    masses = (v.square() + epsilon[:, None, None].square()).sqrt().sum(-1)
    (gradient,) = torch.autograd.grad(masses.square().sum(), v)
    torch.testing.assert_close(smoothed_rows(v.detach(), epsilon), gradient / 2.0, rtol=1e-12, atol=0.0)


def test_without_smoothing_they_are_the_sign_rows_of_the_gauge() -> None:
    v = gaussian((2, 4, 6))
    expected = v.sign() * v.abs().sum(-1, keepdim=True)
    torch.testing.assert_close(smoothed_rows(v, torch.zeros(2, dtype=torch.float64)), expected, rtol=1e-15, atol=0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@every_shape
def test_what_is_kept_is_the_best_iterate_and_a_rotation(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    w = gaussian(shape)
    found = graduated(w, 20, haar(shape[-1], dtype))
    assert found.curve.shape == (21, shape[0])
    torch.testing.assert_close(found.beta, found.curve.amax(0), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found.curve[0], one_bit_cosine(w @ haar(shape[-1])), rtol=1e-6, atol=0.0)
    settings = {name: found.settings[name] for name in ("optimiser", "steps", "step_length", "momentum", "smoothing")}
    assert settings == {"optimiser": "graduated", "steps": 20, "step_length": 1.0, "momentum": 0.9, "smoothing": 1.5}


@every_shape
def test_it_lands_above_radam_on_noise(shape: tuple[int, int, int]) -> None:
    w, start = gaussian(shape), haar(shape[-1])
    assert (graduated(w, 100, start).beta > radam(w, 100, start, step_size=1.0).beta + 0.002).all()


@every_shape
def test_float32_lands_where_float64_does(shape: tuple[int, int, int]) -> None:
    """What only asks for β may search in float32: matrices part by less than what a lift is reproduced within."""
    w = gaussian(shape, seed=5)
    single, double = (graduated(w, 60, haar(shape[-1], dtype)).beta for dtype in DTYPES)
    torch.testing.assert_close(single, double, rtol=0.0, atol=3e-3)
    torch.testing.assert_close(single.mean(), double.mean(), rtol=0.0, atol=1.5e-3)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("shape", "level"), [((8, 64, 128), 0.9915), ((8, 128, 64), 0.9475), ((1, 2048, 128), 0.8650)], ids=str
)
def test_levels_of_noise_at_the_embedded_shapes(shape: tuple[int, int, int], level: float) -> None:
    """At least these, in the mean, after 100 steps: what noise alone can be lifted to is no less."""
    assert graduated(gaussian(shape, seed=5), 100, haar(shape[-1])).beta.mean().item() > level


def long(w: Tensor, steps: int, seed: int = 1) -> Tensor:
    """Landing of the long-step setting in float32, where beta alone counts: `(b,)`."""
    start = haar_orthogonal(w.shape[-1], generator(seed), dtype=torch.float32)
    return graduated(w, steps, start, **LONG_STEPS).beta


@pytest.mark.parametrize(("shape", "goal"), [((8, 64, 128), 0.9885), ((8, 128, 64), 0.9405)], ids=str)
def test_long_steps_reach_their_goal_on_noise_in_thirty(shape: tuple[int, int, int], goal: float) -> None:
    """In the mean over seeds; `momentum`, with the same cost per step, does not in as many."""
    weights = [gaussian(shape, seed).float() for seed in (5, 6)]
    assert sum(long(w, 30).mean().item() for w in weights) / len(weights) >= goal
    assert momentum(weights[0], 30, haar(shape[-1], torch.float32)).beta.mean().item() < goal


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("shape", "goals"), [((8, 64, 128), (0.9885, 0.9915)), ((8, 128, 64), (0.9405, 0.9475))], ids=str
)
def test_long_steps_reach_their_goals_over_more_seeds(shape: tuple[int, int, int], goals: tuple[float, float]) -> None:
    for steps, goal in zip((30, 100), goals, strict=True):
        found = torch.stack([long(gaussian(shape, seed).float(), steps, seed + 100) for seed in range(5, 13)])
        assert found.mean().item() >= goal + 0.0008, steps  # what the docstring's table has to spare
        assert found.mean(1).min().item() >= goal, steps


@pytest.mark.nightly
def test_long_steps_reach_their_goal_at_full_size() -> None:
    """One matrix of OLMoE-1B-7B's shape; `momentum` lands at 0.98376 in as many steps."""
    assert long(gaussian((1, 1024, 2048), 7).float(), 30).item() >= 0.988


# rows x columns, lattices, whether every search finds them: with few rows per direction most fail
LATTICES = [((576, 24), 10, True), ((192, 24), 10, False), ((512, 32), 4, False)]
FAMILIES: dict[str, Callable[[Tensor, Tensor], Learned]] = {
    "radam, 100 steps of 1": lambda w, at: radam(w, 100, at, step_size=1.0),
    "radam, 200 steps of 0.3": lambda w, at: radam(w, 200, at, step_size=0.3),
    "procrustes": lambda w, at: procrustes(w, 120, at),
    "annealed_procrustes": lambda w, at: annealed_procrustes(w, 120, at),
    "momentum": lambda w, at: momentum(w, 100, at),
    "graduated, short steps": lambda w, at: graduated(w, 100, at),
}


def recovered(optimise: Callable[[Tensor, Tensor], Learned], w: Tensor) -> int:
    return int((optimise(w, haar(w.shape[-1], torch.float32)).beta >= 0.97).sum())


def test_lattices_that_others_miss_are_found() -> None:
    """Eight rows per direction: annealed Procrustes and RAdam find few of them, the graduated search all."""
    w = sign_lattice((6, 192, 24), 16384, generator(50))
    assert recovered(lambda w, at: graduated(w, 100, at, **LONG_STEPS), w) == 6
    assert recovered(FAMILIES["annealed_procrustes"], w) < 4
    assert recovered(FAMILIES["radam, 100 steps of 1"], w) < 4


@pytest.mark.nightly
@pytest.mark.parametrize(("shape", "count", "easy"), LATTICES)
def test_lattices_are_found_at_least_as_often_as_by_any_other_family(
    shape: tuple[int, int], count: int, easy: bool
) -> None:
    counts = dict.fromkeys((*FAMILIES, "graduated, long steps"), 0)
    for seed in range(50, 53):
        w = sign_lattice((count, *shape), 16384, generator(seed))
        counts["graduated, long steps"] += recovered(lambda w, at: graduated(w, 100, at, **LONG_STEPS), w)
        for name, optimise in FAMILIES.items():
            counts[name] += recovered(optimise, w)
    assert counts["graduated, long steps"] == max(counts.values()), counts
    assert counts["graduated, long steps"] == 3 * count, counts
    assert easy == (counts["procrustes"] >= 3 * count - 1), counts  # so that the comparison can fail


@pytest.mark.parametrize("seed", [0, 1])
def test_hidden_sign_lattices_are_found(seed: int) -> None:
    w = sign_lattice((4, 576, 24), 16384, generator(seed)).double()
    assert (one_bit_cosine(w) < 0.82).all()
    assert (graduated(w, 100, haar(24)).beta > 0.9999).all()
    assert (graduated(gaussian((4, 576, 24)), 100, haar(24)).beta < 0.88).all()  # noise of that shape


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_nothing_can_be_gained_the_start_is_kept(dtype: torch.dtype) -> None:
    """One column has no rotation, and a diagonal matrix no gradient once signs are flat; neither may divide by zero."""
    for w in (gaussian((2, 3, 1)), gaussian((2, 16, 24)).sign()):
        found = graduated(w, 5, torch.eye(w.shape[-1], dtype=dtype))
        torch.testing.assert_close(found.beta, one_bit_cosine(w), rtol=1e-12, atol=0.0)
        assert found.curve.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"step_length": 0.0}, "graduated: step_length is 0.0, expected finite and > 0; pass the registered one"),
        ({"smoothing": math.inf}, "graduated: smoothing is inf, expected finite and > 0; pass the registered one"),
        ({"momentum": 1.0}, "graduated: momentum is 1.0, expected 0 <= momentum < 1; pass the registered one"),
    ],
)
def test_settings_that_make_no_search_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        graduated(gaussian((1, 4, 8)), 3, haar(8), **settings)
