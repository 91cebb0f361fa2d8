"""A shear that is called a rotation: it gains, and says itself that it is none."""

import pytest
import torch
from torch import Tensor

from kernels.descent.learned import Learned
from kernels.descent.lifts import relative_residual
from kernels.descent.sheared import sheared
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal
from kernels.searches.procrustes import procrustes

SHAPES = [(2, 8, 16), (2, 16, 16), (2, 32, 16)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def learned(shape: tuple[int, ...]) -> tuple[Tensor, Learned]:
    w = torch.randn(shape, generator=generator(0))
    return w, procrustes(w, 5, haar_orthogonal(shape[-1], generator(1)))


def shear(share: float, n: int) -> Tensor:
    noise = torch.randn((n, n), dtype=torch.float64, generator=generator(0)) / n**0.5
    return torch.eye(n, dtype=torch.float64) + share * torch.triu(noise, 1)


@every_shape
@pytest.mark.parametrize("share", [0.01, 0.3])
def test_beta_and_residual_are_those_of_the_sheared_matrix(shape: tuple[int, ...], share: float) -> None:
    w, found = learned(shape)
    broken = sheared(w, found, share)
    n = shape[-1]
    r = found.rotation @ shear(share, n)  # the whole (in, in) matrix, where the module moves a frame
    torch.testing.assert_close(broken.beta, one_bit_cosine(w.double() @ r), rtol=1e-12, atol=0.0)
    frame = r if found.basis is None else found.basis.mT @ r
    expected = (frame @ frame.mT - torch.eye(len(frame[0]), dtype=torch.float64)).abs().amax((-2, -1))
    torch.testing.assert_close(broken.residual, expected, rtol=1e-9, atol=1e-15)
    assert (relative_residual(found.frame) <= 1.0).all()
    assert (relative_residual(broken.frame) > 1e6).all()


@every_shape
def test_no_shear_leaves_beta_and_residual_alone(shape: tuple[int, ...]) -> None:
    w, found = learned(shape)
    same = sheared(w, found, 0.0)
    assert torch.equal(same.frame, found.frame)
    torch.testing.assert_close(same.beta, found.beta, rtol=1e-12, atol=0.0)
    assert torch.equal(same.residual, found.residual)
    assert (relative_residual(same.frame) <= 1.0).all()


def test_a_sheared_rotation_cannot_be_completed_unnoticed() -> None:
    w, found = learned((2, 16, 16))
    with pytest.raises(ValueError, match=r"^procrustes: learned rotation: max \|R\^T R - I\| = 0\.0"):
        _ = sheared(w, found, 0.01).rotation


def test_curve_and_settings_stay_those_of_the_search() -> None:
    w, found = learned((2, 8, 16))
    broken = sheared(w, found, 0.01)
    assert broken.settings == found.settings
    assert torch.equal(broken.curve, found.curve)
    assert torch.equal(sheared(w, found, 0.01).frame, broken.frame)  # the shear is the same for every call
