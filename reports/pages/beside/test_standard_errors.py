"""A difference in standard errors: what scipy's t statistics are, and nothing where nothing scatters."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.judge.gates import GateOutcome
from reports.pages.beside.standard_errors import apart_in_errors, gate_error, independent, paired
from reports.testing.figured_rung import measured_rung

SEVERAL = st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=12, unique=True).filter(
    lambda found: np.std(found) > 0.1
)


@given(SEVERAL, SEVERAL)
def test_of_other_matrices_it_is_welch(ours: list[float], theirs: list[float]) -> None:
    wanted = stats.ttest_ind(theirs, ours, equal_var=False).statistic
    assert apart_in_errors(ours, theirs, same=False) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@given(SEVERAL, st.lists(st.floats(0.0, 1.0), min_size=12, max_size=12, unique=True))
def test_of_the_same_matrices_it_is_pair_by_pair(ours: list[float], moved: list[float]) -> None:
    theirs = [value + by for value, by in zip(ours, moved, strict=False)]
    if np.std(np.subtract(theirs, ours)) > 1e-3:
        wanted = stats.ttest_rel(theirs, ours).statistic
        assert apart_in_errors(ours, theirs, same=True) == pytest.approx(wanted, rel=1e-6)


def test_where_nothing_scatters_there_is_none() -> None:
    assert apart_in_errors([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], same=True) is None
    assert apart_in_errors([1.0], [2.0], same=False) is None
    assert paired([1.0], [2.0]) is None
    assert independent(0.5, None, None) is None
    assert independent(0.5, 0.0, None) is None


def test_a_side_that_is_known_adds_no_error() -> None:
    assert independent(0.5, 0.25, None) == 2.0
    assert independent(-0.5, 0.3, 0.4) == -1.0


def outcomes() -> dict[str, GateOutcome]:
    decision, _ = measured_rung()
    return {outcome.gate.id: outcome for outcome in decision.gates}


def test_the_error_of_a_gate_is_what_its_interval_is_made_of() -> None:
    found = outcomes()
    early = found["narrow_d@2-layer"]
    values = early.rule.layer_values if early.rule else ()
    spread = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    error = gate_error(early)
    assert error is not None
    assert error >= spread * (1 - 1e-9)  # of a share at least the scatter of its layers
    assert early.minimum_detectable_effect is not None
    assert error < early.minimum_detectable_effect


def test_a_census_has_no_error() -> None:
    found = outcomes()
    assert found["narrow_d@4-layer"].gate.census
    assert gate_error(found["narrow_d@4-layer"]) is None
