"""The verdict against a second definition of it, and each rule broken on purpose."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.decision import core_json, core_sha256_of, decide, decision_json, trap_results_json
from reports.gates import apply_rule, bootstrap_over_layers, judge_control
from reports.measurement import Measurement
from reports.preregistration import Cell, Interval, MeanAtLeast, MeanAtMost, ShareBelow, gates, registered_cells
from reports.specimens import SUBJECT, a_claim, a_control, a_measurement, a_preregistration

LAYERS = (0, 1, 2, 3)
FIRST, SECOND = a_claim("narrow_d"), a_claim("wide_d")
PREREG = a_preregistration(
    [FIRST, SECOND], [a_control("planted_narrow_d"), a_control("planted_wide_d", claim="wide_d")], layers=4
)
CELLS = registered_cells(PREREG, LAYERS)
NARROW, WIDE = [0.1, 0.1], [0.9, 0.9]


def measured(states: dict[Cell, str]) -> dict[Cell, Measurement]:
    """Each cell narrow, wide or absent."""
    return {
        cell: a_measurement(cell, NARROW if state == "narrow" else WIDE)
        for cell, state in states.items()
        if state != "absent"
    }


def oracle(states: dict[Cell, str]) -> tuple[str, str | None]:
    """The verdict rules of the design page, written a second time from cells alone."""
    killed, inconclusive = [], False
    for count, claim in itertools.product((2, 4), ("narrow_d", "wide_d")):
        control = states[Cell("control", f"planted_{claim}")]
        layers = [states[Cell("claim", claim, layer)] for layer in range(count)]
        if control == "wide":  # expected to be narrow
            inconclusive = True
        elif control == "narrow" and "absent" not in layers and layers.count("narrow") / count < 0.7:
            killed.append(f"{claim.replace('_', '-')} threshold unmet at {count}-layer checkpoint")
    if killed:
        return "KILLED", killed[0]
    if inconclusive:
        return "INCONCLUSIVE", None
    return ("INCOMPLETE" if "absent" in states.values() else "SURVIVED"), None


@given(st.fixed_dictionaries({cell: st.sampled_from(["narrow", "narrow", "wide", "absent"]) for cell in CELLS}))
def test_verdict_equals_brute_force(states: dict[Cell, str]) -> None:
    decision = decide(PREREG, LAYERS, measured(states))
    assert (decision.verdict, decision.trigger) == oracle(states)


@pytest.mark.parametrize("verdict", ["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE"])
def test_every_verdict_is_reachable(verdict: str) -> None:
    change = {
        "SURVIVED": {},
        "KILLED": {Cell("claim", "wide_d", 0): "wide"},
        "INCONCLUSIVE": {Cell("control", "planted_narrow_d"): "wide"},
        "INCOMPLETE": {Cell("claim", "wide_d", 3): "absent"},
    }[verdict]
    assert decide(PREREG, LAYERS, measured({**dict.fromkeys(CELLS, "narrow"), **change})).verdict == verdict


def test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate() -> None:
    ids = [cell.id for cell in CELLS]
    assert ids == [
        "planted_narrow_d", "narrow_d[L00]", "narrow_d[L01]", "planted_wide_d", "wide_d[L00]", "wide_d[L01]",
        "narrow_d[L02]", "narrow_d[L03]", "wide_d[L02]", "wide_d[L03]",
    ]  # fmt: skip


def test_a_checkpoint_beyond_the_subject_is_judged_on_all_of_its_layers() -> None:
    assert [gate.layers for gate in gates(PREREG, (5, 6, 9))] == [(5, 6), (5, 6), (5, 6, 9), (5, 6, 9)]


def test_a_control_that_did_not_run_leaves_its_gate_not_run() -> None:
    states = {**dict.fromkeys(CELLS, "wide"), Cell("control", "planted_narrow_d"): "absent"}
    states[Cell("control", "planted_wide_d")] = "absent"
    decision = decide(PREREG, LAYERS, measured(states))
    assert {outcome.status for outcome in decision.gates} == {"NOT_RUN"}
    assert decision.verdict == "INCOMPLETE"


@given(st.data())
def test_core_does_not_depend_on_what_ran_after_the_kill(data: st.DataObject) -> None:
    """Killed at the first checkpoint of the first claim: no later cell may move the core."""
    states = dict.fromkeys(CELLS, "absent") | {Cell("control", "planted_narrow_d"): "narrow"}
    states |= {Cell("claim", "narrow_d", layer): "wide" for layer in (0, 1)}
    later = [cell for cell, state in states.items() if state == "absent"]
    alone = core_json(decide(PREREG, LAYERS, measured(states)), SUBJECT)
    states |= {cell: data.draw(st.sampled_from(["narrow", "wide", "absent"])) for cell in later}
    assert core_json(decide(PREREG, LAYERS, measured(states)), SUBJECT) == alone


def a_document() -> dict[str, object]:
    decision = decide(PREREG, LAYERS, measured(dict.fromkeys(CELLS, "narrow") | {Cell("claim", "narrow_d", 0): "wide"}))
    return decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])


def test_document_begins_with_the_source_fields_and_notices_an_edit() -> None:
    document = json.loads(json.dumps(a_document()))
    assert list(document)[:4] == ["rung", "verdict", "round", "trigger"]
    assert document["trigger"] == "narrow-d threshold unmet at 2-layer checkpoint"
    assert core_sha256_of(document) == document["core_sha256"]
    assert core_sha256_of(dict(sorted(document.items()))) == document["core_sha256"]
    assert core_sha256_of({**document, "verdict": "SURVIVED"}) != document["core_sha256"]


def test_environment_stays_outside_the_core() -> None:
    document = a_document()
    assert core_sha256_of({**document, "environment": {"platform": "elsewhere"}}) == document["core_sha256"]


def test_deviations_name_draft_exploratory_and_layer_count() -> None:
    decision = decide(replace(PREREG, draft=True), LAYERS[:3], {})
    document = decision_json(decision, subject=replace(SUBJECT, exploratory=True), seal={}, environment={}, errors=[])
    assert [line.split(":")[0] for line in document["deviations"]] == [  # type: ignore[attr-defined]
        "the preregistration is a draft", "exploratory", "the subject has 3 layers with experts, registered 4",
    ]  # fmt: skip


def test_trap_results_are_sound_only_if_every_control_ran_and_is() -> None:
    assert trap_results_json(decide(PREREG, LAYERS, measured(dict.fromkeys(CELLS, "narrow"))))["all_sound"] is True
    for state in ("wide", "absent"):
        states = {**dict.fromkeys(CELLS, "narrow"), Cell("control", "planted_wide_d"): state}
        assert trap_results_json(decide(PREREG, LAYERS, measured(states)))["all_sound"] is False


def layer(*values: float, number: int = 0, **others: tuple[float, ...]) -> Measurement:
    return a_measurement(Cell("claim", "narrow_d", number), values, **others)


def test_share_below_is_strict_below_and_inclusive_at_the_share() -> None:
    rule = ShareBelow("energy_rank_95", below=0.4, at_least=0.7)
    seven_of_ten = layer(*[0.399] * 7, *[0.4] * 3)
    assert apply_rule(rule, [seven_of_ten]).met
    assert not apply_rule(rule, [layer(*[0.399] * 6, *[0.4] * 4)]).met


def test_mean_rules_average_layers_not_matrices() -> None:
    layers = [layer(1.0), layer(2.0, 2.0, 2.0, number=1)]
    assert apply_rule(MeanAtLeast("energy_rank_95", 1.5), layers).observed == 1.5
    assert apply_rule(MeanAtLeast("energy_rank_95", 1.5), layers).met
    assert not apply_rule(MeanAtLeast("energy_rank_95", 1.51), layers).met
    assert apply_rule(MeanAtMost("energy_rank_95", 1.5), layers).met
    assert not apply_rule(MeanAtMost("energy_rank_95", 1.49), layers).met


def test_sensitivity_reports_an_estimator_that_turns_the_gate() -> None:
    claim = a_claim(checkpoints=(1,), sensitivity=("stable_rank",))
    prereg = a_preregistration([claim], layers=1)
    decision = decide(prereg, (0,), {Cell("claim", "narrow_d", 0): layer(0.9, 0.9, stable_rank=(0.1, 0.1))})
    document = decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])
    gate = document["gates"][0]  # type: ignore[index]
    assert (gate["status"], gate["verdict_depends_on_metric"]) == ("KILLED", True)
    assert [(row["metric"], row["met"]) for row in gate["sensitivity"]] == [("stable_rank", True)]


@pytest.mark.parametrize(("median", "sound"), [(0.777, True), (0.80, False)])
def test_control_must_lie_where_theory_puts_it(median: float, sound: bool) -> None:
    control = a_control("null", expected="KILLED", level=0.777, tolerance=0.015)
    outcome = judge_control(control, FIRST.rule, a_measurement(Cell("control", "null"), [median] * 3))
    assert outcome.sound is sound
    assert "median expected at 0.777 ± 0.015" in outcome.reason


def test_bootstrap_over_layers_is_seeded_and_brackets_the_mean() -> None:
    interval = Interval(level=0.95, draws=2000, seed=7)
    (low, high), error = bootstrap_over_layers([0.1, 0.5, 0.3, 0.9], interval)
    assert bootstrap_over_layers([0.1, 0.5, 0.3, 0.9], interval)[0] == (low, high)
    assert bootstrap_over_layers([0.1, 0.5, 0.3, 0.9], replace(interval, seed=8))[0] != (low, high)
    assert low < 0.45 < high
    assert error == pytest.approx(0.1707825, abs=1e-6)  # sd of the four values over sqrt(4), by hand
    assert bootstrap_over_layers([0.4], interval) == ((0.4, 0.4), None)
