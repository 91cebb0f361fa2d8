"""learned_gauge_int4: a learned gauge of the inputs halves the INT4 error that Haar rotations leave.

Measured   W -> W M -> INT4, one scale for each output row -> times M⁻¹, for the gate, up and down projections of a
           registered sample of experts, which share M; M learned with a condition number of at most 4. And the same of
           Gaussian matrices of the same shapes, as many whole null subjects as are registered.
Rule       1 - e(M) / mean e(Haar), in the mean over matrices and layers, is at least 0.5; the source had 0.023.
Beside     what the learned rotation saves from which the search for M starts, and the condition numbers.
Controls   words of a grid behind a gauge, which must pass; noise, which must fail; an inverse that is none and a
           condition beyond what is allowed, which must be noticed.
Trap       identity_gauge_int4, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("learned_gauge_int4")


@pytest.fixture
def learned_gauge_int4(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("learned_gauge_int4", matrices)


def test_control(learned_gauge_int4: ClaimUnderTest, control: Control) -> None:
    learned_gauge_int4.check(control)


def test_learned_gauge_int4(learned_gauge_int4: ClaimUnderTest, layer: int) -> None:
    learned_gauge_int4.measure(layer)
    learned_gauge_int4.judge(layer)
