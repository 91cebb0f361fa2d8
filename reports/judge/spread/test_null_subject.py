"""Where noise meets the rules as well, meeting them says nothing: VACUOUS, against a second definition of it."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.artefacts.decision_document import GateRow, faults
from reports.base.errors import ExitCode
from reports.judge.compare.allowances import ranges
from reports.judge.decision import UNSAID, Decision, decide
from reports.judge.document import gate_json
from reports.judge.spread.null_subject import NullDraw, by_most, meeting, surviving_draws
from reports.pages.messages import gate_message
from reports.pages.sections.verdict_section import cause
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, NullSubject, Preregistration
from reports.prereg.rules import MeanAtLeast, ShareBelow
from reports.prereg.samples import OF_NULL, Measured, Samples
from reports.testing.small_rules import a_claim, a_control, a_preregistration, of

RULES: dict[str, ShareBelow | MeanAtLeast] = {
    "narrow_d": ShareBelow("narrow", 0.4, 0.7),
    "gain": MeanAtLeast("gain", 1.05),
}
DRAWS = 3
LAYERS = (0, 1)


def rung(draws: int | None = DRAWS) -> Preregistration:
    claims = [a_claim(name, rule, checkpoints=(2,)) for name, rule in RULES.items()]
    controls = [a_control(f"planted_{name}", name) for name in RULES]
    prereg = replace(a_preregistration(claims, controls, layers=2), tolerances={"narrow": 0.0, "gain": 0.01})
    return prereg if draws is None else replace(prereg, asks="structure", null_subject=NullSubject(draws, seed=1))


def numbers(metric: str, values: tuple[float, ...], null: list[tuple[float, ...]] | None = None) -> Measured:
    axes = {"expert": tuple(map(str, range(len(values))))}
    found = {metric: Samples(values, metric, "-", ("expert",))}
    if null is not None:
        axes["draw"] = tuple(map(str, range(len(null))))
        drawn = tuple(itertools.chain.from_iterable(null))
        found[OF_NULL + metric] = Samples(drawn, metric, "-", ("draw", "expert"))
    return Measured(found, axes)


def met(metric: str, yes: bool) -> tuple[float, ...]:
    good, bad = {"narrow": (0.1, 0.9), "gain": (1.1, 1.0)}[metric]
    return (good, good) if yes else (bad, bad)


def measured(subject: dict[str, bool], null: dict[str, list[bool]]) -> dict[Cell, Measurement]:
    found = {}
    for name, rule in RULES.items():
        draws = [met(rule.metric, yes) for yes in null[name]]
        for layer in LAYERS:
            cell = Cell("claim", name, layer)
            found[cell] = of(cell, numbers(rule.metric, met(rule.metric, subject[name]), draws))
        control = Cell("control", f"planted_{name}")
        found[control] = of(control, numbers(rule.metric, met(rule.metric, True)))
    return found


def judged(subject: bool, narrow: list[bool], gain: list[bool]) -> Decision:
    return decide(rung(), LAYERS, measured(dict.fromkeys(RULES, subject), {"narrow_d": narrow, "gain": gain}))


BOOLS = st.lists(st.booleans(), min_size=DRAWS, max_size=DRAWS)


@given(st.booleans(), st.booleans(), BOOLS, BOOLS)
def test_verdict_equals_brute_force(narrow: bool, gain: bool, null_narrow: list[bool], null_gain: list[bool]) -> None:
    decision = decide(
        rung(), LAYERS, measured({"narrow_d": narrow, "gain": gain}, {"narrow_d": null_narrow, "gain": null_gain})
    )
    expected = "KILLED"
    if narrow and gain:
        both = [one and other for one, other in zip(null_narrow, null_gain, strict=True)]
        expected = "VACUOUS" if both.count(True) > both.count(False) else "SURVIVED"
    assert decision.verdict == expected


def test_a_draw_must_survive_as_a_whole() -> None:
    """Each gate is met by most draws, and no single draw meets both: the null subject does not survive."""
    decision = judged(True, [True, True, False], [False, True, True])
    assert [gate.met_by_noise for gate in decision.gates] == [True, True]
    assert surviving_draws([gate.null for gate in decision.gates]) == 1
    assert decision.verdict == "SURVIVED"


def test_vacuous_is_told_and_has_its_own_code() -> None:
    decision = judged(True, [True, True, False], [True, True, True])
    assert decision.verdict == "VACUOUS"
    assert decision.trigger is None
    assert (ExitCode.VACUOUS, ExitCode[decision.verdict]) == (15, 15)
    assert cause(decision) == "the null subject meets every rule as well"
    assert UNSAID["VACUOUS"].startswith("Nothing is shown")
    narrow, gain = decision.gates
    assert "; met by noise: 2 of 3 draws of the null subject, 0.000 to 1.000" in gate_message(narrow)
    assert "; met by noise: 3 of 3 draws of the null subject, 1.100 to 1.100" in gate_message(gain)


def test_noise_that_fails_is_told_beside_a_survivor() -> None:
    decision = judged(True, [False] * 3, [False] * 3)
    assert decision.verdict == "SURVIVED"
    assert "; noise does not meet it: 0 of 3 draws of the null subject" in gate_message(decision.gates[0])


def test_a_killed_or_missing_cell_comes_before_what_noise_does() -> None:
    everything = {name: [True] * DRAWS for name in RULES}
    assert decide(rung(), LAYERS, measured({"narrow_d": True, "gain": False}, everything)).verdict == "KILLED"
    found = measured(dict.fromkeys(RULES, True), everything)
    del found[Cell("claim", "gain", 1)]
    assert decide(rung(), LAYERS, found).verdict == "INCOMPLETE"
    found = measured(dict.fromkeys(RULES, True), everything)
    control = Cell("control", "planted_gain")
    found[control] = of(control, numbers("gain", met("gain", False)))
    assert decide(rung(), LAYERS, found).verdict == "INCONCLUSIVE"


def test_a_rung_that_asks_for_no_structure_is_never_vacuous() -> None:
    found = measured(dict.fromkeys(RULES, True), {name: [True] * DRAWS for name in RULES})
    assert decide(rung(None), LAYERS, found).verdict == "SURVIVED"


def test_layers_with_unlike_numbers_of_draws_are_no_null_subject() -> None:
    found = measured(dict.fromkeys(RULES, True), {name: [True] * DRAWS for name in RULES})
    cell = Cell("claim", "gain", 1)
    found[cell] = of(cell, numbers("gain", met("gain", True), [met("gain", True)]))
    with pytest.raises(ValueError, match="gain: 1 and 3 draws of the null subject, expected one number"):
        decide(rung(), LAYERS, found)


def test_the_document_holds_every_draw_and_another_machine_may_be_off_by_a_tolerance() -> None:
    narrow, gain = (gate_json(gate, {}) for gate in judged(True, [True, False, False], [True] * 3).gates)
    assert narrow["null_subject"] == {"met": 1, "observed": [1.0, 0.0, 0.0]}
    assert gain["null_subject"] == {"met": 3, "observed": pytest.approx([1.1] * 3)}
    assert not list(faults(gain, GateRow))
    assert list(faults({**gain, "null_subject": {"met": -1, "observed": []}}, GateRow))
    around = ranges("gates", gain, {"gain": 0.01}, {})
    assert around["null_subject", "observed", 2] == pytest.approx((1.09, 1.11))
    assert ranges("gates", narrow, {"narrow": 0.0}, {})["null_subject", "observed", 0] == (0.0, 1.0)


def test_half_is_no_majority() -> None:
    yes, no = NullDraw(1.0, True), NullDraw(0.0, False)
    assert [meeting(draws) for draws in ((), (yes, no), (yes, yes, no))] == [0, 1, 2]
    assert not by_most(1, 2)
    assert by_most(2, 3)
    assert not by_most(0, 0)
    assert surviving_draws([]) == 0
