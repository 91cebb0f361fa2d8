"""trivial_pass, a trap of one_bit_nll: what does nothing must change nothing.

Measured   by the claim's own path: the NLL when a layer's experts are replaced by themselves; W R Rᵀ against W; the
           lift by the identity rotation. Design 6: replaced by themselves made canonical and undone, and canonical W.
Sound      nothing moves but for rounding. Otherwise the substitution, the rotation or the gauge is broken, and
           one_bit_nll is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("trivial_pass")


def test_trivial_pass(study: Study, models: Source, layer: int) -> None:
    study.trap("trivial_pass", models).check(layer)
