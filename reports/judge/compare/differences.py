"""In what a second decision differs from a first: from the two documents alone, without weights or torch. Pure.

Both cores are walked side by side. A number must be within what `allowances.py` allows it, everything else must be
equal. What is within is then snapped: it takes the published value, and the snapped core must have the published
digest, so that nothing which is digested escapes comparison. The outcome must be equal as it is.

Gates after the kill that the first one measured are compared in the same way, and nothing of the suite may have failed.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.base.canonical import canonical_json, sha256_hex
from reports.judge.compare.allowances import ABSENT_IS_ZERO, Place, Range, Tolerances, ranges
from reports.judge.digests import CORE_KEYS, UNDIGESTED, core_of, outcome_sha256_of

TENTH_DIGIT = 1e-9  # two numbers, each rounded to ten significant digits: relative [-]
STATUSES = ("status", "obtained", "sound", "met")
NOTHING, THERE = "nothing", "there"
LONGEST = 64  # characters of a value in a line: a whole digest, the beginning of a table

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    what: str
    obtained: object
    expected: object
    allowed: Range | None = None
    borderline: bool = False  # a status whose number is within its tolerance of the threshold: it is not promised

    def line(self) -> str:
        within = "" if self.allowed is None else f" ({self.allowed[0]:g} to {self.allowed[1]:g} allowed)"
        within += " (borderline, not promised)" if self.borderline else ""
        return f"{self.what}: obtained {_told(self.obtained)}, expected {_told(self.expected)}{within}"


def _told(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


Found = Generator[Difference, None, Any]  # yields differences, returns the value with what agrees snapped


def gate_name(gate: Row) -> str:
    return f"{gate['claim']}@{gate['checkpoint']}-layer"


NAMES: Mapping[str, Callable[[Row], str]] = {
    "gates": gate_name,
    "controls": lambda row: f"control {row['name']}",
    "traps": lambda row: f"trap {row['name']} at layer {row['layer']}",
}


def differences(
    obtained: Mapping[str, Any], expected: Mapping[str, Any], tolerances: Tolerances
) -> Iterator[Difference]:
    """Everything in which `obtained` does not reproduce `expected`; nothing if it does.

    `tolerances`: metric -> how far a reproduced value may be [-], as registered.
    """
    guarded = {gate["claim"]: gate["metric"] for gate in (*expected["gates"], *expected["after_kill"])}
    snapped, named = {}, False
    for key in CORE_KEYS:
        walk = (
            _rows(key, obtained[key], expected[key], tolerances, guarded)
            if key in NAMES
            else _walked(key, obtained[key], expected[key], {})
        )
        snapped[key], found = _run(walk)
        yield from found
        named = named or bool(found)
    if not named and sha256_hex(canonical_json(core_of(snapped))) != expected["core_sha256"]:
        yield Difference("core_sha256, after what agrees was snapped", "another", expected["core_sha256"])
    if outcome_sha256_of(obtained) != expected["outcome_sha256"]:
        yield Difference("outcome_sha256", outcome_sha256_of(obtained), expected["outcome_sha256"])
    yield from _after_the_kill(obtained, expected, tolerances, guarded)
    for error in obtained["errors"]:
        yield Difference(f"{error['cell'] or 'the suite'}", f"{error['outcome']}: {error['message']}", "no fault")


def unpromised(document: Mapping[str, Any]) -> list[str]:
    """One line for each status of the core that another machine need not come to."""
    return [
        f"{name(row)} is borderline: within the registered tolerances it comes out otherwise, so that agreement is not "
        "promised"
        for part, name in NAMES.items()
        for row in document[part]
        if row.get("borderline") is True
    ]


def _run(walk: Found) -> tuple[Any, list[Difference]]:
    found: list[Difference] = []
    while True:
        try:
            found.append(next(walk))
        except StopIteration as done:
            return done.value, found


def _rows(part: str, ours: list[Row], theirs: list[Row], tolerances: Tolerances, guarded: Mapping[str, str]) -> Found:
    """Gates, controls or traps, by name; in the order of `ours`, so that another order is another digest."""
    name, snapped = NAMES[part], []
    known = {name(row): row for row in theirs}
    for row in ours:
        partner = known.get(name(row))
        if partner is None:
            yield Difference(name(row), THERE, NOTHING)
            snapped.append(row)
        else:
            allowed = ranges(part, partner, tolerances, guarded)
            snapped.append((yield from _walked(name(row), row, partner, allowed)))
    for absent in sorted(known.keys() - {name(row) for row in ours}):
        yield Difference(absent, NOTHING, THERE)
    return snapped


def _after_the_kill(
    obtained: Mapping[str, Any], expected: Mapping[str, Any], tolerances: Tolerances, guarded: Mapping[str, str]
) -> Iterator[Difference]:
    later = {gate_name(gate): gate for gate in obtained["after_kill"]}
    for gate in expected["after_kill"]:
        name = f"{gate_name(gate)} (after the kill)"
        if gate["status"] == "NOT_RUN":
            continue
        if gate_name(gate) in later:
            allowed = ranges("gates", gate, tolerances, guarded)
            yield from _run(_walked(name, later[gate_name(gate)], gate, allowed))[1]
        else:
            yield Difference(name, NOTHING, gate["status"])


def _walked(what: str, ours: object, theirs: object, allowed: Mapping[Place, Range], at: Place = ()) -> Found:
    """`ours` with every number that is allowed to differ from `theirs` replaced by it."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return (yield from _tables(what, ours, theirs, allowed, at))
    if isinstance(ours, list) and isinstance(theirs, list):
        names, others = ([_inner(what, i, row) for i, row in enumerate(side)] for side in (ours, theirs))
        if names == others:
            walked = []
            for index, (name, one, other) in enumerate(zip(names, ours, theirs, strict=True)):
                walked.append((yield from _walked(name, one, other, allowed, (*at, index))))
            return walked
    if at in allowed:
        mine = 0.0 if ours is None and at[-1] in ABSENT_IS_ZERO else ours
        low, high = allowed[at]
        slack = TENTH_DIGIT * max(abs(low), abs(high))
        if isinstance(mine, float | int) and (low - slack <= mine <= high + slack or mine == theirs):
            return theirs
        yield Difference(what, ours, theirs, allowed[at])
    elif ours != theirs:
        yield Difference(what, ours, theirs)
    return ours


def _tables(what: str, ours: Row, theirs: Row, allowed: Mapping[Place, Range], at: Place) -> Found:
    borderline, kept = any(side.get("borderline") is True for side in (ours, theirs)), {}
    statuses = (ours.get("status"), theirs.get("status"))
    if "NOT_RUN" in statuses and statuses[0] != statuses[1]:  # of what was not measured every field differs
        yield Difference(f"{what} status", *statuses)
        return ours
    for key in (*theirs, *(key for key in ours if key not in theirs)):
        name, mine, other = f"{what} {key}", ours.get(key, NOTHING), theirs.get(key, NOTHING)
        if key in UNDIGESTED:
            continue
        if key in STATUSES and mine != other:
            yield Difference(name, mine, other, borderline=borderline)
        elif key in ours and key in theirs:
            mine = yield from _walked(name, mine, other, allowed, (*at, key))
        else:
            yield Difference(name, mine, other)
        if key in ours:
            kept[key] = mine
    return kept


def _inner(what: str, index: int, row: object) -> str:
    """`what`, the place of a list, with a member of it: a layer, another metric, or a number."""
    if isinstance(row, dict):
        before = what.rpartition(" ")[0]
        if "layer" in row:
            return f"{before} layer {row['layer']}"
        if "metric" in row:
            return f"{before} under {row['metric']}"
    return f"{what}[{index}]"
