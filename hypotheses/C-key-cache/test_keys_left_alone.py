"""keys_left_alone, a trap of key_inflation: what does nothing must change nothing, by the path of one-bit keys.

Measured   how far the stream behind the layer moves when its keys are replaced by themselves (balanced, centred,
           rotated by a Haar draw, and back); keys whose RoPE is undone and done again; one-bit keys at one bit.
Sound      no change exceeds rounding. Otherwise the path itself damages the model: key_inflation is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("keys_left_alone")


def test_keys_left_alone(study: Study, models: Source, layer: int) -> None:
    study.trap("keys_left_alone", models).check(layer)
