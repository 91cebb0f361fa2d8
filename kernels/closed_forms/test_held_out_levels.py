"""Spread and break-even: against draws, against the published numbers, and at the ends."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.closed_forms.held_out_levels import break_even_lift, held_out_spread, rotation_bits_per_weight


def test_the_spread_is_that_of_gaussian_matrices() -> None:
    x = np.random.default_rng(1).standard_normal((4000, 24, 32))
    beta = np.sqrt((np.abs(x).sum(-1) ** 2).sum(-1) / (32 * (x**2).sum((-1, -2))))
    measured = beta.std(ddof=1) / beta.mean()
    assert measured == pytest.approx(held_out_spread(32, 24), rel=0.05)  # 4.5 standard errors of 4,000 draws
    assert measured != pytest.approx(held_out_spread(32, 48), rel=0.05)  # the check can fail


def test_the_published_numbers() -> None:
    """0.266/√(n rows); break-even of a rotation in fp16 shared by a layer's gates and ups: 1.080 and 1.195."""
    assert held_out_spread(1, 1) == pytest.approx(0.266, abs=5e-4)
    olmoe = rotation_bits_per_weight(16, 2048, 2 * 64 * 1024)
    embedded = rotation_bits_per_weight(16, 128, 2 * 16 * 64)
    assert (olmoe, embedded) == (0.25, 1.0)
    assert break_even_lift(olmoe) == pytest.approx(1.080, abs=5e-4)
    assert break_even_lift(embedded) == pytest.approx(1.195, abs=5e-4)


@given(bits=st.floats(0.0, 40.0), more=st.floats(1e-3, 1.0))
def test_more_bits_ask_for_more_lift(bits: float, more: float) -> None:
    assert 1.0 - 1e-12 <= break_even_lift(bits) <= break_even_lift(bits + more) <= math.sqrt(math.pi / 2.0)
    assert break_even_lift(0.0) == pytest.approx(1.0)


def test_refused_input_is_named() -> None:
    with pytest.raises(ValueError, match=re.escape("break_even_lift: -1.0 bits, expected at least 0")):
        break_even_lift(-1.0)
    with pytest.raises(ValueError, match=re.escape("held_out_spread: 0 rows of 4, expected at least 1 each")):
        held_out_spread(4, 0)
