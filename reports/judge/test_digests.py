"""Ten digits are enough and no more, the core is what it says, statuses and counts alone move the outcome."""

import copy
import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.artefacts.decision_document import faults
from reports.base.canonical import canonical_json
from reports.judge.decision import decide
from reports.judge.digests import CORE_KEYS, UNDIGESTED, core_of, core_sha256_of, digests, outcome_of, ten_digits
from reports.judge.test_algebra import LAYERS, RUNG, Numbers, any_rung, by_hand, document, found, out_of_line, usual
from reports.prereg.preregistration import Cell
from reports.testing.fuzzing import places, with_value

finite = st.floats(-1e300, 1e300)
LEAST = 1e-290  # below it a float has no ten digits to spare


# Ten digits.


@given(finite)
def test_rounding_is_idempotent_and_by_half_a_unit_at_most(value: float) -> None:
    once = ten_digits(value)
    assert ten_digits(once) == once
    assert math.copysign(1.0, once) == 1.0 or once < 0.0
    assert abs(once - value) <= 5.0000001e-10 * abs(value) or abs(value) < LEAST


@given(finite.filter(lambda value: LEAST < abs(value) < 1e300), st.floats(-0.49, 0.49))
def test_less_than_half_a_unit_of_the_tenth_digit_is_not_seen(value: float, by: float) -> None:
    """From a number that has ten digits: only from beside a boundary does a smaller step cross it."""
    rounded = ten_digits(value)
    unit = 10.0 ** (math.floor(math.log10(abs(rounded))) - 9)
    if abs(rounded) < 10.0 ** (math.floor(math.log10(abs(rounded)))) + unit:
        by = abs(by) * math.copysign(1.0, rounded)  # below a power of ten a unit is ten times smaller
    assert ten_digits(rounded + by * unit) == rounded
    assert canonical_json({"a": [ten_digits(rounded + by * unit)]}) == canonical_json({"a": [rounded]})
    assert ten_digits(rounded + math.copysign(0.51, rounded) * unit) != rounded


def test_a_boundary_is_where_a_last_bit_is_seen() -> None:
    boundary = 1.0000000005
    assert ten_digits(math.nextafter(boundary, 0.0)) != ten_digits(math.nextafter(boundary, 2.0))


def test_zero_has_one_sign_and_integers_stay_as_they_are() -> None:
    assert math.copysign(1.0, ten_digits(-0.0)) == 1.0
    assert canonical_json(ten_digits({"a": -0.0})) == b'{"a":0}'
    assert ten_digits(12345678901234) == 12345678901234
    kept = {"a": [True, None, "0.12345678901234", 3], "b": {"c": 7}}
    assert ten_digits(kept) == kept
    assert type(ten_digits({"n": 3})["n"]) is int
    third = 0.3333333333
    assert ten_digits({"a": [1 / 3, {"b": (1 / 3,)}]}) == {"a": [third, {"b": [third]}]}


@pytest.mark.parametrize("kind", ["gates", "after_kill", "controls", "traps"])
def test_every_number_of_a_document_has_ten_digits(kind: str) -> None:
    moved: dict[str, Numbers] = {f"narrow_d_{layer}": {"ranks": (0.5 + 1e-13, 0.9, 1 / 3)} for layer in (4, 7)}
    said = document(decide(RUNG, LAYERS, found(usual(**moved))))
    assert said[kind]
    assert ten_digits(said[kind]) == said[kind]
    assert said["core_sha256"] == core_sha256_of(said)  # of the digits that are written


# The core.


KILLED = document(
    decide(RUNG, LAYERS, found(usual(**{f"narrow_d_{layer}": {"ranks": (0.9, 0.9)} for layer in (4, 7)})))
)


def outside(place: tuple[Any, ...]) -> bool:
    return place[0] not in CORE_KEYS or any(key in UNDIGESTED for key in place)


def test_everything_in_the_core_is_digested_and_nothing_else() -> None:
    for place in places(KILLED):
        inner: Any = KILLED
        for key in place:
            inner = inner[key]
        if place and not isinstance(inner, dict | list) and place[0] not in ("core_sha256", "outcome_sha256"):
            changed = with_value(KILLED, place, "another")
            assert (core_sha256_of(changed) == KILLED["core_sha256"]) is outside(place), place
    assert set(core_of(KILLED)) == set(outcome_of(KILLED)) == set(CORE_KEYS)


def test_what_is_told_beside_the_core_follows_from_it() -> None:
    """Else it would have to be digested: prose, and how near a number is to its threshold."""
    assert UNDIGESTED == ("reason", "attainable", "borderline")
    assert {place[-1] for place in places(KILLED) if place and place[-1] in UNDIGESTED} == set(UNDIGESTED)


# The outcome.


def floats_of(value: object) -> int:
    return sum(isinstance(inner, float) for inner in flat(value))


def flat(value: object) -> list[object]:
    if isinstance(value, dict | list):
        return list(itertools.chain.from_iterable(map(flat, value.values() if isinstance(value, dict) else value)))
    return [value]


def test_the_outcome_holds_no_float_and_the_core_does() -> None:
    assert floats_of(outcome_of(KILLED)) == 0
    assert floats_of(core_of(KILLED)) > 20


def told(rung: dict[Cell, Numbers]) -> object:
    """By hand, all that the outcome may depend on but digests: what is up to the first kill."""
    statuses, verdict, trigger = by_hand(rung)
    names = [status for _, status in statuses]
    core = statuses[: names.index("KILLED") + 1] if "KILLED" in names else statuses
    needed = {cell for outcome in decide(RUNG, LAYERS, found(rung)).gates[: len(core)] for cell in outcome.gate.cells}
    instruments = {
        cell: (rung[cell] and status_of(cell.name, rung[cell]))
        for cell in needed
        if cell.name not in ("narrow_d", "beta_lift", "one_bit_nll")
    }
    counts = {cell: len(raw.get("ranks", ())) for cell, raw in rung.items() if cell.name == "narrow_d"}
    counted = counts if all(rung[cell] for cell in counts) else {cell: n for cell, n in counts.items() if n}
    layers = {cell.layer for cell in needed if rung[cell] and cell.name not in ("one_bit_nll", "trivial", "unrotated")}
    missing = {cell for cell in needed if not rung[cell]}
    return core, verdict, trigger, instruments, missing, layers, counted


def status_of(name: str, raw: Numbers) -> object:
    broken = "residual" in raw and not raw["residual"] <= 1.0
    return out_of_line(name, raw), broken


def moved(rung: dict[Cell, Numbers], by: float) -> dict[Cell, Numbers]:
    """Every number a little larger or smaller, so that some statuses turn and most do not."""
    return {
        cell: {
            key: tuple(value * (1.0 + by) for value in values) if isinstance(values, tuple) else values * (1.0 + by)
            for key, values in raw.items()
        }
        for cell, raw in rung.items()
    }


@pytest.mark.fuzz
@given(any_rung(9.0), st.sampled_from([1e-12, -1e-12, 0.01, -0.01, 0.25, -0.25]))
def test_the_outcome_is_moved_by_statuses_alone(rung: dict[Cell, Numbers], by: float) -> None:
    other = moved(rung, by)
    one, two = (document(decide(RUNG, LAYERS, found(numbers))) for numbers in (rung, other))
    assert (one["outcome_sha256"] == two["outcome_sha256"]) is (told(rung) == told(other))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(verdict="SURVIVED"),
        lambda d: d.update(trigger=None),
        lambda d: d.update(rule_sha256="f" * 64),
        lambda d: d["subject"]["layer_sha256"].update({"0": "f" * 64}),
        lambda d: d["gates"][0].update(status="KILLED"),
        lambda d: d["gates"][0].update(n=7),
        lambda d: d["gates"][0].update(certified_count=7),
        lambda d: d["controls"][0].update(obtained="KILLED"),
        lambda d: d["controls"][0].update(sound=False),
        lambda d: d["traps"][0].update(sound=False),
        lambda d: d["missing"].append("narrow_d[L00]"),
    ],
)
def test_every_part_of_an_outcome_moves_its_digest(change: Any) -> None:
    changed = copy.deepcopy(KILLED)
    change(changed)
    assert digests(changed)["outcome_sha256"] != KILLED["outcome_sha256"]
    assert digests(changed)["core_sha256"] != KILLED["core_sha256"]


# The weights.


def test_a_norm_that_is_folded_in_is_one_of_the_inputs_that_are_promised() -> None:
    """The matrices may be the same as they are stored: with another norm they are another network."""
    measured = found(usual())
    layers = [cell for cell, one in measured.items() if one.of == "layer"]
    stored = document(decide(RUNG, LAYERS, measured))
    assert "norm_sha256" not in stored["subject"]
    seen = {stored["core_sha256"], stored["outcome_sha256"]}
    for norm in ("a" * 64, "b" * 64):
        folded = {**measured, **{cell: replace(measured[cell], norm_sha256=norm) for cell in layers}}
        said = document(decide(RUNG, LAYERS, folded))
        assert said["subject"]["norm_sha256"] == dict.fromkeys(said["subject"]["layer_sha256"], norm)
        assert list(faults(said)) == []
        seen |= {said["core_sha256"], said["outcome_sha256"]}
    assert len(seen) == 6
