"""narrow_d: the FFN weights of experts have a narrow effective dimension.

Measured   d_eff/d of every expert's gate, up and down projection: d_eff the 95 % energy rank, d = min(out, in).
Rule       d_eff/d < 0.4 for at least 70 % of the matrices; judged at the first 4 layers, and at full scope.
Controls   planted low-rank signals at doses on both sides of 0.4, a Gaussian null, and two trivial spectra, which must
           come out as registered before the claim may be judged.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("narrow_d")


@pytest.fixture
def narrow_d(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("narrow_d", matrices)


def test_control(narrow_d: ClaimUnderTest, control: Control) -> None:
    narrow_d.check(control)


def test_narrow_d(narrow_d: ClaimUnderTest, layer: int) -> None:
    narrow_d.measure(layer)
    narrow_d.judge(layer)
