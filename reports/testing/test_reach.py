"""How far a verdict may move within the registered tolerances, by moving every value; and what intervals are over."""

import itertools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.bootstrap import bootstrap_over_prompts
from reports.judge.gates import apply_rule, judge_gate, judge_gates
from reports.judge.spread.mean_interval import detectable_effect, mean_interval
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Gate, Interval
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, Rule, ShareBelow
from reports.testing.small_rules import a_claim, a_measurement, a_preregistration, generated, of, of_model, sampled

INTERVAL = Interval(level=0.95, draws=200, seed=3)
Layers = list[list[float]]

# Multiples of 1/64 in layers of 1, 2 or 4: every sum and mean is exact, so that bounds are hit and not just missed
grid = st.integers(0, 128).map(lambda number: number / 64)
layers_of = st.lists(
    st.sampled_from([1, 2, 4]).flatmap(lambda n: st.lists(grid, min_size=n, max_size=n)), min_size=1, max_size=2
)
tolerances = st.integers(0, 16).map(lambda number: number / 64)
LIFT = st.just("lift")
rules = (
    st.builds(ShareBelow, metric=LIFT, below=grid, at_least=st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]))
    | st.builds(MeanAtLeast, metric=LIFT, at_least=grid)
    | st.builds(MeanAtLeast, metric=LIFT, at_least=grid, over_tau=st.sampled_from([0.0, 0.125, 0.5]))
)
DRAWS = (1.0, 0.75)


def measured(layers: Layers) -> list[Measurement]:
    return [
        of(Cell("claim", "beta_lift", number), sampled({"lift": values}, draws=DRAWS))
        for number, values in enumerate(layers)
    ]


def by_hand(rule: Rule, layers: Layers, tau: float = max(DRAWS)) -> tuple[float, bool]:
    """What the rule compares, and whether it is met: the design page once more."""
    if isinstance(rule, ShareBelow):
        pooled = [value for layer in layers for value in layer]
        share = len([value for value in pooled if value < rule.below]) / len(pooled)
        return share, share >= rule.at_least
    assert isinstance(rule, MeanAtLeast)
    mean = sum(sum(layer) / len(layer) for layer in layers) / len(layers)
    beaten = rule.over_tau is None or mean > (1 + rule.over_tau) * tau
    return mean, mean >= rule.at_least and beaten


def moved(layers: Layers, by: float) -> Iterator[Layers]:
    """Every way in which each value may come out `by` lower or higher."""
    sizes = [len(layer) for layer in layers]
    for signs in itertools.product((-by, by), repeat=sum(sizes)):
        left = iter(signs)
        yield [[value + next(left) for value in layer] for layer in layers]


@pytest.mark.fuzz
@given(rules, layers_of, tolerances)
def test_reach_is_what_values_off_by_their_tolerance_come_to(rule: Rule, layers: Layers, by: float) -> None:
    outcome = apply_rule(rule, measured(layers), tolerance=by)
    observed = [by_hand(rule, other)[0] for other in moved(layers, by)]
    assert (outcome.observed, outcome.met) == by_hand(rule, layers)
    assert outcome.reach == (min(observed), max(observed))
    assert outcome.reach[0] <= outcome.observed <= outcome.reach[1]


@pytest.mark.fuzz
@given(rules, layers_of, tolerances)
def test_a_gate_is_borderline_where_some_value_within_reach_turns_it(rule: Rule, layers: Layers, by: float) -> None:
    """τ is a lift like any other: it may be off by the same tolerance."""
    outcome = apply_rule(rule, measured(layers), tolerance=by)
    taus = [max(DRAWS) + shift for shift in (-by, by)]
    turned = {by_hand(rule, other, tau)[1] for other in moved(layers, by) for tau in taus} - {outcome.met}
    assert outcome.borderline is bool(turned)


@pytest.mark.fuzz
@given(grid, tolerances, grid.filter(bool))
def test_an_inflation_reaches_by_its_own_tolerance(at_most: float, by: float, after: float) -> None:
    closing = of_model(Cell("claim", "one_bit_nll", 3), generated((1.0, 1.0), {"learned": (after, after)}))
    outcome = apply_rule(ClosingAtMost("inflation", at_most), [closing], tolerance=by)
    low, high = after - 1 - by, after - 1 + by
    assert (outcome.reach, outcome.met) == ((low, high), after - 1 <= at_most)
    assert outcome.borderline is ((low <= at_most) != (high <= at_most))


def test_without_a_tolerance_nothing_is_borderline_and_nothing_reaches() -> None:
    for rule in (ShareBelow("lift", 1.0, 0.5), MeanAtLeast("lift", 1.0)):
        outcome = apply_rule(rule, measured([[1.0, 0.5]]))
        assert (outcome.reach, outcome.borderline) == ((outcome.observed, outcome.observed), False)


def test_the_margin_is_asked_of_the_lift_alone() -> None:
    """τ is a lift: what another estimator comes to cannot be compared with it."""
    rule, layers = MeanAtLeast("lift", 1.0, over_tau=0.1), measured([[1.05]])
    assert apply_rule(rule, layers).met is False
    squared = apply_rule(rule, layers, "lift_squared")
    assert (squared.met, squared.draws) == (True, ())


def test_a_gate_is_told_each_metrics_own_tolerance() -> None:
    claim = a_claim(checkpoints=(1,), sensitivity=("stable_rank", "participation_ratio"))
    prereg = a_preregistration([claim], layers=1)
    prereg = replace(prereg, tolerances={"energy_rank_95": 0.25, "participation_ratio": 0.5})
    values = [0.2, 0.5]  # the bound is 0.4
    cell = Cell("claim", "narrow_d", 0)
    layer = a_measurement(cell, values, stable_rank=values, participation_ratio=values)
    (outcome,) = judge_gates(prereg, (0,), {cell: layer})
    assert outcome.rule is not None
    found = [(rule.metric, rule.reach, rule.borderline) for rule in (outcome.rule, *outcome.sensitivity)]
    assert found == [
        ("energy_rank_95", (0.0, 1.0), True), ("stable_rank", (0.5, 0.5), False),
        ("participation_ratio", (0.0, 1.0), True),
    ]  # fmt: skip


def judged(layers: Sequence[Measurement], rule: Rule) -> tuple[tuple[float, float] | None, float | None]:
    gate = Gate(a_claim(layers[0].cell.name, rule), tuple(range(len(layers))), ())
    outcome = judge_gate(gate, INTERVAL, {layer.cell: layer for layer in layers})
    return outcome.interval, outcome.minimum_detectable_effect


def test_the_interval_of_a_gate_is_over_layers() -> None:
    """Not over matrices: of 8 and 2 of them, 4 layers' means count."""
    values = [[0.5] * 8, [1.0] * 2, [2.0], [1.5] * 3]
    interval, effect = judged(measured(values), MeanAtLeast("lift", 1.0))
    means = [statistics.fmean(layer) for layer in values]
    assert interval == mean_interval(means, INTERVAL.level)
    assert interval != mean_interval([value for layer in values for value in layer], INTERVAL.level)
    assert effect == detectable_effect(statistics.stdev(means) / 2, 4)


def test_the_interval_of_a_model_is_over_prompts() -> None:
    before, after = (1.0, 2.0, 1.5, 0.5), (1.5, 2.0, 1.0, 1.0)
    closing = of_model(Cell("claim", "one_bit_nll", 0), generated(before, {"learned": after}))
    interval, effect = judged([closing], ClosingAtMost("inflation", 0.1))
    expected, error = bootstrap_over_prompts(list(zip(before, after, strict=True)), INTERVAL)
    assert interval == expected
    assert interval is not None
    assert interval[0] < 0.1 < interval[1]
    assert error is not None
    assert effect == pytest.approx((1.959964 + 0.841621) * error)
