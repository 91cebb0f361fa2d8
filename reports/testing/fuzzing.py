"""What fuzz tests share: the nightly profile, damage to what is sound, and what a reader may say.

    pytest -m fuzz --hypothesis-profile=nightly -n2

puts at least 10,000 examples through every test marked `fuzz`; a plain `pytest` runs the same tests on Hypothesis' own
100. So none of them sets `max_examples`. `fixtures/testing/unit_tests.py` registers the profile.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from reports.base.errors import StudyError

NIGHTLY = 10_000  # examples

# Whatever JSON can hold, and Python's parser lets pass: NaN, integers of any size, halves of surrogate pairs
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def register_profiles() -> None:
    """Makes `--hypothesis-profile=nightly` and `mutants` known, and `daily` the default.

    None has a deadline: a busy machine is not a fault of what is tested. `mutants` is what mutmut runs: the same
    few examples each time, so that which mutants survive does not depend on luck.
    """
    settings.register_profile("daily", parent=settings(), deadline=None)
    settings.register_profile(
        "nightly", max_examples=NIGHTLY, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    without_shrinking = [Phase.explicit, Phase.generate]
    settings.register_profile(
        "mutants", max_examples=15, deadline=None, derandomize=True, database=None, phases=without_shrinking
    )
    settings.load_profile("daily")


def said(read: Callable[..., object], *given: object) -> str:
    """The one line with which `read(*given)` refuses what it was given, or nothing where it is content.

    Any other exception passes through, and a `StudyError` that is not one printable line is a failed test.
    """
    try:
        read(*given)
    except StudyError as error:
        line = str(error)
    else:
        return ""
    if not line or not line.isprintable():
        raise AssertionError(f"not one printable line: {line!a}")
    return line


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """`data` with a piece cut out and another one put in."""
    return st.builds(
        lambda at, cut, put: data[:at] + put + data[at + cut :],
        st.integers(0, len(data)),
        st.integers(0, 30) | st.just(len(data)),
        st.binary(max_size=8) | st.sampled_from([b"", b"0", b"-", b"null", b"[]", b"{}", b'""', b"NaN", b"1e999"]),
    )


def places(value: object, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside `value`, itself first."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def with_value(value: Any, place: tuple[Any, ...], new: object) -> Any:
    """A copy of `value` that holds `new` at `place`."""
    if not place:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return changed
