import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput

text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | text
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=10)


@given(values)
def test_reads_back_as_the_same_value(value: object) -> None:
    assert _plain(json.loads(canonical_json(value))) == _plain(value)


@given(st.dictionaries(text, scalars))
def test_key_order_and_number_forms_do_not_matter(table: dict[str, object]) -> None:
    respelled = {key: float(value) if type(value) is int else value for key, value in reversed(table.items())}
    assert canonical_json(respelled) == canonical_json(table)


@given(values, values)
def test_different_values_have_different_bytes(one: object, other: object) -> None:
    same = canonical_json(one) == canonical_json(other)
    assert same == (json.dumps(_plain(one), sort_keys=True) == json.dumps(_plain(other), sort_keys=True))


def _plain(value: object) -> object:
    """As JSON sees it: numbers without int and float apart, lists and tables entry by entry."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return float(value) + 0.0 if type(value) in (int, float) else value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (1.0, b"1"),
        (-0.0, b"0"),
        (1e21, b"1e+21"),
        (1e-7, b"1e-7"),
        (0.000001, b"0.000001"),
        (0.1 + 0.2, b"0.30000000000000004"),
        ({"b": 1, "a": [True, None, "ß\n"]}, '{"a":[true,null,"ß\\n"],"b":1}'.encode()),
        # RFC 8785, 3.2.3: sorted by UTF-16 units, so the letter outside the basic plane comes before U+FB33
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode()),
    ],
)
def test_spelling_is_that_of_rfc_8785(value: object, spelled: bytes) -> None:
    assert canonical_json(value) == spelled


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 2**53, {1: 2}, {"\ud800": 1}, "\ud800", {1, 2}, b"bytes", object()]
)
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(
        BadInput, match=r"^canonical JSON: .*; expected finite numbers, text, booleans, lists and tables$"
    ):
        canonical_json({"key": [value]})


def test_bottomless_nesting_is_refused() -> None:
    nested: list[object] = []
    for _ in range(10_000):
        nested = [nested]
    with pytest.raises(BadInput, match="nested too deeply"):
        canonical_json(nested)


def test_sha256_hex() -> None:
    assert sha256_hex(b"") == hashlib.sha256(b"").hexdigest()
