"""haar_keys, a trap of key_cosine: a rotation that nobody learned takes any keys to the Haar level.

Measured   the cosine of the same keys, balanced and centred, in every registered Haar rotation of each head.
Sound      its mean over heads and draws is the Haar level at the width of a head. Otherwise what is measured is no
           one-bit cosine, or what is drawn no rotation: key_cosine is INCONCLUSIVE.
"""

import pytest

from reports.study import Source, Study

pytestmark = pytest.mark.trap("haar_keys")


def test_haar_keys(study: Study, models: Source, layer: int) -> None:
    study.trap("haar_keys", models).check(layer)
