from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.base.strict_json import EXACT, exact_integer, parse_object, shown


def test_an_object_is_parsed() -> None:
    assert parse_object(b'{"a": [1, 2.5, null, true, "x"]}', "file") == {"a": [1, 2.5, None, True, "x"]}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', r"^file: not valid JSON \(key 'c' stands twice\); re-download it$"),
        (b'{"a": NaN}', r"^file: not valid JSON \(NaN is not a JSON number\)"),
        (b'{"a": -Infinity}', r"^file: not valid JSON \(-Infinity is not a JSON number\)"),
        (b"[1]", r"^file: found a JSON list, expected an object; re-download it$"),
        (b'{"a": ', r"^file: not valid JSON \(Expecting value: line 1 column 7 \(char 6\)\)"),
        (b"\xff{}", r"^file: not valid JSON \('utf-8' codec"),
        (b'{"a": ' + b"9" * 5000 + b"}", r"^file: not valid JSON \(Exceeds the limit"),
        (b'{"a": ' + b"[" * 100_000, r"^file: JSON nested too deeply"),
        (b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}", r"^file: JSON nested too deeply, expected at most 64 levels; re-do"),
        (b'{"a": 1e999}', r"^file: not valid JSON \('1e999' is beyond every float64\)"),
        (b'{"a": -1e999}', r"^file: not valid JSON \('-1e999' is beyond every float64\)"),
    ],
    ids=["duplicate", "nan", "infinity", "list", "cut", "encoding", "long number", "nesting", "depth", "huge", "-huge"],
)
def test_what_is_ambiguous_or_broken_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_object(raw, "file")


@pytest.mark.fuzz
@given(st.binary(max_size=200))
@settings(deadline=None)  # a busy machine is no fault of the parser
def test_random_bytes_raise_nothing_but_bad_input(raw: bytes) -> None:
    with suppress(BadInput):
        assert isinstance(parse_object(raw, "file"), dict)


def test_integers_may_be_asked_to_be_exact() -> None:
    raw = f'{{"a": {EXACT - 1}, "b": -{EXACT - 1}}}'.encode()
    assert parse_object(raw, "file", integer=exact_integer) == {"a": EXACT - 1, "b": 1 - EXACT}
    for number in (EXACT, -EXACT, 10**30):
        raw = f'{{"a": {number}}}'.encode()
        assert parse_object(raw, "file") == {"a": number}
        with pytest.raises(BadInput, match=r"is beyond 2\^53, where readers of JSON no longer agree\); restore it$"):
            parse_object(raw, "file", "restore it", exact_integer)


def test_the_deepest_that_is_read_is_read() -> None:
    assert parse_object(b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}", "file")


def test_what_is_shown_is_one_printable_short_line() -> None:
    assert shown("a\nb\ud800\x1b[31m") == r"'a\nb\ud800\x1b[31m'"
    assert len(shown("x" * 1000)) == 121
