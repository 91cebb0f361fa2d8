"""What of a decision is promised, and where: the core on one machine, the outcome on every machine. Pure.

**core**: everything in `CORE_KEYS`, numbers at ten significant digits, without `UNDIGESTED`. With the same measurements
of one machine it is the same to the byte: with any number of workers, with `-x` or without, resumed or not.

**outcome**: what any machine must come to. Statuses of gates, controls and traps, verdict, trigger, rule, digests of
the weights, and how many matrices are below a bound where the certificate of every one that could tip over excludes a
tie. It holds nothing that a search or an argmax decides: no β, no lift, no inflation, no median, no interval.

A status is not promised where a number is within its registered tolerance of the threshold: that is `borderline`.
"""

from collections.abc import Mapping
from typing import Any

from reports.base.canonical import canonical_json, sha256_hex

CORE_KEYS = (
    "rung",
    "verdict",
    "round",
    "trigger",
    "design",
    "draft",
    "rule_sha256",
    "subject",
    "gates",
    "controls",
    "traps",
    "missing",
)
# Told in the core's rows and not digested, since each follows from what is: prose with numbers in it, and how near
# those numbers are to a threshold.
UNDIGESTED = ("reason", "attainable", "borderline")
GATE_OUTCOME = ("claim", "checkpoint", "status", "n", "certified_count")
CONTROL_OUTCOME = ("name", "claim", "expected", "obtained", "sound")
TRAP_OUTCOME = ("name", "claim", "layer", "sound")


def ten_digits(value: object) -> Any:
    """`value` with every float at ten significant digits and -0.0 as 0.0; integers as they are.

    The last digits of a float64 sum depend on the processor, the tenth does not, short of a rounding boundary.
    """
    match value:
        case float():
            return float(f"{value:.9e}") + 0.0
        case dict():
            return {key: ten_digits(inner) for key, inner in value.items()}
        case list() | tuple():
            return [ten_digits(inner) for inner in value]
    return value


def core_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a decision document that `core_sha256` digests."""
    return {key: _digested(document[key]) for key in CORE_KEYS}


def _digested(value: object) -> object:
    if isinstance(value, dict):
        return {key: _digested(inner) for key, inner in value.items() if key not in UNDIGESTED}
    return [_digested(inner) for inner in value] if isinstance(value, list) else value


def outcome_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a decision document that `outcome_sha256` digests."""
    rows = {"gates": GATE_OUTCOME, "controls": CONTROL_OUTCOME, "traps": TRAP_OUTCOME}
    kept = {part: [{key: row[key] for key in keys} for row in document[part]] for part, keys in rows.items()}
    return {key: kept.get(key, document[key]) for key in CORE_KEYS}


def core_sha256_of(document: Mapping[str, Any]) -> str:
    """Recomputes `core_sha256` from a decision document, so that one edited by hand is noticed."""
    return sha256_hex(canonical_json(core_of(document)))


def outcome_sha256_of(document: Mapping[str, Any]) -> str:
    return sha256_hex(canonical_json(outcome_of(document)))


def digests(document: Mapping[str, Any]) -> dict[str, str]:
    """Both, by the names that a decision document gives them."""
    return {"core_sha256": core_sha256_of(document), "outcome_sha256": outcome_sha256_of(document)}
