"""specialist_narrower, a secondary of narrow_d: are experts narrower than the FFN of a dense model?

Measured   d_eff/d of the gate, up and down projection of a dense model of the same depth and active width, a layer at a
           time, by the kernel that measures the experts; each side over what noise of its own shape has.
Concluded  over the layers measured on both sides: *narrower*, *not narrower* or *unresolved*.
A secondary enters no verdict.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.secondary("specialist_narrower")


def test_specialist_narrower(study: Study, dense_matrices: Source, layer: int) -> None:
    study.secondary("specialist_narrower", dense_matrices).measure(layer)
