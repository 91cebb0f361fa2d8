"""lossless_saving: a code of their exponents saves 30 % of bf16 weights, and loses nothing.

Measured   the entropy H of the exponents of every expert's gate, up and down projection, as the file stores them.
Rule       the mean of (8 - H) / 16 over matrices and layers is at least 0.30: 11.2 bits per weight. DFloat11, arXiv
           2504.11651.
Beside     what a normal law of the same standard deviation has. It saves as much: the rung asks for a fact about a
           number format, not for structure.
Controls   planted low rank and Gaussian matrices, which must pass; exponents that are all as common, which must fail.
Trap       exponent_round_trip, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("lossless_saving")


@pytest.fixture
def lossless_saving(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("lossless_saving", matrices)


def test_control(lossless_saving: ClaimUnderTest, control: Control) -> None:
    lossless_saving.check(control)


def test_lossless_saving(lossless_saving: ClaimUnderTest, layer: int) -> None:
    lossless_saving.measure(layer)
    lossless_saving.judge(layer)
