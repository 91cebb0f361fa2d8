"""The numbers of the code are between the fractions that the prover put around them. No prover is needed here."""

import math
import re
from fractions import Fraction

import pytest

from kernels.closed_forms.haar_level import haar_level
from kernels.closed_forms.held_out_levels import SPREAD, break_even_lift, rotation_bits_per_weight
from reports.theorems.proof_files import proof_record
from reports.theorems.theorem_laws import HALF_NORMAL_MEAN, row_square

BRACKET = re.compile(r"(\d+) / (\d+) < (?P<number>.+) < (\d+) / (\d+)")
ENDLESS = 10**15  # a width at which the Haar level is its limit, to fifteen digits
OLMOE_1B_7B = rotation_bits_per_weight(16 * 2048, 2048, 64 * 2 * 1024) / 2048  # gate and up share an fp16 rotation

COMPARED = {  # by theorem: what Coq puts between two fractions, as it prints it, and what the code has
    "pi_bracket": ("PI", math.pi),
    "squared_gaussian_level_bracket": ("2 / PI", row_square("gaussian", ENDLESS)),
    "gaussian_loss_bracket": ("1 - 2 / PI", 1.0 - haar_level(ENDLESS) ** 2),
    "gaussian_level_bracket": ("sqrt (2 / PI)", HALF_NORMAL_MEAN),
    "isotropic_ceiling_bracket": ("sqrt (PI / 2)", 1.0 / haar_level(ENDLESS)),
    "squared_ceiling_bracket": ("PI / 2", 1.0 / haar_level(ENDLESS) ** 2),
    "held_out_spread_bracket": ("sqrt (PI / 2 - 3 / 2)", SPREAD),
    "haar_level_64_bracket": ("sqrt (haar2 64)", haar_level(64)),
    "haar_level_1024_bracket": ("sqrt (haar2 1024)", haar_level(1024)),
    "haar_level_2048_bracket": ("sqrt (haar2 2048)", haar_level(2048)),
    "break_even_quarter_bit_bracket": ("break_even (1 / 4)", break_even_lift(0.25)),
}


def bracket(statement: str) -> tuple[str, Fraction, Fraction]:
    found = BRACKET.fullmatch(statement)
    assert found is not None, statement
    return found["number"], Fraction(int(found[1]), int(found[2])), Fraction(int(found[4]), int(found[5]))


def test_every_bracket_is_compared() -> None:
    stated = {name for name, one in proof_record().theorems.items() if BRACKET.fullmatch(one.statement)}
    assert stated == set(COMPARED)


@pytest.mark.parametrize("name", COMPARED)
def test_the_number_of_the_code_is_within_the_bracket(name: str) -> None:
    number, low, high = bracket(proof_record().theorems[name].statement)
    expected, value = COMPARED[name]
    assert number == expected
    assert low < Fraction(value) < high
    assert (high - low) / low < Fraction(1, 10_000)  # narrow enough to tell a wrong digit
    assert not low < Fraction(value * 1.001) < high
