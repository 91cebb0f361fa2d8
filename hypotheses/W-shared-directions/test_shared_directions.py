"""shared_directions: the experts of a layer read the same few directions of the residual stream.

Measured   of gate and up, in the canonical parametrisation, the mean squared cosine of the principal angles between the
           top r = k/16 input directions of two experts, over all pairs of a layer; and what is left to 1.
Rule       in at least 70 % of layers the overlap is 0.25 or more: 1 − overlap is at most 0.75. SD-MoE, arXiv
           2602.12556.
Beside     Haar directions, r/n; noise with the layer's common column norms; Haar twins, as many whole null subjects as
           are registered. Where the claim is met and most of these meet it too, the verdict is VACUOUS.
Controls   directions planted in every expert, which must pass; directions of each matrix's own and Gaussian matrices,
           which must fail; bases that are not orthonormal, which must be noticed.
Trap       own_overlap, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("shared_directions")


@pytest.fixture
def shared_directions(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("shared_directions", matrices)


def test_control(shared_directions: ClaimUnderTest, control: Control) -> None:
    shared_directions.check(control)


def test_shared_directions(shared_directions: ClaimUnderTest, layer: int) -> None:
    shared_directions.measure(layer)
    shared_directions.judge(layer)
