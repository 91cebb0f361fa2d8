"""The rules that a claim or a trap can be registered with. All bounds are shares or ratios [-]."""

import math
from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from reports.prereg.allowed_values import AnyNumber, InFile, NotNegative, Share, Str, one_of
from reports.prereg.known_names import metrics

# Not strict: what is strict is every value. A table of TOML is a dict and an array a list, where the types have
# dataclasses and tuples. The validators are built when something is first read: `--help` does not wait for them.
REGISTERED = ConfigDict(extra="forbid", defer_build=True)


def _read_by(rule: str) -> InFile:
    return one_of(lambda _: metrics(rule))


@dataclass(frozen=True, config=REGISTERED)
class ShareBelow:
    """At least `at_least` of the matrices have `metric` below `below`."""

    metric: Annotated[Str, _read_by("share_below")]
    below: Share
    at_least: Share

    @property
    def bound(self) -> float:
        return self.below

    @property
    def limit(self) -> float:
        """A value counts if it is less than this."""
        return self.below

    @property
    def side(self) -> str:
        """Of the bound, where values count."""
        return "below"

    @property
    def sign(self) -> str:
        return "<"


@dataclass(frozen=True, config=REGISTERED)
class ShareAtMost:
    """At least `at_least` of the matrices have `metric` at most `at_most`.

    Of two whole numbers up to 4096 the quotient's double is at most that of 0.6 just where the quotient is: the
    rule is one on whole numbers, and no bound is between two of them.
    """

    metric: Annotated[Str, _read_by("share_at_most")]
    at_most: Share
    at_least: Share

    @property
    def bound(self) -> float:
        return self.at_most

    @property
    def limit(self) -> float:
        """A value counts if it is less than this."""
        return math.nextafter(self.at_most, math.inf)

    @property
    def side(self) -> str:
        """Of the bound, where values count."""
        return "at or below"

    @property
    def sign(self) -> str:
        return "≤"


@dataclass(frozen=True, config=REGISTERED)
class MeanAtLeast:
    """The unweighted mean over layers of the layer means of `metric` is at least `at_least`.

    With `over_tau` it must also exceed (1 + over_tau) τ, τ being the best of the registered Haar draws: per draw the
    same mean of the lifts that the draw gives.
    """

    metric: Annotated[Str, _read_by("mean_at_least")]
    at_least: AnyNumber
    over_tau: NotNegative | None = None


@dataclass(frozen=True, config=REGISTERED)
class MeanAtMost:
    """The mean of `metric` is at most `at_most`."""

    metric: Annotated[Str, _read_by("mean_at_most")]
    at_most: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class ClosingAtMost:
    """`metric` is at most `at_most` with every layer up to the gate's last one changed: a value of the whole model."""

    metric: Annotated[Str, _read_by("closing_at_most")]
    at_most: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class ClosingAbove:
    """`metric` exceeds `above` with every layer up to the gate's last one changed: what a trap must show."""

    metric: Annotated[Str, _read_by("closing_above")]
    above: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class EachDomainAtMost:
    """`metric` is at most `at_most` in each domain of the prompts, with every layer up to the gate's last one changed.

    By intervals, over resampled sources of a domain: met where each ends at `at_most` or below, missed where one begins
    above. Where neither is so, the value may be on either side of the bound, and nothing is decided.
    """

    metric: Annotated[Str, _read_by("each_domain_at_most")]
    at_most: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class EachDomainAbove:
    """`metric` exceeds `above` in each domain, as `closing_above`, but measured at the gate's last layer alone."""

    metric: Annotated[Str, _read_by("each_domain_above")]
    above: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class EachDomainWithin:
    """`metric` exceeds `at_most` in no domain, by its value alone, at the gate's last layer alone."""

    metric: Annotated[Str, _read_by("each_domain_within")]
    at_most: AnyNumber


@dataclass(frozen=True, config=REGISTERED)
class LargestAtMost:
    """No value of `metric` exceeds `at_most`."""

    metric: Annotated[Str, _read_by("largest_at_most")]
    at_most: NotNegative


@dataclass(frozen=True, config=REGISTERED)
class AtLevel:
    """The mean of `metric` is within `within` of its level in theory, and the mean lift is below `lift_below`."""

    metric: Annotated[Str, _read_by("at_level")]
    within: NotNegative
    lift_below: NotNegative | None = None


ShareRule = ShareBelow | ShareAtMost
ClosingRule = ClosingAtMost | EachDomainAtMost
Rule = ShareRule | MeanAtLeast | ClosingRule
TrapRule = AtLevel | MeanAtMost | LargestAtMost | ClosingAbove | EachDomainAbove | EachDomainWithin
MEASURED_ONCE = (EachDomainAbove, EachDomainWithin)  # at the last layer of a gate, and at no other
CLOSING = (
    ClosingAtMost,
    ClosingAbove,
    EachDomainAtMost,
    *MEASURED_ONCE,
)  # read at the last layer of a gate alone, where they hold for the model
CLAIM_RULES: Mapping[str, type] = {
    "share_below": ShareBelow,
    "share_at_most": ShareAtMost,
    "mean_at_least": MeanAtLeast,
    "closing_at_most": ClosingAtMost,
    "each_domain_at_most": EachDomainAtMost,
}
TRAP_RULES: Mapping[str, type] = {
    "at_level": AtLevel,
    "mean_at_most": MeanAtMost,
    "largest_at_most": LargestAtMost,
    "closing_above": ClosingAbove,
    "each_domain_above": EachDomainAbove,
    "each_domain_within": EachDomainWithin,
}
RULES = {**CLAIM_RULES, **TRAP_RULES}
