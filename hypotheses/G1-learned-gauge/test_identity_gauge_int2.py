"""identity_gauge_int2, a trap of learned_gauge_int2: a gauge that does nothing must change nothing.

Measured   the INT2 round trip through M = 1, by the claim's own path, less the plain error of the weights; and what
           a drawn gauge of the largest condition that is allowed loses of weights that are not quantised.
Sound      both are rounding. Otherwise an error through a gauge is no error of the quantiser: INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("identity_gauge_int2")


def test_identity_gauge_int2(study: Study, matrices: Source, layer: int) -> None:
    study.trap("identity_gauge_int2", matrices).check(layer)
