"""A rule in each domain of the prompts: intervals over the sources of one at a time, and what they decide. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kernels.closed_forms.inflation import inflation
from reports.judge.bootstrap import bootstrap_over_prompts
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Interval
from reports.prereg.samples import UNNAMED

Pairs = list[tuple[float, float]]  # (NLL₀, NLL) of each prompt [nats]
Decided = Literal["met", "missed", "undecided"]


@dataclass(frozen=True)
class DomainValue:
    """What a rule compares, in one domain [-]."""

    domain: str
    observed: float
    interval: tuple[float, float] | None  # by a paired bootstrap over its sources; None for a single source
    error: float | None  # its standard error
    prompts: int
    sources: int


def domain_values(measurement: Measurement, metric: str, interval: Interval) -> tuple[DomainValue, ...]:
    """Inflation in each domain, in the order of first mention, from the NLLs that `metric` is made of."""
    measured = measurement.measured
    before, after = (measured.samples[name].values for name in measured.samples[metric].made_of)
    domains = measured.domains or (UNNAMED,) * len(before)
    sources = measured.sources or tuple(map(str, range(len(before))))
    found = []
    for domain in dict.fromkeys(domains):
        rows = [row for row, of in enumerate(domains) if of == domain]
        pairs, own = [(before[row], after[row]) for row in rows], [sources[row] for row in rows]
        observed = inflation([one for one, _ in pairs], [other for _, other in pairs])
        count = len(set(own))
        between, error = bootstrap_over_prompts(pairs, interval, own) if count > 1 else (None, None)
        found.append(DomainValue(domain, observed, between, error, len(pairs), count))
    return tuple(found)


def decided(values: Sequence[DomainValue], at_most: float, shift: float = 0.0) -> Decided:
    """`missed` where an interval begins above `at_most`; `met` where each ends at or below; else `undecided`.

    `shift` moves every interval. A domain without an interval is undecided.
    """
    known = [value.interval for value in values if value.interval is not None]
    if any(low + shift > at_most for low, _ in known):
        return "missed"
    return "met" if len(known) == len(values) and all(high + shift <= at_most for _, high in known) else "undecided"


def straddling(values: Sequence[DomainValue], at_most: float) -> str | None:
    """Which domains keep it undecided, as a clause; None where it is decided."""
    if decided(values, at_most) != "undecided":
        return None
    said = [
        f"{value.domain} has one source" if value.interval is None else
        f"the interval of {value.domain}, {value.interval[0]:+.3f} to {value.interval[1]:+.3f}, straddles {at_most:g}"
        for value in values
        if value.interval is None or value.interval[1] > at_most
    ]  # fmt: skip
    return f"undecided: {', and '.join(said)}"


def envelope(values: Sequence[DomainValue]) -> tuple[float, float] | None:
    """The greatest lower and the greatest upper end: what lies above and below is as for the largest of all domains."""
    known = [value.interval for value in values if value.interval is not None]
    return (max(low for low, _ in known), max(high for _, high in known)) if known else None
