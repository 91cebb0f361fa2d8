"""Rectified Adam on the Cayley chart: its gradient, its budget, and agreement with annealed Procrustes."""

import math
import re

import pytest
import torch
from torch import Tensor

from kernels.moments import one_bit_cosine
from kernels.procrustes import annealed_procrustes
from kernels.radam import cayley, loss_gradient, radam
from kernels.rotations import haar_orthogonal, orthogonality_residual

STEPS, STEP_SIZE = 100, 0.03  # clears 0.955 by 0.007, over ten times the scatter between matrices of this shape


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=generator(seed))


def test_gradient_is_that_of_autograd_through_the_chart() -> None:
    v = gaussian((3, 10, 16))
    a = torch.zeros((3, 16, 16), dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(-one_bit_cosine(v @ cayley(a - a.mT)).sum(), a)  # a_ij moves A_ij and A_ji
    torch.testing.assert_close(loss_gradient(v, one_bit_cosine(v)), gradient, rtol=1e-9, atol=1e-12)


def test_cayley_is_a_rotation() -> None:
    a = gaussian((4, 9, 9))
    r = cayley(a - a.mT)
    assert (orthogonality_residual(r) <= 10 * 9 * torch.finfo(torch.float64).eps).all()
    torch.testing.assert_close(torch.linalg.det(r), torch.ones(4, dtype=torch.float64))
    assert orthogonality_residual(cayley(a)).amin() > 1e-3  # not for a matrix that is not skew


@pytest.mark.parametrize("start_seed", [None, 3])
def test_budget_reaches_the_level_on_gaussian_matrices(start_seed: int | None) -> None:
    w = gaussian((4, 64, 128), seed=5)
    identity = torch.eye(128, dtype=torch.float64)
    start = identity if start_seed is None else haar_orthogonal(128, generator(start_seed))
    assert (radam(w, STEPS, STEP_SIZE, start).beta >= 0.955).all()


def test_too_small_a_step_misses_the_level_and_does_not_plateau() -> None:
    found = radam(gaussian((2, 64, 128), seed=5), 100, 0.001, torch.eye(128, dtype=torch.float64))
    assert (found.beta < 0.9).all()
    assert (found.plateau_step > 90).all()  # the curve shows that it was still rising


def test_too_large_a_step_costs_the_curve_and_not_the_result() -> None:
    w = gaussian((2, 16, 32))
    found = radam(w, 60, 3.0, torch.eye(32, dtype=torch.float64))
    assert (found.curve[-1] < found.beta - 1e-3).all()  # the last iterate is not the best one
    torch.testing.assert_close(one_bit_cosine(w @ found.rotation), found.curve.amax(0), rtol=1e-12, atol=0.0)
    assert (found.residual <= 10 * 32 * torch.finfo(torch.float64).eps).all()


def hidden_codebook(signs: bool, seed: int) -> Tensor:
    """2048 rows drawn from 32 distinct vectors of length 128, behind a Haar rotation: `(1, 2048, 128)`."""
    atoms = gaussian((32, 128), seed)
    rows = (atoms.sign() if signs else atoms)[torch.randint(0, 32, (2048,), generator=generator(seed + 1))]
    return (rows @ haar_orthogonal(128, generator(seed + 2)))[None]


def test_hidden_sign_lattice_is_lifted_by_both_optimisers_alike() -> None:
    w, start = hidden_codebook(signs=True, seed=0), torch.eye(128, dtype=torch.float64)
    by_gradient, by_target = radam(w, STEPS, STEP_SIZE, start), annealed_procrustes(w, 60, start)
    assert by_gradient.curve[0].item() == pytest.approx(math.sqrt(2.0 / math.pi), abs=0.02)
    assert by_gradient.beta.item() >= 0.97
    assert by_target.beta.item() >= 0.97
    assert by_gradient.beta.item() == pytest.approx(by_target.beta.item(), rel=0.015)


def test_a_gaussian_codebook_is_lifted_as_far_as_the_sign_lattice() -> None:
    """The limit of the lattice as a control: 32 distinct rows in 128 dimensions are fitted whatever they are.

    It shows that the search works, not that it finds what was planted: the rotation that hides the lattice would give
    beta = 1, and neither optimiser goes there.
    """
    start = torch.eye(128, dtype=torch.float64)
    lattice, codebook = (
        radam(hidden_codebook(signs, 0), STEPS, STEP_SIZE, start).beta.item() for signs in (True, False)
    )
    assert codebook == pytest.approx(lattice, abs=0.005)
    assert lattice < 0.995


@pytest.mark.parametrize("step_size", [0.0, -0.1, float("nan"), float("inf")])
def test_bad_step_size_is_named(step_size: float) -> None:
    message = f"radam: step_size is {step_size}, expected finite and > 0; pass the registered step size"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        radam(gaussian((1, 4, 6)), 5, step_size, torch.eye(6, dtype=torch.float64))


def test_settings_name_the_chart() -> None:
    found = radam(gaussian((1, 4, 6)), 5, 0.03, torch.eye(6, dtype=torch.float64))
    assert found.settings == {
        "optimiser": "radam",
        "steps": 5,
        "step_size": 0.03,
        "chart": "cayley, re-based every step",
        "moment_decay": "(0.9, 0.999)",
        "epsilon": 1e-8,
    }
