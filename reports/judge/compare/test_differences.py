"""No registered thing can change without a reproduction saying so, and no number of the core escapes comparison.

Each is changed once, alone: things to another thing, numbers to the end of what their tolerance allows, and beyond it.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from reports.judge.compare.differences import Difference, differences, unpromised
from reports.judge.decision import decide
from reports.judge.digests import CORE_KEYS, UNDIGESTED, core_of, digests
from reports.judge.spread.mean_interval import detectable_errors
from reports.judge.test_algebra import LAYERS, RUNG, Numbers, document, found, usual
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.testing.fuzzing import places, with_value
from reports.testing.small_rules import lifted, of, sampled

Document = dict[str, Any]
Place = tuple[Any, ...]
NAMED = ("rung", "design", "round", "draft", "rule_sha256", "verdict", "trigger", "missing")
SUBJECT = ("name", "exploratory", "layers", "layer_sha256", "model_sha256")
TOLERANCES = {**RUNG.tolerances, "structure": 0.0625}
GONE = object()
BEYOND = 1e-7  # relative: a hundred units of the tenth digit


def measured(**changed: Numbers) -> dict[Cell, Measurement]:
    """Gates of each kind before the kill, at full scope, and behind it; certified ranks, decomposed lifts."""
    dead: dict[str, Numbers] = {f"narrow_d_{layer}": {"ranks": (0.9, 0.45)} for layer in (4, 7)}
    rung = found(usual(**{"narrow_d_1": {"ranks": (0.2, 0.35, 0.32)}, **dead, **changed}))
    for number, layer in enumerate(LAYERS):
        cell = Cell("claim", "beta_lift", layer)
        lift = lifted(2.0 + 0.1 * number, 1.1, (1.2, 1.3, 1.25 + 0.02 * number), draws=(1.0, 0.5 + 0.01 * number))
        rung[cell] = of(cell, lift)
        ranks = rung[Cell("claim", "narrow_d", layer)].measured.samples["energy_rank_95"]
        ends = dict.fromkeys(("energy_rank_95_at_least", "energy_rank_95_at_most"), ranks)
        cell = Cell("claim", "narrow_d", layer)
        rung[cell] = of(cell, sampled({"energy_rank_95": ranks, **ends}, {"energy_rank_95": 0.777}))
    return rung


DOCUMENT = document(decide(RUNG, LAYERS, measured()))


def compared(obtained: Document) -> list[Difference]:
    return list(differences(obtained, DOCUMENT, TOLERANCES))


def changed(place: Place, value: object) -> Document:
    """`DOCUMENT` with `value` at `place`, or without what is there where it is `GONE`."""
    if value is not GONE:
        return dict(with_value(DOCUMENT, place, value))
    copied = copy.deepcopy(DOCUMENT)
    inner: Any = copied
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return copied


def at(place: Place) -> Any:
    inner: Any = DOCUMENT
    for key in place:
        inner = inner[key]
    return inner


# Things.


def changes() -> Iterator[tuple[str, Place, object]]:
    """Name, place and another value of everything that a reproduction must come to."""
    yield from ((key, (key,), "other") for key in NAMED)
    yield from ((f"subject {key}", ("subject", key), "other") for key in SUBJECT)
    yield "digest of one layer", ("subject", "layer_sha256", "1"), "f" * 64
    yield "a fault", ("errors",), [{"cell": None, "outcome": "ERROR", "message": "a defect"}]
    for part in ("gates", "after_kill"):
        for index, gate in enumerate(DOCUMENT[part]):
            yield from gate_changes((part, index), gate)
    for part, keys in (("controls", ("obtained", "sound", "expected", "claim")), ("traps", ("sound", "claim"))):
        for index in range(len(DOCUMENT[part])):
            yield f"{part} {index} taken out", (part, index), GONE
            yield from ((f"{part} {index} {key}", (part, index, key), None) for key in keys)


def gate_changes(place: Place, gate: Document) -> Iterator[tuple[str, Place, object]]:
    name = f"{gate['claim']}@{gate['checkpoint']} {place[0]}"
    yield f"{name} taken out", place, GONE
    yield from ((f"{name} {key}", (*place, key), "other") for key in ("status", "metric", "rule", "broken"))
    yield from ((f"{name} {key}", (*place, key), gate[key] + 1) for key in ("threshold", "n"))
    beside = tuple(key for key in ("tau", "interval", "full_scope") if gate[key])
    absent = ("observed", "median", "reach", *beside)
    yield from ((f"{name} {key} absent", (*place, key), None) for key in absent)
    yield f"{name} depends", (*place, "verdict_depends_on_metric"), not gate["verdict_depends_on_metric"]
    yield f"{name} layer taken out", (*place, "by_layer", 0), GONE
    yield f"{name} something more", (*place, "praise"), "excellent"
    if gate["sensitivity"]:
        yield f"{name} met under another metric", (*place, "sensitivity", 0, "met"), None


CHANGES = {name: (place, value) for name, place, value in changes()}


@pytest.mark.parametrize("name", CHANGES)
def test_any_registered_thing_that_changed_is_named(name: str) -> None:
    place, value = CHANGES[name]
    assert compared(changed(place, value))


def test_every_kind_of_thing_is_changed() -> None:
    """Else the test above tests little."""
    assert [gate["claim"] for gate in (*DOCUMENT["gates"], *DOCUMENT["after_kill"])] == [
        "narrow_d", "beta_lift", "one_bit_nll", "narrow_d", "beta_lift", "one_bit_nll",
    ]  # fmt: skip
    assert {"controls", "traps", "subject", "tau", "met"} <= {word for name in CHANGES for word in name.split()}
    assert DOCUMENT["gates"][0]["certified_count"] == 5


def test_every_leaf_of_the_core_is_compared() -> None:
    """Whatever it is, in favour of another: not only what the list above knows of."""
    for place in places(core_of(DOCUMENT)):
        if place and not isinstance(at(place), dict | list):
            assert compared(changed(place, "another")), place


def test_what_is_told_beside_the_core_is_not_compared() -> None:
    told = [place for place in places(DOCUMENT) if place and place[-1] in UNDIGESTED]
    assert told
    for place in told:
        assert compared(changed(place, "another")) == []


@pytest.mark.parametrize("part", ["gates", "controls", "traps"])
def test_rows_in_another_order_or_twice_are_noticed(part: str) -> None:
    rows = DOCUMENT[part]
    for other in (rows[::-1], [*rows, rows[0]]):
        assert compared({**DOCUMENT, part: other}), part


def test_what_no_field_names_the_digest_finds() -> None:
    """A truth in place of a number is equal in Python, and not in the digest."""
    assert DOCUMENT["round"] == 1
    named = [one.what for one in compared({**DOCUMENT, "round": True})]
    assert named == ["core_sha256, after what agrees was snapped", "outcome_sha256"]


# Numbers.


def numbers() -> list[Place]:
    """The place of every float in the core, and in the gates after the kill."""
    told = {**core_of(DOCUMENT), "after_kill": DOCUMENT["after_kill"]}
    return [place for place in places(told) if place and isinstance(at(place), float)]


NUMBERS = numbers()


def allowed(place: Place) -> tuple[float, float]:  # noqa: PLR0912 - a row of the table each
    """The table of `allowances.py`, written a second time: what the float at `place` may come to."""
    row, name, value = at(place[:2]), [key for key in place[2:] if isinstance(key, str)], at(place)
    metric = row["metric"]
    if "sensitivity" in name:
        metric = at(place[:4])["metric"]
    within = {"haar_beta": 0.25, "off_gain": 0.25, "triviality": 0.125, "inflation_unrotated": 0.125, **TOLERANCES}[
        metric
    ]
    share = row.get("below") is not None
    if name[-1] in ("threshold", "below", "margin"):
        within = 0.0
    elif name[-1] == "observed" and "reach" in at(place[:-1]):
        low, high = at((*place[:-1], "reach"))
        return low, high
    elif name[-1] == "reach" and share:
        observed = at((*place[:-2], "observed"))
        return (0.0, observed) if place[-1] == 0 else (observed, 1.0)
    elif name[-1] in ("interval", "minimum_detectable_effect", "passes"):
        layers = row["by_layer"]
        if share:
            within = max(max(abs(end - layer["observed"]) for end in layer["reach"]) for layer in layers)
        if name[-1] == "passes" and within:
            return 0.0, 1.0
        few = len(layers) > 1
        if name[-1] == "interval" and few:
            within *= 1.0 + t.ppf(0.975, len(layers) - 1) / math.sqrt(len(layers) - 1)
        if name[-1] == "minimum_detectable_effect":
            within *= (detectable_errors(len(layers)) if few else 2.801585) / math.sqrt(max(1, len(layers) - 1))
        within += 1e-8
    elif name[-1] in ("observed_over_tau", "noise_over_tau"):
        low, high = row["tau"]["tau"] - within, row["tau"]["tau"] + within
        if name[-1] == "observed_over_tau":
            return row["reach"][0] / high, row["reach"][1] / low
        random, fit = (row["decomposition"][key] for key in ("random", "noise_fit"))
        return (random - within) * (fit - within) / high, (random + within) * (fit + within) / low
    elif name[-1] == "structure":
        within = TOLERANCES["structure"]
    elif name[-1] == "structure_interval":
        layers = row["decomposition"]["by_layer"]
        times = 1.0 + t.ppf(0.975, len(layers) - 1) / math.sqrt(len(layers) - 1)
        least = min(layer["structure"] for layer in layers)
        within = value * math.expm1(2 * times * TOLERANCES["structure"] / least) + 1e-8
    return value - within, value + within


def test_every_kind_of_number_is_walked() -> None:
    kinds = {next(key for key in reversed(place) if isinstance(key, str)) for place in NUMBERS}
    assert kinds == {
        "observed", "reach", "threshold", "below", "median", "reference", "interval", "minimum_detectable_effect",
        "passes", "tau", "draws", "margin", "observed_over_tau", "noise_over_tau",
        "lift", "random", "noise_fit", "structure", "structure_interval", "gaussian", "spectral", "shuffled",
    }  # fmt: skip
    assert {place[0] for place in NUMBERS} == {"gates", "after_kill", "controls", "traps"}


def test_every_number_is_reproduced_within_its_tolerance_and_not_beyond() -> None:
    for place in NUMBERS:
        low, high = allowed(place)
        assert low <= at(place) <= high, place
        beyond = BEYOND * max(abs(low), abs(high), 1e-3)
        for value in (low, high):
            assert compared(changed(place, value)) == [], (place, value)
        for value in (low - beyond, high + beyond):
            found_there = compared(changed(place, value))
            assert len(found_there) == 1, (place, value)
            (difference,) = found_there
            name = next(key for key in reversed(place) if isinstance(key, str))
            assert name in difference.what
            assert difference.allowed is not None or low == high


@pytest.mark.parametrize("end", [0, 1])
def test_every_number_at_once_may_be_at_the_end_of_its_tolerance(end: int) -> None:
    moved = DOCUMENT
    for place in NUMBERS:
        moved = with_value(moved, place, allowed(place)[end])
    assert digests(moved)["core_sha256"] != DOCUMENT["core_sha256"]
    assert compared({**moved, **digests(moved)}) == []


def test_without_tolerances_only_the_tenth_digit_may_differ() -> None:
    for place in (("gates", 1, "median"), ("gates", 1, "by_layer", 1, "median"), ("controls", 0, "median")):
        within, beyond = (changed(place, at(place) * (1.0 + off)) for off in (0.9e-9, 3e-9))
        assert list(differences(within, DOCUMENT, {})) == []
        assert list(differences(beyond, DOCUMENT, {})) != []


def test_of_a_gate_that_was_not_run_its_status_alone_is_named() -> None:
    unmeasured = document(decide(RUNG, LAYERS, {cell: one for cell, one in measured().items() if cell.layer in (0, 1)}))
    named = [one.what for one in compared({**DOCUMENT, "gates": unmeasured["gates"]})]
    assert [what for what in named if what.startswith("narrow_d@4-layer")] == ["narrow_d@4-layer status"]


def test_a_long_value_is_told_by_its_beginning() -> None:
    assert len(Difference("by_layer", [0.123456789] * 50, None).line()) < 120


# From the samples on: what a machine that measures a little otherwise comes to.


def shifted(raw: Numbers, by: float) -> Numbers:
    return {
        key: tuple(value + by for value in values) if isinstance(values, tuple) else values + by
        for key, values in raw.items()
        if key != "residual"
    } | {key: values for key, values in raw.items() if key == "residual"}


FAR = replace(RUNG, tolerances={"energy_rank_95": 0.02, "lift": 0.05, "lift_squared": 0.3, "inflation": 0.03})
CLEAR: dict[str, Numbers] = {
    **{f"narrow_d_{layer}": {"ranks": ranks} for layer, ranks in ((0, (0.1, 0.3)), (1, (0.2, 0.33)))},
    **{f"narrow_d_{layer}": {"ranks": (0.9, 0.5)} for layer in (4, 7)},
    **{f"beta_lift_{layer}": {"lifts": (2.0, 1.6), "residual": 1.0, "draws": (1.0, 0.5)} for layer in (0, 1)},
    **{f"gain_{layer}": {"gains": (0.8, 0.9)} for layer in LAYERS},
    **{f"trivial_{layer}": {"residues": (0.0, 0.05)} for layer in LAYERS},  # far from its bound: never borderline
    "planted_nll_None": {"after": (1.1, 1.1)},
}
STEPS = st.floats(-0.0199, 0.0199)  # less than any of these tolerances, and squared no more than that of the square


@given(st.lists(STEPS, min_size=len(found(usual())), max_size=len(found(usual()))))
def test_any_run_within_the_tolerances_reproduces(steps: list[float]) -> None:
    """Where nothing is borderline, every cell may be off by a step of its own."""
    cells = usual(**CLEAR)
    other = {cell: shifted(raw, step) for (cell, raw), step in zip(cells.items(), steps, strict=True)}
    first, second = (document(decide(FAR, LAYERS, found(rung))) for rung in (cells, other))
    assert unpromised(first) == []
    assert first["verdict"] == "KILLED"
    assert list(differences(second, first, FAR.tolerances)) == []
    assert second["outcome_sha256"] == first["outcome_sha256"]


# Borderline.


def test_a_status_that_turned_at_a_borderline_gate_is_red_and_said_to_be_unpromised() -> None:
    """0.39 and 0.41 are within 0.1 of the bound 0.4: the first run meets the rule, the second does not."""
    near: dict[str, Numbers] = {f"narrow_d_{layer}": {"ranks": (0.3, 0.39)} for layer in (0, 1)}
    over: dict[str, Numbers] = {f"narrow_d_{layer}": {"ranks": (0.3, 0.41)} for layer in (0, 1)}
    first, second = (document(decide(RUNG, LAYERS, found(usual(**ranks)))) for ranks in (near, over))
    assert first["gates"][0]["borderline"] is True
    assert unpromised(first)[0].startswith("narrow_d@2-layer is borderline: within the registered tolerances it comes")
    named = {one.what: one for one in differences(second, first, RUNG.tolerances)}
    assert named["narrow_d@2-layer status"].line() == (
        "narrow_d@2-layer status: obtained KILLED, expected MET (borderline, not promised)"
    )
    assert {"verdict", "trigger", "outcome_sha256"} <= named.keys()
    clear = document(decide(FAR, LAYERS, found(usual(**CLEAR))))
    turned = with_value(clear, ("gates", 0, "status"), "KILLED")
    assert [one.borderline for one in differences(turned, clear, FAR.tolerances)] == [False, False]


def test_a_trap_and_a_control_near_their_bounds_are_borderline() -> None:
    near: dict[str, Numbers] = {"gain_0": {"gains": (0.9, 0.9)}, "level_1": {"beta": 0.99, "lifts": (0.5,)}}
    near |= {"planted_nll_None": {"after": (1.25, 1.2)}, "unrotated_7": {"after": (1.3, 1.3)}}
    said = document(decide(RUNG, LAYERS, found(usual(**near))))
    rows = [*said["controls"], *said["traps"]]
    marked = {(row["name"], row.get("layer")) for row in rows if row["borderline"]}
    assert {("gain", 0), ("level", 1), ("planted_nll", None), ("unrotated", 7)} <= marked
    far = document(decide(replace(RUNG, tolerances={}), LAYERS, found(usual(**near))))
    assert unpromised(far) == []


def test_every_key_of_the_core_is_walked() -> None:
    assert set(core_of(DOCUMENT)) == set(CORE_KEYS)
