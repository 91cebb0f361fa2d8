"""one_bit_nll: a model whose expert FFNs are at one bit per weight still knows how a text goes on.

Measured   NLL of the first continuation token on the sealed prompts, before and after every expert matrix is replaced
           by row-scaled signs in a learned basis; layer by layer, of that layer alone and of all layers up to it.
           Where a scope closes, beside it: a random basis, other row scales, and routing held where it was.
Basis      designs 4 and 5: the weights as they are stored, each matrix in its own rotation or its layer's, and the best
           of several searches beside it. Design 6: the canonical network, each expert in the rotations learned on the
           other half of its layer's experts, over every registered split; one row and one scale for each neuron of
           gate, up and down transposed, in the basis of the residual stream.
Rule       inflation, NLL/NLL₀ − 1, is at most 10 % with every layer quantised. Where NLL₀ is not clearly below that of
           a uniform output, the claim is empty, and that is said.
Controls   models with prompts sampled from themselves: planted experts that must pass in their learned basis and fail
           without it (design 6: in a drawn one), Gaussian ones that must fail.
Traps      trivial_pass and unrotated_one_bit; design 6: trivial_pass and haar_one_bit.
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
