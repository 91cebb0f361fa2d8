"""The verdict against a second definition of it, and each rule broken on purpose."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.artefacts.decision_document import SCHEMA
from reports.judge.decision import decide, rule_text
from reports.judge.digests import core_sha256_of
from reports.judge.document import core_json, decision_json, trap_results_json
from reports.judge.gates import apply_rule, control_outcome
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, gates, registered_cells, running_order
from reports.prereg.rules import AtLevel, MeanAtLeast, MeanAtMost, ShareBelow
from reports.prereg.samples import Measured
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_preregistration,
    a_probe,
    a_trap,
    lifted,
    of,
    probed,
    rotations,
    sampled,
)

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


@pytest.mark.fuzz
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


@pytest.mark.fuzz
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
    assert (
        trap_results_json(decide(PREREG, LAYERS, measured(dict.fromkeys(CELLS, "narrow"))), SUBJECT)["all_sound"]
        is True
    )
    for state in ("wide", "absent"):
        states = {**dict.fromkeys(CELLS, "narrow"), Cell("control", "planted_wide_d"): state}
        assert trap_results_json(decide(PREREG, LAYERS, measured(states)), SUBJECT)["all_sound"] is False


# With traps and a probe. Every verdict by a second definition of it, from the states of cells alone.

TRAPPED = a_preregistration(
    [FIRST, SECOND],
    [a_control("planted_narrow_d"), a_control("planted_wide_d", claim="wide_d")],
    traps=[
        a_trap("level", AtLevel("haar_beta", within=0.01, lift_below=1.5), claim="narrow_d"),
        a_trap("gain", MeanAtMost("off_gain", 1.03), claim="wide_d"),
        a_trap("second_gain", MeanAtMost("off_gain", 1.03), claim="wide_d"),
    ],
    probes=[a_probe(claim="wide_d")],
)
TRAPPED_CELLS = registered_cells(TRAPPED, LAYERS)
PROBES = [Cell("probe", "radam_convergence", layer) for layer in LAYERS]
SOUND = dict.fromkeys(TRAPPED_CELLS, "sound")


def trapped(states: dict[Cell, str]) -> dict[Cell, Measurement]:
    """`sound` is narrow, at its level, within its bound; `wide` is not; a `broken` rotation is far from orthogonal."""

    def found(cell: Cell, state: str) -> Measured:
        if cell.kind == "probe":
            return probed()
        if cell.kind == "trap":
            off = state == "wide"
            level = {"haar_beta": (0.9 if off else 0.8,), "lift": (1.0,), "off_gain": (1.1 if off else 1.0,)}
            return sampled(level, {"haar_beta": 0.8})
        residual = {"broken": (0.2, 1.5), "nan": (float("nan"), 0.2)}.get(state, (0.2, 1.0))
        return sampled({"energy_rank_95": WIDE if state == "wide" else NARROW, "residual": residual})

    return {cell: of(cell, found(cell, state)) for cell, state in states.items() if state != "absent"}


def trapped_oracle(states: dict[Cell, str]) -> tuple[dict[str, str], str, str | None]:
    """Status of each gate, verdict and trigger."""
    traps = {"narrow_d": ("level",), "wide_d": ("gain", "second_gain")}
    statuses = {}
    for count, claim in itertools.product((2, 4), ("narrow_d", "wide_d")):
        control = states[Cell("control", f"planted_{claim}")]
        layers = [states[Cell("claim", claim, layer)] for layer in range(count)]
        set_at = [states[Cell("trap", trap, layer)] for trap in traps[claim] for layer in range(count)]
        if control in ("wide", "broken", "nan") or "wide" in set_at or {"broken", "nan"} & set(layers):
            status = "INCONCLUSIVE"
        elif "absent" in (control, *layers, *set_at):
            status = "NOT_RUN"
        else:
            status = "MET" if layers.count("sound") >= 0.7 * count else "KILLED"
        statuses[f"{claim}@{count}-layer"] = status
    killed = [gate for gate, status in statuses.items() if status == "KILLED"]
    if killed:
        claim, _, where = killed[0].partition("@")
        return statuses, "KILLED", f"{claim.replace('_', '-')} threshold unmet at {where} checkpoint"
    if "INCONCLUSIVE" in statuses.values():
        return statuses, "INCONCLUSIVE", None
    return statuses, "INCOMPLETE" if "absent" in states.values() else "SURVIVED", None


def any_states(mostly: int = 12) -> st.SearchStrategy[dict[Cell, str]]:
    """Mostly sound, so that gates with many cells are also met and killed."""

    def options(cell: Cell) -> list[str]:
        return ["sound"] * mostly + ["wide", "absent"] + (["broken", "nan"] if cell.kind != "trap" else [])

    return st.fixed_dictionaries({cell: st.sampled_from(options(cell)) for cell in TRAPPED_CELLS})


@pytest.mark.fuzz
@given(any_states())
def test_verdict_with_traps_equals_brute_force(states: dict[Cell, str]) -> None:
    decision = decide(TRAPPED, LAYERS, trapped(states))
    statuses = {outcome.gate.id: outcome.status for outcome in decision.gates}
    assert (statuses, decision.verdict, decision.trigger) == trapped_oracle(states)
    assert set(decision.missing) == {cell for cell, state in states.items() if state == "absent"}


@pytest.mark.parametrize("verdict", ["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE"])
def test_every_verdict_is_reachable_with_traps(verdict: str) -> None:
    change = {
        "SURVIVED": {},
        "KILLED": {Cell("claim", "wide_d", 0): "wide"},
        "INCONCLUSIVE": {Cell("trap", "gain", 3): "wide"},
        "INCOMPLETE": {Cell("trap", "gain", 3): "absent"},
    }[verdict]
    assert decide(TRAPPED, LAYERS, trapped({**SOUND, **change})).verdict == verdict


def test_order_is_controls_then_traps_then_claim_then_probe() -> None:
    ids = [cell.id for cell in running_order(TRAPPED, LAYERS)]
    assert ids == [
        "planted_narrow_d", "level[L00]", "level[L01]", "narrow_d[L00]", "narrow_d[L01]",
        "planted_wide_d", "gain[L00]", "gain[L01]", "second_gain[L00]", "second_gain[L01]",
        "wide_d[L00]", "wide_d[L01]", "radam_convergence[L00]", "radam_convergence[L01]",
        "level[L02]", "level[L03]", "narrow_d[L02]", "narrow_d[L03]",
        "gain[L02]", "gain[L03]", "second_gain[L02]", "second_gain[L03]",
        "wide_d[L02]", "wide_d[L03]", "radam_convergence[L02]", "radam_convergence[L03]",
    ]  # fmt: skip
    assert tuple(cell for cell in running_order(TRAPPED, LAYERS) if cell.kind != "probe") == TRAPPED_CELLS


SIX = tuple(range(6))
LONG = a_preregistration(
    [a_claim("wide_d", checkpoints=(2, 4, 6))], layers=6, traps=[a_trap("gain", MeanAtMost("off_gain", 1.03), "wide_d")]
)


@pytest.mark.parametrize(
    ("layer", "state", "statuses"),
    [
        (3, "wide", ["MET", "INCONCLUSIVE", "INCONCLUSIVE"]),
        (1, "wide", ["INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE"]),
        (5, "wide", ["MET", "MET", "INCONCLUSIVE"]),
        (3, "absent", ["MET", "NOT_RUN", "NOT_RUN"]),
        (3, "sound", ["MET", "MET", "MET"]),
    ],
)
def test_a_trap_binds_the_gates_whose_layers_include_its_own(layer: int, state: str, statuses: list[str]) -> None:
    states = dict.fromkeys(registered_cells(LONG, SIX), "sound") | {Cell("trap", "gain", layer): state}
    decision = decide(LONG, SIX, trapped(states))
    assert [outcome.status for outcome in decision.gates] == statuses
    assert decision.verdict == {"wide": "INCONCLUSIVE", "absent": "INCOMPLETE", "sound": "SURVIVED"}[state]


def test_an_earlier_gate_is_killed_whatever_its_later_traps_show() -> None:
    states = dict.fromkeys(registered_cells(LONG, SIX), "wide") | {
        Cell("trap", "gain", layer): "sound" for layer in (0, 1)
    }
    decision = decide(LONG, SIX, trapped(states))
    assert (decision.verdict, decision.trigger) == ("KILLED", "wide-d threshold unmet at 2-layer checkpoint")
    states[Cell("trap", "gain", 1)] = "wide"
    assert decide(LONG, SIX, trapped(states)).verdict == "INCONCLUSIVE"


def test_a_missing_trap_keeps_a_wide_claim_from_being_killed() -> None:
    states = dict.fromkeys(registered_cells(LONG, SIX), "wide")
    states |= {cell: "absent" for cell in states if cell.kind == "trap"}
    decision = decide(LONG, SIX, trapped(states))
    assert {outcome.status for outcome in decision.gates} == {"NOT_RUN"}
    assert decision.verdict == "INCOMPLETE"


@pytest.mark.parametrize("state", ["broken", "nan"])
@pytest.mark.parametrize("narrow", [True, False])
def test_a_broken_rotation_makes_its_gate_inconclusive(state: str, narrow: bool) -> None:
    states = dict.fromkeys(registered_cells(LONG, SIX), "sound") | {
        Cell("claim", "wide_d", layer): "sound" if narrow else "wide" for layer in (2, 3, 4, 5)
    }
    broken = decide(LONG, SIX, trapped({**states, Cell("claim", "wide_d", 3): state}))
    assert [outcome.status for outcome in broken.gates] == ["MET", "INCONCLUSIVE", "INCONCLUSIVE"]
    assert [len(outcome.broken) for outcome in broken.gates] == [0, 1, 1]
    assert broken.gates[1].broken[0].startswith("wide_d[L03]: a rotation is ")
    assert decide(LONG, SIX, trapped(states)).gates[1].status == ("MET" if narrow else "KILLED")


def test_a_layer_that_only_a_probe_has_read_stays_outside_the_core() -> None:
    states = {cell: "absent" if cell.layer == 3 else "sound" for cell in TRAPPED_CELLS}
    bare, beside = (
        core_json(decide(TRAPPED, LAYERS, trapped({**states, **extra})), SUBJECT)
        for extra in ({}, {PROBES[3]: "sound"})
    )
    assert beside == bare


measured_probes = st.lists(st.sampled_from(PROBES), unique=True)


@pytest.mark.fuzz
@given(any_states(), measured_probes)
def test_probes_enter_neither_verdict_nor_missing_nor_core(states: dict[Cell, str], probes: list[Cell]) -> None:
    bare, beside = (
        decide(TRAPPED, LAYERS, trapped({**states, **dict.fromkeys(extra, "sound")})) for extra in ([], probes)
    )
    assert (beside.verdict, beside.trigger, beside.missing) == (bare.verdict, bare.trigger, bare.missing)
    assert core_json(beside, SUBJECT) == core_json(bare, SUBJECT)
    assert set(bare.unprobed) - set(beside.unprobed) == set(probes)
    documents = [decision_json(found, subject=SUBJECT, seal={}, environment={}, errors=[]) for found in (bare, beside)]
    assert documents[0]["core_sha256"] == documents[1]["core_sha256"]


def test_a_rung_without_any_probe_measured_survives_and_says_so() -> None:
    decision = decide(TRAPPED, LAYERS, trapped(SOUND))
    document = decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])
    assert (decision.verdict, decision.missing, decision.unprobed) == ("SURVIVED", (), tuple(PROBES))
    assert (document["missing"], document["probes"]) == ([], [])
    assert document["not_measured"] == [cell.id for cell in PROBES]


@pytest.mark.fuzz
@given(st.data())
def test_core_with_traps_does_not_depend_on_what_ran_after_the_kill(data: st.DataObject) -> None:
    states = {cell: "sound" if cell.kind != "claim" else "wide" for cell in gates(TRAPPED, LAYERS)[0].cells}
    alone = core_json(decide(TRAPPED, LAYERS, trapped(states)), SUBJECT)
    assert alone["trigger"] == "narrow-d threshold unmet at 2-layer checkpoint"
    later = [cell for cell in (*TRAPPED_CELLS, *PROBES) if cell not in states]
    states |= {cell: data.draw(st.sampled_from(["sound", "wide", "absent"])) for cell in later}
    assert core_json(decide(TRAPPED, LAYERS, trapped(states)), SUBJECT) == alone


def test_the_core_holds_each_trap_of_its_gates_once() -> None:
    states = {**SOUND, Cell("trap", "gain", 3): "wide", Cell("trap", "level", 2): "absent"}
    core = core_json(decide(TRAPPED, LAYERS, trapped(states)), SUBJECT)
    rows: list[dict[str, object]] = core["traps"]  # type: ignore[assignment]
    assert [(row["name"], row["layer"]) for row in rows if row["sound"] is False] == [("gain", 3)]
    assert [(row["name"], row["layer"]) for row in rows if row["sound"] is None] == [("level", 2)]
    assert len({(row["name"], row["layer"]) for row in rows}) == len(rows) == 12
    assert core["missing"] == ["level[L02]"]
    document = decision_json(
        decide(TRAPPED, LAYERS, trapped(states)), subject=SUBJECT, seal={}, environment={}, errors=[]
    )
    assert core_sha256_of(document) == document["core_sha256"]
    assert core_sha256_of({**document, "traps": []}) != document["core_sha256"]


@pytest.mark.parametrize("state", ["wide", "absent"])
def test_trap_results_are_sound_only_if_every_trap_ran_and_is(state: str) -> None:
    assert trap_results_json(decide(TRAPPED, LAYERS, trapped(SOUND)), SUBJECT)["all_sound"] is True
    for cell in TRAPPED_CELLS:
        if cell.kind == "trap":
            results = trap_results_json(decide(TRAPPED, LAYERS, trapped({**SOUND, cell: state})), SUBJECT)
            assert results["all_sound"] is False


LIFTING = replace(
    a_preregistration(
        [a_claim("beta_lift", MeanAtLeast("lift", 1.5, over_tau=0.1), sensitivity=("lift_squared",))],
        probes=[a_probe(recoveries=())],
    ),
    rotations=rotations("per_matrix"),
)


def test_the_document_holds_every_draw_the_factors_and_the_probe() -> None:
    cells = [*registered_cells(LIFTING, LAYERS), *PROBES]
    found = {
        cell: of(
            cell, probed() if cell.kind == "probe" else lifted(1.5 + cell.layer, 1.25, (1.2, 1.1, 1.0), (1.0, 1.1))
        )
        for cell in cells
        if cell.layer is not None
    }
    document = decision_json(decide(LIFTING, LAYERS, found), subject=SUBJECT, seal={}, environment={}, errors=[])
    document = json.loads(json.dumps(document))
    first, whole = document["gates"]
    assert (first["rule"], first["status"], first["observed"]) == ("mean lift ≥ 1.5 and over 1.1 τ", "MET", 2.0)
    assert first["tau"] == {
        "tau": 1.1,
        "draws": [1.0, 1.1],
        "margin": 0.1,
        "observed_over_tau": pytest.approx(2.0 / 1.1),
        "noise_over_tau": pytest.approx(1.25 * 1.2 / 1.1),
    }
    factors = first["decomposition"]["by_layer"]
    assert [(row["layer"], row["lift"], row["random"], row["noise_fit"]) for row in factors] == [
        (0, 1.5, 1.25, 1.2), (1, 2.5, 1.25, 1.2),
    ]  # fmt: skip
    assert factors[0]["structure"] == pytest.approx(1.0)
    assert factors[0]["nulls"] == {"gaussian": 1.2, "spectral": 1.1, "shuffled": 1.0}
    assert len(whole["decomposition"]["by_layer"]) == 4
    low, high = whole["decomposition"]["structure_interval"]
    assert low <= whole["decomposition"]["structure"] <= high
    assert [row["metric"] for row in whole["sensitivity"]] == ["lift_squared"]
    assert whole["broken"] == []
    (probe,) = document["probes"]
    assert (probe["name"], len(probe["by_layer"])) == ("radam_convergence", 4)
    assert document["prefilter"]["scope"] == "per_matrix"
    assert document["schema"] == SCHEMA


def test_a_gate_that_turns_nothing_has_neither_draws_nor_factors() -> None:
    gate = a_document()["gates"][0]  # type: ignore[index]
    assert (gate["tau"], gate["decomposition"], gate["broken"]) == (None, None, [])
    assert (a_document()["probes"], a_document()["prefilter"], a_document()["traps"]) == ([], None, [])


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
    outcome = control_outcome(control, FIRST.rule, a_measurement(Cell("control", "null"), [median] * 3))
    assert outcome.sound is sound
    assert ("median energy_rank_95 expected at 0.777 ± 0.015" in outcome.reason) is not sound


def test_a_rule_names_its_margin_over_tau_only_where_it_has_one() -> None:
    assert rule_text(MeanAtLeast("lift", 1.5)) == "mean lift ≥ 1.5"
    assert rule_text(MeanAtLeast("lift", 1.5, over_tau=0.1)) == "mean lift ≥ 1.5 and over 1.1 τ"
