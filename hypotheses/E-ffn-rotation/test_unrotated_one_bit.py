"""unrotated_one_bit, a trap of one_bit_nll: without a rotation one bit per weight must be too little.

Measured   as for one_bit_nll, with the signs of the weights as they stand.
Sound      inflation exceeds the claim's threshold with every layer quantised. Otherwise nothing had to be learned, and
           passing would say nothing of rotations: one_bit_nll is INCONCLUSIVE. How it compares with each rotated
           variant is reported, not judged: that a rotation helps is the hypothesis.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("unrotated_one_bit")


def test_unrotated_one_bit(study: Study, models: Source, layer: int) -> None:
    study.trap("unrotated_one_bit", models).check(layer)
