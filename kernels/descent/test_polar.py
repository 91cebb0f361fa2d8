"""Polar factors by eigenvectors and by products: both are the definition, and both fall back where they must."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.descent.polar import LEAST, by_eigenvectors, by_products, certified, polar_factor
from kernels.rotations import orthogonality_residual

Polar = Callable[[Tensor], Tensor]
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])


@pytest.fixture(params=[by_eigenvectors, by_products], ids=["eigenvectors", "products"])
def route(request: pytest.FixtureRequest) -> Polar:
    """What a CPU takes, and what a GPU takes, before it is certified."""
    found: Polar = request.param
    return found


@pytest.fixture
def polar(route: Polar) -> Polar:
    """`polar_factor` as it is on a CPU, and as it is on a GPU."""
    return lambda m: certified(m, route(m))


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_matches_the_svd(polar: Polar) -> None:
    m = gaussian((6, 12, 20))
    m[1] *= torch.logspace(0.0, -5.0, 12, dtype=torch.float64)[:, None]
    m[2, 3] = m[2, 4]  # rank-deficient: not unique, still a polar factor
    m[3] *= 1e-120
    m[4] = 0.0
    x = polar(m)
    assert (orthogonality_residual(x.mT) <= 10 * 20 * torch.finfo(torch.float64).eps).all()
    product = m @ x.mT  # symmetric and positive semi-definite: the definition
    scale = torch.linalg.matrix_norm(m, keepdim=True)
    assert ((product - product.mT).abs() <= 1e-9 * scale).all()
    assert (torch.linalg.eigvalsh((product + product.mT) / 2.0) >= -1e-9 * scale[..., 0]).all()
    for i in (0, 5):
        u, _, vh = torch.linalg.svd(m[i], full_matrices=False)
        torch.testing.assert_close(x[i], u @ vh, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("rows", [12, 20])
def test_float32(polar: Polar, rows: int) -> None:
    m = gaussian((8, rows, 20))
    for i, decades in enumerate((1.0, 2.0, 3.0, 4.0, 6.0)):
        m[i] *= torch.logspace(0.0, -decades, rows, dtype=torch.float64)[:, None]
    m[5, 3] = m[5, 4]
    m[6] *= 1e-25  # its Gram matrix underflows
    m = m.float()
    x = polar(m)
    assert x.dtype == torch.float32
    assert (orthogonality_residual(x.mT) <= 10 * 20 * torch.finfo(torch.float32).eps).all()
    u, s, vh = torch.linalg.svd(m.double(), full_matrices=False)
    product = m.double() @ x.double().mT
    reached = product.diagonal(dim1=-2, dim2=-1).sum(-1) / s.sum(-1)  # tr(M X^T) of its maximum, the Procrustes problem
    torch.testing.assert_close(reached, torch.ones_like(reached), rtol=0.0, atol=1e-6)
    scale = torch.linalg.matrix_norm(m.double(), keepdim=True)
    assert ((product - product.mT).abs() <= 1e-4 * scale).all()
    for i in (0, 7):
        torch.testing.assert_close(x[i].double(), (u @ vh)[i], rtol=0.0, atol=1e-4)


def of_condition(condition: float, rows: int = 12, columns: int = 20) -> Tensor:
    """One matrix whose singular values fall evenly, on a logarithmic scale, from 1 to 1 / `condition`."""
    u, _, vh = torch.linalg.svd(gaussian((rows, columns)), full_matrices=False)
    scaled: Tensor = (u * torch.logspace(0.0, -math.log10(condition), rows, dtype=torch.float64)) @ vh
    return scaled


@every_dtype
def test_takes_no_svd_where_none_is_needed(polar: Polar, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conditions leave a residual of at most eps cond^2: in float32 two steps then square what is left of it."""
    m = of_condition(100.0 if dtype == torch.float32 else 3.0).expand(3, 12, 20).to(dtype)
    monkeypatch.delattr(torch.linalg, "svd")
    polar(m)
    with pytest.raises(AttributeError, match="svd"):
        polar(torch.cat([m, torch.zeros_like(m[:1])]))


@every_dtype
def test_leaves_its_argument(polar: Polar, dtype: torch.dtype) -> None:
    m = gaussian((2, 6, 9)).to(dtype)
    m[1, 0] = m[1, 1]
    before = m.clone()
    polar(m)
    assert torch.equal(m, before)


def test_needs_its_fallback(route: Polar, polar: Polar) -> None:
    """A route divides by singular values, and of a matrix of rank one all but one are 0 or rounding."""
    m = torch.ones((1, 12, 20), dtype=torch.float64)
    tolerance = 10 * 20 * torch.finfo(torch.float64).eps
    assert not (orthogonality_residual(route(m).mT) <= tolerance).any()  # written so that NaN is no rotation
    assert (orthogonality_residual(polar(m).mT) <= tolerance).all()
    ill = of_condition(1e7)[None]
    assert (orthogonality_residual(polar(ill).mT) <= tolerance).all()


def test_only_what_misses_the_certificate_is_replaced() -> None:
    m = gaussian((2, 12, 20))
    u, _, vh = torch.linalg.svd(m, full_matrices=False)
    exact = u @ vh
    missed = exact.clone()
    missed[1] *= 1.0 + 20 * 20 * torch.finfo(torch.float64).eps  # max |X X^T - I| is four times what is allowed
    found = certified(m, missed.clone())
    assert torch.equal(found[0], missed[0])
    torch.testing.assert_close(found[1], exact[1], rtol=0.0, atol=1e-13)
    assert not torch.equal(found[1], missed[1])


def test_a_gpu_multiplies_where_a_cpu_decomposes(monkeypatch: pytest.MonkeyPatch) -> None:
    m = gaussian((2, 12, 20))
    monkeypatch.delattr(torch.linalg, "eigh")
    assert (orthogonality_residual(certified(m, by_products(m)).mT) <= 1e-13).all()
    with pytest.raises(AttributeError, match="eigh"):
        polar_factor(m)


@every_dtype
def test_products_reach_what_they_are_said_to_reach(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition of a tenth of the bound, where the bound of the largest value is off by up to three."""
    m = of_condition(0.1 / LEAST[dtype])[None].to(dtype)
    monkeypatch.delattr(torch.linalg, "svd")
    assert (orthogonality_residual(certified(m, by_products(m)).mT) <= 10 * 20 * torch.finfo(dtype).eps).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="cuda-absent: polar factors on a GPU beside those on a CPU")
@every_dtype
def test_a_gpu_agrees_with_a_cpu(dtype: torch.dtype) -> None:
    m = gaussian((4, 256, 512)).to(dtype)
    atol = 1e-4 if dtype == torch.float32 else 1e-11
    torch.testing.assert_close(polar_factor(m.cuda()).cpu(), polar_factor(m), rtol=0.0, atol=atol)
