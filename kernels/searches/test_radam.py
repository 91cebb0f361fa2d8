"""Rectified Adam on orthonormal frames: its gradient, its retraction, its budget, and agreement with Procrustes."""

import math
import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.descent.learned import beta_of, frame_gradient
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal, orthogonality_residual, rotate
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.radam import (
    SCHEDULES,
    SkewDescent,
    decay,
    orthonormal_rows,
    radam,
    rectification,
    skew_gradient,
)

STEPS, STEP_SIZE = 100, 1.0  # "cosine": clears 0.955 by 0.025, over twenty times the scatter between such matrices
DTYPES = [torch.float32, torch.float64]
Chart = Callable[[Tensor, Tensor], Tensor]  # (frame (b, k, n), skew A (b, n, n)) -> frame


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def skew(b: int, n: int, seed: int = 0) -> Tensor:
    a = gaussian((b, n, n), seed)
    return a - a.mT


def cayley(frame: Tensor, a: Tensor) -> Tensor:
    identity = torch.eye(a.shape[-1], dtype=a.dtype)
    rotated: Tensor = frame @ torch.linalg.solve(identity - a / 2.0, identity + a / 2.0)
    return rotated


CHARTS: dict[str, Chart] = {
    "exp": lambda frame, a: frame @ torch.matrix_exp(a),
    "cayley": cayley,
    "orth": lambda frame, a: orthonormal_rows(frame + frame @ a),
}


@pytest.mark.parametrize("rows", [1, 10, 16], ids=["one row", "wide frame", "rotation"])
@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS.keys())
def test_gradient_is_that_of_autograd_through_every_chart(chart: Chart, rows: int) -> None:
    coordinates, frame = gaussian((3, 12, rows)), haar_orthogonal(16, generator(1), (3,))[:, :rows]
    a = torch.zeros((3, 16, 16), dtype=torch.float64, requires_grad=True)
    beta = one_bit_cosine(coordinates @ chart(frame, a - a.mT))  # a_ij moves A_ij and A_ji
    (gradient,) = torch.autograd.grad(-beta.sum(), a)
    v, energy = coordinates @ frame, coordinates.square().sum((-2, -1))
    found = skew_gradient(frame.mT @ frame_gradient(coordinates, v, energy, beta_of(v, energy)))
    torch.testing.assert_close(found, gradient, rtol=1e-9, atol=1e-12)
    assert torch.equal(found, -found.mT)
    assert gradient.abs().amax() > 1e-3


@pytest.mark.parametrize(("decays", "epsilon"), [((0.9, 0.999), 1e-8), ((0.5, 0.9), 1e-3), ((0.0, 0.97), 1e-12)])
def test_steps_are_those_of_torch(decays: tuple[float, float], epsilon: float) -> None:
    a = torch.zeros((2, 7, 7), dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.RAdam([a], betas=decays, eps=epsilon)
    ours = SkewDescent((2, 7, 7), a.detach(), decays, epsilon)
    for step in range(1, 41):
        product, size = gaussian((2, 7, 7), step) * 10.0 ** (step % 5 - 3), 1.0 + step % 3
        a.grad = skew_gradient(product)
        theirs.param_groups[0]["lr"] = size
        with torch.no_grad():
            a.zero_()
        theirs.step()
        found, scale = ours.move(product, size)
        torch.testing.assert_close(found * scale, a.detach(), rtol=1e-12, atol=0.0)
    assert a.abs().amax() > 1e-3


def test_rectification_begins_where_the_variance_is_finite_and_tends_to_one() -> None:
    assert [rectification(step, 0.999) for step in range(1, 6)] == [None] * 5
    growing = [rectification(step, 0.999) or 0.0 for step in range(6, 200)]
    assert 0.0 < growing[0] < 0.05
    assert growing == sorted(growing)
    assert rectification(100_000, 0.999) == pytest.approx(1.0)


@pytest.mark.parametrize("rows", [1, 5, 8, 9])
def test_orthonormal_rows_is_the_qr_retraction(rows: int) -> None:
    frame = haar_orthogonal(9, generator(1), (4,))[:, :rows]
    x = frame + frame @ skew(4, 9)
    found = orthonormal_rows(x)
    assert (orthogonality_residual(found.mT) <= 10 * 9 * torch.finfo(torch.float64).eps).all()
    torch.testing.assert_close(x @ found.mT @ found, x, rtol=0.0, atol=1e-12)  # the rows of x, and no others
    factor = x @ found.mT
    torch.testing.assert_close(factor, factor.tril(), rtol=0.0, atol=1e-12)
    assert (factor.diagonal(dim1=-2, dim2=-1) > 0.0).all()


def test_orthonormal_rows_of_a_skew_step_keep_the_determinant() -> None:
    a = skew(4, 9)
    eye = torch.eye(9, dtype=torch.float64)
    torch.testing.assert_close(torch.linalg.det(orthonormal_rows(eye + a)), torch.ones(4, dtype=torch.float64))
    assert torch.linalg.eigvalsh((eye + a) @ (eye + a).mT).amin() >= 1.0 - 1e-12
    assert torch.linalg.svdvals(eye + a.abs()).amin() < 0.9  # what is not skew can come close to singular


@pytest.mark.parametrize("rows", [5, 32])
def test_orthonormal_rows_is_the_exponential_to_first_order(rows: int) -> None:
    frame, a = haar_orthogonal(32, generator(1), (4,))[:, :rows], skew(4, 32)
    a = a / torch.linalg.matrix_norm(a, 2)[:, None, None]
    errors = []
    for t in (1e-2, 1e-3):
        step = frame @ torch.matrix_exp(t * a)
        errors.append(torch.linalg.matrix_norm(orthonormal_rows(frame + t * frame @ a) - step).amax().item())
        assert torch.linalg.matrix_norm(step - frame).amin() > 0.1 * t
    assert errors[0] / errors[1] == pytest.approx(100.0, rel=0.1)  # quadratic
    assert errors[1] <= 1e-5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1.0, 10.0, 50.0])
@pytest.mark.parametrize("rows", [9, 32, 33], ids=["frame", "even rotation", "odd rotation"])
def test_orthonormal_rows_after_a_big_step(rows: int, size: float, dtype: torch.dtype) -> None:
    """`size` radians in a plane; of an odd rotation one direction stays, and X is as ill-conditioned as it can be."""
    n = max(rows, 32)
    frame, a = haar_orthogonal(n, generator(1), (4,))[:, :rows], skew(4, n)
    a = size * a / torch.linalg.matrix_norm(a, 2)[:, None, None]
    x = (frame + frame @ a).to(dtype)
    residual = orthogonality_residual(orthonormal_rows(x).mT)
    assert (residual <= 10 * torch.finfo(dtype).eps * (1.0 + size**2)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("start_seed", [None, 3], ids=["identity", "haar"])
def test_budget_reaches_the_level_on_gaussian_matrices(start_seed: int | None, dtype: torch.dtype) -> None:
    w = gaussian((4, 64, 128), seed=5)
    identity = torch.eye(128, dtype=dtype)
    start = identity if start_seed is None else haar_orthogonal(128, generator(start_seed), dtype=dtype)
    beta = radam(w, STEPS, start, step_size=STEP_SIZE).beta
    assert (beta >= 0.955).all()
    assert beta.mean().item() == pytest.approx(0.981, abs=0.002)


def test_step_size_decides_where_the_search_ends() -> None:
    w, start = gaussian((2, 64, 128), seed=5), torch.eye(128)
    assert radam(w, 100, start, step_size=0.03, schedule="constant").beta.mean().item() == pytest.approx(
        0.962, abs=0.003
    )
    assert radam(w, 100, start, step_size=0.03, schedule="cosine").beta.mean().item() == pytest.approx(0.959, abs=0.003)
    assert radam(w, 100, start, step_size=0.1, schedule="cosine").beta.mean().item() == pytest.approx(0.965, abs=0.003)


def test_cosine_survives_a_step_that_ruins_a_constant_schedule() -> None:
    w, start = gaussian((2, 64, 128), seed=5), torch.eye(128)
    assert (radam(w, 100, start, step_size=3.0, schedule="cosine").beta > 0.975).all()
    assert (radam(w, 100, start, step_size=3.0, schedule="constant").beta < 0.9).all()


def test_too_small_a_step_misses_the_level_and_does_not_plateau() -> None:
    found = radam(gaussian((2, 64, 128), seed=5), 100, torch.eye(128), step_size=0.001, schedule="constant")
    assert (found.beta < 0.9).all()
    assert (found.plateau_step > 90).all()  # the curve shows that it was still rising


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step_size", [3.0, 100.0])
def test_too_large_a_step_costs_the_curve_and_not_the_result(step_size: float, dtype: torch.dtype) -> None:
    w = gaussian((2, 16, 32))
    found = radam(w, 60, torch.eye(32, dtype=dtype), step_size=step_size, schedule="constant")
    assert (found.curve[-1] < found.beta - 1e-3).all()  # the last iterate is not the best one
    rounding = 1e-6 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(found.beta, found.curve.amax(0), rtol=rounding, atol=0.0)
    torch.testing.assert_close(one_bit_cosine(rotate(w, found.rotation)), found.beta, rtol=1e-12, atol=0.0)
    assert (found.residual <= 10 * 32 * torch.finfo(torch.float64).eps).all()


@pytest.mark.parametrize("shape", [(2, 64, 128), (2, 128, 64), (1, 2048, 128)], ids=["wide", "tall", "shared_by_16"])
def test_lands_with_annealed_procrustes(shape: tuple[int, int, int]) -> None:
    w, start = gaussian(shape, seed=5), torch.eye(shape[-1])
    by_gradient, by_target = radam(w, STEPS, start, step_size=STEP_SIZE), annealed_procrustes(w, 120, start)
    torch.testing.assert_close(by_gradient.beta, by_target.beta, rtol=0.015, atol=0.0)
    short = radam(w, 10, start, step_size=STEP_SIZE).beta  # a tenth of the budget does not
    assert ((short / by_target.beta - 1.0).abs() > 0.015).all()


def hidden_codebook(signs: bool, seed: int) -> Tensor:
    """2048 rows drawn from 32 distinct vectors of length 128, behind a Haar rotation: `(1, 2048, 128)`."""
    atoms = gaussian((32, 128), seed)
    rows = (atoms.sign() if signs else atoms)[torch.randint(0, 32, (2048,), generator=generator(seed + 1))]
    return (rows @ haar_orthogonal(128, generator(seed + 2)))[None]


def test_hidden_sign_lattice_is_lifted_by_both_optimisers_alike() -> None:
    w, start = hidden_codebook(signs=True, seed=0), torch.eye(128)
    by_gradient, by_target = radam(w, STEPS, start, step_size=STEP_SIZE), annealed_procrustes(w, 60, start)
    assert by_gradient.curve[0].item() == pytest.approx(math.sqrt(2.0 / math.pi), abs=0.02)
    assert by_gradient.beta.item() >= 0.97
    assert by_target.beta.item() >= 0.97
    assert by_gradient.beta.item() == pytest.approx(by_target.beta.item(), rel=0.015)


def test_a_gaussian_codebook_is_lifted_as_far_as_the_sign_lattice() -> None:
    """The limit of the lattice as a control: 32 distinct rows in 128 dimensions are fitted whatever they are.

    It shows that the search works, not that it finds what was planted: the rotation that hides the lattice would give
    beta = 1, and neither optimiser goes there.
    """
    start = torch.eye(128)
    lattice, codebook = (
        radam(hidden_codebook(signs, 0), STEPS, start, step_size=STEP_SIZE).beta.item() for signs in (True, False)
    )
    assert codebook == pytest.approx(lattice, abs=0.005)
    assert lattice < 0.995


def test_decay_by_hand() -> None:
    assert SCHEDULES == ("constant", "cosine")
    assert [decay("constant", share) for share in (0.0, 0.5, 0.99)] == [1.0, 1.0, 1.0]
    assert [decay("cosine", share) for share in (0.0, 1 / 3, 0.5, 2 / 3, 1.0)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])


def test_one_step_is_of_full_size_under_either_schedule() -> None:
    w, start = gaussian((2, 8, 12)), torch.eye(12, dtype=torch.float64)
    one, other = (radam(w, 1, start, step_size=0.5, schedule=schedule) for schedule in SCHEDULES)
    assert torch.equal(one.curve, other.curve)
    assert (one.curve[1] != one.curve[0]).all()
    longer = [radam(w, 2, start, step_size=0.5, schedule=schedule).curve for schedule in SCHEDULES]
    assert torch.equal(longer[0][:2], longer[1][:2])
    assert (longer[0][2] != longer[1][2]).all()


@pytest.mark.parametrize("step_size", [0.0, -0.1, float("nan"), float("inf")])
def test_bad_step_size_is_named(step_size: float) -> None:
    message = f"radam: step_size is {step_size}, expected finite and > 0; pass the registered step size"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        radam(gaussian((1, 4, 6)), 5, torch.eye(6, dtype=torch.float64), step_size=step_size)


@pytest.mark.parametrize("schedule", ["linear", "Cosine", ""])
def test_unknown_schedule_is_named(schedule: str) -> None:
    message = f"radam: schedule is {schedule!r}, expected one of constant, cosine"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        radam(gaussian((1, 4, 6)), 5, torch.eye(6, dtype=torch.float64), step_size=1.0, schedule=schedule)


def test_settings_name_the_chart() -> None:
    w = gaussian((1, 4, 6))
    expected = {
        "optimiser": "radam",
        "steps": 5,
        "step_size": 0.03,
        "schedule": "cosine",
        "chart": "orth(I + A), re-based every step",
        "moment_decay": "(0.9, 0.999)",
        "epsilon": 1e-8,
        "precision": "float64",
    }
    assert radam(w, 5, torch.eye(6, dtype=torch.float64), step_size=0.03).settings == expected
    constant = radam(w, 5, torch.eye(6), step_size=0.03, schedule="constant").settings
    assert constant == {**expected, "schedule": "constant", "precision": "float32"}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("decades", [0, 1, 2, 3, 5, 9])
def test_rows_come_out_orthonormal_whatever_their_condition(decades: int, dtype: torch.dtype) -> None:
    scales = torch.logspace(0.0, -decades, 20, dtype=torch.float64)[:, None]
    x = (haar_orthogonal(20, generator(0), (3,)) @ (gaussian((3, 20, 40), 1) * scales)).to(dtype)
    rows = orthonormal_rows(x)
    assert (orthogonality_residual(rows.mT) <= 1e4 * torch.finfo(dtype).eps).all()
    lower = rows @ x.mT  # rows are C^-1 X with C lower triangular: C^-1 X X^T = C^T is upper triangular
    assert (lower.tril(-1).abs().amax() <= 1e-3 * lower.abs().amax()).all()


def test_one_cholesky_pass_would_not_do() -> None:
    x = haar_orthogonal(20, generator(0), dtype=torch.float32) @ (
        gaussian((20, 40), 1).float() * torch.logspace(0.0, -3.0, 20)[:, None]
    )
    once = torch.linalg.solve_triangular(torch.linalg.cholesky(x @ x.mT), x, upper=False)
    twice = orthogonality_residual(orthonormal_rows(x[None])[0].mT)
    assert twice < 1e-5
    assert orthogonality_residual(once.mT) > 100 * twice  # of its size rounding decides: 25,000 here
