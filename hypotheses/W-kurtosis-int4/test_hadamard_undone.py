"""hadamard_undone, a trap of hadamard_lowers: a rotation that is applied and undone must change nothing.

Measured   how far the INT4 error of every matrix moves by a rotation and its inverse.
Sound      not at all but for rounding. Otherwise what is called a rotation changes the matrix itself: hadamard_lowers
           is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("hadamard_undone")


def test_hadamard_undone(study: Study, matrices: Source, layer: int) -> None:
    study.trap("hadamard_undone", matrices).check(layer)
