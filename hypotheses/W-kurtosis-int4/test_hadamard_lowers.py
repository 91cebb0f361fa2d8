"""hadamard_lowers: a Hadamard rotation of its input side lowers the INT4 error of an expert matrix.

Measured   the INT4 error of every expert's gate, up and down projection, in groups of consecutive inputs, before and
           after a rotation in blocks of the largest power of two that divides its width; and of Gaussian matrices of
           the same shapes, as many whole null subjects as are registered.
Rule       the norm of the error is 8 % lower, in the mean over matrices and layers.
Beside     the same of squared norms, put through the same rule.
Controls   entries with heavy tails, which must pass; Gaussian matrices, which must fail, since a rotation makes other
           Gaussian matrices of them; a rotation that is none, which must be noticed.
Trap       hadamard_undone, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("hadamard_lowers")


@pytest.fixture
def hadamard_lowers(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("hadamard_lowers", matrices)


def test_control(hadamard_lowers: ClaimUnderTest, control: Control) -> None:
    hadamard_lowers.check(control)


def test_hadamard_lowers(hadamard_lowers: ClaimUnderTest, layer: int) -> None:
    hadamard_lowers.measure(layer)
    hadamard_lowers.judge(layer)
