"""beta_lift: a learned rotation of its input side lifts the 1-bit cosine β of an expert matrix.

Measured   lift = β(W R)/β(W) of every expert's gate, up and down projection, R learned from a Haar start by the
           registered optimiser and budget; the lifts by 10 Haar draws; and on a registered sample what the same search
           gains on noise: lift = random × noise fit × structure.
Rule       design 4: the mean lift is at least 1.5, and more than 10 % above τ, the best of the Haar draws.
           design 5: the mean structure, what no noise explains, is at least 1.05.
           Judged at the first 4 layers, and at full scope.
Controls   planted codebooks that must pass, Gaussian matrices that must fail, hidden sign lattices that the optimisers
           must find, and a rotation that is none, which must be noticed.
Traps      random_rotation and off_rotation, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("beta_lift")


@pytest.fixture
def beta_lift(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("beta_lift", matrices)


def test_control(beta_lift: ClaimUnderTest, control: Control) -> None:
    beta_lift.check(control)


def test_beta_lift(beta_lift: ClaimUnderTest, layer: int) -> None:
    beta_lift.measure(layer)
    beta_lift.judge(layer)
