"""random_rotation, a trap of beta_lift: a rotation that knows nothing of the weights must do nothing for them.

Measured   β of every matrix under the registered Haar draws, and the lift that this is.
Sound      the mean β is the Haar level √(2/π + (1 − 2/π)/n) within the registered tolerance, and the mean lift misses
           the claim's threshold. Otherwise the gauge or the draws are wrong, or a random rotation would do: either way
           beta_lift is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("random_rotation")


def test_random_rotation(study: Study, matrices: Source, layer: int) -> None:
    study.trap("random_rotation", matrices).check(layer)
