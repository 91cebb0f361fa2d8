"""own_overlap, a trap of shared_directions: an expert reads the directions that it reads.

Measured   the overlap of the top input directions of a sample of experts with those of the same experts, their neurons
           numbered and signed otherwise.
Sound      it is 1 within rounding. Otherwise what was compared are not the directions that a network reads:
           shared_directions is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("own_overlap")


def test_own_overlap(study: Study, matrices: Source, layer: int) -> None:
    study.trap("own_overlap", matrices).check(layer)
