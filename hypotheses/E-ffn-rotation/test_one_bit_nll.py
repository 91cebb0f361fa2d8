"""one_bit_nll: a model whose expert FFNs are at one bit per weight still knows how a text goes on.

Measured   NLL of the first continuation token on the sealed prompts, before and after every expert matrix is replaced
           by row-scaled signs in its learned basis; layer by layer, of that layer alone and of all layers up to it.
           Where a scope closes, beside it: a random basis, the best of several searches, other row scales, and routing
           held where it was.
Rule       inflation, NLL/NLL₀ − 1, is at most 10 % with every layer quantised.
Controls   models with prompts sampled from themselves: planted experts that must pass in their learned basis and fail
           without it, Gaussian ones that must fail.
Traps      trivial_pass and unrotated_one_bit.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("one_bit_nll")


@pytest.fixture
def claim(study: Study, models: Source) -> ClaimUnderTest:
    return study.claim("one_bit_nll", models)


def test_control(claim: ClaimUnderTest, control: Control) -> None:
    claim.check(control)


def test_one_bit_nll(claim: ClaimUnderTest, layer: int) -> None:
    claim.measure(layer)
    claim.judge(layer)
