"""Does a second verdict say the same as the first? From two `decision.json` alone: no weights, no torch.

The same means: verdict, trigger, rule, every gate up to the kill, and every control and trap come out alike, and what
the gates observed agrees within the registered tolerances; so do gates after the kill, where both sides measured them.
Digests of tensors must agree where both name a layer.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.document import CORE_KEYS, SCHEMA, core_sha256_of
from reports.errors import BadInput, Tampered


@dataclass(frozen=True)
class Difference:
    what: str
    obtained: object
    expected: object
    tolerance: float | None = None

    def line(self) -> str:
        within = "" if self.tolerance is None else f" ± {self.tolerance:g}"
        return f"{self.what}: obtained {self.obtained}, expected {self.expected}{within}"


def read_decision(path: Path) -> dict[str, Any]:
    """A decision document whose core digest holds. `BadInput` where it is none, `Tampered` where it was edited."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a decision.json") from None
    except ValueError:
        raise BadInput(f"{path}: not JSON, expected a decision.json") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not set(CORE_KEYS) <= document.keys():
        raise BadInput(f"{path}: not a decision.json of schema {SCHEMA}; name another, or write it anew")
    if core_sha256_of(document) != document.get("core_sha256"):
        raise Tampered(f"{path}: edited by hand, its core_sha256 does not hold; restore it, or run the study again")
    return document


def differences(
    obtained: Mapping[str, Any], expected: Mapping[str, Any], tolerances: Mapping[str, float]
) -> Iterator[Difference]:
    """Everything in which `obtained` does not reproduce `expected`; nothing if it does."""
    for key in ("rung", "design", "round", "rule_sha256", "verdict", "trigger"):
        if obtained[key] != expected[key]:
            yield Difference(key, obtained[key], expected[key])
    for key in ("name", "exploratory", "layers", "layer_sha256", "model_sha256"):
        if obtained["subject"][key] != expected["subject"][key]:
            yield Difference(f"subject {key}", obtained["subject"][key], expected["subject"][key])
    yield from _controls(obtained, expected)
    yield from _traps(obtained, expected)
    theirs = {_gate_name(gate): gate for gate in expected["gates"]}
    ours = {_gate_name(gate): gate for gate in obtained["gates"]}
    if theirs.keys() != ours.keys():
        yield Difference("gates", sorted(ours), sorted(theirs))
    for name in sorted(theirs.keys() & ours.keys()):
        yield from _gate(name, ours[name], theirs[name], tolerances)
    later = [{_gate_name(gate): gate for gate in side["after_kill"]} for side in (obtained, expected)]
    for name in sorted(later[0].keys() & later[1].keys()):  # what both measured after the kill; with -x neither does
        if "NOT_RUN" not in (later[0][name]["status"], later[1][name]["status"]):
            yield from _gate(f"{name} (after the kill)", later[0][name], later[1][name], tolerances)


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
    for key in ("status", "metric", "threshold", "n", "verdict_depends_on_metric"):
        if ours[key] != theirs[key]:
            yield Difference(f"{name} {key}", ours[key], theirs[key])
    tolerance = tolerances.get(theirs["metric"], 0.0)
    for key in ("observed", "median"):
        if (ours[key] is None) != (theirs[key] is None):
            yield Difference(f"{name} {key}", ours[key], theirs[key])
        elif ours[key] is not None and abs(ours[key] - theirs[key]) > tolerance:
            yield Difference(f"{name} {key}", ours[key], theirs[key], tolerance)


def _gate_name(gate: Mapping[str, Any]) -> str:
    return f"{gate['claim']}@{gate['checkpoint']}-layer"
