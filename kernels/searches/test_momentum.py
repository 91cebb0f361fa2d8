"""Momentum on orthonormal frames: its gradient, its lead over annealed Procrustes, and the optima that it must find."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.descent.learned import beta_of, frame_gradient
from kernels.gauge.moments import one_bit_cosine
from kernels.planted.planted import low_rank_plus_noise, rank_one
from kernels.planted.planted_beta import sign_lattice
from kernels.rotations import haar_orthogonal, rotate
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.momentum import canonical_gradient, momentum
from kernels.searches.radam import orthonormal_rows, skew_gradient

DTYPES = [torch.float32, torch.float64]
SHAPES = [(4, 64, 128), (4, 128, 64), (1, 2048, 128)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def haar(n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return haar_orthogonal(n, generator(1), dtype=dtype)


@pytest.mark.parametrize("rows", [1, 10, 16], ids=["one row", "wide frame", "rotation"])
def test_canonical_gradient_is_that_of_autograd_through_the_chart(rows: int) -> None:
    """-F S, with S the gradient of -beta in the chart orth(F (I + A)) at A = 0: from the formula, and by autograd."""
    coordinates, frame = gaussian((3, 12, rows)), haar_orthogonal(16, generator(1), (3,))[:, :rows]
    v, energy = coordinates @ frame, coordinates.square().sum((-2, -1))
    found = canonical_gradient(frame, frame_gradient(coordinates, v, energy, beta_of(v, energy)))
    torch.testing.assert_close(
        found, -frame @ skew_gradient(frame.mT @ frame_gradient(coordinates, v, energy, beta_of(v, energy)))
    )
    a = torch.zeros((3, 16, 16), dtype=torch.float64, requires_grad=True)
    beta = one_bit_cosine(coordinates @ orthonormal_rows(frame + frame @ (a - a.mT)))  # a_ij moves A_ij and A_ji
    (gradient,) = torch.autograd.grad(-beta.sum(), a)
    torch.testing.assert_close(found, -frame @ gradient, rtol=1e-9, atol=1e-12)
    assert found.abs().amax() > 1e-3


@pytest.mark.parametrize("rows", [1, 10, 16], ids=["one row", "wide frame", "rotation"])
def test_canonical_gradient_is_tangent_and_uphill(rows: int) -> None:
    coordinates, frame = gaussian((3, 12, rows)), haar_orthogonal(16, generator(1), (3,))[:, :rows]
    v, energy = coordinates @ frame, coordinates.square().sum((-2, -1))
    before = beta_of(v, energy)
    direction = canonical_gradient(frame, frame_gradient(coordinates, v, energy, before))
    along = frame @ direction.mT
    torch.testing.assert_close(along, -along.mT, rtol=0.0, atol=1e-12)  # skew: to first order rows stay orthonormal
    assert (beta_of(coordinates @ orthonormal_rows(frame + 1e-3 * direction), energy) > before).all()
    assert (beta_of(coordinates @ orthonormal_rows(frame - 1e-3 * direction), energy) < before).all()


@pytest.mark.parametrize("seed", [0, 5])
@every_shape
def test_fifty_steps_land_above_annealed_procrustes_in_120(shape: tuple[int, int, int], seed: int) -> None:
    w, start = gaussian(shape, seed), haar(shape[-1], torch.float32)
    assert (momentum(w, 50, start).beta > annealed_procrustes(w, 120, start).beta + 0.003).all()


def test_twenty_five_steps_reach_the_level_of_a_long_search_on_wide_matrices() -> None:
    beta = momentum(gaussian((4, 64, 128), seed=5), 25, haar(128, torch.float32)).beta
    assert (beta > 0.98).all()
    assert beta.mean().item() == pytest.approx(0.983, abs=0.002)


def test_more_steps_land_higher() -> None:
    """The levels of the module's docstring."""
    w, start = gaussian((4, 64, 128), seed=5), haar(128, torch.float32)
    landings = [momentum(w, steps, start).beta.mean().item() for steps in (25, 50, 100)]
    assert landings == pytest.approx([0.983, 0.986, 0.988], abs=0.001)


@every_shape
def test_either_precision_lands_alike(shape: tuple[int, int, int]) -> None:
    """In the mean: rounding is amplified, and single matrices of 128 x 64 part by up to 0.002."""
    w = gaussian(shape, seed=5)
    single, double = (momentum(w, 50, haar(shape[-1], dtype)) for dtype in DTYPES)
    assert single.beta.mean().item() == pytest.approx(double.beta.mean().item(), abs=1e-3)
    assert (single.settings["precision"], double.settings["precision"]) == ("float32", "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@every_shape
def test_what_is_kept_is_the_best_iterate_and_a_rotation(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    w = gaussian(shape)
    found = momentum(w, 20, haar(shape[-1], dtype))
    assert found.curve.shape == (21, shape[0])
    torch.testing.assert_close(found.beta, found.curve.amax(0), rtol=1e-6, atol=0.0)
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found.curve[0], one_bit_cosine(w @ haar(shape[-1])), rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_is_gained_or_lost_on_a_sign_matrix(dtype: torch.dtype) -> None:
    w = gaussian((2, 16, 24)).sign()
    found = momentum(w, 20, torch.eye(24, dtype=dtype))
    assert (found.beta - 1.0).abs().amax() < 1e-12
    assert found.best_step.tolist() == [0, 0]
    assert (found.curve[1:] < 1.0).all()  # it does walk away, and comes back to what was best


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hidden_sign_lattices_are_found(seed: int) -> None:
    w = sign_lattice((4, 768, 24), 16384, generator(seed))
    assert (one_bit_cosine(w) < 0.82).all()
    assert (momentum(w, 100, haar(24, torch.float32)).beta > 0.9999).all()
    assert (momentum(gaussian((4, 768, 24)), 100, haar(24, torch.float32)).beta < 0.87).all()  # noise of that shape


def heavy_row(generator: torch.Generator) -> Tensor:
    w = torch.randn((128, 64), generator=generator)
    w[3] *= 1e4
    return w


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "matrix",
    [lambda g: rank_one((64, 64), g), lambda g: low_rank_plus_noise((64, 64), 1 / 32, 0.0, g), heavy_row],
    ids=["rank one", "rank two", "heavy row"],
)
def test_steps_along_a_few_directions_alone_stay_rotations(
    matrix: Callable[[torch.Generator], Tensor], dtype: torch.dtype
) -> None:
    """The averaged gradient is then long in a few planes: its frames have conditions in the thousands."""
    w = torch.stack([matrix(generator(seed)) for seed in range(2)])
    found = momentum(w, 50, haar(64, dtype))
    assert (found.beta > 0.9).all()
    torch.testing.assert_close(found.beta, found.curve.amax(0), rtol=1e-5, atol=0.0)
    torch.testing.assert_close(one_bit_cosine(rotate(w.double(), found.rotation)), found.beta, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_nothing_can_be_gained_the_start_is_kept(dtype: torch.dtype) -> None:
    """One column has no rotation, and sign(W) = W no gradient; neither may divide by zero."""
    for w in (gaussian((2, 3, 1)), torch.eye(8, dtype=torch.float64)[None]):
        found = momentum(w, 5, torch.eye(w.shape[-1], dtype=dtype))
        torch.testing.assert_close(found.beta, one_bit_cosine(w), rtol=1e-12, atol=0.0)
        assert found.curve.isfinite().all()


def test_matrices_of_a_batch_do_not_mix() -> None:
    w, start = gaussian((3, 8, 16)), haar(16)
    together = momentum(w, 10, start)
    for i in range(3):
        alone = momentum(w[i : i + 1], 10, start)
        torch.testing.assert_close(together.curve[:, i : i + 1], alone.curve, rtol=1e-9, atol=0.0)


def test_a_power_of_two_changes_nothing_and_a_start_may_be_one_for_each() -> None:
    w, starts = gaussian((2, 8, 16)), haar_orthogonal(16, generator(1), (2,))
    found = momentum(w, 10, starts)
    assert torch.equal(momentum(2.0**-40 * w, 10, starts).curve, found.curve)
    torch.testing.assert_close(found.curve[0], one_bit_cosine(w @ starts), rtol=1e-12, atol=0.0)


def test_errors_are_those_of_the_search() -> None:
    with pytest.raises(ValueError, match=r"^momentum: steps is 0, expected >= 1; pass the registered budget$"):
        momentum(gaussian((1, 4, 6)), 0, torch.eye(6))
    with pytest.raises(ValueError, match=r"^momentum: weights of shape \(4, 6\), expected \(b, out, in\)"):
        momentum(gaussian((4, 6)), 1, torch.eye(6))


def test_settings_say_everything_that_decides_the_result() -> None:
    expected = {
        "optimiser": "momentum",
        "steps": 5,
        "momentum": 0.85,
        "step_length": 64.0,
        "second_moment": 0.999,
        "schedule": "cosine",
        "precision": "float64",
    }
    assert momentum(gaussian((1, 4, 6)), 5, torch.eye(6, dtype=torch.float64)).settings == expected
