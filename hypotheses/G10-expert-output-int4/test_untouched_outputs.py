"""untouched_outputs, a trap of expert_output_int4: what does nothing must change nothing.

Measured   by the claim's own path, at every layer: outputs taken apart and put together again; rounded to as many
           levels as float32 has; the layer and its weights afterwards.
Sound      nothing moves but for rounding. Otherwise what is rounded is not what experts put out, or something is left
           behind, and expert_output_int4 is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("untouched_outputs")


def test_untouched_outputs(study: Study, models: Source, layer: int) -> None:
    study.trap("untouched_outputs", models).check(layer)
