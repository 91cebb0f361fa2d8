"""wrong_mean, a trap of delta_rank: a mean of the wrong neurons saves nothing.

Measured   what a sample of matched experts gains by the mean of the same experts, the neurons of each in an order and
           with signs of its own.
Sound      hardly anything, in the mean. Otherwise the numbers reward any mean: delta_rank is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("wrong_mean")


def test_wrong_mean(study: Study, matrices: Source, layer: int) -> None:
    study.trap("wrong_mean", matrices).check(layer)
