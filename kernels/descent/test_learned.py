"""Every optimiser of a rotation has the same properties; the shared checks refuse bad weights and non-rotations."""

import re
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import pytest
import torch
from torch import Tensor

from kernels.descent.learned import Best, Learned, Search, beta_of, joined, plateau_step, polished, search
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal, orthogonality_residual, rotate
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.procrustes import procrustes
from kernels.searches.radam import radam

Optimiser = Callable[[Tensor, Tensor], Learned]
STEPS = 30
OPTIMISERS: dict[str, Optimiser] = {
    "procrustes": lambda w, start: procrustes(w, STEPS, start),
    "annealed_procrustes": lambda w, start: annealed_procrustes(w, STEPS, start),
    "radam": lambda w, start: radam(w, STEPS, start, step_size=1.0),
}
SHAPES = {"wide": (3, 16, 32), "square": (3, 24, 24), "tall": (3, 64, 32)}
ROUNDING = {torch.float32: 1e-6, torch.float64: 1e-12}  # of a beta, by dtype of the search
EPS = torch.finfo(torch.float64).eps

every_optimiser = pytest.mark.parametrize("optimise", OPTIMISERS.values(), ids=OPTIMISERS.keys())
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


@every_dtype
@every_shape
@every_optimiser
def test_result_describes_the_rotation_that_it_returns(
    optimise: Optimiser, shape: tuple[int, int, int], dtype: torch.dtype
) -> None:
    b, rows, n = shape
    w, start = gaussian(shape), haar_orthogonal(n, generator(1), (b,), dtype)
    began = time.perf_counter()
    found = optimise(w, start)
    elapsed = time.perf_counter() - began
    assert found.frame.shape == (b, min(rows, n), n)
    assert found.rotation.shape == (b, n, n)
    assert found.curve.shape == (STEPS + 1, b)
    assert found.rotation.dtype == found.frame.dtype == found.beta.dtype == found.curve.dtype == torch.float64
    # The reported beta is that of the float64 W R by an independent product, whatever the search ran in.
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    # The start and the best are where the curve says, to the rounding of the search.
    torch.testing.assert_close(
        one_bit_cosine(rotate(w, start.double())), found.curve[0], rtol=ROUNDING[dtype], atol=0.0
    )
    best = found.curve.gather(0, found.best_step[None])[0]
    assert torch.equal(best, found.curve.amax(0))
    torch.testing.assert_close(best, found.beta, rtol=ROUNDING[dtype], atol=0.0)
    for i in range(b):
        assert (found.curve[: found.best_step[i], i] < best[i]).all()
    assert (found.beta > found.curve[0] + 0.03).all()
    assert (found.plateau_step <= found.best_step).all()
    # Orthogonal to 10 n eps of float64, entry by entry, frame and rotation, and so reported.
    assert torch.equal(found.residual, orthogonality_residual(found.frame.mT))
    assert (found.residual <= 10 * n * EPS).all()
    assert (orthogonality_residual(found.rotation) <= 10 * n * EPS).all()
    assert found.seconds.shape == (b,)
    assert (found.seconds > 0.0).all()
    assert found.seconds.sum().item() <= elapsed * (1.0 + 1e-6)
    assert found.settings["steps"] == STEPS
    assert found.settings["precision"] == str(dtype).removeprefix("torch.")


@every_optimiser
def test_rotation_extends_the_frame_of_the_row_space(optimise: Optimiser) -> None:
    w = gaussian((3, 16, 32))
    found = optimise(w, haar_orthogonal(32, generator(1), (3,)))
    assert found.basis is not None
    assert (orthogonality_residual(found.basis) <= 10 * 32 * EPS).all()
    torch.testing.assert_close(w @ found.basis @ found.basis.mT, w, rtol=0.0, atol=1e-12)
    torch.testing.assert_close(found.basis.mT @ found.rotation, found.frame, rtol=0.0, atol=1e-13)
    assert found.rotation is found.rotation  # completed once
    for shape in (SHAPES["square"], SHAPES["tall"]):
        whole = optimise(gaussian(shape), haar_orthogonal(shape[-1], generator(1)))
        assert whole.basis is None
        torch.testing.assert_close(whole.rotation, whole.frame, rtol=0.0, atol=1e-13)


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
    single = optimise(w.double() * scale, start.float()).curve
    torch.testing.assert_close(single, optimise(w, start.float()).curve, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 32, 64), (3, 48, 48), (3, 96, 48)], ids=["wide", "square", "tall"])
@every_optimiser
def test_float32_search_lands_where_the_float64_search_does(optimise: Optimiser, shape: tuple[int, int, int]) -> None:
    w, start = gaussian(shape, seed=7), haar_orthogonal(shape[-1], generator(1), shape[:1])
    single, double = optimise(w, start.float()), optimise(w, start)
    torch.testing.assert_close(single.beta, double.beta, rtol=0.0, atol=1e-3)
    assert not torch.equal(single.frame, double.frame)
    # What is left of float32 is where the search went, not how exactly the place that it reached is known.
    torch.testing.assert_close(one_bit_cosine(rotate(w, single.rotation)), single.beta, rtol=1e-12, atol=0.0)
    assert (single.residual <= 10 * shape[-1] * EPS).all()


@every_dtype
@every_optimiser
def test_sign_matrix_is_left_where_it_is(optimise: Optimiser, dtype: torch.dtype) -> None:
    w = gaussian((1, 64, 16)).sign()
    found = optimise(w, torch.eye(16, dtype=dtype))
    assert found.best_step.item() == 0 or found.beta.item() - 1.0 < 1e-12
    assert found.beta.item() == pytest.approx(1.0, abs=1e-12)
    assert found.plateau_step.item() == 0


@every_dtype
@every_optimiser
def test_rows_that_repeat_leave_a_frame_all_the_same(optimise: Optimiser, dtype: torch.dtype) -> None:
    w = gaussian((2, 3, 24)).repeat_interleave(4, dim=1)  # rank 3: the frame is not unique, nor is a Procrustes step
    found = optimise(w, torch.eye(24, dtype=dtype))
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    assert (found.beta > 0.97).all()


@every_optimiser
def test_inputs_are_not_written_to(optimise: Optimiser) -> None:
    for rows in (16, 48):
        w, start = gaussian((2, rows, 32)), haar_orthogonal(32, generator(1), (2,))
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


def test_best_keeps_the_best_of_each_matrix_and_the_first_of_equals() -> None:
    frames = torch.arange(4.0)[:, None, None, None].expand(4, 3, 2, 5).clone()
    betas = torch.tensor([[0.5, 0.5, 0.5], [0.7, 0.4, 0.5], [0.6, torch.nan, 0.5], [0.7, 0.9, 0.5]])
    best = Best(frames[0], betas[0])
    frames[0] = -1.0  # it has copies
    betas[0] = -1.0
    assert best.beta.tolist() == [0.5, 0.5, 0.5]
    for frame, beta in zip(frames[1:], betas[1:], strict=True):
        best.offer(frame, beta)
    frames.fill_(-1.0)
    betas.fill_(-1.0)
    assert best.beta.tolist() == pytest.approx([0.7, 0.9, 0.5])
    assert best.frame[:, 0, 0].tolist() == [1.0, 3.0, 0.0]
    assert torch.equal(best.frame, best.frame[:, :1, :1].expand(3, 2, 5))


@every_dtype
@every_shape
def test_beta_of_known_energy_is_the_one_bit_cosine(shape: tuple[int, int, int], dtype: torch.dtype) -> None:
    w, r = gaussian(shape), haar_orthogonal(shape[-1], generator(1), shape[:1], dtype)
    problem = search(w, r, 1, "radam")
    beta = beta_of(problem.coordinates @ problem.start, problem.energy)
    assert beta.dtype == problem.coordinates.dtype == problem.start.dtype == problem.energy.dtype == dtype
    torch.testing.assert_close(beta.double(), one_bit_cosine(w @ r.double()), rtol=ROUNDING[dtype], atol=0.0)


def test_polish_squares_a_small_residual_and_does_not_hide_a_large_one() -> None:
    exact = haar_orthogonal(12, generator(0), (2,))
    for rows in (12, 7):
        frame = exact[:, :rows]
        drifted = frame + 1e-8 * gaussian((2, rows, 12))
        tolerance = 10 * 12 * EPS
        assert orthogonality_residual(drifted.mT).amin() > 1e-8
        assert (orthogonality_residual(polished(drifted).mT) <= tolerance).all()
        torch.testing.assert_close(polished(drifted), frame, rtol=0.0, atol=1e-7)
        assert orthogonality_residual(polished(1.01 * frame).mT).amin() > 1e-5


@pytest.mark.parametrize("rows", [4, 6, 9])
def test_finished_refuses_a_frame_that_is_not_orthonormal(rows: int) -> None:
    w, eye = gaussian((3, rows, 6)), torch.eye(6, dtype=torch.float64)
    problem = search(w, eye, 1, "radam")
    curve, settings = [one_bit_cosine(w)], {"optimiser": "radam"}
    exact = problem.start
    assert problem.finished(exact, curve, settings).residual.amax() <= 10 * 6 * EPS
    drifted = exact + 1e-5 * gaussian(tuple(exact.shape), seed=1)  # rounding of a float32 search: polished away
    assert problem.finished(drifted, curve, settings).residual.amax() <= 10 * 6 * EPS

    far = exact * 1.02  # a float32 frame at its worst needs a third step
    assert problem.finished(far, curve, settings).residual.amax() <= 10 * 6 * EPS

    for spoil in (2.5, torch.nan):
        spoiled = exact.clone()
        spoiled[1:] *= spoil
        residual = orthogonality_residual(polished(polished(polished(polished(spoiled)))).mT)[1].item()
        message = (
            f"radam: learned frame: max |F F^T - I| = {residual:.3g} [-] for matrix 1, expected <= 10 n eps ="
            f" {10 * 6 * EPS:.3g} at n = 6; the search diverged, register another budget"
        )
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            problem.finished(spoiled, curve, settings)


@every_shape
def test_result_is_frozen_and_never_a_non_rotation(shape: tuple[int, int, int]) -> None:
    found = procrustes(gaussian(shape), 3, haar_orthogonal(shape[-1], generator(1)))
    with pytest.raises(FrozenInstanceError):
        found.beta = found.curve[0]  # type: ignore[misc]
    with pytest.raises(ValueError, match=r"^procrustes: learned rotation: max \|R\^T R - I\| = "):
        _ = replace(found, frame=1.001 * found.frame).rotation


@every_shape
def test_joined_is_its_parts_in_order(shape: tuple[int, int, int]) -> None:
    w, start = gaussian((5, *shape[1:])), haar_orthogonal(shape[-1], generator(1))
    parts = [procrustes(part, 4, start) for part in (w[:2], w[2:3], w[3:])]
    whole = joined(parts)
    offset = 0
    for part in parts:
        rows = slice(offset, offset := offset + len(part.beta))
        for name in ("frame", "beta", "best_step", "plateau_step", "residual", "seconds"):
            assert torch.equal(getattr(whole, name)[rows], getattr(part, name)), name
        assert torch.equal(whole.curve[:, rows], part.curve)
        if part.basis is None or whole.basis is None:
            assert whole.basis is part.basis
        else:
            assert torch.equal(whole.basis[rows], part.basis)
        torch.testing.assert_close(whole.rotation[rows], part.rotation, rtol=0.0, atol=1e-12)
        assert whole.settings == part.settings
    assert offset == len(whole.beta) == 5
    torch.testing.assert_close(one_bit_cosine(rotate(w, whole.rotation)), whole.beta, rtol=1e-12, atol=0.0)


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
    "empty": (
        torch.ones(0, 4, 6),
        EYE,
        5,
        "radam: shape (0, 4, 6) is empty, expected every axis >= 1; check what was read",
    ),
    "no steps": (torch.ones(1, 4, 6), EYE, 0, "radam: steps is 0, expected >= 1; pass the registered budget"),
    "bfloat16 start": (
        torch.ones(1, 4, 6),
        EYE.bfloat16(),
        5,
        "radam: start torch.bfloat16 of shape (6, 6) on cpu, expected float32 or float64 of shape (6, 6) or (1, 6, 6)"
        " on cpu; draw it with haar_orthogonal or pass the identity",
    ),
    "output side": (
        torch.ones(1, 4, 6),
        EYE[:4, :4],
        5,
        "radam: start torch.float64 of shape (4, 4) on cpu, expected float32 or float64 of shape (6, 6) or (1, 6, 6)"
        " on cpu; draw it with haar_orthogonal or pass the identity",
    ),
    "another batch": (
        torch.ones(1, 4, 6),
        EYE.repeat(2, 1, 1).float(),
        5,
        "radam: start torch.float32 of shape (2, 6, 6) on cpu, expected float32 or float64 of shape (6, 6) or (1, 6, 6)"
        " on cpu; draw it with haar_orthogonal or pass the identity",
    ),
}


@pytest.mark.parametrize(("w", "start", "steps", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(w: Tensor, start: Tensor, steps: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        search(w, start, steps, "radam")


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
    for dtype, error in ((torch.float64, 1e-6), (torch.float32, 1e-4)):
        with pytest.raises(ValueError, match=r"start: max \|R\^T R - I\| = "):
            optimise(w, start.to(dtype) + error)
    optimise(w, start.float() + 1e-6)  # float32 is held to its own rounding


def test_search_is_scaled_and_reduced_exactly() -> None:
    for rows in (4, 6, 9):
        w, start = 1e3 * gaussian((2, rows, 6)), haar_orthogonal(6, generator(1), (2,), torch.float32)
        problem: Search = search(w, start, 1, "radam")
        scaled = w / w.abs().amax((-2, -1), keepdim=True)
        k = min(rows, 6)
        assert (problem.basis is None) == (rows >= 6)
        basis = torch.eye(6, dtype=torch.float64) if problem.basis is None else problem.basis
        assert problem.exact.shape == (2, rows, k)
        assert problem.start.shape == (2, k, 6)
        torch.testing.assert_close(problem.exact @ basis.mT, scaled, rtol=0.0, atol=1e-14)
        torch.testing.assert_close(problem.start.double(), basis.mT @ start.double(), rtol=0.0, atol=1e-6)
        assert torch.equal(problem.coordinates, problem.exact.float())
        torch.testing.assert_close(problem.energy.double(), scaled.square().sum((-2, -1)), rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("rows", [4, 12], ids=["wide", "tall"])
def test_what_is_forgotten_is_the_rotation_alone(rows: int) -> None:
    w = torch.randn(3, rows, 8, generator=torch.Generator().manual_seed(1))
    found = radam(w, 3, torch.eye(8), step_size=1.0)
    forgotten = found.forgotten()
    assert forgotten.frame.untyped_storage().nbytes() == 0
    for field in ("beta", "curve", "best_step", "plateau_step", "residual", "seconds"):
        assert torch.equal(getattr(forgotten, field), getattr(found, field))
    assert torch.equal(joined([forgotten, forgotten]).beta, torch.cat([found.beta, found.beta]))
    with pytest.raises(ValueError, match="non-empty"):
        _ = forgotten.rotation
