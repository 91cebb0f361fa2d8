"""The rules that a claim or a trap can be registered with. All bounds are shares or ratios [-]."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShareBelow:
    """At least `at_least` of the matrices have `metric` below `below`."""

    metric: str
    below: float
    at_least: float


@dataclass(frozen=True)
class MeanAtLeast:
    """The unweighted mean over layers of the layer means of `metric` is at least `at_least`.

    With `over_tau` it must also exceed (1 + over_tau) τ, τ being the best of the registered Haar draws: per draw the
    same mean of the lifts that the draw gives.
    """

    metric: str
    at_least: float
    over_tau: float | None = None


@dataclass(frozen=True)
class MeanAtMost:
    """The mean of `metric` is at most `at_most`."""

    metric: str
    at_most: float


@dataclass(frozen=True)
class ClosingAtMost:
    """`metric` is at most `at_most` with every layer up to the gate's last one changed: a value of the whole model."""

    metric: str
    at_most: float


@dataclass(frozen=True)
class ClosingAbove:
    """`metric` exceeds `above` with every layer up to the gate's last one changed: what a trap must show."""

    metric: str
    above: float


@dataclass(frozen=True)
class LargestAtMost:
    """No value of `metric` exceeds `at_most`."""

    metric: str
    at_most: float


@dataclass(frozen=True)
class AtLevel:
    """The mean of `metric` lies within `within` of its level in theory, and the mean lift is below `lift_below`."""

    metric: str
    within: float
    lift_below: float | None


Rule = ShareBelow | MeanAtLeast | ClosingAtMost
TrapRule = AtLevel | MeanAtMost | LargestAtMost | ClosingAbove
CLOSING = (ClosingAtMost, ClosingAbove)  # read at the last layer of a gate alone, where they hold for the model
