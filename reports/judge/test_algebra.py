"""A rung with everything that can be registered, decided a second time from its raw numbers alone.

Three kinds of claim at two checkpoints, a control for each answer that one can be expected to give, and a trap of each
kind. What is drawn lies on the bounds as often as beside them.
"""

import itertools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.compare.differences import differences
from reports.judge.decision import Decision, decide
from reports.judge.document import core_json, decision_json
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, registered_cells
from reports.prereg.rules import AtLevel, ClosingAbove, ClosingAtMost, LargestAtMost, MeanAtLeast, MeanAtMost
from reports.testing.small_rules import (
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_one_bit,
    a_preregistration,
    a_trap,
    generated,
    of,
    of_model,
    sampled,
)

LAYERS = (0, 1, 4, 7)  # those that have experts
CLAIMS = {
    "narrow_d": a_claim("narrow_d"),  # below 0.4 for 70 % of the matrices
    "beta_lift": a_claim("beta_lift", MeanAtLeast("lift", 1.25, over_tau=0.25), sensitivity=("lift_squared",)),
    "one_bit_nll": a_claim("one_bit_nll", ClosingAtMost("inflation", 0.25), order=(7, 3)),
}
CONTROLS = [
    a_control("planted_d", claim="narrow_d"),
    a_control("null_lift", claim="beta_lift", expected="KILLED"),
    a_control("sheared_lift", claim="beta_lift", expected="INCONCLUSIVE"),
    a_control("planted_nll", claim="one_bit_nll"),
]
TRAPS = [
    a_trap("level", AtLevel("haar_beta", within=0.25, lift_below=1.25), "beta_lift"),
    a_trap("gain", MeanAtMost("off_gain", 1.0), "beta_lift"),
    a_trap("trivial", LargestAtMost("triviality", 0.125), "one_bit_nll"),
    a_trap("unrotated", ClosingAbove("inflation_unrotated", 0.25), "one_bit_nll"),
]
RUNG = replace(
    a_preregistration(CLAIMS.values(), CONTROLS, traps=TRAPS),
    one_bit=a_one_bit(),
    tolerances={"energy_rank_95": 0.1, "lift": 0.25, "lift_squared": 0.5, "inflation": 0.125},
)
CELLS = registered_cells(RUNG, LAYERS)

Numbers = dict[str, Any]  # what was measured in a cell; nothing where it was not


CHOICES = 4  # at most, for one cell
LIFTING = ((2.0, 1.5), (1.25, 1.25), (1.0, 1.0))

# Every choice of a rung is one byte of one draw: a strategy for each would take longer to draw than the rung to judge.
# Bytes shrink to 0, which is the usual value.


class Chosen:
    """Reads choices off the bytes given, in turn."""

    def __init__(self, drawn: bytes) -> None:
        self.drawn = iter(drawn)

    def mostly(self, usual: Any, *others: Any) -> Any:
        """Gates have many cells, and are to be met and killed as well."""
        options = [usual] * 8 + list(others)
        return options[next(self.drawn) * len(options) // 256]


def numbers(cell: Cell, drawn: bytes, lifts: tuple[float, float], no_number: float) -> Numbers:
    """`lifts` are those of most layers: all alike, else their mean is seldom met."""
    mostly = Chosen(drawn).mostly
    if not mostly(True, False):
        return {}

    def residual() -> float:
        return float(mostly(1.0, 0.0, math.nextafter(1.0, 2.0), no_number))

    kinds: dict[str, Callable[[], Numbers]] = {
        "narrow_d": lambda: {"ranks": mostly((0.1, 0.3), (0.1, 0.4), (0.9, 0.9))},
        "planted_d": lambda: {"ranks": mostly((0.1,), (0.4,))},
        "beta_lift": lambda: {
            "lifts": mostly(lifts, (1.25, 1.25)),
            "residual": residual(),
            "draws": mostly((1.0, 0.5), (0.5, 1.25), ()),
        },
        "null_lift": lambda: {"lifts": mostly((1.0,), (2.0,)), "residual": residual(), "draws": (1.0, 1.0)},
        "sheared_lift": lambda: {
            "lifts": mostly((1.0,), (2.0,)),
            "residual": mostly(5.0, no_number, 1.0),
            "draws": (),
        },
        "one_bit_nll": lambda: {"after": mostly((1.0, 1.0), (1.0, 1.5), (1.5, 2.0))},
        "planted_nll": lambda: {"after": mostly((1.25, 1.25), (1.25, 1.5))},
        "level": lambda: {"beta": mostly(0.75, 0.5, 1.0, 1.125, 0.25), "lifts": mostly((1.0,), (1.25,))},
        "gain": lambda: {"gains": mostly((1.0, 1.0), (0.5, 1.5), (1.0, 1.125))},
        "trivial": lambda: {"residues": mostly((0.0, 0.125), (-0.125, 0.0), (-0.25, 0.0), (0.0, no_number))},
        "unrotated": lambda: {"after": mostly((1.5, 1.5), (1.25, 1.25), (1.0, 1.0))},
    }
    return kinds[cell.name]()


def rung_of(drawn: bytes, no_number: float) -> dict[Cell, Numbers]:
    lifts = Chosen(drawn[:1]).mostly(*LIFTING)
    at = {cell: 1 + CHOICES * place for place, cell in enumerate(CELLS)}
    return {cell: numbers(cell, drawn[at[cell] : at[cell] + CHOICES], lifts, no_number) for cell in CELLS}


def any_rung(no_number: float = math.nan) -> st.SearchStrategy[dict[Cell, Numbers]]:
    """With `no_number` here and there: a store takes no NaN, so that a document never has to say one."""
    size = 1 + CHOICES * len(CELLS)
    few = st.dictionaries(st.integers(0, size - 1), st.integers(0, 255), max_size=6)
    nearly_usual = few.map(lambda changed: bytes(changed.get(place, 0) for place in range(size)))
    drawn = st.binary(min_size=size, max_size=size) | nearly_usual
    return drawn.map(lambda chosen: rung_of(chosen, no_number))


def found(rung: Mapping[Cell, Numbers]) -> dict[Cell, Measurement]:
    return {cell: measurement(cell, raw) for cell, raw in rung.items() if raw}


def measurement(cell: Cell, raw: Numbers) -> Measurement:
    if "ranks" in raw:
        return a_measurement(cell, raw["ranks"])
    if "after" in raw:
        variant = "unrotated" if cell.name == "unrotated" else "learned"
        return of_model(cell, generated((1.0, 1.0), {variant: raw["after"]}))
    if "residues" in raw:
        still = {"identity_inflation": (0.0,), "round_trip": raw["residues"], "identity_lift": (0.0,)}
        return of_model(cell, sampled(still))
    if "beta" in raw:
        return of(cell, sampled({"haar_beta": (raw["beta"],), "lift": raw["lifts"]}, {"haar_beta": 0.75}))
    if "gains" in raw:
        return of(cell, sampled({"off_gain": raw["gains"]}))
    return of(cell, sampled({"lift": raw["lifts"], "residual": (0.5, raw["residual"])}, draws=raw["draws"]))


# The design page, written a second time.


def met(claim: str, layers: list[Numbers]) -> bool:
    """Whether the rule of `claim` holds for the raw numbers of all of its layers."""
    if claim == "narrow_d":
        pooled = [rank for raw in layers for rank in raw["ranks"]]
        return 10 * len([rank for rank in pooled if rank < 0.4]) >= 7 * len(pooled)
    if claim == "one_bit_nll":
        return bool(sum(layers[-1]["after"]) <= 2 * 1.25)
    lift = sum(sum(raw["lifts"]) / len(raw["lifts"]) for raw in layers) / len(layers)
    draws = [raw["draws"] for raw in layers]
    if any(len(row) != 2 for row in draws):  # a draw that one layer lacks has no mean over the layers
        return False
    tau = max(sum(row[draw] for row in draws) / len(draws) for draw in (0, 1))
    return bool(lift >= 1.25 and lift > 1.25 * tau)


def out_of_line(name: str, raw: Numbers) -> bool:
    """Whether a trap or control that ran came out otherwise than registered."""
    if name == "level":
        lifts = raw["lifts"]
        return not (0.5 <= raw["beta"] <= 1.0 and sum(lifts) / len(lifts) < 1.25)
    if name == "gain":
        return not sum(raw["gains"]) <= 2.0
    if name == "trivial":
        return not all(abs(residue) <= 0.125 for residue in raw["residues"])
    if name == "unrotated":
        return not sum(raw["after"]) > 2.5
    broken = "residual" in raw and not raw["residual"] <= 1.0
    claim = {"planted_d": "narrow_d", "planted_nll": "one_bit_nll"}.get(name, "beta_lift")
    obtained = "INCONCLUSIVE" if broken else "MET" if met(claim, [raw]) else "KILLED"
    return obtained != {"null_lift": "KILLED", "sheared_lift": "INCONCLUSIVE"}.get(name, "MET")


def by_hand(rung: Mapping[Cell, Numbers]) -> tuple[list[tuple[str, str]], str, str | None]:
    """Each gate with its status, verdict and trigger."""
    closing = ("unrotated", "one_bit_nll")  # read at the last layer of a gate alone
    instruments = {
        "narrow_d": (("planted_d",), ()),
        "beta_lift": (("null_lift", "sheared_lift"), ("level", "gain")),
        "one_bit_nll": (("planted_nll",), ("trivial", "unrotated")),
    }
    statuses = []
    for count, claim in itertools.product((2, 4), CLAIMS):
        at = LAYERS[:count]
        controls, traps = instruments[claim]
        asked = [Cell("control", name) for name in controls]
        asked += [Cell("trap", name, layer) for name in traps for layer in (at[-1:] if name in closing else at)]
        judged = [rung[Cell("claim", claim, layer)] for layer in (at[-1:] if claim in closing else at)]
        broken = any("residual" in raw and not raw["residual"] <= 1.0 for raw in judged)
        if broken or any(rung[cell] and out_of_line(cell.name, rung[cell]) for cell in asked):
            status = "INCONCLUSIVE"
        elif not all(judged) or not all(rung[cell] for cell in asked):
            status = "NOT_RUN"
        else:
            status = "MET" if met(claim, judged) else "KILLED"
        statuses.append((f"{claim}@{count}-layer", status))
    for gate, status in statuses:
        if status == "KILLED":
            claim, _, where = gate.partition("@")
            return statuses, "KILLED", f"{claim.replace('_', '-')} threshold unmet at {where} checkpoint"
    if "INCONCLUSIVE" in dict(statuses).values():
        return statuses, "INCONCLUSIVE", None
    return statuses, "SURVIVED" if all(rung.values()) else "INCOMPLETE", None


@pytest.mark.fuzz
@given(any_rung())
def test_any_rung_equals_brute_force(rung: dict[Cell, Numbers]) -> None:
    decision = decide(RUNG, LAYERS, found(rung))
    statuses = [(outcome.gate.id, outcome.status) for outcome in decision.gates]
    assert (statuses, decision.verdict, decision.trigger) == by_hand(rung)
    assert set(decision.missing) == {cell for cell, raw in rung.items() if not raw}
    for outcome in decision.gates:
        misfired = {trap.cell: trap.sound for trap in outcome.traps}
        misfired |= {Cell("control", control.control.name): control.sound for control in outcome.controls}
        expected = {cell: not out_of_line(cell.name, rung[cell]) if rung[cell] else None for cell in misfired}
        assert misfired == expected


@pytest.mark.fuzz
@given(any_rung(9.0))
def test_the_core_is_what_stands_before_the_first_kill(rung: dict[Cell, Numbers]) -> None:
    """Whatever ran behind it, or did not; and a gate that is killed stays so, whatever else is measured."""
    decision = decide(RUNG, LAYERS, found(rung))
    if decision.killed_at is None:
        assert decision.core_gates == decision.gates
        return
    needed = {cell for outcome in decision.core_gates for cell in outcome.gate.cells}
    alone = decide(RUNG, LAYERS, {cell: one for cell, one in found(rung).items() if cell in needed})
    assert core_json(alone, SUBJECT) == core_json(decision, SUBJECT)
    assert [outcome.status for outcome in decision.core_gates].count("KILLED") == 1
    assert decision.core_gates[-1].status == "KILLED"


@pytest.mark.fuzz
@given(any_rung(9.0))
def test_any_verdict_reproduces_itself(rung: dict[Cell, Numbers]) -> None:
    said = document(decide(RUNG, LAYERS, found(rung)))
    assert list(differences(said, said, RUNG.tolerances)) == []


USUAL: dict[str, Numbers] = {
    "narrow_d": {"ranks": (0.1, 0.3)}, "planted_d": {"ranks": (0.1,)},
    "beta_lift": {"lifts": (2.0, 1.5), "residual": 1.0, "draws": (1.0, 0.5)},
    "null_lift": {"lifts": (1.0,), "residual": 1.0, "draws": (1.0, 1.0)},
    "sheared_lift": {"lifts": (1.0,), "residual": 5.0, "draws": ()},
    "one_bit_nll": {"after": (1.0, 1.0)}, "planted_nll": {"after": (1.25, 1.25)},
    "level": {"beta": 0.75, "lifts": (1.0,)}, "gain": {"gains": (1.0, 1.0)}, "trivial": {"residues": (0.0, 0.125)},
    "unrotated": {"after": (1.5, 1.5)},
}  # fmt: skip


def usual(**changed: Numbers) -> dict[Cell, Numbers]:
    """A rung that survives, but for the cells named as in `beta_lift_7`."""
    return {cell: changed.get(f"{cell.name}_{cell.layer}", USUAL[cell.name]) for cell in CELLS}


def test_the_usual_rung_survives() -> None:
    assert by_hand(usual())[1] == decide(RUNG, LAYERS, found(usual())).verdict == "SURVIVED"


def test_the_first_kill_in_registered_order_names_the_trigger() -> None:
    """Not the first claim: narrow_d dies at full scope, beta_lift before it at the checkpoint."""
    dead: dict[str, Numbers] = {f"narrow_d_{layer}": {"ranks": (0.9, 0.9)} for layer in (4, 7)}
    dead |= {f"beta_lift_{layer}": {**USUAL["beta_lift"], "lifts": (1.0,)} for layer in (0, 1)}
    decision = decide(RUNG, LAYERS, found(usual(**dead)))
    assert [outcome.gate.id for outcome in decision.gates if outcome.status == "KILLED"] == [
        "beta_lift@2-layer", "narrow_d@4-layer",
    ]  # fmt: skip
    assert decision.trigger == "beta-lift threshold unmet at 2-layer checkpoint"
    core: Any = core_json(decision, SUBJECT)
    assert [(gate["claim"], gate["status"]) for gate in core["gates"]] == [("narrow_d", "MET"), ("beta_lift", "KILLED")]
    assert sorted(core["subject"]["layer_sha256"]) == ["0", "1"]


def document(decision: Decision) -> dict[str, Any]:
    written = decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])
    return dict(json.loads(json.dumps(written)))
