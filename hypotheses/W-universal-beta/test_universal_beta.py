"""universal_beta: a learned rotation takes centred gate and up matrices to a β of 0.92, which noise does not reach.

Measured   β of gate and up matrices of a registered sample of experts, each column's mean taken away, in a rotation
           learned for each matrix by the source's search; and of Gaussian matrices of the same shapes, as many whole
           null subjects as are registered.
Rule       the mean over the sample and over layers is at least 0.92. Where the claim is met and most null subjects meet
           it too, the verdict is VACUOUS: the value is one that any search of this budget finds.
Controls   a planted codebook and hidden signs, which must pass; noise of four rows a coordinate, which must fail; a
           rotation that is none, which must be noticed. Noise of the embedded shape passes, as a comparison.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("universal_beta")


@pytest.fixture
def universal_beta(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("universal_beta", matrices)


def test_control(universal_beta: ClaimUnderTest, control: Control) -> None:
    universal_beta.check(control)


def test_universal_beta(universal_beta: ClaimUnderTest, layer: int) -> None:
    universal_beta.measure(layer)
    universal_beta.judge(layer)
