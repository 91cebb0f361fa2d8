"""int8_outputs, a trap of expert_output_int4: sixteen times as many levels must be enough.

Measured   as for expert_output_int4 at full scope, with levels -127 … 127 on the same scales.
Sound      inflation is within its bound in each domain. Otherwise it is not the number of levels that costs, but the
           scales or the path, and expert_output_int4 is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("int8_outputs")


def test_int8_outputs(study: Study, models: Source, layer: int) -> None:
    study.trap("int8_outputs", models).check(layer)
