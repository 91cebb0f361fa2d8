"""A gauge of bounded condition: its inverse and its condition against LAPACK's, and faults that are seen."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.integer.gauged_form import (
    GaugeForm,
    condition,
    gauge_faults,
    inverse_residual,
    sheared_inverse,
)
from kernels.rotations import haar_orthogonal

MOST = 4.0


def form(n: int, seed: int, b: int = 2, most: float = MOST) -> GaugeForm:
    """Of any condition up to `most`."""
    generator = torch.Generator().manual_seed(seed)
    half = 0.5 * math.log(most)
    logs = half * (2.0 * torch.rand((b, n), dtype=torch.float64, generator=generator) - 1.0)
    left, right = (haar_orthogonal(n, generator, (b,)) for _ in range(2))
    return GaugeForm(left, logs, right)


@given(st.integers(1, 24), st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_the_inverse_is_the_inverse_and_the_condition_is_bounded(n: int, seed: int) -> None:
    gauge = form(n, seed)
    m = gauge.matrix
    assert torch.allclose(gauge.inverse, torch.linalg.inv(m), atol=1e-12)
    found = condition(m)
    assert found.tolist() == pytest.approx([float(np.linalg.cond(one)) for one in m.numpy()], rel=1e-10)
    spread = gauge.logs.amax(-1) - gauge.logs.amin(-1)
    assert found.tolist() == pytest.approx(spread.exp().tolist(), rel=1e-10)
    assert float(found.max()) <= MOST * (1.0 + 1e-12)
    assert bool((gauge_faults(m, gauge.inverse, MOST) <= 1.0).all())


def test_the_largest_condition_that_is_allowed_is_allowed_and_the_next_is_not() -> None:
    gauge = form(16, 1)
    at, beyond = gauge.stretched(MOST, 0.0), gauge.stretched(MOST, 0.01)
    assert gauge_faults(at.matrix, at.inverse, MOST).tolist() == pytest.approx([1.0, 1.0], abs=1e-8)
    assert bool((gauge_faults(at.matrix, at.inverse, MOST) <= 1.0).all())
    assert gauge_faults(beyond.matrix, beyond.inverse, MOST).tolist() == pytest.approx([MOST**0.01] * 2)
    assert float(inverse_residual(beyond.matrix, beyond.inverse).max()) < 1e-13  # an inverse it has all the same


def test_an_inverse_that_is_none_is_seen_however_small_the_shear() -> None:
    gauge = form(16, 2)
    for share in (1e-2, 1e-9):
        broken = sheared_inverse(gauge.inverse, share)
        assert float(gauge_faults(gauge.matrix, broken, MOST).min()) > 1.0
    assert torch.equal(sheared_inverse(gauge.inverse, 0.0), gauge.inverse)
    transposed = gauge.matrix.mT  # right for a rotation alone
    assert float(gauge_faults(gauge.matrix, transposed, MOST).min()) > 1.0


def test_what_is_not_finite_is_never_sound() -> None:
    gauge = form(8, 3)
    bad = gauge.matrix.clone()
    bad[1, 0, 0] = math.nan
    first, second = gauge_faults(bad, gauge.inverse, MOST).tolist()
    assert first <= 1.0
    assert not second <= 1.0
    infinite = gauge.inverse.clone()
    infinite[0, 0, 0] = math.inf
    assert not gauge_faults(gauge.matrix, infinite, MOST)[0] <= 1.0


def test_float32_is_made_exact_and_what_is_no_rotation_is_refused() -> None:
    gauge = form(32, 4)
    single = GaugeForm(gauge.left.float(), gauge.logs.float(), gauge.right.float())
    exact = single.exact()
    assert exact.matrix.dtype == torch.float64
    assert torch.allclose(exact.matrix, gauge.matrix, atol=1e-5)
    assert float(gauge_faults(exact.matrix, exact.inverse, MOST).max()) <= 1.0
    with pytest.raises(ValueError, match=r"^GaugeForm.exact: max \|U\^T U - I\| = .* at n = 32, expected <= "):
        GaugeForm(3.0 * gauge.left, gauge.logs, gauge.right).exact()
