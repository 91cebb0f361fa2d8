"""Gates about the whole model: judged at their last layer alone, while the curve over depths only shows."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.compare.differences import differences
from reports.judge.decision import Decision, decide
from reports.judge.document import core_json, decision_json, gate_json
from reports.judge.gates import apply_rule, control_outcome
from reports.judge.instruments import judge_control, judge_trap
from reports.pages.messages import damage_text, gate_message, measurement_text
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import (
    Cell,
    Claim,
    Expected,
    Gate,
    Interval,
    NullSubject,
    Preregistration,
    gates,
    registered_cells,
)
from reports.prereg.rules import ClosingAbove, ClosingAtMost, LargestAtMost
from reports.prereg.samples import OF_NULL, Measured, Samples
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_control_model,
    a_measurement,
    a_one_bit,
    a_preregistration,
    a_trap,
    generated,
    of,
    of_model,
    sampled,
)

LAYERS = (0, 1, 2, 3)
INTERVAL = Interval(level=0.95, draws=300, seed=3)
RULE = ClosingAtMost("inflation", at_most=0.1)
CLAIM = a_claim("one_bit_nll", RULE, checkpoints=(4,))
TRIVIAL = a_trap("trivial_pass", LargestAtMost("triviality", 1e-5), "one_bit_nll")
UNROTATED = a_trap("unrotated_one_bit", ClosingAbove("inflation_unrotated", 0.1), "one_bit_nll")
CONTROL = a_control("planted_one_bit", claim="one_bit_nll", model=a_control_model())


def a_rung(*claims: Claim, layers: int = 4, traps: Sequence[Any] = (TRIVIAL, UNROTATED)) -> Preregistration:
    controls = [CONTROL, a_control("planted_narrow_d")]
    registered = [control for control in controls if any(claim.name == control.claim for claim in claims)]
    return replace(a_preregistration(claims, registered, layers=layers, traps=traps), one_bit=a_one_bit())


def ids(cells: Iterable[Cell]) -> list[str]:
    return [cell.id for cell in cells]


def measured(cell: Cell, state: str = "sound") -> Measured:
    """`sound` is what keeps a gate MET; `wide` is not; a `shifted` control has another unquantised NLL."""
    wide = state == "wide"
    if cell.name == "trivial_pass":
        return sampled(
            {"identity_inflation": (0.0,), "round_trip": (-1e-3 if wide else 1e-7,), "identity_lift": (0.0,)}
        )
    if cell.name == "unrotated_one_bit":
        return generated((1.0, 2.0), {"unrotated": (1.05, 2.1) if wide else (1.5, 3.0)})
    if cell.kind == "control" and cell.name == "planted_narrow_d":
        return sampled({"energy_rank_95": (0.1,)})
    if cell.name == "narrow_d":
        return sampled({"energy_rank_95": (0.9,) if wide else (0.1,)})
    scale = 1.55 if state == "shifted" else 1.4
    return generated((0.5 * scale, 1.5 * scale), {"learned": (0.6 * scale, (2.4 if wide else 1.5) * scale)})


def found(states: dict[Cell, str]) -> dict[Cell, Measurement]:
    of_layer = ("narrow_d", "planted_narrow_d")
    return {
        cell: (of if cell.name in of_layer else of_model)(cell, measured(cell, state))
        for cell, state in states.items()
        if state != "absent"
    }


def states_of(prereg: Preregistration, **changed: str) -> dict[Cell, str]:
    """Every registered cell sound, but for those named as in `one_bit_nll_3`."""
    states = dict.fromkeys(registered_cells(prereg, LAYERS), "sound")
    named = {f"{cell.name}_{cell.layer}" if cell.layer is not None else cell.name: cell for cell in states}
    return states | {named[name]: state for name, state in changed.items()}


def decided(prereg: Preregistration, **changed: str) -> Decision:
    return decide(prereg, LAYERS, found(states_of(prereg, **changed)))


def core(decision: Decision) -> dict[str, object]:
    return core_json(decision, SUBJECT)


RUNG = a_rung(CLAIM)
CURVE = [
    *(Cell("trap", "unrotated_one_bit", layer) for layer in (0, 1, 2)),
    *(Cell("claim", "one_bit_nll", layer) for layer in (0, 1, 2)),
]
NO_CURVE = {f"{cell.name}_{cell.layer}": "absent" for cell in CURVE}


# What a gate needs, and in which order it runs.


def test_a_gate_needs_its_last_layer_and_every_layer_of_a_trap_that_reads_them_all() -> None:
    (gate,) = gates(RUNG, LAYERS)
    assert ids(gate.cells) == [
        "planted_one_bit", "trivial_pass[L00]", "trivial_pass[L01]", "trivial_pass[L02]", "trivial_pass[L03]",
        "unrotated_one_bit[L03]", "one_bit_nll[L03]",
    ]  # fmt: skip
    assert set(gate.running) - set(gate.cells) == set(CURVE)


def test_without_an_order_layers_ascend() -> None:
    (gate,) = gates(RUNG, LAYERS)
    assert ids(gate.running) == ["planted_one_bit", *(
        f"{name}[L0{layer}]" for name in ("trivial_pass", "unrotated_one_bit", "one_bit_nll") for layer in LAYERS
    )]  # fmt: skip


@pytest.mark.parametrize("order", [(3,), (3, 1), (2,)])
def test_an_order_puts_what_kills_before_what_only_shows(order: tuple[int, ...]) -> None:
    (gate,) = gates(a_rung(replace(CLAIM, order=order)), LAYERS)
    ordered = [*order, *(layer for layer in LAYERS if layer not in order)]
    assert ids(gate.running) == [
        "planted_one_bit", *(f"trivial_pass[L0{layer}]" for layer in ordered),
        "unrotated_one_bit[L03]", "one_bit_nll[L03]",
        *(f"unrotated_one_bit[L0{layer}]" for layer in ordered if layer != 3),
        *(f"one_bit_nll[L0{layer}]" for layer in ordered if layer != 3),
    ]  # fmt: skip
    assert set(gate.running) == set(gates(RUNG, LAYERS)[0].running)


def test_an_order_changes_no_cell_of_another_gate() -> None:
    prereg = a_rung(a_claim(), replace(CLAIM, order=(3,)))
    assert ids(registered_cells(prereg, LAYERS))[:9] == [
        "planted_narrow_d", "narrow_d[L00]", "narrow_d[L01]", "narrow_d[L02]", "narrow_d[L03]", "planted_one_bit",
        "trivial_pass[L03]", "trivial_pass[L00]", "trivial_pass[L01]",
    ]  # fmt: skip


def test_a_checkpoint_beyond_the_subject_closes_at_its_last_layer() -> None:
    (gate,) = gates(a_rung(replace(CLAIM, checkpoints=(4, 16), order=(15,)), layers=16), (1, 5, 9))
    assert (gate.layers, gate.judged_layers(RULE)) == ((1, 5, 9), (9,))
    assert gate.claim_cells == (Cell("claim", "one_bit_nll", 9),)


def test_layers_of_any_claim_may_run_in_another_order_and_are_reported_in_their_own() -> None:
    prereg = a_rung(a_claim(checkpoints=(4,), order=(3,)), traps=())
    (gate,) = gates(prereg, LAYERS)
    assert ids(gate.running)[1:] == ["narrow_d[L03]", "narrow_d[L00]", "narrow_d[L01]", "narrow_d[L02]"]
    assert ids(gate.claim_cells) == ["narrow_d[L00]", "narrow_d[L01]", "narrow_d[L02]", "narrow_d[L03]"]
    values_by_layer = {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.9}
    cells = {cell: a_measurement(cell, [values_by_layer.get(cell.layer or 0, 0.1)]) for cell in gate.cells}
    (outcome,) = decide(prereg, LAYERS, cells).gates
    rows: Any = gate_json(outcome, {})["by_layer"]
    assert [(row["layer"], row["median"]) for row in rows] == [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.9)]
    plain = decide(a_rung(a_claim(checkpoints=(4,)), traps=()), LAYERS, cells)
    assert gate_json(outcome, {}) == gate_json(plain.gates[0], {})


def test_a_gate_is_of_the_claim_and_traps_that_it_names() -> None:
    gate = Gate(CLAIM, LAYERS, (), (TRIVIAL, UNROTATED))
    assert gate.judged_layers(TRIVIAL.rule) == LAYERS
    assert gate.judged_layers(UNROTATED.rule) == gate.judged_layers(RULE) == (3,)


# What it is judged on.


@pytest.mark.parametrize(("state", "status"), [("sound", "MET"), ("wide", "KILLED")])
def test_the_last_layer_alone_decides(state: str, status: str) -> None:
    for curve in ("sound", "wide", "absent"):
        decision = decided(RUNG, **dict.fromkeys(NO_CURVE, curve), one_bit_nll_3=state)
        (outcome,) = decision.gates
        assert outcome.status == status
        assert outcome.missing == ()
        verdict = {"KILLED": "KILLED", "MET": "INCOMPLETE" if curve == "absent" else "SURVIVED"}[status]
        assert (decision.verdict, len(decision.missing)) == (verdict, 6 if curve == "absent" else 0)


@pytest.mark.parametrize(("tolerance", "borderline"), [(0.0, False), (0.125, False), (0.25, True)])
def test_a_closing_rule_reaches_as_far_as_its_tolerance(tolerance: float, borderline: bool) -> None:
    """The inflation is 1/8, and the rule is met up to 1/4."""
    closing = of_model(Cell("claim", "one_bit_nll", 3), generated((1.0, 3.0), {"learned": (1.5, 3.0)}))
    outcome = apply_rule(ClosingAtMost("inflation", at_most=0.25), [closing], tolerance=tolerance)
    reach = (0.125 - tolerance, 0.125 + tolerance)
    assert (outcome.threshold, outcome.reach, outcome.layer_reaches) == (0.25, reach, (reach,))
    assert (outcome.met, outcome.borderline) == (True, borderline)


def test_the_curve_alone_decides_nothing() -> None:
    decision = decided(RUNG, one_bit_nll_3="absent", one_bit_nll_0="wide")
    assert (decision.gates[0].status, decision.gates[0].rule, decision.verdict) == ("NOT_RUN", None, "INCOMPLETE")
    assert decision.gates[0].missing == (Cell("claim", "one_bit_nll", 3),)


@pytest.mark.parametrize("cell", CURVE, ids=lambda cell: cell.id)
def test_a_rung_without_a_part_of_the_curve_is_incomplete_never_survived(cell: Cell) -> None:
    assert decided(RUNG).verdict == "SURVIVED"
    decision = decided(RUNG, **{f"{cell.name}_{cell.layer}": "absent"})
    assert (decision.verdict, decision.missing) == ("INCOMPLETE", (cell,))
    assert core(decision)["missing"] == []  # no gate needs it


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"unrotated_one_bit_3": "wide"}, "INCONCLUSIVE"),
        ({"unrotated_one_bit_2": "wide"}, "MET"),
        ({"unrotated_one_bit_3": "absent"}, "NOT_RUN"),
        ({"trivial_pass_1": "wide"}, "INCONCLUSIVE"),
        ({"trivial_pass_1": "absent"}, "NOT_RUN"),
        ({"planted_one_bit": "wide"}, "INCONCLUSIVE"),
        ({"planted_one_bit": "shifted"}, "INCONCLUSIVE"),
        ({"planted_one_bit": "absent"}, "NOT_RUN"),
    ],
)
@pytest.mark.parametrize("state", ["sound", "wide"])
def test_an_instrument_out_of_line_decides_before_the_claim(changed: dict[str, str], status: str, state: str) -> None:
    expected = "KILLED" if status == "MET" and state == "wide" else status
    assert decided(RUNG, one_bit_nll_3=state, **changed).gates[0].status == expected


def test_the_document_shows_one_layer_and_counts_prompts() -> None:
    gate: Any = gate_json(decided(RUNG).gates[0], {})
    assert gate["rule"] == "inflation ≤ 0.1 with every layer quantised"
    assert (gate["n"], gate["observed"], gate["reference"]) == (2, pytest.approx(0.05), None)
    assert gate["by_layer"] == [
        {"layer": 3, "observed": gate["observed"], "reach": gate["reach"], "median": gate["median"]}
    ]
    assert gate["median"] == pytest.approx(0.05)  # of (0.6 - 0.5)/1 and (1.5 - 1.5)/1
    assert (gate["tau"], gate["decomposition"]) == (None, None)
    low, high = gate["interval"]
    assert low <= gate["observed"] <= high


def test_the_median_is_relative_to_the_mean_so_that_a_prompt_may_cost_nothing() -> None:
    closing = of_model(Cell("claim", "one_bit_nll", 3), generated((0.0, 1.0, 2.0), {"learned": (0.1, 1.0, 3.0)}))
    outcome = apply_rule(RULE, [closing])
    assert outcome.median == pytest.approx(0.1)
    assert outcome.observed == pytest.approx(4.1 / 3 - 1)


@pytest.mark.parametrize(("at_most", "met"), [(0.25, True), (math.nextafter(0.25, 0), False)])
def test_the_threshold_is_met_when_reached(at_most: float, met: bool) -> None:
    """Means 1 and 1.25: exact in binary."""
    closing = of_model(Cell("claim", "one_bit_nll", 3), generated((0.5, 1.5), {"learned": (0.5, 2.0)}))
    assert apply_rule(ClosingAtMost("inflation", at_most), [closing]).met is met


def test_what_is_no_number_is_never_met() -> None:
    closing = of_model(Cell("claim", "one_bit_nll", 3), generated((1.0, 1.0), {"learned": (1.0, math.nan)}))
    assert apply_rule(RULE, [closing]).met is False


SENSITIVE = replace(CLAIM, sensitivity=("inflation_unbiased", "inflation_frozen"))


@pytest.mark.parametrize(("unbiased", "depends"), [(1.0, False), (3.0, True)])
def test_another_scale_that_turns_the_gate_is_told_and_changes_nothing(unbiased: float, depends: bool) -> None:
    prereg = a_rung(SENSITIVE)
    cells = found(states_of(prereg))
    last = Cell("claim", "one_bit_nll", 3)
    variants = {"learned": (1.0, 1.0), "unbiased": (unbiased, 1.0), "frozen": (1.0, 1.0)}
    cells[last] = of_model(last, generated((1.0, 1.0), variants))
    decision = decide(prereg, LAYERS, cells)
    gate: Any = gate_json(decision.gates[0], {})
    assert (gate["status"], gate["verdict_depends_on_metric"]) == ("MET", depends)
    assert [(row["metric"], row["met"]) for row in gate["sensitivity"]] == [
        ("inflation_unbiased", not depends), ("inflation_frozen", True),
    ]  # fmt: skip


# Traps and controls of such a claim.


@pytest.mark.parametrize(
    ("quantised", "sound"),
    [((1.5, 2.5), True), ((1.0, 1.5), False), ((1.0, 1.5 + 1e-12), True), ((0.1, 0.1), False),
     ((1.0, math.nan), False), ((math.inf, 1.0), True)],
)  # fmt: skip
def test_without_a_rotation_one_bit_must_exceed_the_bound(quantised: tuple[float, float], sound: bool) -> None:
    """Means 1 and 1.25 are at the bound of 0.25, and not beyond it."""
    trap = a_trap("unrotated_one_bit", ClosingAbove("inflation_unrotated", 0.25), "one_bit_nll")
    cell = Cell("trap", trap.name, 3)
    outcome = judge_trap(trap, 3, of_model(cell, generated((0.5, 1.5), {"unrotated": quantised})))
    assert outcome.sound is sound
    assert outcome.reason.startswith("inflation_unrotated ")
    assert outcome.reason.endswith(", must exceed 0.25")


@pytest.mark.parametrize("name", ["identity_inflation", "round_trip", "identity_lift"])
@pytest.mark.parametrize(
    ("worst", "sound"),
    [(0.0, True), (1e-5, True), (-1e-5, True), (1.1e-5, False), (-1.1e-5, False), (math.nan, False), (math.inf, False)],
)
def test_nothing_may_move_by_more_than_rounding(name: str, worst: float, sound: bool) -> None:
    """In any of the three, of any matrix, in either direction: a mean would hide it."""
    still = dict.fromkeys(("identity_inflation", "round_trip", "identity_lift"), (0.0,) * 99)
    for moved in ((*still[name], worst), (worst, *still[name])):
        outcome = judge_trap(TRIVIAL, 0, of_model(Cell("trap", TRIVIAL.name, 0), sampled({**still, name: moved})))
        assert outcome.sound is sound
        assert outcome.observed == abs(worst) or math.isnan(worst)
        assert outcome.reason.startswith("largest triviality ")


@pytest.mark.parametrize(
    ("nll", "sound"), [(1.4, True), (1.31, True), (1.49, True), (1.29, False), (1.51, False), (math.nan, False)]
)
def test_a_control_must_have_the_nll_that_its_scale_gives_it(nll: float, sound: bool) -> None:
    """Whatever its inflation: at another NLL the threshold would mean something else."""
    run = of_model(Cell("control", "planted_one_bit"), generated((nll, nll), {"learned": (1.4, 1.4)}))
    outcome = judge_control(CONTROL, RULE, True, run)
    assert outcome.sound is sound
    assert ("unquantised NLL " in outcome.reason) is not sound
    if not sound and not math.isnan(nll):
        assert f"unquantised NLL {nll:.3f} expected at 1.4 ± 0.1 nats" in outcome.reason


@pytest.mark.parametrize(("expected", "state", "sound"), [
    ("MET", "sound", True), ("MET", "wide", False), ("KILLED", "sound", False), ("KILLED", "wide", True),
])  # fmt: skip
def test_a_control_goes_through_the_claims_own_rule(expected: Expected, state: str, sound: bool) -> None:
    control = replace(CONTROL, expected=expected)
    cell = Cell("control", control.name)
    assert control_outcome(control, RULE, of_model(cell, measured(cell, state))).sound is sound


# The verdict by a second definition of it, from the states of cells alone.

ORDERS: tuple[tuple[int, ...], ...] = ((), (3,), (1,), (3, 0))
RUNGS = {order: a_rung(a_claim(), replace(CLAIM, checkpoints=(2, 4), order=order)) for order in ORDERS}
# narrow_d@2, one_bit_nll@2, narrow_d@4, one_bit_nll@4
CELLS = registered_cells(RUNGS[()], LAYERS)


def oracle(states: dict[Cell, str]) -> tuple[dict[str, str], str, str | None]:
    """Status of each gate, verdict and trigger."""
    statuses = {}
    for count, claim in itertools.product((2, 4), ("narrow_d", "one_bit_nll")):
        if claim == "narrow_d":
            instruments = [states[Cell("control", "planted_narrow_d")]]
            judged = [states[Cell("claim", claim, layer)] for layer in range(count)]
        else:
            instruments = [
                states[Cell("control", "planted_one_bit")],
                states[Cell("trap", "unrotated_one_bit", count - 1)],
            ]
            instruments += [states[Cell("trap", "trivial_pass", layer)] for layer in range(count)]
            judged = [states[Cell("claim", claim, count - 1)]]
        if {"wide", "shifted"} & set(instruments):
            status = "INCONCLUSIVE"
        elif "absent" in instruments + judged:
            status = "NOT_RUN"
        else:
            status = "MET" if judged.count("sound") >= 0.7 * len(judged) else "KILLED"
        statuses[f"{claim}@{count}-layer"] = status
    killed = [gate for gate, status in statuses.items() if status == "KILLED"]
    if killed:
        claim, _, where = killed[0].partition("@")
        return statuses, "KILLED", f"{claim.replace('_', '-')} threshold unmet at {where} checkpoint"
    if "INCONCLUSIVE" in statuses.values():
        return statuses, "INCONCLUSIVE", None
    return statuses, "INCOMPLETE" if "absent" in states.values() else "SURVIVED", None


def any_states(cells: Iterable[Cell] = CELLS) -> st.SearchStrategy[dict[Cell, str]]:
    """Mostly sound, so that gates with many cells are also met and killed."""

    def options(cell: Cell) -> list[str]:
        if cell.name == "planted_narrow_d":
            return ["sound"] * 8 + ["absent"]
        return ["sound"] * 8 + ["wide", "absent"] + (["shifted"] if cell.kind == "control" else [])

    return st.fixed_dictionaries({cell: st.sampled_from(options(cell)) for cell in cells})


@pytest.mark.fuzz
@given(any_states(), st.sampled_from(ORDERS))
def test_verdict_equals_brute_force(states: dict[Cell, str], order: tuple[int, ...]) -> None:
    decision = decide(RUNGS[order], LAYERS, found(states))
    assert ({outcome.gate.id: outcome.status for outcome in decision.gates}, decision.verdict, decision.trigger) == (
        oracle(states)
    )
    assert set(decision.missing) == {cell for cell, state in states.items() if state == "absent"}


BESIDE = [cell for cell in CELLS if not any(cell in gate.cells for gate in gates(RUNGS[()], LAYERS))]


@pytest.mark.fuzz
@given(any_states(), any_states(BESIDE))
def test_the_core_is_the_same_with_and_without_the_curve(states: dict[Cell, str], curve: dict[Cell, str]) -> None:
    """All but the verdict of a rung that nothing kills: without its curve it is incomplete."""
    first, second = (decide(RUNGS[()], LAYERS, found(present)) for present in (states, states | curve))
    cores = [core(decision) for decision in (first, second)]
    if first.verdict in ("KILLED", "INCONCLUSIVE"):
        assert cores[0] == cores[1]
    assert {**cores[0], "verdict": None} == {**cores[1], "verdict": None}
    assert {first.verdict, second.verdict} <= {"SURVIVED", "INCOMPLETE"} or first.verdict == second.verdict


def test_there_is_a_curve_beside_the_gates() -> None:
    """Else the test above tests nothing."""
    assert ids(BESIDE) == ["unrotated_one_bit[L00]", "one_bit_nll[L00]", "unrotated_one_bit[L02]", "one_bit_nll[L02]"]


# Digests: what the core names is what its gates need.


def test_the_core_names_the_model_and_no_layer_that_only_the_model_was_read_for() -> None:
    subject: Any = core(decided(RUNG))["subject"]
    assert (subject["model_sha256"], subject["layer_sha256"]) == ("e" * 64, {})
    both: Any = core(decided(a_rung(a_claim(), CLAIM)))["subject"]
    assert (both["model_sha256"], sorted(both["layer_sha256"])) == ("e" * 64, ["0", "1", "2", "3"])


def test_a_core_that_ends_before_the_model_names_none() -> None:
    decision = decided(a_rung(a_claim(), CLAIM), narrow_d_0="wide", narrow_d_1="wide")
    assert (decision.verdict, core(decision)["subject"]) == (
        "KILLED",
        {**core(decision)["subject"], "model_sha256": None},  # type: ignore[dict-item]
    )


def test_a_curve_without_its_last_layer_names_no_model() -> None:
    needed = {f"{cell.name}_{cell.layer}" if cell.layer is not None else cell.name: "absent" for cell in
              gates(RUNG, LAYERS)[0].cells}  # fmt: skip
    subject: Any = core(decided(RUNG, **needed))["subject"]
    assert subject["model_sha256"] is None


def test_a_core_about_the_model_names_no_layer_of_a_later_gate() -> None:
    """Killed first: what another claim reads after the kill stays outside."""
    prereg = a_rung(CLAIM, a_claim(checkpoints=(4,)))
    later = {f"narrow_d_{layer}": "absent" for layer in LAYERS}
    with_x, without_x = (decided(prereg, one_bit_nll_3="wide", **changed) for changed in (later, {}))
    assert [decision.verdict for decision in (with_x, without_x)] == ["KILLED", "KILLED"]
    assert core(with_x) == core(without_x)


def test_a_reproduction_on_other_weights_or_prompts_is_named() -> None:
    document = decision_json(decided(RUNG), subject=SUBJECT, seal={}, environment={}, errors=[])
    other = {**document, "subject": {**core(decided(RUNG))["subject"], "model_sha256": "f" * 64}}  # type: ignore[dict-item]
    assert [difference.what for difference in differences(document, document, {})] == []
    assert [difference.what for difference in differences(other, document, {})] == [
        "subject model_sha256",
        "outcome_sha256",
    ]


def test_the_document_of_every_verdict_fits_its_schema() -> None:
    from reports.testing.test_schemas import validator  # loads jsonschema, which no other test here needs

    prereg = a_rung(a_claim(), CLAIM)
    for changed in ({}, NO_CURVE, {"one_bit_nll_3": "wide"}, {"one_bit_nll_3": "absent"}, {"trivial_pass_0": "wide"}):
        document = decision_json(decided(prereg, **changed), subject=SUBJECT, seal={}, environment={}, errors=[])
        validator("decision").validate(document)


# What is said of such a cell and gate.


def test_a_cell_says_what_all_layers_to_it_do_and_what_it_does_alone() -> None:
    cell = Cell("claim", "one_bit_nll", 2)
    both = of_model(cell, generated((1.0, 1.0), {"learned": (1.5, 1.0), "learned_alone": (0.98, 1.0)}))
    assert damage_text("inflation", both) == "inflation +25.0% to here, -1.0% alone"
    assert measurement_text(CLAIM, both) == "inflation +25.0% to here, -1.0% alone"
    upto = of_model(cell, generated((1.0, 1.0), {"unrotated": (1.5, 1.0)}))
    assert damage_text("inflation_unrotated", upto) == "inflation_unrotated +25.0%"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"one_bit_nll_3": "wide"},
            "4-layer checkpoint (layers 0-3): KILLED, inflation 0.500 over 2 prompts, need ≤ 0.1 [-]; median 0.500",
        ),
        ({}, "4-layer checkpoint (layers 0-3): MET, inflation 0.050 over 2 prompts, need ≤ 0.1 [-]; median 0.050"),
        (
            {"one_bit_nll_3": "absent", **NO_CURVE},
            "4-layer checkpoint (layers 0-3): NOT_RUN, not measured: one_bit_nll[L03]",
        ),
        (
            {"unrotated_one_bit_3": "wide"},
            "4-layer checkpoint (layers 0-3): INCONCLUSIVE, out of line: unrotated_one_bit[L03]",
        ),
    ],
)
def test_a_gate_says_where_what_and_what_was_needed(changed: dict[str, str], message: str) -> None:
    assert gate_message(decided(RUNG, **changed).gates[0]) == message


def test_a_draw_of_the_null_subject_is_judged_by_the_rule_of_the_whole_model() -> None:
    """Of a draw there is its inflation alone, the same model in other rotations: no prompts of its own."""
    prereg = replace(a_rung(CLAIM), asks="structure", null_subject=NullSubject(3, seed=1))
    cells = {cell: of(cell, measured(cell)) for cell in registered_cells(prereg, LAYERS)}
    cell = Cell("claim", "one_bit_nll", 3)
    own = cells[cell].measured
    drawn = Samples((0.04, 0.2, 0.05), "inflation", "-", ("draw",), "prompts")
    axes = {**own.axes, "draw": ("0", "1", "2")}
    beside = replace(own, samples={**own.samples, OF_NULL + "inflation": drawn}, axes=axes)
    cells[cell] = replace(cells[cell], measured=beside)

    (gate,) = decide(prereg, LAYERS, cells).gates

    assert [(draw.observed, draw.met) for draw in gate.null] == [(0.04, True), (0.2, False), (0.05, True)]
    assert gate.met_by_noise
    assert "met by noise: 2 of 3 draws of the null subject, 0.040 to 0.200" in gate_message(gate)
    assert decide(prereg, LAYERS, cells).verdict == "VACUOUS"
