"""A difference in standard errors, where there is one. Pure.

What was read as a whole has no sampling error: of two gates over every layer the difference is a fact about these two
subjects. Where the same matrices were measured twice, what scatters is the difference itself.
"""

import math
from collections.abc import Sequence

from reports.judge.gates import DETECTABLE_STANDARD_ERRORS, GateOutcome
from reports.judge.spread.mean_interval import detectable_errors, standard_error


def gate_error(outcome: GateOutcome) -> float | None:
    """The standard error of what a gate observed, over layers or sources of prompts [-]; None where none is published.

    It is what the published minimum detectable effect is a known multiple of.
    """
    effect = outcome.minimum_detectable_effect
    if effect is None or outcome.rule is None:
        return None
    return effect / (DETECTABLE_STANDARD_ERRORS if outcome.pairs else detectable_errors(len(outcome.rule.layer_values)))


def independent(difference: float, one: float | None, other: float | None) -> float | None:
    """The difference over `√(one² + other²)`; a side without an error is known as it is. None where neither has one."""
    error = math.hypot(one or 0.0, other or 0.0)
    return difference / error if error > 0.0 else None


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """The mean difference `theirs − ours` over its own standard error; None where nothing scatters."""
    apart = [other - one for one, other in zip(ours, theirs, strict=True)]
    error = standard_error(apart)
    return math.fsum(apart) / len(apart) / error if error else None


def apart_in_errors(ours: Sequence[float], theirs: Sequence[float], same: bool) -> float | None:
    """The difference of two means over the error by the spread of their values; of the `same` ones, pair by pair."""
    if same and len(ours) == len(theirs):
        return paired(ours, theirs)
    difference = math.fsum(theirs) / len(theirs) - math.fsum(ours) / len(ours)
    return independent(difference, standard_error(ours), standard_error(theirs))
