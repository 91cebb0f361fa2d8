"""τ, the interval of structure, and what makes a gate INCONCLUSIVE rather than dead."""

import math
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.gates import GateOutcome, apply_rule, judge_gate, judge_gates
from reports.judge.spread.mean_interval import detectable_effect, mean_interval
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Gate, Interval, registered_cells
from reports.prereg.rules import MeanAtLeast, MeanAtMost, Rule, ShareBelow
from reports.prereg.samples import Measured
from reports.testing.small_rules import a_claim, a_control, a_preregistration, a_trap, lifted, of, sampled

TAU = MeanAtLeast("lift", at_least=1.0, over_tau=0.1)
INTERVAL = Interval(level=0.95, draws=200, seed=3)
lifts = st.floats(0.5, 4.0)


def claimed(*layers: Measured) -> list[Measurement]:
    return [of(Cell("claim", "beta_lift", number), measured) for number, measured in enumerate(layers)]


@pytest.mark.parametrize(
    ("lift", "met"),
    [(math.nextafter(1.1 * 1.2, 2.0), True), (1.1 * 1.2, False), (1.25, False), (1.0, False), (2.0, True)],
)
def test_a_lift_has_to_exceed_the_margin_over_the_best_draw(lift: float, met: bool) -> None:
    outcome = apply_rule(TAU, claimed(lifted(lift, draws=(1.0, 1.2, 1.1))))
    assert (outcome.met, outcome.tau) == (met, 1.2)


@pytest.mark.fuzz
@given(lifts, st.lists(lifts, min_size=1, max_size=4), st.floats(0, 1), st.floats(0.5, 4.0))
def test_a_lift_is_met_by_both_bounds_or_not_at_all(
    lift: float, draws: list[float], margin: float, asked: float
) -> None:
    layers = claimed(lifted(lift, draws=draws))
    met = apply_rule(MeanAtLeast("lift", asked, margin), layers).met
    assert met is (lift >= asked and all(lift > (1 + margin) * draw for draw in draws))
    assert apply_rule(MeanAtLeast("lift", asked), layers).met is (lift >= asked)


def test_without_a_margin_the_draws_are_kept_but_not_asked() -> None:
    outcome = apply_rule(MeanAtLeast("lift", 1.0), claimed(lifted(1.1, draws=(3.0, 2.0))))
    assert (outcome.met, outcome.draws, outcome.tau) == (True, (3.0, 2.0), 3.0)


def test_missing_draws_never_beat_tau() -> None:
    for draws in (None, ()):
        outcome = apply_rule(TAU, claimed(sampled({"lift": (9.0,)}, draws=draws), sampled({"lift": (9.0,)})))
        assert (outcome.met, outcome.tau, outcome.draws) == (False, None, ())
    assert apply_rule(MeanAtLeast("lift", 1.0), claimed(sampled({"lift": (9.0,)}))).met


def test_draws_that_one_layer_lacks_never_beat_tau() -> None:
    layers = claimed(lifted(9.0, draws=(1.0, 1.2)), sampled({"lift": (9.0,)}))
    for found in (layers, layers[::-1]):
        outcome = apply_rule(TAU, found)
        assert (outcome.met, outcome.draws, outcome.tau) == (False, (), None)


def test_tau_is_the_best_of_the_draws_averaged_over_layers() -> None:
    """Not the mean of each layer's best, 1.75, nor the best of all, 2.0."""
    layers = claimed(lifted(1.0, draws=(1.0, 1.5, 1.2)), lifted(1.0, draws=(2.0, 1.1, 1.0)))
    outcome = apply_rule(TAU, layers)
    assert outcome.draws == (1.5, 1.3, 1.1)
    assert outcome.tau == 1.5


@pytest.mark.fuzz
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(lifts, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_draws_are_paired_over_layers(draws: list[list[float]]) -> None:
    outcome = apply_rule(TAU, claimed(*(lifted(1.0, draws=row) for row in draws)))
    assert outcome.draws == tuple(fmean(column) for column in zip(*draws, strict=True))
    assert outcome.tau == max(outcome.draws)
    assert outcome.tau <= fmean(max(row) for row in draws) + 1e-12


def test_rules_that_ask_for_no_lift_have_no_draws() -> None:
    narrow = a_claim().rule
    assert apply_rule(narrow, claimed(sampled({"energy_rank_95": (0.1,)}, draws=(1.0,)))).draws == ()


def test_the_mean_of_lifts_is_over_layers_and_their_reference_too() -> None:
    one = sampled({"lift": (1.0,)}, {"lift": 1.0})
    three = sampled({"lift": (2.0, 2.0, 2.0)}, {"lift": 1.2})
    outcome = apply_rule(MeanAtLeast("lift", 1.5), claimed(one, three))
    assert (outcome.observed, outcome.n) == (1.5, 4)
    assert outcome.reference == pytest.approx(1.1)


def test_structure_has_one_value_for_each_layer() -> None:
    layers = claimed(lifted(1.5, 1.25, (1.2, 1.0, 1.1)), lifted(1.8, 1.25, (1.2, 1.0, 1.1)))
    outcome = apply_rule(MeanAtLeast("structure", 1.05), layers)
    assert outcome.layer_values == pytest.approx((1.0, 1.2))
    assert (outcome.n, outcome.reference, outcome.met) == (2, 1.0, True)
    over = {
        metric: apply_rule(MeanAtLeast("structure", 1.05), layers, f"structure_{metric}").observed
        for metric in ("gaussian", "spectral", "shuffled")
    }
    assert over == {name: pytest.approx(1.1 * 1.2 / fit) for name, fit in zip(over, (1.2, 1.0, 1.1), strict=True)}


def structured(*structures: float) -> GateOutcome:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), tuple(range(len(structures))), ())
    layers = claimed(*(lifted(1.2 * structure, 1.2) for structure in structures))
    return judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})


@pytest.mark.fuzz
@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=6))
def test_the_interval_of_structure_is_student_s_over_layers(structures: list[float]) -> None:
    outcome = structured(*structures)
    interval = mean_interval([math.log(one) for one in structures], 0.95)
    assert interval is not None
    assert outcome.structure_interval == pytest.approx(tuple(map(math.exp, interval)))
    assert outcome.decomposition is not None
    low, high = outcome.structure_interval or (math.nan, math.nan)
    assert low * (1 - 1e-12) <= outcome.decomposition.structure <= high * (1 + 1e-12)


def test_the_interval_of_structure_is_that_of_the_geometric_mean() -> None:
    """Of 1/4 and 4 the geometric mean is 1, the arithmetic one 2.1: the interval is symmetric in log."""
    outcome = structured(0.25, 4.0)
    low, high = outcome.structure_interval or (math.nan, math.nan)
    assert low * high == pytest.approx(1.0)
    assert outcome.decomposition is not None
    assert outcome.decomposition.structure == pytest.approx(1.0)
    many = structured(*[0.25, 4.0] * 8)
    low, high = many.structure_interval or (math.nan, math.nan)
    assert 0.25 < low < 1.0 < high < 4.0
    assert high < 2.2  # an interval of plain values is from 1.1 to 3.2


def test_the_interval_draws_nothing_and_narrows_with_its_level() -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), tuple(range(8)), ())
    found = {layer.cell: layer for layer in claimed(*(lifted(1 + 0.1 * number) for number in range(8)))}
    wide, again = (judge_gate(gate, INTERVAL, found).structure_interval for _ in range(2))
    narrow = judge_gate(gate, replace(INTERVAL, level=0.5), found).structure_interval
    other = judge_gate(gate, replace(INTERVAL, seed=4), found).structure_interval
    assert wide is not None
    assert narrow is not None
    assert wide == again == other
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_one_layer_has_no_spread() -> None:
    outcome = structured(1.1)
    assert (outcome.structure_interval, outcome.interval) == (None, None)
    assert outcome.minimum_detectable_effect is None


def test_layers_without_a_decomposition_have_no_interval_of_structure() -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    layers = claimed(sampled({"lift": (1.2,)}), sampled({"lift": (1.3,)}))
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})
    assert (outcome.decompositions, outcome.decomposition, outcome.structure_interval) == ((), None, None)
    assert outcome.status == "KILLED"


def test_an_incomplete_gate_has_neither_rule_nor_structure() -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    (layer,) = claimed(lifted(1.2))
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer})
    assert (outcome.status, outcome.rule, outcome.decompositions) == ("NOT_RUN", None, ())
    assert outcome.structure_interval is None


@pytest.mark.parametrize(
    ("residual", "status"),
    [((0.5, 1.0), "KILLED"), ((0.5, 1.0001), "INCONCLUSIVE"), ((math.nan, 0.5), "INCONCLUSIVE"), ((), "KILLED")],
)
def test_a_broken_rotation_is_neither_met_nor_killed(residual: tuple[float, ...], status: str) -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    layers = claimed(sampled({"lift": (1.2,)}), sampled({"lift": (1.2,), "residual": residual}))
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})
    assert outcome.status == status
    assert bool(outcome.broken) is (status == "INCONCLUSIVE")
    assert outcome.broken_cells == ((Cell("claim", "beta_lift", 1),) if status == "INCONCLUSIVE" else ())


def test_a_broken_rotation_is_told_before_the_gate_is_complete() -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    (layer,) = claimed(sampled({"lift": (1.2,), "residual": (3.0,)}))
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer})
    assert (outcome.status, outcome.rule) == ("INCONCLUSIVE", None)
    assert outcome.broken == ("beta_lift[L00]: a rotation is 3 times as far from orthogonal as allowed",)


def test_a_control_whose_rotation_breaks_as_registered_leaves_its_gate_be() -> None:
    sheared = a_control("sheared_beta_lift", claim="beta_lift", expected="INCONCLUSIVE")
    prereg = a_preregistration([a_claim("beta_lift", MeanAtLeast("lift", 1.1), (1,))], [sheared], layers=1)
    (layer,) = claimed(lifted(1.2))
    for residual, status in (((9.0,), "MET"), ((0.9,), "INCONCLUSIVE")):
        control = of(Cell("control", sheared.name), sampled({"lift": (1.2,), "residual": residual}))
        (outcome,) = judge_gates(prereg, (0,), {layer.cell: layer, control.cell: control})
        assert outcome.status == status


def test_the_interval_of_a_gate_is_over_its_layers_and_so_is_what_it_can_detect() -> None:
    layers = claimed(sampled({"lift": (1.0,)}), sampled({"lift": (2.0,)}))
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})
    assert outcome.interval == mean_interval((1.0, 2.0), 0.95)
    assert outcome.minimum_detectable_effect == detectable_effect(0.5, 2)  # the standard error is 1/2


def test_of_a_census_there_is_no_interval_and_of_an_early_look_a_prediction() -> None:
    layers = claimed(sampled({"lift": (1.0,)}), sampled({"lift": (2.0,)}))
    found = {layer.cell: layer for layer in layers}
    for rule in (MeanAtLeast("lift", 1.5), ShareBelow("lift", 1.5, 0.5)):
        whole = judge_gate(Gate(a_claim("beta_lift", rule), (0, 1), (), whole=2), INTERVAL, found)
        assert (whole.interval, whole.minimum_detectable_effect, whole.full_scope) == (None, None, None)
        early = judge_gate(Gate(a_claim("beta_lift", rule), (0, 1), (), whole=3), INTERVAL, found)
        assert early.interval is not None
        assert early.minimum_detectable_effect is not None
        assert early.full_scope is not None
        assert early.full_scope.interval[0] >= early.interval[0]
        assert whole.status == early.status == "MET"


def test_none_of_72_has_an_interval_and_an_effect() -> None:
    gate = Gate(a_claim("beta_lift", ShareBelow("lift", 1.0, 0.7)), (0, 1, 2, 3), (), whole=16)
    layers = claimed(*(sampled({"lift": (2.0,) * 18}) for _ in range(4)))
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})
    low, high = outcome.interval or (0.0, 0.0)
    assert 0.0 < low < high
    assert (outcome.minimum_detectable_effect or 0.0) > 0.1


@pytest.mark.parametrize(("share", "status"), [(0.1, "KILLED"), (0.2, "KILLED"), (0.3, "MET"), (0.7, "MET")])
def test_at_an_early_checkpoint_a_share_is_killed_at_its_cut_off_and_below(share: float, status: str) -> None:
    """For the rule itself anything below 0.7 is too little; a cut-off of 0.2 kills at 0.2."""
    values = (0.0,) * round(10 * share) + (2.0,) * (10 - round(10 * share))
    (layer,) = claimed(sampled({"lift": values}))
    claim = a_claim("beta_lift", ShareBelow("lift", 1.0, 0.7))
    outcome = judge_gate(Gate(claim, (0,), (), whole=4, cut_off=0.2), INTERVAL, {layer.cell: layer})
    assert outcome.rule is not None
    assert (outcome.status, outcome.rule.threshold) == (status, 0.2)
    last = judge_gate(Gate(claim, (0,), (), whole=4), INTERVAL, {layer.cell: layer})
    assert last.status == ("MET" if share >= 0.7 else "KILLED")


def test_an_estimator_that_noise_meets_is_uninformative_and_turns_nothing() -> None:
    """Both others are met where the rule is missed; the noise of one of them meets the rule, too."""
    values = {"energy_rank_95": (0.9, 0.9), "stable_rank": (0.1, 0.1), "participation_ratio": (0.1, 0.1)}
    noise = {"energy_rank_95": 0.8, "stable_rank": 0.34, "participation_ratio": 0.5}
    claim = a_claim("narrow_d", ShareBelow("energy_rank_95", 0.4, 0.7), sensitivity=tuple(values)[1:])
    layer = of(Cell("claim", "narrow_d", 0), sampled(values, noise))
    outcome = judge_gate(Gate(claim, (0,), ()), INTERVAL, {layer.cell: layer})
    assert [one.metric for one in outcome.turned] == ["participation_ratio"]
    assert [(one.metric, one.reference) for one in outcome.uninformative] == [("stable_rank", 0.34)]


CLAIM = a_claim("beta_lift", MeanAtLeast("lift", 1.5), (2,), sensitivity=("lift_squared",))
CONTROL = a_control("planted", claim="beta_lift")
TRAP = a_trap("off_rotation", MeanAtMost("off_gain", 1.0))


def near(cell: Cell) -> Measurement:
    """Each lift is 1/16 over what is asked, and each gain 1/16 over its bound; squared, a lift is nearly 1 over."""
    return of(cell, sampled({"lift": (1.5625,), "off_gain": (1.0625,)}))


@pytest.mark.parametrize(
    ("tolerances", "borderline"),
    [
        ({}, (False, False, False, False)),
        ({"lift": 0.125}, (True, False, True, True)),
        ({"lift": 0.03125}, (False, False, False, False)),
        ({"lift_squared": 1.0}, (False, True, False, False)),
        ({"off_gain": 0.125}, (False, False, False, True)),
    ],
)
def test_a_gate_hands_each_metric_its_tolerance(tolerances: dict[str, float], borderline: tuple[bool, ...]) -> None:
    prereg = replace(a_preregistration([CLAIM], [CONTROL], traps=[TRAP]), tolerances=tolerances)
    (outcome,) = judge_gates(prereg, (0, 1), {cell: near(cell) for cell in registered_cells(prereg, (0, 1))})
    assert outcome.rule is not None
    parts = (outcome.rule, outcome.sensitivity[0], outcome.controls[0], outcome.traps[0])
    assert tuple(part.borderline for part in parts) == borderline


def test_without_a_tolerance_nothing_is_borderline() -> None:
    gate = Gate(CLAIM, (0, 1), (CONTROL,), (TRAP,))
    found = {cell: near(cell) for cell in gate.cells}
    outcome = judge_gate(gate, INTERVAL, found)
    judged = [apply_rule(CLAIM.rule, list(found.values())), *outcome.controls, *outcome.traps, outcome.rule]
    assert not any(part is None or part.borderline for part in judged)


def test_a_share_reaches_as_far_as_its_bound_may_move() -> None:
    rule = ShareBelow("energy_rank_95", below=0.5, at_least=0.5)
    layers = claimed(sampled({"energy_rank_95": (0.25, 0.5625)}), sampled({"energy_rank_95": (0.4375, 0.75)}))
    exact, near = (apply_rule(rule, layers, tolerance=tolerance) for tolerance in (0.0, 0.125))
    for outcome in (exact, near):
        assert (outcome.met, outcome.observed, outcome.threshold, outcome.below) == (True, 0.5, 0.5, 0.5)
        assert (outcome.layer_values, outcome.n, outcome.median) == ((0.5, 0.5), 4, 0.5)
    assert (exact.reach, exact.borderline) == ((0.5, 0.5), False)
    assert (near.reach, near.borderline) == ((0.25, 0.75), True)
    assert near.layer_reaches == ((0.5, 1.0), (0.0, 0.5))


def test_a_mean_reaches_as_far_as_its_tolerance() -> None:
    layers = claimed(sampled({"lift": (1.0, 2.0)}, draws=(9.0,)), sampled({"lift": (2.0,)}, draws=(9.0,)))
    outcome = apply_rule(MeanAtLeast("lift", 1.0), layers, tolerance=0.125)
    assert (outcome.observed, outcome.threshold, outcome.median) == (1.75, 1.0, 2.0)
    assert (outcome.reach, outcome.layer_reaches) == ((1.625, 1.875), ((1.375, 1.625), (1.875, 2.125)))
    assert (outcome.below, outcome.certified_count, outcome.borderline) == (None, None, False)
    assert apply_rule(MeanAtLeast("lift", 1.0), layers, "lift_squared").draws == ()  # draws are of the lift alone


@pytest.mark.parametrize(("tolerance", "borderline"), [(0.015625, False), (0.0625, True)])
def test_tau_moves_as_the_lift_does(tolerance: float, borderline: bool) -> None:
    """The lift is 1/16 over the best draw: half of that each, and they may meet."""
    rule = MeanAtLeast("lift", at_least=1.0, over_tau=0.0)
    outcome = apply_rule(rule, claimed(lifted(1.25, draws=(1.1875,))), tolerance=tolerance)
    assert (outcome.met, outcome.borderline) == (True, borderline)
    equal = apply_rule(rule, claimed(lifted(1.25, draws=(1.25,))), tolerance=tolerance)  # the draw may move down, too
    assert (equal.met, equal.borderline) == (False, True)


@pytest.mark.parametrize(
    ("rule", "counted"),
    [(ShareBelow("lift", 2.0, 0.5), "matrices"), (MeanAtLeast("structure", 1.0), "layers")],
)
def test_what_n_counts_is_said_by_the_samples(rule: Rule, counted: str) -> None:
    cell = of(Cell("claim", "beta_lift", 0), lifted(1.2))
    assert apply_rule(rule, [cell]).counted == counted
