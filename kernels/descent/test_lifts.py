"""Lifts of a rotation problem, against W R multiplied out; chunks joined; a rotation that is shared."""

import threading
from functools import partial

import pytest
import torch
from torch import Tensor

from kernels.batch import in_parallel
from kernels.descent.learned import Learned
from kernels.descent.lifts import Lifts, joined_lifts, landings, lifts, relative_residual
from kernels.gauge.moments import lift, one_bit_cosine
from kernels.rotations import haar_orthogonal
from kernels.searches.procrustes import procrustes

# (b, m, out, in): each matrix with its own rotation, and shared ones whose stack is wide, square or tall
PROBLEMS = [(3, 1, 8, 16), (3, 1, 32, 16), (2, 2, 4, 16), (1, 2, 8, 16), (1, 5, 8, 16)]
every_problem = pytest.mark.parametrize("shape", PROBLEMS, ids=str)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=generator(seed))


def search(w: Tensor, start: Tensor) -> Learned:
    return procrustes(w, 10, start)


def found_lifts(matrices: Tensor) -> Lifts:
    n = matrices.shape[-1]
    draws = list(haar_orthogonal(n, generator(2), (3,), torch.float32))
    return lifts(matrices, haar_orthogonal(n, generator(1)), draws, search)


@every_problem
def test_learned_lifts_are_those_of_the_matrices_multiplied_out(shape: tuple[int, ...]) -> None:
    matrices = gaussian(shape)
    found = found_lifts(matrices)
    rotated = matrices.double() @ found.found.rotation[:, None]  # one (in, in) rotation for the m of each problem
    torch.testing.assert_close(found.landing, one_bit_cosine(rotated), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found.lift, lift(rotated, matrices), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found.beta, one_bit_cosine(matrices), rtol=0.0, atol=0.0)
    assert found.landing.shape == found.lift.shape == found.beta.shape == shape[:2]
    assert (found.lift > 1.02).all()
    assert found.found.beta.shape == found.residual.shape == shape[:1]


@every_problem
def test_haar_lifts_are_those_of_each_draw(shape: tuple[int, ...]) -> None:
    matrices = gaussian(shape)
    found = found_lifts(matrices)
    draws = haar_orthogonal(16, generator(2), (3,))
    expected = torch.stack([lift(matrices.double() @ draw, matrices) for draw in draws])
    torch.testing.assert_close(found.haar, expected, rtol=1e-6, atol=0.0)  # the draws are float32
    assert found.haar.shape == (3, *shape[:2])


@every_problem
def test_fit_is_the_mean_learned_lift_over_the_mean_haar_lift(shape: tuple[int, ...]) -> None:
    found = found_lifts(gaussian(shape))
    for i, fit in enumerate(found.fit.tolist()):
        haar = [float(found.haar[draw, i, j]) for draw in range(3) for j in range(shape[1])]
        learned = [float(found.lift[i, j]) for j in range(shape[1])]
        assert fit == pytest.approx((sum(learned) / len(learned)) / (sum(haar) / len(haar)), rel=1e-12)


def test_a_draw_is_applied_in_its_own_precision() -> None:
    matrices = gaussian((2, 1, 8, 16))
    draw = haar_orthogonal(16, generator(2))
    exact = lifts(matrices, torch.eye(16), [draw], search).haar[0]
    torch.testing.assert_close(exact, lift(matrices.double() @ draw, matrices), rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("shape", [(5, 1, 8, 16), (5, 3, 8, 16)], ids=str)
def test_joined_chunks_are_the_whole(shape: tuple[int, ...]) -> None:
    matrices = gaussian(shape)
    whole, joined = found_lifts(matrices), joined_lifts([found_lifts(part) for part in torch.split(matrices, 2)])
    for mine, its in zip(
        (joined.beta, joined.landing, joined.haar, joined.residual, joined.found.curve),
        (whole.beta, whole.landing, whole.haar, whole.residual, whole.found.curve),
        strict=True,
    ):
        assert mine.shape == its.shape
        torch.testing.assert_close(mine, its, rtol=1e-6, atol=1e-2)  # of the residual: in units of what is allowed
    torch.testing.assert_close(joined.lift, whole.lift, rtol=1e-6, atol=0.0)
    assert (joined.lift.flatten().diff().abs() > 1e-4).all()  # so that an exchange would be seen


def test_landings_of_one_matrix_each_are_those_that_the_search_found() -> None:
    matrices = gaussian((3, 1, 8, 16))
    found = search(matrices[:, 0], torch.eye(16))
    assert torch.equal(landings(matrices, found)[:, 0], found.beta)


def test_residual_is_in_units_of_what_is_allowed() -> None:
    frame = haar_orthogonal(16, generator(1), (2,))[:, :8]
    assert (relative_residual(frame) < 1.0).all()
    scaled = frame * (1.0 + 0.5 * 20.0 * 16 * torch.finfo(torch.float64).eps)  # twice the 10 n eps allowed
    assert relative_residual(scaled).tolist() == pytest.approx([2.0, 2.0], abs=0.2)


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_come_in_order_each_on_one_thread(workers: int) -> None:
    threads: list[int] = []
    names = set()

    def task(number: int) -> Lifts:
        threads.append(torch.get_num_threads())
        names.add(threading.current_thread().name)
        return found_lifts(gaussian((1, 1, 8, 16), seed=number))

    found = in_parallel([partial(task, number) for number in range(5)], workers)
    assert threads == [1] * 5
    assert len(names) <= workers
    for number in range(5):
        assert torch.equal(found[number].lift, found_lifts(gaussian((1, 1, 8, 16), seed=number)).lift)


def test_the_error_of_a_task_is_raised() -> None:
    def failing() -> Lifts:
        return found_lifts(torch.zeros((1, 1, 8, 16)))

    with pytest.raises(ValueError, match="all zero"):
        in_parallel([lambda: found_lifts(gaussian((1, 1, 8, 16))), failing], workers=2)
