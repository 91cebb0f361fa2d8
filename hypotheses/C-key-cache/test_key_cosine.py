"""key_cosine: in a rotation that other texts taught, the keys that a model caches are nearly signs.

Measured   the 1-bit cosine, a scale per token, of the cached keys of every head (behind norm and RoPE) in a rotation of
           that head; learned on half of the sources, measured on the other half. Keys are balanced with the queries in
           each rotary pair and centred on the mean of the half that teaches, which change no attention weight. And of
           Gaussian keys, drawn before RoPE and turned at the same positions: as many null subjects as are registered.
           Beside it: the keys that were learned on, keys that are not centred, all heads in one rotation, bits.
Rule       the mean over heads and layers is at least 0.92. Where most null subjects meet every rule too: VACUOUS.
Controls   planted sign words, which must pass; Gaussian weights, which must fail; a rotation that is none, which must
           be noticed.
Trap       haar_keys.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("key_cosine")


@pytest.fixture
def key_cosine(study: Study, models: Source) -> ClaimUnderTest:
    return study.claim("key_cosine", models)


def test_control(key_cosine: ClaimUnderTest, control: Control) -> None:
    key_cosine.check(control)


def test_key_cosine(key_cosine: ClaimUnderTest, layer: int) -> None:
    key_cosine.measure(layer)
    key_cosine.judge(layer)
