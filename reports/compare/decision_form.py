"""The form of a decision document, as far as comparison and scoreboard read it; its digest says nothing of that."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

LONGEST = 8192  # characters of a text that a run recorded: a path has at most 4096, and a message may name two
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
PROSE = ("generation",)  # texts of prompts and models, in as many lines as they have: shown quoted, never on a terminal

Form = Callable[[object], bool]


def text(value: object) -> bool:
    return isinstance(value, str)


def number(value: object) -> bool:
    """JSON has neither NaN nor infinities, but Python's parser reads both, and 1e999 as one of them."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def count(value: object) -> bool:
    return type(value) is int


def truth(value: object) -> bool:
    return isinstance(value, bool)


def table(value: object) -> bool:
    return isinstance(value, dict)


def pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(number, value))  # noqa: PLR2004 - low and high


def names(value: object) -> bool:
    return isinstance(value, list) and all(map(text, value))


def absent(value: object) -> bool:
    return value is None


def either(*forms: Form) -> Form:
    return lambda value: any(form(value) for form in forms)


def recorded(value: object, levels: int = 3) -> bool:
    """What a run may have recorded of itself: short text and numbers, in tables or lists a few levels deep."""
    match value:
        case dict() | list() if levels > 0:
            inner = value.values() if isinstance(value, dict) else value
            return all(len(str(key)) <= LONGEST for key in value) and all(recorded(one, levels - 1) for one in inner)
        case str():
            return len(value) <= LONGEST
    return value is None or isinstance(value, bool) or number(value)


def environment(value: object) -> bool:
    """A table of what was recorded; when a run ended is a time, of which a page shows the day."""
    if not isinstance(value, dict) or not recorded(value):
        return False
    return all(TIME.fullmatch(str(value[name])) for name in ("started", "ended") if name in value)


CORE: Mapping[str, Form] = {
    "rung": text,
    "design": count,
    "round": count,
    "draft": truth,
    "rule_sha256": text,
    "verdict": text,
    "trigger": either(text, absent),
    "missing": names,
    "not_measured": names,
    "deviations": names,
    "seal": table,
    "environment": environment,
}
SUBJECT: Mapping[str, Form] = {
    "name": text,
    "exploratory": truth,
    "layers": count,
    "layer_sha256": table,
    "model_sha256": either(text, absent),
}
COMPARED: Mapping[str, Form] = {
    "metric": text,
    "observed": either(number, absent),
    "reach": either(pair, absent),
    "borderline": truth,
}
OTHER: Mapping[str, Form] = {**COMPARED, "met": truth}
GATE: Mapping[str, Form] = {
    **COMPARED,
    "claim": text,
    "checkpoint": count,
    "status": text,
    "rule": text,
    "interval": either(pair, absent),
    "verdict_depends_on_metric": truth,
    "threshold": either(number, absent),
    "n": count,
    "certified_count": either(count, absent),
    "median": either(number, absent),
    "tau": either(absent, lambda value: isinstance(value, dict) and either(number, absent)(value.get("tau", ""))),
}
ROWS: Mapping[str, Mapping[str, Form]] = {
    "gates": GATE,
    "after_kill": GATE,
    "controls": {
        "name": text,
        "claim": text,
        "expected": text,
        "obtained": text,
        "sound": either(truth, absent),
        "borderline": truth,
    },
    "traps": {"name": text, "claim": text, "layer": count, "sound": either(truth, absent), "borderline": truth},
    "errors": {"cell": either(text, absent), "outcome": text, "message": text},
}


def faults(document: Mapping[str, Any]) -> Iterator[str]:
    """The dotted key of everything in `document` that could not be read, or not be shown on one line."""
    yield from _entries("", document, CORE)
    yield from _entries("subject.", document.get("subject"), SUBJECT)
    for key, forms in ROWS.items():
        for at, row in _rows(key, document.get(key)):
            yield from _entries(f"{at}.", row, forms)
            if forms is GATE and isinstance(row, dict):
                for below, other in _rows(f"{at}.sensitivity", row.get("sensitivity")):
                    yield from _entries(f"{below}.", other, OTHER)
    for key, value in document.items():
        if key not in PROSE:
            yield from unshowable(key, value)


def recorded_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """The same of what only the run itself knew, in a document of any schema."""
    kept = {key: document.get(key) for key in ("environment", "errors")}
    yield from _entries("", kept, {"environment": environment})
    for at, row in _rows("errors", kept["errors"]):
        yield from _entries(f"{at}.", row, ROWS["errors"])
    for key, value in kept.items():
        yield from unshowable(key, value)


def unshowable(at: str, value: object) -> Iterator[str]:
    """The dotted key of every text in `value` that is more than one printable line, or whose key is."""
    if isinstance(value, str) and not value.isprintable():
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        if not str(key).isprintable():
            yield at
        yield from unshowable(f"{at}.{key}" if isinstance(value, dict) else f"{at}[{key}]", one)


def _entries(at: str, value: object, forms: Mapping[str, Form]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at.rstrip(".")
        return
    yield from (f"{at}{key}" for key, form in forms.items() if key not in value or not form(value[key]))


def _rows(at: str, value: object) -> Iterator[tuple[str, object]]:
    """Each row with its place; one that no row can be where `value` is no list."""
    yield from ((f"{at}[{i}]", row) for i, row in enumerate(value)) if isinstance(value, list) else [(at, None)]
