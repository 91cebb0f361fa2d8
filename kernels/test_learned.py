"""Every optimiser of a rotation has the same properties; the shared checks refuse bad weights and non-rotations."""

import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import Tensor

from kernels.learned import Learned, learned, plateau_step, polished, prepared
from kernels.moments import one_bit_cosine
from kernels.procrustes import annealed_procrustes, procrustes
from kernels.radam import radam
from kernels.rotations import haar_orthogonal, orthogonality_residual, rotate

Optimiser = Callable[[Tensor, Tensor], Learned]
STEPS = 30
OPTIMISERS: dict[str, Optimiser] = {
    "procrustes": lambda w, start: procrustes(w, STEPS, start),
    "annealed_procrustes": lambda w, start: annealed_procrustes(w, STEPS, start),
    "radam": lambda w, start: radam(w, STEPS, 0.03, start),
}
SHAPES = {"wide": (3, 16, 32), "square": (3, 24, 24), "tall": (3, 64, 32)}

every_optimiser = pytest.mark.parametrize("optimise", OPTIMISERS.values(), ids=OPTIMISERS.keys())
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


@every_shape
@every_optimiser
def test_result_describes_the_rotation_that_it_returns(optimise: Optimiser, shape: tuple[int, int, int]) -> None:
    b, _, n = shape
    w, start = gaussian(shape), haar_orthogonal(n, generator(1), (b,))
    found = optimise(w, start)
    assert found.rotation.shape == (b, n, n)
    assert found.curve.shape == (STEPS + 1, b)
    assert found.rotation.dtype == found.beta.dtype == found.curve.dtype == torch.float64
    # The reported beta is that of W R by an independent product, the start and the best are where the curve says.
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(one_bit_cosine(rotate(w, start)), found.curve[0], rtol=1e-12, atol=0.0)
    assert torch.equal(found.curve.gather(0, found.best_step[None])[0], found.beta)
    assert (found.curve <= found.beta).all()
    assert (found.beta > found.curve[0] + 0.03).all()
    assert (found.plateau_step <= found.best_step).all()
    # Orthogonal to 10 n eps, entry by entry, and so reported.
    assert torch.equal(found.residual, orthogonality_residual(found.rotation))
    assert (found.residual <= 10 * n * torch.finfo(torch.float64).eps).all()
    assert found.seconds > 0.0
    assert found.settings["steps"] == STEPS


@every_shape
@every_optimiser
def test_matrix_learned_alone_or_in_a_batch(optimise: Optimiser, shape: tuple[int, int, int]) -> None:
    w, start = gaussian(shape), haar_orthogonal(shape[-1], generator(1), shape[:1])
    together = optimise(w, start)
    for i in range(shape[0]):
        alone = optimise(w[i : i + 1], start[i : i + 1])
        torch.testing.assert_close(alone.curve[:, 0], together.curve[:, i], rtol=0.0, atol=1e-6)
        torch.testing.assert_close(
            rotate(w[i], alone.rotation[0]), rotate(w[i], together.rotation[i]), rtol=0, atol=1e-6
        )


@every_optimiser
def test_start_matters_only_through_the_rows_that_it_moves(optimise: Optimiser) -> None:
    w, start = gaussian((2, 16, 32)), haar_orthogonal(32, generator(1), (2,))
    basis = torch.linalg.qr(w.mT, mode="complete")[0]
    turned = torch.eye(32, dtype=torch.float64).repeat(2, 1, 1)
    turned[:, 16:, 16:] = haar_orthogonal(16, generator(2), (2,))
    stabiliser = basis @ turned @ basis.mT  # moves the complement of the row space, and nothing in it
    torch.testing.assert_close(w @ stabiliser, w, rtol=0.0, atol=1e-12)
    one, other = optimise(w, start), optimise(w, stabiliser @ start)
    torch.testing.assert_close(one.curve, other.curve, rtol=0.0, atol=1e-6)
    different = optimise(w, haar_orthogonal(32, generator(3), (2,)))  # the same comparison can fail
    assert (one.curve - different.curve).abs().amax() > 1e-4


@every_optimiser
def test_scale_dtype_and_a_shared_start_change_nothing(optimise: Optimiser) -> None:
    w, start = gaussian((2, 16, 32)).float(), haar_orthogonal(32, generator(1))
    reference = optimise(w, start).curve
    torch.testing.assert_close(optimise(w.double(), start).curve, reference, rtol=0.0, atol=0.0)
    torch.testing.assert_close(optimise(w, start.repeat(2, 1, 1)).curve, reference, rtol=0.0, atol=1e-6)
    scale = torch.tensor([2.0**300, 2.0**-300], dtype=torch.float64)[:, None, None]
    torch.testing.assert_close(optimise(w.double() * scale, start).curve, reference, rtol=0.0, atol=1e-6)


@every_optimiser
def test_sign_matrix_is_left_where_it_is(optimise: Optimiser) -> None:
    w = gaussian((1, 64, 16)).sign()
    found = optimise(w, torch.eye(16, dtype=torch.float64))
    assert found.best_step.item() == 0 or found.beta.item() - 1.0 < 1e-12
    assert found.beta.item() == pytest.approx(1.0, abs=1e-12)
    assert found.plateau_step.item() == 0


@every_optimiser
def test_inputs_are_not_written_to(optimise: Optimiser) -> None:
    w, start = gaussian((2, 16, 32)), haar_orthogonal(32, generator(1))
    w_before, start_before = w.clone(), start.clone()
    optimise(w, start)
    assert torch.equal(w, w_before)
    assert torch.equal(start, start_before)


def test_plateau_step_by_hand() -> None:
    curve = torch.tensor(
        [  # rising slowly; flat from the start; a dip after the best; the last step still counts
            [0.8000, 0.9, 0.8, 0.80],
            [0.9000, 0.9, 0.9, 0.80],
            [0.9006, 0.9, 0.7, 0.80],
            [0.9012, 0.9, 0.8, 0.99],
        ],
        dtype=torch.float64,
    )
    assert plateau_step(curve).tolist() == [2, 0, 1, 3]  # column 0: each rise is below 1e-3, their sum is not


def test_polish_squares_a_small_residual_and_does_not_hide_a_large_one() -> None:
    exact = haar_orthogonal(12, generator(0), (2,))
    drifted = exact + 1e-8 * gaussian((2, 12, 12))
    tolerance = 10 * 12 * torch.finfo(torch.float64).eps
    assert orthogonality_residual(drifted).amin() > 1e-8
    assert (orthogonality_residual(polished(drifted)) <= tolerance).all()
    torch.testing.assert_close(polished(drifted), exact, rtol=0.0, atol=1e-7)
    assert orthogonality_residual(polished(1.01 * exact)).amin() > 1e-5


def test_result_is_frozen_and_never_a_non_rotation() -> None:
    r, curve = torch.eye(4, dtype=torch.float64)[None], torch.ones((1, 1), dtype=torch.float64)
    found = learned(r, curve, 0.0, {"optimiser": "procrustes"})
    with pytest.raises(FrozenInstanceError):
        found.beta = curve[0]  # type: ignore[misc]
    with pytest.raises(ValueError, match=r"^procrustes: learned rotation: max \|R\^T R - I\| = "):
        learned(1.001 * r, curve, 0.0, {"optimiser": "procrustes"})


EYE = torch.eye(6, dtype=torch.float64)
BAD = {
    "one matrix": (
        torch.ones(4, 6),
        EYE,
        5,
        "radam: weights of shape (4, 6), expected (b, out, in); pass w[None] for one",
    ),
    "integers": (
        torch.ones(1, 4, 6, dtype=torch.int64),
        EYE,
        5,
        "radam: dtype torch.int64, expected a floating dtype; dequantise or cast the weights first",
    ),
    "no steps": (torch.ones(1, 4, 6), EYE, 0, "radam: steps is 0, expected >= 1; pass the registered budget"),
    "float32 start": (
        torch.ones(1, 4, 6),
        EYE.float(),
        5,
        "radam: start torch.float32 of shape (6, 6) on cpu, expected torch.float64 of shape (6, 6) or (1, 6, 6) on cpu;"
        " draw it with haar_orthogonal or pass the identity",
    ),
    "output side": (
        torch.ones(1, 4, 6),
        EYE[:4, :4],
        5,
        "radam: start torch.float64 of shape (4, 4) on cpu, expected torch.float64 of shape (6, 6) or (1, 6, 6) on cpu;"
        " draw it with haar_orthogonal or pass the identity",
    ),
}


@pytest.mark.parametrize(("w", "start", "steps", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(w: Tensor, start: Tensor, steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        prepared(w, start, steps, "radam")


@every_optimiser
def test_bad_values_never_reach_the_search(optimise: Optimiser) -> None:
    w, start = gaussian((2, 4, 6)), EYE
    poisoned, empty = w.clone(), w.clone()
    poisoned[1, 2, 3] = torch.nan
    empty[1] = 0.0
    with pytest.raises(ValueError, match="holds 1 NaN or Inf among 24 weights"):
        optimise(poisoned, start)
    with pytest.raises(ValueError, match="is all zero"):
        optimise(empty, start)
    with pytest.raises(ValueError, match=r"start: max \|R\^T R - I\| = "):
        optimise(w, start + 1e-6)
