"""haar_one_bit, a trap of one_bit_nll: in a rotation that nobody learned one bit per weight must be too little.

Measured   as for one_bit_nll, with every expert of a layer in two Haar rotations, one for what it reads and one for
           what it writes: by the first registered draw layer by layer, by each of them where a scope closes.
Sound      the mean inflation over the registered draws, at least five, exceeds the claim's threshold with every layer
           quantised. Otherwise nothing had to be learned, and passing would say nothing of rotations: one_bit_nll is
           INCONCLUSIVE. The scatter of the draws is printed beside it.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("haar_one_bit")


def test_haar_one_bit(study: Study, models: Source, layer: int) -> None:
    study.trap("haar_one_bit", models).check(layer)
