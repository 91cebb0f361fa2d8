"""A subject that knows no more than a uniform output: that is said of the gate, and its status is the rule's."""

import math
from dataclasses import replace
from typing import Any

import pytest

from reports.judge.bootstrap import bootstrap_of_mean
from reports.judge.decision import Decision, decide
from reports.judge.document import core_json, decision_json
from reports.judge.empty_subject import knowledge
from reports.judge.one_bit_damage import one_bit_lines
from reports.judge.test_closing_gates import LAYERS, NO_CURVE, RUNG, found, states_of
from reports.pages.messages import gate_message
from reports.pages.rendering import as_markdown
from reports.pages.section import Told
from reports.pages.sections import fired_section, one_bit_section
from reports.pages.why_gates import gate_lines
from reports.prereg.preregistration import Cell, Interval
from reports.testing.small_rules import SUBJECT, generated, of_model
from reports.testing.test_schemas import validator

UNIFORM = math.log(1024)  # what `generated` says of noise
INTERVAL = Interval(level=0.95, draws=400, seed=1)
CLOSING = Cell("claim", "one_bit_nll", 3)


def judged(nll: tuple[float, ...], growth: float, sources: str | None = None) -> Decision:
    texts = {} if sources is None else {"sources": "\n".join(sources)}
    measured = generated(nll, {"learned": [value * (1.0 + growth) for value in nll]}, texts)
    return decide(RUNG, LAYERS, {**found(states_of(RUNG, **NO_CURVE)), CLOSING: of_model(CLOSING, measured)})


RANDOM = (UNIFORM + 0.02, UNIFORM - 0.01, UNIFORM + 0.03, UNIFORM - 0.02)
TRAINED = (2.0, 3.0, 4.0, 2.5)


@pytest.mark.parametrize(("growth", "status"), [(-0.0001, "MET"), (0.2, "KILLED")])
def test_it_is_said_wherever_the_gate_is_told_of_and_turns_nothing(growth: float, status: str) -> None:
    decision = judged(RANDOM, growth)
    gate = decision.gates[0]
    said = (
        "empty: the unquantised NLL of 6.936 nats [6.916, 6.956] is not clearly below the 6.931 of a "
        "uniform output, so its inflation says nothing"
    )
    assert (gate.status, gate.empty) == (status, said)
    assert gate_message(gate).endswith(f"; {said}")
    assert said in gate_lines(gate, decision, found(states_of(RUNG)))
    told = Told(decision, {}, {})
    assert f"one_bit_nll@4-layer is {said}." in as_markdown(fired_section.section(told))
    assert f"one_bit_nll@4-layer is {said}" in fired_section.section(told).lines
    section = one_bit_section.section(told)
    assert section is not None
    assert f"**The claim is {said}.**" in as_markdown(section)
    assert decision.one_bit_damage is not None
    assert f"one_bit_nll is {said}" in one_bit_lines(decision.one_bit_damage)
    document: Any = decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])
    validator("decision").validate(document)
    (row,) = document["gates"]
    assert row["empty"] == {"nll": pytest.approx(sum(RANDOM) / 4), "interval": [pytest.approx(6.916, abs=1e-3),
                            pytest.approx(6.956, abs=1e-3)], "uniform": pytest.approx(UNIFORM)}  # fmt: skip


def test_of_a_model_that_knows_something_nothing_is_said() -> None:
    decision = judged(TRAINED, 0.05)
    assert decision.gates[0].empty is None
    assert "empty" not in gate_message(decision.gates[0])
    core: Any = core_json(decision, SUBJECT)
    assert "empty" not in core["gates"][0]
    section = one_bit_section.section(Told(decision, {}, {}))
    assert section is not None
    assert "empty" not in as_markdown(section)


@pytest.mark.parametrize(("shift", "empty"), [(-1e-6, False), (0.0, True), (1e-6, True)])
def test_the_upper_end_of_the_interval_decides(shift: float, empty: bool) -> None:
    measured = generated(TRAINED, {"learned": TRAINED})
    _, high = bootstrap_of_mean(TRAINED, INTERVAL)
    nll = measured.samples["nll"]
    level = replace(nll, values=tuple(value + UNIFORM - high + shift for value in nll.values))
    known = knowledge(replace(measured, samples={**measured.samples, "nll": level}), INTERVAL)
    assert known is not None
    assert known.nll < known.uniform
    assert abs(known.interval[1] - UNIFORM - shift) < 1e-9
    assert (known.empty is not None) is empty or shift == 0.0  # at the end itself rounding decides


def test_sources_are_resampled_so_that_prompts_of_one_know_less() -> None:
    """A thousand prompts of two sources, one at 6.0 and one at 7.6 nats: over prompts 6.8 would be clearly below."""
    nll = (6.0,) * 500 + (7.6,) * 500
    assert judged(nll, 0.0).gates[0].empty is None
    assert judged(nll, 0.0, "a" * 500 + "b" * 500).gates[0].empty is not None


def test_a_claim_about_matrices_and_a_model_without_a_level_have_none() -> None:
    measured = generated(TRAINED, {"learned": TRAINED})
    nll = replace(measured.samples["nll"], noise=None)
    assert knowledge(replace(measured, samples={"nll": nll}), INTERVAL) is None
    assert knowledge(replace(measured, samples={}), INTERVAL) is None
