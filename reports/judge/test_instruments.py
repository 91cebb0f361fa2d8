"""Each guard of the instruments, in line and out of it."""

import math

import pytest

from reports.judge.gates import control_outcome
from reports.judge.instruments import (
    TrapOutcome,
    broken_rotation,
    judge_control,
    judge_trap,
    judge_traps,
    trap_tolerance,
)
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Control, Gate
from reports.prereg.rules import AtLevel, ClosingAbove, MeanAtLeast, MeanAtMost, TrapRule
from reports.prereg.samples import Measured
from reports.testing.small_rules import a_claim, a_control, a_control_model, a_trap, of, sampled

RULE = MeanAtLeast("lift", at_least=1.5)
CELL = Cell("control", "planted")
HAAR = a_trap("random_rotation", AtLevel("haar_beta", within=0.01, lift_below=1.5))
OFF = a_trap("off_rotation", MeanAtMost("off_gain", at_most=1.03))


def a_run(**samples: tuple[float, ...]) -> Measurement:
    """A control that does all that can be known of it, but for what `samples` replaces."""
    sound = {"lift": (1.5, 1.6, 1.8), "beta": (0.59, 0.60, 0.61), "landing": (0.97, 0.98, 0.99), "residual": (1.0,)}
    return of(CELL, sampled({**sound, **samples}))


KNOWN = a_control(
    "planted", claim="beta_lift", level=1.6, tolerance=0.05, unrotated=0.60, unrotated_tolerance=0.01,
    landing_at_least=0.97,
)  # fmt: skip


def test_a_control_that_shows_all_that_is_known_of_it_is_sound() -> None:
    outcome = control_outcome(KNOWN, RULE, a_run())
    assert (outcome.sound, outcome.obtained, outcome.median) == (True, "MET", 1.6)
    assert outcome.reason == "obtained MET (median lift 1.6 [-])"


@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        ({"lift": (1.5, 1.54, 1.8)}, "median lift expected at 1.6 ± 0.05"),
        ({"lift": (1.5, 1.66, 1.8)}, "median lift expected at 1.6 ± 0.05"),
        ({"lift": (0.1, 1.6, 1.8)}, "expected MET"),
        ({"beta": (0.58, 0.58, 0.60)}, "unrotated β 0.5867 expected at 0.6 ± 0.01"),
        ({"beta": (0.62, 0.62, 0.60)}, "unrotated β 0.6133 expected at 0.6 ± 0.01"),
        ({"landing": (0.99, 0.9699, 0.99)}, "a learned rotation lands at β 0.9699, expected 0.97 or more"),
        ({"residual": (0.2, 1.01)}, "expected MET"),
    ],
)
def test_each_fault_alone_makes_a_control_unsound(samples: dict[str, tuple[float, ...]], fault: str) -> None:
    outcome = control_outcome(KNOWN, RULE, a_run(**samples))
    assert outcome.sound is False
    assert outcome.reason.split("; ")[1:] == [fault]


@pytest.mark.parametrize("name", ["lift", "beta", "landing"])
@pytest.mark.parametrize("expected", ["MET", "KILLED"])
def test_what_is_no_number_is_never_sound(name: str, expected: str) -> None:
    control = a_control(
        "planted", claim="beta_lift", expected=expected, level=1.6, tolerance=0.05, unrotated=0.60,
        unrotated_tolerance=0.01, landing_at_least=0.97,
    )  # fmt: skip
    for run in (a_run(**{name: (math.nan,)}), a_run(**{name: (0.98, 0.98, math.nan)})):
        assert judge_control(control, RULE, expected == "MET", run).sound is False


def test_the_median_is_compared_not_the_mean() -> None:
    """The mean is 1.9 and out of line; one wild matrix does not make a control unsound."""
    assert control_outcome(KNOWN, RULE, a_run(lift=(1.5, 1.6, 2.6))).sound is True


def test_the_worst_matrix_has_to_land_not_the_mean() -> None:
    assert control_outcome(KNOWN, RULE, a_run(landing=(1.0, 1.0, 0.96))).sound is False


def test_what_is_not_known_of_a_control_is_not_asked() -> None:
    bare = a_control("planted", claim="beta_lift")
    assert control_outcome(bare, RULE, of(CELL, sampled({"lift": (9.0,)}))).sound is True
    half = a_control("planted", claim="beta_lift", level=1.0, unrotated=0.1)  # without their tolerances
    assert control_outcome(half, RULE, a_run()).sound is True


def test_what_is_known_of_a_control_is_inclusive_at_its_tolerance() -> None:
    known = a_control(
        "planted", claim="beta_lift", level=1.5, tolerance=0.25, unrotated=0.5, unrotated_tolerance=0.25,
        model=a_control_model(nll=1.5, nll_tolerance=0.25),
    )  # fmt: skip
    assert control_outcome(known, RULE, a_run(lift=(1.75,), beta=(0.75,), nll=(1.75,))).sound is True


def test_a_control_is_borderline_where_its_tolerance_reaches_the_rule() -> None:
    near = a_run(lift=(1.5625,))
    found = [control_outcome(KNOWN, RULE, near, tolerance).borderline for tolerance in (0.03125, 0.125)]
    assert (found, control_outcome(KNOWN, RULE, near).borderline) == ([False, True], False)


@pytest.mark.parametrize(("expected", "met"), [("MET", True), ("KILLED", False)])
def test_the_rule_decides_what_is_obtained(expected: str, met: bool) -> None:
    control = a_control("planted", claim="beta_lift", expected=expected)
    for outcome in (True, False):
        judged = judge_control(control, RULE, outcome, a_run())
        assert judged.sound is (outcome is met)
        assert judged.obtained == ("MET" if outcome else "KILLED")


def test_a_control_that_did_not_run_is_neither_sound_nor_unsound() -> None:
    outcome = control_outcome(KNOWN, RULE, None)
    assert (outcome.obtained, outcome.sound, outcome.median, outcome.reason) == ("NOT_RUN", None, None, "did not run")
    assert outcome.metric == "lift"


SHEARED = a_control("sheared", claim="beta_lift", expected="INCONCLUSIVE", sheared=0.01)


@pytest.mark.parametrize("lift", [1.0, 1.6])
def test_a_rotation_that_is_none_is_noticed_whatever_it_lifts(lift: float) -> None:
    outcome = control_outcome(SHEARED, RULE, a_run(lift=(lift,), residual=(0.3, 5e9)))
    assert (outcome.obtained, outcome.sound) == ("INCONCLUSIVE", True)
    assert "a rotation 5e+09 times as far from orthogonal as allowed" in outcome.reason


@pytest.mark.parametrize("rounding", [(0.9, 1.4), (math.nan,), (math.inf, 0.5)])
def test_a_quantiser_that_does_not_round_to_the_nearest_is_noticed(rounding: tuple[float, ...]) -> None:
    outcome = control_outcome(SHEARED, RULE, a_run(lift=(1.6,), residual=(0.3,), rounding=rounding))
    assert (outcome.obtained, outcome.sound) == ("INCONCLUSIVE", True)
    assert "times as far from what it is rounded to as half a step" in outcome.reason
    sound = control_outcome(SHEARED, RULE, a_run(lift=(1.6,), residual=(0.3,), rounding=(1.0, 0.2)))
    assert (sound.obtained, sound.sound) == ("MET", False)


def test_a_broken_gauge_is_called_one() -> None:
    outcome = control_outcome(SHEARED, RULE, a_run(lift=(1.6,), residual=(0.3,), gauge_fault=(1.07,)))
    assert (outcome.obtained, outcome.sound) == ("INCONCLUSIVE", True)
    assert "a gauge 1.07 times as far from what a gauge is as allowed" in outcome.reason


@pytest.mark.parametrize(("lift", "obtained"), [(1.0, "KILLED"), (1.6, "MET")])
@pytest.mark.parametrize("residual", [(), (0.4,), (1.0,)])
def test_a_guard_that_misses_it_makes_the_control_unsound(
    lift: float, obtained: str, residual: tuple[float, ...]
) -> None:
    """Residuals that are absent, or that say nothing of the shear: the guard is broken, and its control tells."""
    outcome = control_outcome(SHEARED, RULE, a_run(lift=(lift,), residual=residual))
    assert (outcome.obtained, outcome.sound) == (obtained, False)
    assert outcome.reason.endswith("; expected INCONCLUSIVE")


@pytest.mark.parametrize(
    ("residuals", "worst"),
    [((), None), ((0.0, 1.0), None), ((0.5, math.nextafter(1.0, 2.0)), math.nextafter(1.0, 2.0)), ((3.0, 2.0), 3.0)],
)
def test_a_rotation_is_broken_only_beyond_what_is_allowed(residuals: tuple[float, ...], worst: float | None) -> None:
    assert broken_rotation(sampled({"residual": residuals})) == worst


def test_measurements_without_rotations_have_no_broken_one() -> None:
    assert broken_rotation(sampled({"energy_rank_95": (0.1,)})) is None


@pytest.mark.parametrize("residuals", [(math.nan,), (0.5, math.nan), (math.nan, 0.5), (math.inf,)])
def test_a_residual_that_is_no_number_is_broken(residuals: tuple[float, ...]) -> None:
    worst = broken_rotation(sampled({"residual": residuals}))
    assert worst is not None
    assert not math.isfinite(worst)


def a_random_rotation(beta: float = 0.805, lift: float = 1.2, level: float | None = 0.80) -> Measured:
    reference = {} if level is None else {"haar_beta": level}
    return sampled({"haar_beta": (beta - 0.1, beta + 0.1), "lift": (lift - 0.4, lift + 0.4)}, reference)


def trap_sound(measured: Measured) -> bool | None:
    trap = OFF if "off_gain" in measured.samples else HAAR
    return judge_trap(trap, 3, of(Cell("trap", trap.name, 3), measured)).sound


def test_a_random_rotation_at_its_level_that_lifts_little_is_in_line() -> None:
    outcome = judge_trap(HAAR, 3, of(Cell("trap", HAAR.name, 3), a_random_rotation()))
    assert (outcome.sound, outcome.layer) == (True, 3)
    assert outcome.observed == pytest.approx(0.805)
    assert outcome.reason == "haar_beta 0.8050, level 0.8000 ± 0.01; lift 1.2000, below 1.5"


@pytest.mark.parametrize(
    "measured",
    [
        a_random_rotation(beta=0.811),
        a_random_rotation(beta=0.789),
        a_random_rotation(lift=1.5),
        a_random_rotation(lift=1.6),
        a_random_rotation(level=None),
        a_random_rotation(beta=math.nan),
        a_random_rotation(lift=math.nan),
        a_random_rotation(level=math.nan),
    ],
    ids=["above", "below", "lifts just enough", "lifts", "no level", "beta nan", "lift nan", "level nan"],
)
def test_either_condition_alone_puts_a_random_rotation_out_of_line(measured: Measured) -> None:
    assert trap_sound(measured) is False


def test_a_level_without_a_bound_on_the_lift_asks_for_none() -> None:
    trap = a_trap("random_rotation", AtLevel("haar_beta", within=0.01, lift_below=None))
    lifting = of(Cell("trap", trap.name, 0), a_random_rotation(lift=1.6))
    assert judge_trap(trap, 0, lifting).sound is True
    assert judge_trap(HAAR, 0, lifting).sound is False
    outside = of(Cell("trap", trap.name, 0), a_random_rotation(beta=0.82, lift=1.0))
    assert judge_trap(trap, 0, outside).sound is False


def test_a_level_is_inclusive_at_its_tolerance() -> None:
    trap = a_trap("random_rotation", AtLevel("haar_beta", within=0.25, lift_below=None))
    at, beyond = (sampled({"haar_beta": (beta,), "lift": (1.0,)}, {"haar_beta": 0.5}) for beta in (0.75, 0.7501))
    assert [judge_trap(trap, 0, of(Cell("trap", "x", 0), found)).sound for found in (at, beyond)] == [True, False]


@pytest.mark.parametrize(
    ("gains", "sound"),
    [((1.03,), True), ((0.9,), True), ((1.0, 1.06), True), ((math.nextafter(1.03, 2.0),), False), ((math.nan,), False),
     ((0.5, math.nan), False), ((math.inf,), False)],
)  # fmt: skip
def test_an_off_rotation_may_gain_up_to_its_bound_in_the_mean(gains: tuple[float, ...], sound: bool) -> None:
    assert trap_sound(sampled({"off_gain": gains}, {"off_gain": 1.0})) is sound


EDGES = [
    (ClosingAbove("gain", 0.5), "gain", 0.5),
    (MeanAtMost("gain", 0.5), "gain", 0.5),
    (AtLevel("gain", 0.25, None), "gain", 0.75),
    (AtLevel("gain", 0.25, None), "gain", 0.25),
    (AtLevel("gain", 0.25, 1.5), "lift", 1.5),
]


@pytest.mark.parametrize(("rule", "name", "edge"), EDGES)
@pytest.mark.parametrize(("off", "near"), [(0.125, True), (-0.125, True), (0.1875, False), (-0.1875, False)])
def test_a_trap_within_its_tolerance_of_an_edge_is_borderline(
    rule: TrapRule, name: str, edge: float, off: float, near: bool
) -> None:
    samples = {"gain": (0.5,), "lift": (1.0,), name: (edge + off,)}
    run = of(Cell("trap", "t", 1), sampled(samples, {"gain": 0.5}))
    outcome = judge_trap(a_trap("t", rule), 1, run, tolerance=0.125)
    assert (outcome.borderline, outcome.observed) == (near, samples["gain"][0])
    assert judge_trap(a_trap("t", rule), 1, run).borderline is False


@pytest.mark.parametrize(("rule", "name", "edge"), EDGES)
def test_what_must_come_out_exactly_is_never_borderline(rule: TrapRule, name: str, edge: float) -> None:
    samples = {"gain": (0.5,), "lift": (1.0,), name: (edge,)}
    run = of(Cell("trap", "t", 1), sampled(samples, {"gain": 0.5}))
    assert judge_trap(a_trap("t", rule), 1, run).borderline is False


def test_a_trap_says_what_it_observed_and_what_it_is_held_to() -> None:
    gained = judge_trap(OFF, 2, of(Cell("trap", OFF.name, 2), sampled({"off_gain": (1.0, 1.125)})))
    assert gained == TrapOutcome(OFF, 2, 1.0625, False, "mean off_gain 1.0625, at most 1.03")
    unknown = judge_trap(HAAR, 3, of(Cell("trap", HAAR.name, 3), sampled({"haar_beta": (0.5,), "lift": (1.0,)})))
    assert unknown == TrapOutcome(HAAR, 3, 0.5, False, "no level of haar_beta is known")


@pytest.mark.parametrize(
    ("metric", "tolerances", "within"),
    [
        ("off_gain", {"off_gain": 0.3, "lift": 0.2}, 0.3),
        ("off_gain", {"inflation": 0.1, "lift": 0.2}, 0.2),
        ("inflation_unrotated", {"inflation_unrotated": 0.4, "inflation": 0.1}, 0.4),
        ("off_gain", {"beta": 0.5}, 0.0),
    ],
)
def test_a_trap_has_the_tolerance_of_its_metric_or_of_what_it_guards(
    metric: str, tolerances: dict[str, float], within: float
) -> None:
    assert trap_tolerance(metric, "lift", tolerances) == within


def test_a_trap_that_did_not_run_is_neither_in_line_nor_out_of_it() -> None:
    for trap in (HAAR, OFF):
        outcome = judge_trap(trap, 2, None)
        assert (outcome.sound, outcome.observed, outcome.reason) == (None, None, "did not run")


def a_gate(*layers: int, controls: tuple[Control, ...] = ()) -> Gate:
    return Gate(a_claim("beta_lift", RULE), layers, controls, (HAAR, OFF))


def test_every_trap_is_judged_at_every_layer_of_its_gate() -> None:
    measurements = {
        Cell("trap", "random_rotation", 0): a_random_rotation(),
        Cell("trap", "random_rotation", 1): a_random_rotation(lift=1.7),
        Cell("trap", "off_rotation", 1): sampled({"off_gain": (1.0,)}),
        Cell("trap", "off_rotation", 2): sampled({"off_gain": (9.0,)}),  # of another gate
    }
    outcomes = judge_traps(a_gate(0, 1), {cell: of(cell, found) for cell, found in measurements.items()})
    assert [(outcome.trap.name, outcome.layer, outcome.sound) for outcome in outcomes] == [
        ("random_rotation", 0, True), ("random_rotation", 1, False), ("off_rotation", 0, None),
        ("off_rotation", 1, True),
    ]  # fmt: skip
