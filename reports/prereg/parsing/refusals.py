"""One line for a fault: the dotted key, what was obtained, what is allowed, and what was perhaps meant."""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, NoReturn, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from reports.base.errors import BadInput
from reports.prereg.allowed_values import LARGEST_INTEGER
from reports.prereg.rules import RULES

SET_BY_US = ("canonical_sha256", "exploratory")  # fields that are not keys of a file
FIRST = ("unexpected_keyword_argument", "missing")  # a misspelt key is both


def refuse(key: str, obtained: object, allowed: str) -> NoReturn:
    raise BadInput(f"{key}: obtained {shown(obtained)}, expected {allowed}")


def require_keys(
    values: Mapping[str, object], required: Iterable[str], optional: Iterable[str], path: str = ""
) -> None:
    """Refuses unknown and missing keys of the table at `path`."""
    required = tuple(required)
    known = (*required, *optional)
    for key in values:
        if key not in known:
            raise BadInput(_unknown(f"{path}{shown_key(key)}", key, known))
    for key in required:
        if key not in values:
            raise BadInput(_missing(f"{path}{key}"))


def keys_of(*tables: type) -> tuple[list[str], list[str]]:
    """The required and the optional keys of a table that is read as all of these types."""
    fields = [field for table in tables for field in dataclasses.fields(table) if field.name not in SET_BY_US]
    required = [field.name for field in fields if field.default is field.default_factory is dataclasses.MISSING]
    return required, [field.name for field in fields if field.name not in required]


def first_fault(error: ValidationError, kind: object, path: str) -> str:
    """Of what pydantic found in values for `kind` at `path`: unknown keys, then missing ones, then as they are."""
    faults = error.errors(include_url=False)
    fault = min(faults, key=lambda fault: FIRST.index(fault["type"]) if fault["type"] in FIRST else len(FIRST))
    key, inner, context = dotted(path, fault["loc"]), fault["input"], fault.get("ctx", {})
    match fault["type"]:
        case "unexpected_keyword_argument":
            required, optional = keys_of(*_tables(kind, fault["loc"][:-1]))
            return _unknown(key, str(fault["loc"][-1]), (*required, *optional))
        case "missing":
            return _missing(key)
        case "tuple_type":
            allowed = "an array"
        case "dataclass_type" | "dict_type":
            allowed = f"a table, written [{key}]"
        case "bool_type":
            allowed = "true or false"
        case "literal_error" | "union_tag_invalid":
            inner = inner["rule"] if fault["type"] == "union_tag_invalid" else inner
            names = re.findall("'([^']*)'", context["expected" if "expected" in context else "expected_tags"])
            allowed = f"one of {', '.join(names)}{closest(inner, names) if isinstance(inner, str) else ''}"
        case _:
            allowed, inner = fault["msg"], context.get("obtained", inner)
    return f"{key}: obtained {shown(inner)}, expected {allowed}"


def dotted(path: str, parts: Sequence[int | str]) -> str:
    """`claims[0].below`: the rule of a claim is not a table of a file, but keys beside its own."""
    found = path
    for i, part in enumerate(parts):
        if isinstance(part, int):
            found += f"[{part}]"
        elif part != "[key]" and not (part == "rule" and parts[i + 1 :]) and not (i and parts[i - 1] == "rule"):
            found += f".{shown_key(part)}" if found else shown_key(part)
    return found


def _tables(kind: object, parts: Sequence[int | str]) -> tuple[type, ...]:
    """The type of the table at `parts` under `kind`, and that of its rule where it has one."""
    found = _table(kind)
    for part in parts:
        if part in RULES:
            return found, RULES[str(part)]
        if isinstance(part, str) and part != "rule":
            found = _table(get_type_hints(found)[part])
    return (found,)


def _table(kind: object) -> type:
    """The dataclass of a field that holds one, many or perhaps none."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return next(one for one in (kind, *get_args(kind)) if isinstance(one, type) and dataclasses.is_dataclass(one))


def _unknown(path: str, key: str, known: Sequence[str]) -> str:
    return f"{path}: unknown key, expected one of {', '.join(known)}{closest(key, known)}"


def _missing(path: str) -> str:
    return f"{path}: missing, expected one of the required keys; add it"


def shown(value: object, limit: int = 80) -> str:
    """`value` on one printable line; tables and arrays are named, not spelled out, and booleans are called so."""
    if isinstance(value, str):
        text = ascii(value)
        return f"the text {text}" if len(text) <= limit else f"the text {text[:limit]}…"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return "an integer beyond 2^53"  # Python itself refuses to print very long ones
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    return f"a {type(value).__name__}"


def shown_key(key: str, limit: int = 80) -> str:
    """`key` as TOML would spell it, on one printable line."""
    text = key if re.fullmatch("[A-Za-z0-9_-]+", key, re.ASCII) else ascii(key)
    return text if len(text) <= limit else f"{text[:limit]}…"


def closest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something known is close, else nothing."""
    near = difflib.get_close_matches(name[:100], list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
