"""Strict reading of one TOML table: every value has the one type it was registered with, or `BadInput` says where not.

A message names the file, the dotted key, what was obtained and what is allowed. Booleans are no integers; integers may
stand for floats; NaN and infinities are never numbers.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NoReturn

from reports.base.errors import BadInput

LARGEST_INTEGER = 2**53 - 1  # beyond it JSON numbers are no longer exact (RFC 8785, appendix D)
LARGEST_NUMBER = 1e15  # far above any threshold or level; integers stay exact as floats below it
LONGEST_TEXT = 10_000


@dataclass(frozen=True)
class Table:
    """`values` of the table at `path` (dotted, empty for the file itself) of the file `where`."""

    where: str
    path: str
    values: Mapping[str, object]

    def key(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def refuse(self, key: str, obtained: object, allowed: str) -> NoReturn:
        raise BadInput(f"{self.where}: {self.key(key)}: obtained {shown(obtained)}, expected {allowed}")

    def only(self, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Refuses unknown and missing keys; an unknown one is answered with the closest known one."""
        required = tuple(required)
        known = (*required, *optional)
        for key in self.values:
            if key not in known:
                hint = closest(key, known)
                raise BadInput(
                    f"{self.where}: {self.key(shown_key(key))}: unknown key, expected one of {', '.join(known)}{hint}"
                )
        for key in required:
            if key not in self.values:
                raise BadInput(f"{self.where}: {self.key(key)}: missing, expected one of the required keys; add it")

    def has(self, key: str) -> bool:
        return key in self.values

    def boolean(self, key: str) -> bool:
        value = self.values[key]
        if not isinstance(value, bool):
            self.refuse(key, value, "true or false")
        return value

    def integer(self, key: str, low: int, high: int = LARGEST_INTEGER) -> int:
        return self._integer(key, self.values[key], low, high)

    def integers(self, key: str, low: int, high: int = LARGEST_INTEGER) -> tuple[int, ...]:
        return tuple(self._integer(f"{key}[{i}]", value, low, high) for i, value in enumerate(self._array(key)))

    def numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        entries = {f"{key}[{i}]": value for i, value in enumerate(self._array(key))}
        return tuple(Table(self.where, self.path, entries).number(entry, low, high) for entry in entries)

    def number(self, key: str, low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> float:
        value = self.values[key]
        span = f"a number from {low:g} to {high:g}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, value, span)
        if not low <= value <= high:  # also NaN, which compares false with everything
            self.refuse(key, value, span)
        return float(value)

    def share(self, key: str) -> float:
        return self.number(key, 0.0, 1.0)

    def text(self, key: str, *, lines: bool = False) -> str:
        """Text that is not blank; on one line and printable unless `lines` are allowed."""
        value = self.values[key]
        allowed = f"text of 1 to {LONGEST_TEXT} characters" + ("" if lines else " on one line")
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
            self.refuse(key, value, allowed)
        breaks = "\n\t" if lines else ""
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in value if letter not in breaks):
            self.refuse(key, value, f"{allowed}, without control characters")
        return value

    def matching(self, key: str, pattern: str, allowed: str) -> str:
        value = self.values[key]
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.ASCII) is None:
            self.refuse(key, value, allowed)
        return value

    def identifier(self, key: str) -> str:
        return self.matching(key, r"[a-z][a-z0-9_]{0,63}", "a name of a-z, 0-9 and _ that starts with a letter")

    def digest(self, key: str) -> str:
        return self.matching(key, "[0-9a-f]{64}", "64 lowercase hexadecimal digits (a SHA-256)")

    def digests(self, key: str) -> tuple[str, ...]:
        entries = {f"{key}[{i}]": value for i, value in enumerate(self._array(key))}
        return tuple(Table(self.where, self.path, entries).digest(entry) for entry in entries)

    def choice(self, key: str, allowed: Iterable[str]) -> str:
        return self._choice(key, self.values[key], tuple(allowed))

    def choices(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """Different ones of `allowed`, in the order in which they stand."""
        known = tuple(allowed)
        found = tuple(self._choice(f"{key}[{i}]", value, known) for i, value in enumerate(self._array(key)))
        if len(set(found)) != len(found):
            self.refuse(key, next(name for name in found if found.count(name) > 1), "every name once")
        return found

    def repository_path(self, key: str) -> str:
        """A relative POSIX path that stays inside the repository: no `..`, no root. The disk is not looked at."""
        value = self.values[key]
        allowed = "a relative path inside the repository, of A-Z a-z 0-9 . _ - and /, without '..'"
        if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9._/-]{1,255}", value, re.ASCII) is None:
            self.refuse(key, value, allowed)
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or str(path) != value or value == ".":
            self.refuse(key, value, f"{allowed}, in its shortest spelling")
        return value

    def table(self, key: str) -> "Table":
        value = self.values[key]
        if not isinstance(value, dict):
            self.refuse(key, value, f"a table, written [{self.key(key)}]")
        return Table(self.where, self.key(key), value)

    def tables(self, key: str) -> tuple["Table", ...]:
        entries = Table(self.where, self.path, {f"{key}[{i}]": value for i, value in enumerate(self._array(key))})
        return tuple(entries.table(entry) for entry in entries.values)

    def _array(self, key: str) -> list[object]:
        value = self.values[key]
        if not isinstance(value, list):
            self.refuse(key, value, "an array")
        return value

    def _integer(self, key: str, value: object, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(key, value, f"an integer from {low} to {high}")
        return value

    def _choice(self, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if not isinstance(value, str) or value not in allowed:
            hint = closest(value, allowed) if isinstance(value, str) else ""
            self.refuse(key, value, f"one of {', '.join(allowed)}{hint}")
        return value


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
