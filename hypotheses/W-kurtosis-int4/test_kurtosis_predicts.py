"""kurtosis_predicts: heavy tails say which expert matrices INT4 hurts, and say it better than among noise.

Measured   of every expert's gate, up and down projection the excess kurtosis of its entries and the relative error of
           INT4 in groups of consecutive inputs; Spearman's ρ of the two over all matrices of the layer, and of Gaussian
           matrices of the same shapes, as many whole null subjects as are registered.
Rule       ρ exceeds the mean ρ of the Gaussian draws by 0.15, in the mean over layers.
Beside     ρ within each projection.
Controls   entries with heavy tails that differ from matrix to matrix, which must pass; Gaussian matrices, which must
           fail; a quantiser whose scales are too small, which must be noticed.
Trap       permuted_kurtosis, at every layer.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("kurtosis_predicts")


@pytest.fixture
def kurtosis_predicts(study: Study, matrices: Source) -> ClaimUnderTest:
    return study.claim("kurtosis_predicts", matrices)


def test_control(kurtosis_predicts: ClaimUnderTest, control: Control) -> None:
    kurtosis_predicts.check(control)


def test_kurtosis_predicts(kurtosis_predicts: ClaimUnderTest, layer: int) -> None:
    kurtosis_predicts.measure(layer)
    kurtosis_predicts.judge(layer)
