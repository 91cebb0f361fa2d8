"""What the lifts of two verdicts are made of, at the widest gate of a claim that both decomposed."""

import math

from reports.base.number_table import Table, Value
from reports.judge.gates import GateOutcome
from reports.judge.spread.mean_interval import t_quantile
from reports.pages.beside.side import CHANGE, ERRORS, A, B, Side
from reports.pages.beside.standard_errors import independent
from reports.pages.section import Part, Section

FACTORS = ("lift", "random", "noise_fit", "structure")
SAID = (
    "lift = random × noise fit × structure, geometric means over the layers of the gate. SE: standard errors of the "
    "logarithm of structure, by the intervals that were published, as of two independent subjects."
)


def section(a: Side, b: Side) -> Section | None:
    """A table for each claim that both have decomposed."""
    parts: list[Part] = []
    for claim in a.claims:
        ours, theirs = _widest(a, claim), _widest(b, claim)
        if ours is not None and theirs is not None:
            title = f"Factors of {claim}, {A} at {ours.gate.id}, {B} at {theirs.gate.id}"
            parts.append(Table(title, ("factor", A, B, CHANGE, ERRORS), _rows(ours, theirs), unit="-"))
    return Section("What the lift is made of", (SAID, *parts)) if parts else None


def _widest(side: Side, claim: str) -> GateOutcome | None:
    found = [one for one in side.gates.values() if one.gate.claim.name == claim and one.decompositions]
    return found[-1] if found else None


def _rows(ours: GateOutcome, theirs: GateOutcome) -> tuple[tuple[Value, ...], ...]:
    pooled = (ours.decomposition, theirs.decomposition)
    rows = []
    for factor in FACTORS:
        one, other = (float(getattr(whole, factor)) for whole in pooled)
        errors = (log_error(ours), log_error(theirs)) if factor == "structure" else (None, None)
        rows.append((factor.replace("_", " "), one, other, other - one, independent(math.log(other / one), *errors)))
    return tuple(rows)


def log_error(outcome: GateOutcome) -> float | None:
    """The standard error of log structure: half of its interval over the quantile of Student's t that made it."""
    found = outcome.structure_interval
    if found is None:
        return None
    low, high = map(math.log, found)
    return (high - low) / 2.0 / t_quantile(outcome.registered.level, len(outcome.decompositions) - 1)
