"""What the types of all artefacts share: how strict they are, the forms of single values, and how a fault is told.

A file is parsed by `reports/base/strict_json.py` first, which refuses duplicate keys, NaN and endless nesting:
pydantic's own parser takes the last of two keys. A type then holds what was parsed. JSON has no tuples, so `Listed` and
`Range` take lists; nothing else is converted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, Strict, ValidationError
from pydantic_core import CoreSchema, core_schema

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, defer_build=True)
SHOWN = 80  # characters of a value in a message
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
ABSENT = ("missing", "missing_argument")


class Table(BaseModel):
    """A JSON object with exactly the keys of its type. A field's docstring is its description in the schema."""

    model_config = ConfigDict(**STRICT, frozen=True)


@dataclass(frozen=True)
class Expected:
    """Annotates a type: `form` is what a message says was expected, whatever pydantic says of a fault in the value."""

    form: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(handler(source), "expected", custom_error_message=self.form)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _day(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError
    return text


T = TypeVar("T")
Listed = Annotated[tuple[T, ...], Strict(False)]
Range = Annotated[tuple[float, float], Strict(False), Expected("two numbers, low and high")]
Count = Annotated[int, Field(ge=0), Expected("a whole number, 0 or more")]
Positive = Annotated[int, Field(ge=1), Expected("a whole number, 1 or more")]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(pattern=r"\S"), AfterValidator(_printable), Expected("text on one line, not blank")]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_printable),
    Expected("text on one line of at most 200 characters"),
]
RuleFile = Annotated[
    str,
    Field(pattern=r"\.toml$", max_length=200),
    AfterValidator(_printable),
    Expected("the name of a preregistration, .toml"),
]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$"), Expected("64 hexadecimal digits")]
Day = Annotated[str, AfterValidator(_day), Expected("YYYY-MM-DD"), Field(json_schema_extra={"format": "date"})]


def typed(form: Callable[..., T], values: Mapping[str, object]) -> T:
    """`form` holding `values`. Raises `ValueError` with the first of its `misfits`."""
    try:
        return form(**values)
    except ValidationError as error:
        raise ValueError(next(misfits(error))) from None


def misfits(error: ValidationError) -> Iterator[str]:
    """One phrase for each fault: its place, what was obtained and what was expected."""
    for fault in error.errors(include_url=False, include_context=False):
        at = place(fault["loc"])[:SHOWN]
        if fault["type"] in ABSENT:
            yield f"{at} is missing"
        elif fault["type"] in UNKNOWN:
            yield f"{at} is not a known key"
        else:
            expected = "a table" if fault["type"] == "model_type" else fault["msg"].removeprefix("Input should be ")
            yield f"{at} is {ascii(fault['input'])[:SHOWN]}, expected {expected}"


def place(keys: tuple[int | str, ...]) -> str:
    """The dotted key of a fault, such as `gates[0].reach`."""
    named = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(named).removesuffix(".[key]").removeprefix(".")
