"""delta_rank: experts are their mean plus deltas of low rank, and this takes fewer numbers than low-rank experts.

Measured   in the canonical parametrisation, the neurons of every expert matched to those of the medoid, jointly over
           gate, up and down: numbers of low-rank deltas and an E-th of the mean, over those of the expert alone, both
           at an error of 5 % of its energy.
Rule       the cost is at most 0.9 for at least 70 % of the experts. D2-MoE, arXiv 2502.17298.
Beside     neurons as the file numbers them; each projection; the energy that the mean holds; Gaussian experts, matched
           too, as many whole null subjects as are registered. Where the claim is met and most of these meet it as well,
           the verdict is VACUOUS.
Controls   a common part with low-rank deltas, neurons renumbered, which must pass; low rank of each expert's own and
           Gaussian experts, which must fail; a matching that is no permutation, which must be noticed.
Trap       wrong_mean, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("delta_rank")


@pytest.fixture
def delta_rank(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("delta_rank", matrices)


def test_control(delta_rank: ClaimUnderTest, control: Control) -> None:
    delta_rank.check(control)


def test_delta_rank(delta_rank: ClaimUnderTest, layer: int) -> None:
    delta_rank.measure(layer)
    delta_rank.judge(layer)
