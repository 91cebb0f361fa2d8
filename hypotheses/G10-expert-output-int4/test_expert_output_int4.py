"""expert_output_int4: what chosen experts put out may be rounded to INT4 before it is weighted and summed.

Measured   NLL of all tokens of the sealed prompts of the measured halves of the sources, before and after the output of
           every chosen expert is rounded to -7 … 7 on the scale of its layer, expert and channel; layer by layer, of
           all layers up to it. Where a scope closes, beside it: INT2, scales that are another's, one scale an expert,
           the largest channels kept, and scales calibrated on each other domain.
Calibrated on the unquantised model's tokens of the registered domain, from sources that are not measured on; an expert
           that was sent too few of them has the scales of its layer.
Rule       inflation, NLL/NLL₀ − 1, is at most 5 % in each domain with every layer rounded: by its interval over the
           sources of the domain. Where one is on both sides of 5 %, nothing is decided.
Controls   models with prompts sampled from themselves: one whose outputs matter and bear it, one that does not bear it,
           and scales that are too small, which the calibration's own outputs tell.
Traps      untouched_outputs, zeroed_outputs, int8_outputs.
The numbers are the preregistration's; this text only says what they mean.
"""

import pytest

from reports.prereg.preregistration import Control
from reports.study import ClaimUnderTest, Source, Study

pytestmark = pytest.mark.claim("expert_output_int4")


@pytest.fixture
def claim(study: Study, models: Source) -> ClaimUnderTest:
    return study.claim("expert_output_int4", models)


def test_control(claim: ClaimUnderTest, control: Control) -> None:
    claim.check(control)


def test_expert_output_int4(claim: ClaimUnderTest, layer: int) -> None:
    claim.measure(layer)
    claim.judge(layer)
