"""Runs of numbers as people write them: 0-3, 5, 7-8."""

from collections.abc import Collection, Sequence


def spans(numbers: Collection[int], form: str = "{}") -> str:
    """`{0, 1, 2, 5}` -> `0-2, 5`; `form` is how one number is written, such as `L{:02d}`."""
    starts = sorted(number for number in numbers if number - 1 not in numbers)
    ends = sorted(number for number in numbers if number + 1 not in numbers)
    pairs = zip(starts, ends, strict=True)
    return ", ".join(form.format(a) + (f"-{form.format(b)}" if b > a else "") for a, b in pairs)


def listed(numbers: Sequence[int]) -> str:
    """`(4, 8, 16)` -> `4, 8 and 16`; `no` where there is none."""
    *first, last = map(str, numbers or ("no",))
    return f"{', '.join(first)} and {last}" if first else last
