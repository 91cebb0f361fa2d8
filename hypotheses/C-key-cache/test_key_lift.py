"""key_lift: cached keys are closer to signs than Gaussian keys of the same mean and covariance are.

Measured   the held-out cosine of `key_cosine` over the mean of that of the null's draws: Gaussian before RoPE, turned
           at the same positions, learned on the same prompts by the same search. A draw is put over the other draws.
Rule       the mean over heads and layers is at least 1.05.
Controls   planted sign words, which must pass; Gaussian weights, and one key with 5 % noise, which must fail: RoPE
           makes circles of that, which a null drawn after RoPE would forget.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("key_lift")


@pytest.fixture
def key_lift(study: Study, models: Source) -> ClaimUnderTest:
    return study.claim("key_lift", models)


def test_control(key_lift: ClaimUnderTest, control: Control) -> None:
    key_lift.check(control)


def test_key_lift(key_lift: ClaimUnderTest, layer: int) -> None:
    key_lift.measure(layer)
    key_lift.judge(layer)
