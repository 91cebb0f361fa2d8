"""Does a second verdict say the same as the first? From two `decision.json` alone: no weights, no torch.

The same means: verdict, trigger, rule, every gate up to the kill, and every control and trap come out alike, nothing of
the suite failed, and what the gates observed lies within reach of the registered tolerances, under the registered
metric and under every other; so do the gates after the kill that the first one measured. Digests of tensors must agree.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.decision_form import faults
from reports.document import CORE_KEYS, SCHEMA, core_sha256_of
from reports.errors import BadInput, Tampered
from reports.files import read_regular

FIGURES = 16  # width of a column of figures
EPSILON = 1e-12  # rounding of a reach that was computed on another machine [-]


@dataclass(frozen=True)
class Difference:
    what: str
    obtained: object
    expected: object
    allowed: tuple[float, float] | None = None

    def line(self) -> str:
        within = "" if self.allowed is None else f" ({self.allowed[0]:g} to {self.allowed[1]:g} allowed)"
        return f"{self.what}: obtained {self.obtained}, expected {self.expected}{within}"


def read_decision(path: Path) -> dict[str, Any]:
    """A decision document whose core digest holds. `BadInput` where it is none, `Tampered` where it was edited."""
    try:
        document = json.loads(read_regular(path))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a decision.json") from None
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: not JSON, expected a decision.json") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not set(CORE_KEYS) <= document.keys():
        raise BadInput(f"{path}: not a decision.json of schema {SCHEMA}; name another, or write it anew")
    try:
        sound = core_sha256_of(document) == document.get("core_sha256")
    except BadInput:  # holds what canonical JSON cannot say: no digest was ever made of it
        sound = False
    if not sound:
        raise Tampered(f"{path}: edited by hand, its core_sha256 does not hold; restore it, or run the study again")
    wrong = next(faults(document), None)
    if wrong is not None:
        raise BadInput(
            f"{path}: {ascii(wrong)[1:-1]} is missing or of another type than a decision.json has; restore it"
        )
    return document


def differences(
    obtained: Mapping[str, Any], expected: Mapping[str, Any], tolerances: Mapping[str, float]
) -> Iterator[Difference]:
    """Everything in which `obtained` does not reproduce `expected`; nothing if it does.

    `tolerances`: metric -> how far a median or τ may lie [-]; how far what a rule compares may lie, the gate's own
    reach says.
    """
    for key in ("rung", "design", "round", "rule_sha256", "verdict", "trigger"):
        if obtained[key] != expected[key]:
            yield Difference(key, obtained[key], expected[key])
    for key in ("name", "exploratory", "layers", "layer_sha256", "model_sha256"):
        if obtained["subject"][key] != expected["subject"][key]:
            yield Difference(f"subject {key}", obtained["subject"][key], expected["subject"][key])
    yield from _controls(obtained, expected)
    yield from _traps(obtained, expected)
    theirs = {gate_name(gate): gate for gate in expected["gates"]}
    ours = {gate_name(gate): gate for gate in obtained["gates"]}
    if theirs.keys() != ours.keys():
        yield Difference("gates", sorted(ours), sorted(theirs))
    for name in sorted(theirs.keys() & ours.keys()):
        yield from _gate(name, ours[name], theirs[name], tolerances)
    later = {gate_name(gate): gate for gate in obtained["after_kill"]}
    for gate in expected["after_kill"]:
        name = f"{gate_name(gate)} (after the kill)"
        if gate["status"] != "NOT_RUN" and gate_name(gate) not in later:
            yield Difference(name, "nothing", gate["status"])
        elif gate["status"] != "NOT_RUN":
            yield from _gate(name, later[gate_name(gate)], gate, tolerances)
    for error in obtained["errors"]:
        yield Difference(f"{error['cell'] or 'the suite'}", f"{error['outcome']}: {error['message']}", "no fault")


def _controls(obtained: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Difference]:
    ours, theirs = (
        {row["name"]: (row["obtained"], row["sound"]) for row in side["controls"]} for side in (obtained, expected)
    )
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield Difference(f"control {name} (outcome, sound)", ours.get(name), theirs.get(name))


def _traps(obtained: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[Difference]:
    ours, theirs = (
        {(row["name"], row["layer"]): row["sound"] for row in side["traps"]} for side in (obtained, expected)
    )
    for name, layer in sorted(ours.keys() | theirs.keys()):
        if ours.get((name, layer)) != theirs.get((name, layer)):
            what = f"trap {name} at layer {layer} (sound)"
            yield Difference(what, ours.get((name, layer)), theirs.get((name, layer)))


def _gate(
    name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], tolerances: Mapping[str, float]
) -> Iterator[Difference]:
    for key in ("status", "metric", "threshold", "n"):
        if ours[key] != theirs[key]:
            yield Difference(f"{name} {key}", ours[key], theirs[key])
    within = tolerances.get(theirs["metric"], 0.0)
    yield from _value(f"{name} observed", ours["observed"], theirs["observed"], theirs["reach"])
    yield from _value(f"{name} median", ours["median"], theirs["median"], _around(theirs["median"], within))
    best, known = (None if side["tau"] is None else side["tau"]["tau"] for side in (ours, theirs))
    yield from _value(f"{name} τ", best, known, _around(known, within))
    others = {row["metric"]: row for row in ours["sensitivity"]}
    for row in theirs["sensitivity"]:
        other = others.get(row["metric"], {"observed": None})
        yield from _value(f"{name} under {row['metric']}", other["observed"], row["observed"], row["reach"])


def _value(what: str, obtained: object, expected: object, reach: object) -> Iterator[Difference]:
    """`obtained` must lie within `reach`, or be as absent as `expected`."""
    if not isinstance(obtained, float | int) or not isinstance(expected, float | int) or not isinstance(reach, list):
        if obtained != expected:
            yield Difference(what, obtained, expected)
        return
    low, high = min(*reach, expected), max(*reach, expected)
    if not low - EPSILON <= obtained <= high + EPSILON:
        yield Difference(what, obtained, expected, (low, high))


def _around(value: object, within: float) -> list[float] | None:
    return [value - within, value + within] if isinstance(value, float | int) else None


def difference_table(found: Sequence[Difference], columns: int = 80) -> list[str]:
    """Rows of what, obtained, expected and allowed; what does not fit its row goes on below it."""
    if not found:
        return []
    rows = [("", "obtained", "expected", "allowed"), *(_cells(difference) for difference in found)]
    first, lines = columns - 3 * FIGURES, []
    for what, *figures in rows:
        if len(what) < first and all(len(figure) < FIGURES for figure in figures[:2]) and len(figures[2]) <= FIGURES:
            lines.append(f"{what:<{first}}{figures[0]:<{FIGURES}}{figures[1]:<{FIGURES}}{figures[2]}".rstrip())
            continue
        text = f"obtained {figures[0]}, expected {figures[1]}" + (f", allowed {figures[2]}" if figures[2] else "")
        lines += [what, *textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="  ")]
    return lines


def _cells(difference: Difference) -> tuple[str, str, str, str]:
    allowed = difference.allowed
    within = "" if allowed is None else f"{allowed[0]:.4g} to {allowed[1]:.4g}"
    return difference.what, _figure(difference.obtained), _figure(difference.expected), within


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def outcome_line(expected: Mapping[str, Any], *, reproduced: bool) -> str:
    """Whether the verdict was reproduced, and which it is."""
    verdict = f"{expected['verdict']}, {expected['trigger']}" if expected["trigger"] else expected["verdict"]
    outcome = "reproduced" if reproduced else "NOT REPRODUCED"
    return f"{outcome}: {expected['rung']}, design {expected['design']}: {verdict}"


def gate_name(gate: Mapping[str, Any]) -> str:
    return f"{gate['claim']}@{gate['checkpoint']}-layer"
