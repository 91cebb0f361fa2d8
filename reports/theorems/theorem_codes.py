"""What a run's measurements say of each theorem about codes of exponents: one residual per matrix. Pure."""

import math
from collections.abc import Iterator

from kernels.closed_forms.exponent_law import COMMONEST, EXPONENTS
from reports.judge.gates import Measurements
from reports.prereg.preregistration import Preregistration
from reports.theorems.theorem_checks import ROUNDING, Check, ordered


def no_code_beats_the_entropy(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    """Of a real code, whose words zlib chose."""
    for cell, measurement in ordered(measurements):
        for index, over in enumerate(measurement.measured.samples.get("over_entropy", ())):
            where = f"{cell.id} {measurement.measured.place('over_entropy', index)}"
            yield Check(where, -over, ROUNDING, made=cell.kind == "control")


def commonest_exponents(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in ordered(measurements):
        samples = measurement.measured.samples
        if not {"exponent_entropy", "common_exponents"} <= samples.keys():
            continue
        pairs = zip(samples["exponent_entropy"], samples["common_exponents"], strict=True)
        for index, (entropy, share) in enumerate(pairs):
            where = f"{cell.id} {measurement.measured.place('exponent_entropy', index)}"
            most = most_entropy(share)
            detail = f"{entropy:.4f} bits of at most {most:.4f}"
            yield Check(where, (entropy - most) / math.log2(EXPONENTS), ROUNDING, cell.kind == "control", detail)


def most_entropy(share: float) -> float:
    """Of 256 exponents whose 15 commonest hold `share`: `c log₂(15/c) + (1 − c) log₂(241/(1 − c))` [bits]."""
    parts = ((share, COMMONEST), (1.0 - share, EXPONENTS - COMMONEST))
    return sum(part * math.log2(count / part) for part, count in parts if part > 0.0)
