"""What one value of a preregistration may be, checked where a file is read, and said in words when it is refused.

Every value is read strictly: booleans are not integers, integers may be given for floats, NaN and infinities are never
numbers. What is allowed may depend on the rest of the file: its reader hands that over as context. An object that is
made in code has no context, and only the types of its values are checked: a dense twin named by an option may be
anywhere, and lint is asked about thresholds that no file can hold.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, GetCoreSchemaHandler, Strict, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, SchemaValidator
from pydantic_core.core_schema import (
    float_schema,
    int_schema,
    literal_schema,
    str_schema,
    with_info_before_validator_function,
)

LARGEST_INTEGER = 2**53 - 1  # beyond it JSON numbers are no longer exact (RFC 8785, appendix D)
LARGEST_NUMBER = 1e15  # far above any threshold or level; integers stay exact as floats below it
LONGEST_TEXT = 10_000
MOST_LAYERS = 1000
PACKAGE = "package:"  # how a source begins that is an installed Python package
LARGEST_SIZE = 1_000_000  # of an axis or a count of experts; far above any model

T = TypeVar("T")
Fault = PydanticCustomError | PydanticKnownError


@dataclass(frozen=True, eq=False)  # schemas are dicts, and typing wants a hash
class InFile:
    """`fault` says what is wrong with a value of a file, if anything; `schema` describes those that are right."""

    fault: Callable[[Any, ValidationInfo], Fault | None]
    schema: CoreSchema | None = None

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def check(value: object, info: ValidationInfo) -> object:
            fault = None if info.context is None else self.fault(value, info)
            if fault is not None:
                raise fault
            return value

        return with_info_before_validator_function(check, handler(source), json_schema_input_schema=self.schema)


class FirstFault:
    """Of an array one fault is told, and a file has room for half a million. pydantic's FailFast has no hash."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return {**handler(source), "fail_fast": True}


def refused(allowed: str, **obtained: object) -> PydanticCustomError:
    """A fault; `obtained=` where that is not the value as the file has it."""
    return PydanticCustomError("allowed", "{allowed}", {"allowed": allowed, **obtained})


def none_of(names: Sequence[str]) -> PydanticKnownError:
    return PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, names))})


def _fitting(schema: CoreSchema, fault: Callable[[], Fault]) -> InFile:
    validator = SchemaValidator(schema)
    return InFile(lambda value, _: None if validator.isinstance_python(value) else fault(), schema)


def integer(low: int, high: int = LARGEST_INTEGER) -> InFile:
    return _fitting(int_schema(strict=True, ge=low, le=high), lambda: refused(f"an integer from {low} to {high}"))


def number(low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> InFile:
    schema = float_schema(strict=True, allow_inf_nan=False, ge=low, le=high)
    return _fitting(schema, lambda: refused(f"a number from {low:g} to {high:g}"))


def matching(pattern: str, allowed: str) -> InFile:
    """Text that `pattern` matches as a whole."""
    return _fitting(str_schema(strict=True, pattern=f"^(?:{pattern})$"), lambda: refused(allowed))


def choice(names: Sequence[str]) -> InFile:
    return _fitting(literal_schema(list(names)), lambda: none_of(names))


def up_to(low: int, most: Callable[[ValidationInfo], int]) -> InFile:
    """An integer from `low` to what `most` finds in the rest of the file."""

    def fault(value: object, info: ValidationInfo) -> Fault | None:
        high = most(info)
        fits = type(value) is int and low <= value <= high
        return None if fits else refused(f"an integer from {low} to {high}")

    return InFile(fault, int_schema(ge=low))


def one_of(known: Callable[[ValidationInfo], Sequence[str]], otherwise: str = "") -> InFile:
    """A name among those that `known` finds in the rest of the file; `otherwise` says what is wrong with none."""

    def fault(value: object, info: ValidationInfo) -> Fault | None:
        names = known(info)
        if value in names:
            return None
        return refused(otherwise) if otherwise and not names else none_of(names)

    return InFile(fault)


def excluding(*ends: float, allowed: str) -> InFile:
    def fault(value: object, info: ValidationInfo) -> Fault | None:
        ended = type(value) in (int, float) and value in ends
        return refused(allowed, obtained=float(value)) if ended else None  # type: ignore[arg-type]  # it is a number

    return InFile(fault)


def text(*, lines: bool = False) -> InFile:
    """Text that is not blank; on one line and printable unless `lines` are allowed."""
    allowed = f"text of 1 to {LONGEST_TEXT} characters" + ("" if lines else " on one line")
    breaks = "\n\t" if lines else ""

    def fault(value: object, info: ValidationInfo) -> Fault | None:
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
            return refused(allowed)
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in value if letter not in breaks):
            return refused(f"{allowed}, without control characters")
        return None

    return InFile(fault, str_schema(min_length=1, max_length=LONGEST_TEXT))


def _no_repository_path(value: object, info: ValidationInfo) -> Fault | None:
    """A relative POSIX path that stays inside the repository: no `..`, no root. The disk is not looked at."""
    allowed = "a relative path inside the repository, of A-Z a-z 0-9 . _ - and /, without '..'"
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9._/-]{1,255}", value, re.ASCII) is None:
        return refused(allowed)
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or str(path) != value or value == ".":
        return refused(f"{allowed}, in its shortest spelling")
    return None


def _no_source(value: object, info: ValidationInfo) -> Fault | None:
    """As a path of the repository, or `package:NAME`."""
    if isinstance(value, str) and value.startswith(PACKAGE):
        named = re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", value.removeprefix(PACKAGE), re.ASCII)
        return None if named else refused("package: and the name of a Python package, of A-Z a-z 0-9 . _ and -")
    return _no_repository_path(value, info)


def _no_scalar(value: object, info: ValidationInfo) -> Fault | None:
    if isinstance(value, bool):
        return None
    kind = {int: integer(-LARGEST_INTEGER), float: number()}.get(type(value), text())
    return kind.fault(value, info)


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise refused("every name once", obtained=next(name for name in names if names.count(name) > 1))
    return names


def around(info: ValidationInfo, what: str) -> Any:
    """What the reader found elsewhere in the file."""
    context: Any = info.context
    return context[what]


ONCE = AfterValidator(_once)
NO_KEY = InFile(lambda value, info: PydanticKnownError("unexpected_keyword_argument"))  # of a field that we set

Array = Annotated[tuple[T, ...], FirstFault()]
Flag = Annotated[bool, Strict()]
Int = Annotated[int, Strict()]
Float = Annotated[float, Strict()]
Str = Annotated[str, Strict()]
Share = Annotated[Float, number(0.0, 1.0)]
NotNegative = Annotated[Float, number(0.0)]
AnyNumber = Annotated[Float, number()]
Line = Annotated[Str, text()]
Lines = Annotated[Str, text(lines=True)]
Seed = Annotated[Int, integer(0)]
Size = Annotated[Int, integer(1, LARGEST_SIZE)]
Layers = Annotated[Int, integer(1, MOST_LAYERS)]
Identifier = Annotated[Str, matching("[a-z][a-z0-9_]{0,63}", "a name of a-z, 0-9 and _ that starts with a letter")]
Digest = Annotated[Str, matching("[0-9a-f]{64}", "64 lowercase hexadecimal digits (a SHA-256)")]
Revision = Annotated[Str, matching("[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", "a branch, tag or commit")]
Version = Annotated[Str, matching("[0-9][A-Za-z0-9.+!_-]{0,63}", "the version of a Python package")]
RepositoryPath = Annotated[Str, InFile(_no_repository_path)]
Source = Annotated[Str, InFile(_no_source)]
Scalar = Annotated[bool | int | float | str, InFile(_no_scalar)]  # of a config.json; null has a list of its own
