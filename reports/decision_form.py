"""The form of a decision document, as far as comparison and scoreboard read it; its digest says nothing of that."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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


def absent(value: object) -> bool:
    return value is None


def either(*forms: Form) -> Form:
    return lambda value: any(form(value) for form in forms)


CORE: Mapping[str, Form] = {
    "rung": text,
    "design": count,
    "round": count,
    "draft": truth,
    "rule_sha256": text,
    "verdict": text,
    "trigger": either(text, absent),
    "seal": table,
    "environment": table,
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
    """The dotted key of everything in `document` that could not be read."""
    yield from _entries("", document, CORE)
    yield from _entries("subject.", document.get("subject"), SUBJECT)
    for key, forms in ROWS.items():
        for at, row in _rows(key, document.get(key)):
            yield from _entries(f"{at}.", row, forms)
            if forms is GATE and isinstance(row, dict):
                for below, other in _rows(f"{at}.sensitivity", row.get("sensitivity")):
                    yield from _entries(f"{below}.", other, OTHER)


def _entries(at: str, value: object, forms: Mapping[str, Form]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at.rstrip(".")
        return
    yield from (f"{at}{key}" for key, form in forms.items() if key not in value or not form(value[key]))


def _rows(at: str, value: object) -> Iterator[tuple[str, object]]:
    """Each row with its place; one that no row can be where `value` is no list."""
    yield from ((f"{at}[{i}]", row) for i, row in enumerate(value)) if isinstance(value, list) else [(at, None)]
