"""radam_convergence, a probe of beta_lift: did the search end at a ceiling, or did it just end?

Measured   on the registered sample: β at the Haar start, where the registered search lands and on which step it
           settles, where plain and annealed Procrustes land, what a larger budget gains, and the ceiling 1/β(W).
Concluded  over the layers of a gate: *structural ceiling*, *structure found*, or *search unresolved*.
A probe enters no verdict.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.probe("radam_convergence")


def test_radam_convergence(study: Study, matrices: Source, layer: int) -> None:
    study.probe("radam_convergence", matrices).measure(layer)
