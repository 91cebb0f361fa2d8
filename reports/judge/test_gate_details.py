"""What a gate hands on beside its status: counts, reach, what noise does, the error of nulls, sources of prompts."""

from dataclasses import replace

import pytest

from reports.judge.decision import rule_text
from reports.judge.gates import apply_rule, judge_gate, judge_gates
from reports.judge.instruments import judge_trap
from reports.judge.spread.null_error import shared_null_error
from reports.judge.test_closing_gates import CLAIM as CLOSING
from reports.judge.test_gates import INTERVAL, claimed
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Gate
from reports.prereg.rules import AtLevel, MeanAtLeast, Rule, ShareAtMost, ShareBelow
from reports.testing.small_rules import (
    a_claim,
    a_preregistration,
    a_trap,
    generated,
    lifted,
    of,
    of_model,
    rotations,
    sampled,
)

BELOW, AT_MOST = ShareBelow("lift", 1.0, 0.5), ShareAtMost("lift", 1.0, 0.5)


def with_noise(noise: float | None, *values: float) -> Measurement:
    return of(Cell("claim", "beta_lift", 0), sampled({"lift": values}, None if noise is None else {"lift": noise}))


@pytest.mark.parametrize(("rule", "counted"), [(BELOW, (1, 3)), (AT_MOST, (2, 3))])
def test_a_value_at_the_bound_is_counted_by_the_rule_that_includes_it(rule: Rule, counted: tuple[int, int]) -> None:
    outcome = apply_rule(rule, claimed(sampled({"lift": (0.5, 1.0, 1.5)})))
    assert outcome.layer_counts == (counted,)
    assert outcome.observed == counted[0] / counted[1]


@pytest.mark.parametrize(("cut_off", "borderline"), [(None, True), (0.2, False), (0.45, True), (0.1, False)])
def test_what_is_borderline_at_an_early_checkpoint_is_so_by_its_cut_off(
    cut_off: float | None, borderline: bool
) -> None:
    """A share of 0.4 that may be 0.6: about the rule's 0.5, and about 0.45."""
    values = (0.5, 0.5, 1.05, 1.5, 1.5)
    outcome = apply_rule(BELOW, claimed(sampled({"lift": values})), tolerance=0.1, cut_off=cut_off)
    assert (outcome.observed, outcome.reach) == (0.4, (0.4, 0.6))
    assert outcome.borderline == borderline


@pytest.mark.parametrize(
    ("rule", "noise", "meets"),
    [
        (BELOW, 0.9, True), (BELOW, 1.0, False), (BELOW, None, False), (AT_MOST, 1.0, True), (AT_MOST, 1.1, False),
        (MeanAtLeast("lift", 1.5), 1.5, True), (MeanAtLeast("lift", 1.5), 1.4, False),
        (MeanAtLeast("lift", 1.5), None, False),
    ],
)  # fmt: skip
def test_noise_meets_a_rule_or_does_not_or_is_not_known(rule: Rule, noise: float | None, meets: bool) -> None:
    assert apply_rule(rule, [with_noise(noise, 0.5, 2.0)]).noise_meets == meets


def test_a_share_of_noise_at_what_is_asked_meets_the_rule() -> None:
    """One of two layers' noise lies below: a half is asked for."""
    first, second = with_noise(0.9, 2.0), with_noise(1.1, 2.0)
    assert apply_rule(BELOW, [first, second]).noise_meets
    assert not apply_rule(ShareBelow("lift", 1.0, 0.51), [first, second]).noise_meets


@pytest.mark.parametrize(("rule", "sign"), [(BELOW, "<"), (AT_MOST, "≤")])
def test_a_rule_is_told_with_its_cut_off_where_it_has_one(rule: Rule, sign: str) -> None:
    assert rule_text(rule) == f"lift {sign} 1 for at least 50% of matrices"
    early = f"lift {sign} 1 for more than 15% of matrices, or it is killed early"
    assert rule_text(rule, 0.15) == early


def test_the_error_of_nulls_that_all_layers_share_is_that_of_the_layers() -> None:
    gate = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0, 1), ())
    layers = claimed(lifted(1.5, 1.2, (1.25, 1.0, 1.1)), lifted(1.6, 1.2, (1.25, 1.05, 1.2)))
    found = {layer.cell: layer for layer in layers}
    measured = [layer.measured for layer in layers]
    for draws in (1, 2, 8):
        outcome = judge_gate(gate, INTERVAL, found, gaussian_draws=draws)
        assert outcome.null_error == shared_null_error(measured, draws)
    assert judge_gate(gate, INTERVAL, found).null_error == shared_null_error(measured, 1)
    bare = claimed(sampled({"lift": (1.2,)}), sampled({"lift": (1.3,)}))
    assert judge_gate(gate, INTERVAL, {layer.cell: layer for layer in bare}).null_error == 0.0


def test_the_sources_of_prompts_are_those_of_the_closing_layer() -> None:
    gate = Gate(CLOSING, (0, 1, 2, 3), ())
    texts = {"sources": "a\na\nb\nb"}
    measured = generated([1.0, 2.0, 3.0, 4.0], {"learned": [1.1, 2.1, 3.1, 4.4]}, texts)
    cells = [Cell("claim", CLOSING.name, layer) for layer in gate.layers]
    outcome = judge_gate(gate, INTERVAL, {cell: of_model(cell, measured) for cell in cells})
    assert outcome.sources == ("a", "a", "b", "b")
    lift = Gate(a_claim("beta_lift", MeanAtLeast("lift", 1.5)), (0,), ())
    (layer,) = claimed(sampled({"lift": (1.2,)}))
    assert judge_gate(lift, INTERVAL, {layer.cell: layer}).sources is None


@pytest.mark.parametrize("registered", [None, 1, 8])
def test_a_rung_hands_on_how_many_draws_an_iid_null_is_the_mean_of(registered: int | None) -> None:
    claim = a_claim("beta_lift", MeanAtLeast("lift", 1.5), checkpoints=(2,))
    layers = claimed(lifted(1.5, 1.2, (1.25, 1.0, 1.1)), lifted(1.6, 1.2, (1.25, 1.05, 1.2)))
    settings = None if registered is None else replace(rotations("per_matrix"), gaussian_draws=registered)
    prereg = replace(a_preregistration([claim], layers=2), rotations=settings)
    (outcome,) = judge_gates(prereg, (0, 1), {layer.cell: layer for layer in layers})
    assert outcome.null_error == shared_null_error([layer.measured for layer in layers], registered or 1) > 0.0


def test_a_trap_at_a_level_tells_a_lift_only_where_there_is_one() -> None:
    trap = a_trap("off_rotation", AtLevel("gain", 0.25))
    cell = Cell("trap", "off_rotation", 0)
    bare = judge_trap(trap, 0, of(cell, sampled({"gain": (1.1,)}, {"gain": 1.0})))
    assert bare.reason == "gain 1.1000, level 1.0000 ± 0.25"
    lifted_too = judge_trap(trap, 0, of(cell, sampled({"gain": (1.1,), "lift": (1.2,)}, {"gain": 1.0})))
    assert lifted_too.reason == "gain 1.1000, level 1.0000 ± 0.25; lift 1.2000"
    asked = a_trap("off_rotation", AtLevel("gain", 0.25, lift_below=9.0))
    assert judge_trap(asked, 0, of(cell, sampled({"gain": (1.1,)}, {"gain": 1.0}))).sound is False
