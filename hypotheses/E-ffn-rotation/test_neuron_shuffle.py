"""neuron_shuffle, a trap of beta_lift: how an expert numbers its neurons must not matter.

Measured   of experts that the rotation was not learned on, neurons are permuted and signed at random, each expert's by
           its own draw: the same network. How far β of gate, up and down then moves, over the Haar level.
Sound      nothing moves but for rounding. Otherwise the rotation acts on a side that each expert numbers for itself, or
           the halves depend on the numbering: beta_lift is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("neuron_shuffle")


def test_neuron_shuffle(study: Study, matrices: Source, layer: int) -> None:
    study.trap("neuron_shuffle", matrices).check(layer)
