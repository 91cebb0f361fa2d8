"""common_exponents: nearly all weights of a matrix have one of 15 exponents, so that 4 bits code them.

Measured   the share of the weights of every expert's gate, up and down projection that have one of the matrix's 15
           commonest exponents, as the file stores them.
Rule       its mean over matrices and layers is at least 0.999.
Beside     what a normal law of the same standard deviation has.
Controls   Gaussian matrices, which must pass; exponents that are all as common, which must fail.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("common_exponents")


@pytest.fixture
def common_exponents(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("common_exponents", matrices)


def test_control(common_exponents: ClaimUnderTest, control: Control) -> None:
    common_exponents.check(control)


def test_common_exponents(common_exponents: ClaimUnderTest, layer: int) -> None:
    common_exponents.measure(layer)
    common_exponents.judge(layer)
