"""zeroed_outputs, a trap of expert_output_int4: outputs that are taken away must be missed.

Measured   as for expert_output_int4 at full scope, with every output 0.
Sound      inflation exceeds the claim's threshold in each domain. Otherwise outputs hardly matter to this model,
           whatever they are rounded to: the claim is empty, and INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("zeroed_outputs")


def test_zeroed_outputs(study: Study, models: Source, layer: int) -> None:
    study.trap("zeroed_outputs", models).check(layer)
