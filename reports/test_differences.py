"""No registered thing can change without a reproduction saying so: each of them is changed once, alone."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from reports.decision import decide
from reports.reproduce import differences
from reports.test_algebra import LAYERS, RUNG, document, found, usual

Document = dict[str, Any]
NAMED = ("rung", "design", "round", "rule_sha256", "verdict", "trigger")
SUBJECT = ("name", "exploratory", "layers", "layer_sha256", "model_sha256")


def killed() -> Document:
    """Gates of each kind before the kill, at full scope, and behind it."""
    dead = {f"narrow_d_{layer}": {"ranks": (0.9, 0.9)} for layer in (4, 7)}
    return document(decide(RUNG, LAYERS, found(usual(**dead))))


DOCUMENT = killed()


def changed(place: tuple[Any, ...], value: object) -> Document:
    """`DOCUMENT` with `value` at `place`, or without what stands there where it is `GONE`."""
    copied = copy.deepcopy(DOCUMENT)
    inner: Any = copied
    for key in place[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return copied


GONE = object()


def changes() -> Iterator[tuple[str, tuple[Any, ...], object]]:
    """Name, place and another value of everything that a reproduction must come to."""
    yield from ((key, (key,), "other") for key in NAMED)
    yield from ((f"subject {key}", ("subject", key), "other") for key in SUBJECT)
    yield "digest of one layer", ("subject", "layer_sha256", "1"), "f" * 64
    yield "a fault", ("errors",), [{"cell": None, "outcome": "ERROR", "message": "a defect"}]
    for part in ("gates", "after_kill"):
        for index, gate in enumerate(DOCUMENT[part]):
            yield from gate_changes((part, index), gate)
    for part, keys in (("controls", ("obtained", "sound")), ("traps", ("sound",))):
        for index in range(len(DOCUMENT[part])):
            yield f"{part} {index} taken out", (part, index), GONE
            yield from ((f"{part} {index} {key}", (part, index, key), None) for key in keys)


def gate_changes(place: tuple[Any, ...], gate: Document) -> Iterator[tuple[str, tuple[Any, ...], object]]:
    name, tolerance = f"{gate['claim']}@{gate['checkpoint']}", RUNG.tolerances[gate["metric"]]
    yield f"{name} taken out", place, GONE
    yield from ((f"{name} {key}", (*place, key), "other") for key in ("status", "metric"))
    yield from ((f"{name} {key}", (*place, key), gate[key] + 1) for key in ("threshold", "n"))
    for way, sign in (("below", -1), ("above", 1)):
        for row, at, of in (
            (gate, place, name),
            *((o, (*place, "sensitivity", i), o["metric"]) for i, o in enumerate(gate["sensitivity"])),
        ):
            yield f"{of} observed {way} its reach", (*at, "observed"), row["reach"][sign > 0] + sign * 1e-9
        yield f"{name} median {way}", (*place, "median"), gate["median"] + sign * (tolerance + 1e-9)
        if gate["tau"] is not None:
            yield f"{name} τ {way}", (*place, "tau", "tau"), gate["tau"]["tau"] + sign * (tolerance + 1e-9)
    yield from ((f"{name} {key} absent", (*place, key), None) for key in ("observed", "median"))
    if gate["tau"] is not None:
        yield f"{name} τ absent", (*place, "tau"), None


CHANGES = {name: (place, value) for name, place, value in changes()}


@pytest.mark.parametrize("name", CHANGES)
def test_any_registered_thing_that_changed_is_named(name: str) -> None:
    place, value = CHANGES[name]
    assert list(differences(changed(place, value), DOCUMENT, RUNG.tolerances))


def test_every_kind_of_thing_is_changed() -> None:
    """Else the test above tests little."""
    assert [gate["claim"] for gate in (*DOCUMENT["gates"], *DOCUMENT["after_kill"])] == [
        "narrow_d", "beta_lift", "one_bit_nll", "narrow_d", "beta_lift", "one_bit_nll",
    ]  # fmt: skip
    assert {"τ", "lift_squared", "controls", "traps", "subject"} <= {word for name in CHANGES for word in name.split()}


@pytest.mark.parametrize("by", [-1.0, 1.0])
def test_what_lies_within_its_tolerance_is_reproduced(by: float) -> None:
    """Every number of every gate at once, as far as it may go."""
    moved = copy.deepcopy(DOCUMENT)
    for gate in (*moved["gates"], *moved["after_kill"]):
        gate["median"] += by * RUNG.tolerances[gate["metric"]]
        for row in (gate, *gate["sensitivity"]):
            row["observed"] = row["reach"][by > 0]
        if gate["tau"] is not None:
            gate["tau"]["tau"] += by * RUNG.tolerances["lift"]
    assert list(differences(moved, DOCUMENT, RUNG.tolerances)) == []
