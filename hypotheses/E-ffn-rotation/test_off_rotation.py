"""off_rotation, a trap of beta_lift: a rotation learned on one matrix must do nothing for another.

Measured   per projection, the rotation learned on the layer's narrowest matrix, applied to its most diffuse one: β
           over the Haar level. With a rotation shared by a layer, the most diffuse expert is left out of the learning.
Sound      the layer's mean gain stays within the registered bound. Otherwise the optimiser found something that is
           not in the matrix it was given, and beta_lift is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("off_rotation")


def test_off_rotation(study: Study, matrices: Source, layer: int) -> None:
    study.trap("off_rotation", matrices).check(layer)
