"""How much worse a model gets."""

from collections.abc import Sequence
from statistics import fmean


def inflation(unquantised: Sequence[float], quantised: Sequence[float]) -> float:
    """`mean NLL / mean NLL₀ − 1` over the same prompts, each with the same weight [-]."""
    return fmean(quantised) / fmean(unquantised) - 1.0
