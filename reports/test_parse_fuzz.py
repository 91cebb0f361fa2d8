"""Whatever stands in the file: a preregistration, or one line of `BadInput`."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.errors import BadInput
from reports.parse import parse_preregistration
from reports.preregistration import MeanAtLeast, ShareBelow
from reports.test_parse import TEXT, VALUES, every_key, parse, with_value


def outcome(parse: Callable[[], object]) -> str:
    """What the parser says: its one line, or nothing where it is content. Any other exception passes through."""
    try:
        parse()
    except BadInput as error:
        return str(error)
    return ""


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_arbitrary_bytes_raise_bad_input_alone(raw: bytes) -> None:
    with pytest.raises(BadInput):
        parse_preregistration(raw, "rule.toml")


@given(st.integers(0, len(TEXT)), st.integers(0, 30), st.text(max_size=8))
def test_damaged_text_raises_bad_input_alone(at: int, cut: int, put: str) -> None:
    damaged = (TEXT[:at] + put + TEXT[at + cut :]).encode("utf-8", "surrogatepass")
    assert outcome(lambda: parse_preregistration(damaged, "rule.toml")).isprintable()


toml_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(every_key(VALUES)), toml_values)
def test_any_value_anywhere_raises_bad_input_alone(path: str, value: object) -> None:
    assert outcome(lambda: parse(with_value(path, value))).isprintable()


numbers = st.fixed_dictionaries(
    {
        "below": st.floats(0, 1),
        "at_least": st.floats(0, 1),
        "checkpoints": st.sets(st.integers(1, 16), min_size=1).map(sorted),
    }
)


@given(numbers, st.floats(-1e9, 1e9), st.integers(0, 2**53 - 1), st.text("aß☃\"'\\#= ", min_size=1).filter(str.strip))
def test_valid_values_come_through_toml_unchanged(narrow: dict[str, Any], lift: float, seed: int, title: str) -> None:
    values = with_value("title", title)
    values["claims"][0] |= narrow
    values["claims"][1]["at_least"] = lift
    values["interval"]["seed"] = seed
    prereg = parse_preregistration(toml(values).encode(), "rule.toml")
    assert prereg == parse(values)
    assert prereg.claim("narrow_d").rule == ShareBelow("energy_rank_95", narrow["below"], narrow["at_least"])
    assert prereg.claim("narrow_d").checkpoints == tuple(narrow["checkpoints"])
    assert prereg.claim("beta_lift").rule == MeanAtLeast("lift", lift)
    assert (prereg.interval.seed, prereg.title) == (seed, title)


def toml(values: dict[str, Any]) -> str:
    """`values` as one inline TOML table per key, which is all that these tests need."""
    return "".join(f"{key} = {_inline(value)}\n" for key, value in values.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return '"' + re.sub(r'[\x00-\x1f"\\\x7f]', lambda match: f"\\u{ord(match[0]):04x}", value) + '"'
    return str(value).lower() if isinstance(value, bool) else repr(value)
