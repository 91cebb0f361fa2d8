"""exponent_round_trip, a trap of lossless_saving: a code that saves bits must give all of them back.

Measured   the exponents of every matrix through zlib's Huffman codes, signs and mantissas beside them, there and back;
           and how far above H + 8 bits per weight that lands.
Sound      not one bit is lost. Otherwise what was counted is not what a file holds: lossless_saving is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("exponent_round_trip")


def test_exponent_round_trip(study: Study, matrices: Source, layer: int) -> None:
    study.trap("exponent_round_trip", matrices).check(layer)
