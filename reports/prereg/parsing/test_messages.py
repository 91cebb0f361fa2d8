"""What the reader says of a damaged rule: hundreds of systematic damages, and their messages as they were agreed on."""

import copy
import datetime
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.base.errors import BadInput
from reports.prereg.parsing.test_parse import TEXTS, every_key, parse, with_value, without

GOLDEN = Path(__file__).with_name("messages.txt")
WRONG: dict[str, object] = {
    "true": True,
    "word": "x",
    "no text": "",
    "two lines": "a\nb",
    "path upwards": "../x",
    "-1": -1,
    "0": 0,
    "1": 1,
    "3": 3,
    "0.5": 0.5,
    "1.5": 1.5,
    "2^60": 2**60,
    "1e300": 1e300,
    "nan": float("nan"),
    "inf": float("inf"),
    "date": datetime.date(2026, 11, 28),
    "empty array": [],
    "empty table": {},
    "mixed array": ["x", 3],
    "array of tables": [{}],
}  # fmt: skip


def at(values: dict[str, Any], path: str) -> Any:
    inner: Any = values
    for key in path.split(".") if path else ():
        inner = inner[int(key) if key.isdigit() else key]
    return inner


def renamed(path: str, values: dict[str, Any]) -> dict[str, Any]:
    """The key misspelt, its last letter doubled, in its place."""
    values = copy.deepcopy(values)
    parent, _, last = path.rpartition(".")
    table = at(values, parent)
    items = [(key + key[-1] if key == last else key, value) for key, value in table.items()]
    table.clear()
    table.update(items)
    return values


def label(values: dict[str, Any], path: str) -> str:
    """The path with each table of an array named by what decides its keys: equal labels have equal faults."""
    words, inner = [], values
    for key in path.split("."):
        inner = inner[int(key) if key.isdigit() else key]  # type: ignore[index]  # of lists too
        if not key.isdigit():
            words.append(key)
        elif isinstance(inner, dict):
            kind = f"{inner['generator']} {inner['claim']}" if "generator" in inner else inner.get("rule", "")
            words.append(f"[{kind}]")
        else:
            words.append("[i]")
    found = ".".join(words).replace(".[", "[")
    if found.startswith(("tolerances.", "subject.config.values.")):
        return f"{found.rpartition('.')[0]}.{type(inner).__name__}"
    return found


def damages(values: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kind of damage and the damaged values, for one key or one entry of an array."""
    value = at(values, path)
    for name, wrong in WRONG.items():
        yield name, with_value(path, wrong, values)
    if not path.rpartition(".")[2].isdigit():
        yield "removed", without(path, values)
        yield "misspelt key", renamed(path, values)
    if isinstance(value, str):
        yield "misspelt text", with_value(path, value + value[-1], values)
    if isinstance(value, list):
        yield "reversed", with_value(path, value[::-1], values)
        yield "twice", with_value(path, value * 2, values)
        yield "shorter", with_value(path, value[:-1], values)
    if isinstance(value, dict):
        yield "unknown key", with_value(f"{path}.a new key", 1, values)


def said(values: dict[str, Any]) -> str:
    """The one line without the name of the file, or nothing where the rule is read."""
    try:
        parse(values)
    except BadInput as error:
        return str(error).removeprefix("rule.toml: ")
    return ""


def told() -> str:
    """Every message: what is expected with the keys that it is said of, what was obtained, and what was meant.

    Each is listed once, or the file would be a hundred times as long.
    """
    expected: dict[str, set[str]] = {}
    obtained: dict[str, set[str]] = {}
    meant: set[str] = set()
    seen: set[str] = set()
    for text in TEXTS.values():
        values = tomllib.loads(text)
        for path in every_key(values):
            name = label(values, path)
            if name in seen:
                continue
            seen.add(name)
            for kind, damaged in damages(values, path):
                line, _, hint = said(damaged).partition("; did you mean ")
                key, _, rest = re.sub(r"\[\d+\]", "[i]", line).partition(": ")
                fault, _, allowed = rest.rpartition("expected ")
                expected.setdefault(allowed, set()).add(key)
                obtained.setdefault(kind, set()).add(fault)
                if hint:
                    meant.add(f"{key}: {hint}")
    lines = ["Expected, and of which keys that is said:"]
    for allowed, keys in sorted(expected.items()):
        lines += ["", allowed or "nothing: the rule is read", *(f"    {key}" for key in sorted(keys))]
    lines += ["", "Obtained, by damage:", ""]
    lines += [f"{kind}: {fault}" for kind, faults in obtained.items() for fault in sorted(faults)]
    lines += ["", "Meant:", "", *sorted(meant)]
    return "\n".join(lines) + "\n"


def test_messages_are_those_that_were_agreed_on() -> None:
    """To change one on purpose: run this file, and say in the commit which changed and why."""
    assert told().splitlines() == GOLDEN.read_text("utf8").splitlines()


if __name__ == "__main__":
    GOLDEN.write_text(told(), "utf8")
