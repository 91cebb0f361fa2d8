"""key_inflation: a model whose cached keys are at one bit per coordinate still knows how a text goes on.

Measured   NLL of the first continuation token of the prompts that taught nothing, before and after the keys of every
           layer up to a cell's are replaced by signs in the rotations of `key_cosine`, a scale per token and head.
           Where it is judged, beside it: in a Haar rotation, and in the rotations that each draw of the null taught.
Rule       inflation, NLL/NLL₀ − 1, is at most 10 % with every layer's keys at one bit. Where NLL₀ is not clearly below
           that of a uniform output, the claim is empty, and that is said.
Controls   planted sign words, which must pass in the learned rotations and fail in Haar ones; a rotation that is none,
           which must be noticed.
Trap       keys_left_alone.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("key_inflation")


@pytest.fixture
def key_inflation(study: Study, models: Source) -> ClaimUnderTest:
    return study.claim("key_inflation", models)


def test_control(key_inflation: ClaimUnderTest, control: Control) -> None:
    key_inflation.check(control)


def test_key_inflation(key_inflation: ClaimUnderTest, layer: int) -> None:
    key_inflation.measure(layer)
    key_inflation.judge(layer)
