"""JSON that others wrote, parsed so that nothing in it is ambiguous: no duplicate keys, no NaN, no surprises.

Python's own parser takes the last of two equal keys, `NaN`, and `1e999` as infinity, so that a reader of the text sees
one thing and the judge another. Checkpoints, published verdicts, seals and ledgers are all read through this.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import NoReturn

from reports.base.errors import BadInput

DEEPEST = 64  # levels; a configuration has five, and no reader here may run out of stack
EXACT = 1 << 53  # integers below it are the same in every reader of JSON, whatever it counts in


def parse_object(
    raw: bytes, where: str, remedy: str = "re-download it", integer: Callable[[str], object] = int
) -> dict[str, object]:
    """The JSON object in `raw`, without duplicate keys, NaN or Infinity; `integer` reads each number without fraction.

    `where` begins and `remedy` ends the message of the `BadInput` that anything else raises.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=integer,
        )
        if _deeper(value, DEEPEST):
            raise RecursionError
    except RecursionError:
        raise BadInput(f"{where}: JSON nested too deeply, expected at most {DEEPEST} levels; {remedy}") from None
    except ValueError as error:  # bad UTF-8, bad syntax, a number beyond Python's limit, or one of the hooks
        raise BadInput(f"{where}: not valid JSON ({_one_line(error)}); {remedy}") from None
    if not isinstance(value, dict):
        raise BadInput(f"{where}: found a JSON {type(value).__name__}, expected an object; {remedy}")
    return value


def exact_integer(text: str) -> int:
    """An integer that every reader of JSON reads alike. Raises `ValueError` for one of 2^53 and beyond."""
    number = int(text)
    if abs(number) >= EXACT:
        raise ValueError(f"{shown(text, 24)} is beyond 2^53, where readers of JSON no longer agree")
    return number


def shown(name: object, limit: int = 120) -> str:
    """`name` as it may be in a message: printable, on one line, at most about `limit` characters."""
    text = ascii(name)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _deeper(value: object, levels: int) -> bool:
    """Does `value` hold tables or lists in each other more than `levels` deep?"""
    inside = [value]
    for _ in range(levels):
        inside = [
            inner
            for outer in inside
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not inside:
            return False
    return True


def _one_line(error: ValueError) -> str:
    return shown(str(error))[1:-1]


def _without_duplicates(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {shown(twice)} stands twice")
    return found


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shown(text, 24)} is beyond every float64")
    return number
