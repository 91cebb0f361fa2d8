"""Student's t and the noncentral t against scipy.stats and mpmath."""

import math
import statistics

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.judge.spread.mean_interval import detectable_effect, detectable_errors, mean_interval, standard_error

values = st.lists(st.floats(-4.0, 4.0), min_size=2, max_size=20)


@given(values, st.floats(0.1, 0.99))
def test_the_interval_is_that_of_scipy(found: list[float], level: float) -> None:
    error = statistics.stdev(found) / math.sqrt(len(found))
    assert standard_error(found) == pytest.approx(error, abs=1e-12)
    expected = stats.t.interval(level, len(found) - 1, loc=statistics.fmean(found), scale=error or 1e-300)
    assert mean_interval(found, level) == pytest.approx(expected, abs=1e-9)


@given(values, st.floats(0.0, 3.0))
def test_an_error_that_layers_share_widens_as_squares_add(found: list[float], beside: float) -> None:
    plain, wider = mean_interval(found, 0.95), mean_interval(found, 0.95, beside)
    assert plain is not None
    assert wider is not None
    t = stats.t.ppf(0.975, len(found) - 1)
    assert ((wider[1] - wider[0]) / 2) ** 2 == pytest.approx(((plain[1] - plain[0]) / 2) ** 2 + (t * beside) ** 2)


def test_one_layer_has_no_interval() -> None:
    assert (mean_interval([1.0], 0.95), standard_error([1.0]), detectable_effect(0.5, 1)) == (None, None, None)
    assert detectable_effect(0.0, 4) is None


@pytest.mark.parametrize("layers", [3, 4, 8, 16, 64])
def test_the_effect_is_found_four_times_out_of_five(layers: int) -> None:
    effect, bar = detectable_errors(layers), stats.t.ppf(0.975, layers - 1)
    power = stats.nct.sf(bar, layers - 1, effect) + stats.nct.cdf(-bar, layers - 1, effect)
    assert power == pytest.approx(0.80, abs=1e-6)


def test_the_effect_of_design_4_is_the_one_that_a_review_found() -> None:
    """0.555 at 4 layers, where 2.80 standard errors are 0.366."""
    error = statistics.stdev([32 / 48, 6 / 48, 22 / 48, 7 / 48]) / 2
    assert detectable_effect(error, 4) == pytest.approx(0.555, abs=5e-4)


@pytest.mark.parametrize("layers", [2, 4])
def test_the_noncentral_t_is_that_of_its_definition(layers: int) -> None:
    """P(T > t) = ∫ Φ(δ − t √(w/ν)) dχ²_ν(w), by mpmath; scipy.stats has no number for two layers."""
    nu, delta = layers - 1, detectable_errors(layers)
    half = mpmath.mpf(nu) / 2
    bar = mpmath.mpf(stats.t.ppf(0.975, nu))

    def above(w: mpmath.mpf, sign: int) -> mpmath.mpf:
        density = w ** (half - 1) * mpmath.exp(-w / 2) / (2**half * mpmath.gamma(half))
        return density * mpmath.ncdf(sign * delta - bar * mpmath.sqrt(w / nu))

    power = sum(mpmath.quad(lambda w, sign=sign: above(w, sign), [0, 1e-4, 0.1, 1, 4, 16, 80]) for sign in (1, -1))
    assert float(power) == pytest.approx(0.80, abs=1e-6)
