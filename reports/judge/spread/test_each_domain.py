"""A rule in each domain: intervals against a plain bootstrap, three outcomes, and a trap by its worst domain."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.decision import decide, rule_text, unsaid
from reports.judge.document import core_json
from reports.judge.gates import apply_rule, control_outcome, judge_gate
from reports.judge.instruments import judge_trap
from reports.judge.spread.each_domain import DomainValue, decided, domain_values, envelope, straddling
from reports.pages.messages import gate_message, measurement_text
from reports.pages.why_gates import gate_lines
from reports.prereg.measurement import Measurement
from reports.prereg.metric import Metric, Numbers, positions
from reports.prereg.preregistration import Activations, Cell, ExpertOutputs, Interval, gates, registered_cells
from reports.prereg.rules import EachDomainAbove, EachDomainAtMost, EachDomainWithin, LargestAtMost
from reports.testing.small_rules import SUBJECT, a_claim, a_control, a_preregistration, a_trap, of_model

INTERVAL = Interval(level=0.95, draws=400, seed=5)
RULE = EachDomainAtMost("output_inflation", 0.05)
CLAIM = a_claim("expert_output_int4", RULE, checkpoints=(2,))
ZEROED = a_trap("zeroed", EachDomainAbove("zeroed_inflation", 0.05), "expert_output_int4")
INT8 = a_trap("int8", EachDomainWithin("int8_inflation", 0.01), "expert_output_int4")
UNTOUCHED = a_trap("untouched", LargestAtMost("outputs_moved", 1e-4), "expert_output_int4")
RUNG = replace(
    a_preregistration(
        [CLAIM], [a_control("planted", claim="expert_output_int4")], layers=2, traps=[UNTOUCHED, ZEROED, INT8]
    ),
    activations=Activations("float32", 100, 1),
    expert_outputs=ExpertOutputs("prose", 10, 1, (8,), (2,), 1),
    interval=INTERVAL,
    asks="fact",
)
LAYERS = (0, 1)
PROMPT = Metric("NLL", "nats", ("prompt",), "prompts")
MET, KILLED, WIDE = (1.01, 1.02, 1.03, 1.02), (1.2, 1.3, 1.25, 1.2), (0.9, 1.3, 0.8, 1.2)


def measurement(cell: Cell, by_domain: dict[str, Sequence[float]], metric: str = "output_inflation") -> Measurement:
    """Prompts of one source each, all of NLL₀ 1."""
    after = [value for values in by_domain.values() for value in values]
    domains = [domain for domain, values in by_domain.items() for _ in values]
    name = {"output_inflation": "nll_int4", "zeroed_inflation": "nll_zeroed", "int8_inflation": "nll_int8"}[metric]
    metrics = {
        "nll": PROMPT,
        name: PROMPT,
        metric: Metric("inflation", axes=("domain",), counted="prompts", made_of=("nll", name)),
    }
    numbers = Numbers(
        values={
            "nll": [1.0] * len(after),
            name: after,
            metric: [float(np.mean(values)) - 1.0 for values in by_domain.values()],
        },
        axes={"prompt": positions(len(after)), "domain": tuple(by_domain)},
        noise={"nll": [3.0] * len(after)},
        texts={"domains": "\n".join(domains), "sources": "\n".join(map(str, range(len(after))))},
    )
    return of_model(cell, numbers.described(metrics))


def found(code: Sequence[float] = MET, maths: Sequence[float] = MET, zeroed: float = 2.0, int8: float = 1.001,
          planted: Sequence[float] = MET) -> dict[Cell, Measurement]:  # fmt: skip
    made = {}
    for cell in registered_cells(RUNG, LAYERS):
        match cell.name:
            case "untouched":
                moved = Numbers({"outputs_moved": [0.0]}, {"check": ("all",)})
                made[cell] = of_model(cell, moved.described({"outputs_moved": Metric("moved", axes=("check",))}))
            case "zeroed":
                made[cell] = measurement(cell, {"code": [2.0] * 2, "maths": [zeroed] * 2}, "zeroed_inflation")
            case "int8":
                made[cell] = measurement(cell, {"code": [1.0] * 2, "maths": [int8] * 2}, "int8_inflation")
            case "planted":
                made[cell] = measurement(cell, {"self": planted})
            case _:
                made[cell] = measurement(cell, {"code": code, "maths": maths})
    return made


def value(low: float | None, high: float = 0.0, domain: str = "code") -> DomainValue:
    return DomainValue(domain, 0.0, None if low is None else (low, high), None, 4, 2)


BOUNDS = st.floats(-0.2, 0.2)


@given(st.lists(st.tuples(BOUNDS, BOUNDS).map(sorted), min_size=1, max_size=4))
def test_what_is_decided_is_what_the_greatest_ends_say(intervals: list[list[float]]) -> None:
    values = [value(low, high) for low, high in intervals]
    low, high = envelope(values) or (0.0, 0.0)
    expected = "missed" if low > 0.05 else "met" if high <= 0.05 else "undecided"
    assert decided(values, 0.05) == expected
    assert (straddling(values, 0.05) is not None) == (expected == "undecided")


def test_on_the_bound_it_is_met_and_a_single_source_decides_nothing_but_a_kill_elsewhere() -> None:
    assert decided([value(0.01, 0.05)], 0.05) == "met"
    assert decided([value(0.05, 0.06)], 0.05) == "undecided"
    assert decided([value(0.0500001, 0.06)], 0.05) == "missed"
    assert decided([value(0.0, 0.01), value(None, domain="maths")], 0.05) == "undecided"
    assert straddling([value(0.0, 0.01), value(None, domain="maths")], 0.05) == "undecided: maths has one source"
    assert decided([value(0.2, 0.3), value(None)], 0.05) == "missed"


@given(st.integers(0, 1000))
def test_intervals_are_a_plain_bootstrap_within_each_domain(seed: int) -> None:
    draw = np.random.default_rng(seed)
    code, maths = draw.uniform(0.9, 1.4, 6).tolist(), draw.uniform(0.9, 1.2, 5).tolist()
    values = domain_values(
        measurement(Cell("claim", "c", 1), {"code": code, "maths": maths}), "output_inflation", INTERVAL
    )
    assert [one.domain for one in values] == ["code", "maths"]
    for one, after in zip(values, (code, maths), strict=True):
        generator = np.random.Generator(np.random.PCG64(INTERVAL.seed))
        counts = generator.multinomial(len(after), np.full(len(after), 1 / len(after)), size=INTERVAL.draws)
        ratios = (counts @ np.array(after)) / len(after) - 1.0
        assert one.interval == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])), abs=1e-12)
        assert one.observed == pytest.approx(np.mean(after) - 1.0)
        assert (one.prompts, one.sources) == (len(after), len(after))


@pytest.mark.parametrize(("code", "maths"), list(itertools.product((MET, KILLED, WIDE), repeat=2)))
def test_a_gate_is_met_killed_or_undecided(code: Sequence[float], maths: Sequence[float]) -> None:
    """KILLED where any domain is; else undecided where any is; else MET."""
    decision = decide(RUNG, LAYERS, found(code, maths))
    (gate,) = decision.gates
    expected = "KILLED" if KILLED in (code, maths) else "INCONCLUSIVE" if WIDE in (code, maths) else "MET"
    assert gate.status == expected
    assert decision.verdict == {"MET": "SURVIVED"}.get(expected, expected)
    assert gate.rule is not None
    assert gate.rule.observed == pytest.approx(max(np.mean(code), np.mean(maths)) - 1.0)
    assert (gate.undecided is not None) == (expected == "INCONCLUSIVE")
    core: Any = core_json(decision, SUBJECT)
    (row,) = core["gates"]
    assert row["undecided"] == (expected == "INCONCLUSIVE")
    assert [one["domain"] for one in row["domains"]] == ["code", "maths"]
    assert row["interval"] == pytest.approx(list(gate.interval or ()))


def test_which_domain_is_on_both_sides_is_said_wherever_it_is_told() -> None:
    decision = decide(RUNG, LAYERS, found(maths=WIDE))
    (gate,) = decision.gates
    said = "undecided: the interval of maths, -0.175 to +0.250, straddles 0.05"
    assert gate.undecided == said
    assert gate_message(gate) == (
        "2-layer checkpoint (layers 0-1): INCONCLUSIVE, output_inflation 0.020 in code [0.013, 0.027], 0.050 in maths "
        f"[-0.175, 0.250] over 8 prompts, need intervals ≤ 0.05 in each [-]; {said}"
    )
    lines = gate_lines(gate, decision, found(maths=WIDE))
    assert "0.050 in maths [-0.175, 0.250], by 4 prompts from 4 sources: on both sides of 0.05" in lines
    assert f"{said}; the verdict is INCONCLUSIVE" in lines
    assert unsaid(decision).startswith("Nothing is decided: an interval is on both sides of its threshold")
    assert rule_text(RULE) == "output_inflation ≤ 0.05 in each domain, by its interval, with every layer quantised"


def test_a_broken_instrument_is_told_before_an_undecided_rule() -> None:
    decision = decide(RUNG, LAYERS, found(maths=WIDE, zeroed=1.0))
    (gate,) = decision.gates
    assert (gate.status, gate.undecided) == ("INCONCLUSIVE", None)
    assert "out of line: zeroed[L01]" in gate_message(gate)
    assert unsaid(decision).startswith("Nothing is decided: an instrument is out of line")


@pytest.mark.parametrize(("zeroed", "int8", "status"), [
    (1.0499, 1.001, "INCONCLUSIVE"), (1.0501, 1.001, "MET"), (2.0, 1.0101, "INCONCLUSIVE"), (2.0, 1.01, "MET"),
])  # fmt: skip
def test_a_trap_is_judged_by_its_worst_domain(zeroed: float, int8: float, status: str) -> None:
    measurements = found(zeroed=zeroed, int8=int8 - 1e-12)
    (gate,) = gates(RUNG, LAYERS)
    assert judge_gate(gate, INTERVAL, measurements).status == status


def test_outputs_that_do_not_matter_are_called_empty() -> None:
    cell = Cell("trap", "zeroed", 1)
    outcome = judge_trap(ZEROED, 1, found(zeroed=1.01)[cell], tolerance=0.05)
    assert (outcome.sound, outcome.borderline) == (False, True)
    assert outcome.reason == (
        "zeroed_inflation 0.0100 in maths, must exceed 0.05: what is taken away matters too little, and "
        "expert_output_int4 is empty here"
    )
    sound = judge_trap(ZEROED, 1, found()[cell], tolerance=0.05)
    assert (sound.sound, sound.borderline) == (True, False)
    assert sound.reason == "zeroed_inflation 1.0000 in code, must exceed 0.05"


def test_what_is_measured_once_has_no_cells_at_other_layers() -> None:
    (gate,) = gates(RUNG, LAYERS)
    assert [cell.id for cell in gate.running] == [
        "planted", "untouched[L00]", "untouched[L01]", "zeroed[L01]", "int8[L01]", "expert_output_int4[L00]",
        "expert_output_int4[L01]",
    ]  # fmt: skip
    assert set(gate.running) - set(gate.cells) == {Cell("claim", "expert_output_int4", 0)}


@pytest.mark.parametrize(("planted", "obtained"), [(MET, "MET"), (KILLED, "KILLED"), (WIDE, "INCONCLUSIVE")])
def test_a_control_may_be_undecided(planted: Sequence[float], obtained: str) -> None:
    control = a_control("planted", claim="expert_output_int4")
    outcome = control_outcome(control, RULE, found(planted=planted)[Cell("control", "planted")], interval=INTERVAL)
    assert outcome.obtained == obtained
    assert outcome.sound == (obtained == "MET")
    assert ("undecided: the interval of self" in outcome.reason) == (obtained == "INCONCLUSIVE")


def test_within_its_tolerance_another_outcome_is_borderline() -> None:
    closing = measurement(Cell("claim", "c", 1), {"code": MET})
    outcome = apply_rule(RULE, [closing], tolerance=0.02, interval=INTERVAL)
    assert outcome.met
    assert not outcome.borderline
    assert outcome.reach == pytest.approx((0.0, 0.04))
    assert apply_rule(RULE, [closing], tolerance=0.025, interval=INTERVAL).borderline


def test_without_an_interval_it_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"^output_inflation: no interval, expected how the sources"):
        apply_rule(RULE, [measurement(Cell("claim", "c", 1), {"code": MET})])


def test_a_cell_is_told_domain_by_domain() -> None:
    text = measurement_text(CLAIM, measurement(Cell("claim", "expert_output_int4", 0), {"code": MET, "maths": KILLED}))
    assert text == "output_inflation +2.0% code, +23.8% maths to here"
