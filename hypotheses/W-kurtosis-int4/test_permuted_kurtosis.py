"""permuted_kurtosis, a trap of kurtosis_predicts: kurtosis that is dealt to the matrices at random predicts nothing.

Measured   Spearman's ρ of the layer's INT4 errors and of its kurtoses in random order, in as many as are registered.
Sound      their mean is at 0 within what is registered. Otherwise what is ranked is not what belongs to the matrices:
           kurtosis_predicts is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("permuted_kurtosis")


def test_permuted_kurtosis(study: Study, matrices: Source, layer: int) -> None:
    study.trap("permuted_kurtosis", matrices).check(layer)
