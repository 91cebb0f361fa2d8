"""radam_convergence, a probe of beta_lift: is there structure beyond noise, or was the search too weak to see it?

Measured   on the registered sample: β at the Haar start, where the registered search lands and on which step it
           settles, what a larger budget gains, where each other family of searches lands, and the ceiling 1/β(W) of
           the lift, a theorem; where they land on nulls of the same shapes, and on a planted optimum.
Concluded  over the layers of a gate, from the best landing of all families on weights and nulls alike: *no structure
           beyond noise*, *structure found*, or *search unresolved*.
A probe enters no verdict.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.probe("radam_convergence")


def test_radam_convergence(study: Study, matrices: Source, layer: int) -> None:
    study.probe("radam_convergence", matrices).measure(layer)
