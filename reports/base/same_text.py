"""Are two generated texts the same, byte for byte but for the tenth digit of a number?

A page that is published is compared with the one that is rebuilt from its measurements. On another processor a sum may
differ in its last bit. A number on a rounding boundary then has another tenth digit, and a residual that is nothing but
rounding may be any such bit. Everything else must be the same bytes: a count, a digest, whatever is printed with fewer
digits. What a rule registers is compared like any number here; its own bytes are those of the sealed rule.
"""

import re
from decimal import Decimal
from itertools import zip_longest

NUMBER = re.compile(  # no integer, no version, and no longer than a float is written
    r"(?<![\w.])[-+]?\d{1,17}(?:\.\d{1,17}(?:e[-+]\d{1,3})?|e[-+]\d{1,3})(?!\w|\.\d)"
)
TENTH_DIGIT = Decimal("1e-9")  # one unit of it, relative [-]
ROUNDING = Decimal("1e-13")  # absolute [-]: of sums of numbers of the order of 1 in float64, with a wide margin


def first_departure(ours: str, theirs: str) -> int | None:
    """The number of the first line in which `theirs` is another text than `ours`, from 1, or None."""
    if ours == theirs:
        return None
    for line, (one, other) in enumerate(zip_longest(ours.split("\n"), theirs.split("\n")), 1):
        if one != other and (one is None or other is None or not _alike(one, other)):
            return line
    return None


def _alike(one: str, other: str) -> bool:
    if NUMBER.split(one) != NUMBER.split(other):
        return False
    return all(_near(Decimal(a), Decimal(b)) for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True))


def _near(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= max(TENTH_DIGIT * max(abs(a), abs(b)), ROUNDING)
