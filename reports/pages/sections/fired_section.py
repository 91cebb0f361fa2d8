"""Every gate: what its rule compared, by how much it was met or missed, and how sure that is."""

from collections.abc import Sequence

from reports.base.number_table import Table, Value
from reports.judge.gates import GateOutcome, RuleOutcome
from reports.judge.spread.full_scope import FullScope
from reports.pages.section import Section, Told
from reports.prereg.preregistration import Gate
from reports.prereg.rules import ShareRule

ORDER = 20
CENSUS = "its layers are a census, and nothing was left out that the value could differ from"
OUTSIDE = "outside verdict, trigger and core"
COLUMNS = ("gate", "status", "observed", "needed", "margin", "within reach", "95 % interval", "detectable", "n")


def section(told: Told) -> Section:
    """A row for each gate, and the sentences that explain it."""
    decision = told.decision
    rows = tuple(_row(outcome, outcome in decision.exploratory_gates) for outcome in decision.gates)
    notes = [
        "All values are ratios [-]. Margin: observed minus needed. Within reach: what a reproduction may observe, were "
        "every value off by its registered tolerance. The interval is of layers like those read: of a share by a "
        "hierarchical beta-binomial, of a mean by Student's t; of the whole model's NLL it is a bootstrap over the "
        "sources of prompts. Detectable: the effect that a two-sided 5 % test would detect four times out of five, by "
        "the noncentral t."
    ]
    if any(outcome.rule is not None and outcome.gate.census and not outcome.pairs for outcome in decision.gates):
        notes.append(f"A gate over every layer has no interval: {CENSUS}.")
    notes += [
        f"{outcome.gate.id}: {full_scope_text(outcome.full_scope, outcome.gate)}."
        for outcome in decision.gates
        if outcome.full_scope is not None
    ]
    if decision.exploratory_gates:
        notes.append(f"Gates after the first kill are exploratory: they are {OUTSIDE}.")
    near = tuple(
        f"{outcome.gate.id} is {words}" for outcome in decision.gates if (words := borderline(outcome.rule)) is not None
    )
    empty = tuple(f"{outcome.gate.id} is {outcome.empty}" for outcome in decision.gates if outcome.empty is not None)
    split = tuple(
        f"{outcome.gate.id} is {outcome.undecided}" for outcome in decision.gates if outcome.undecided is not None
    )
    domains = _domain_table(decision.gates)
    if domains is not None:
        notes.append("A rule in each domain observes the largest; its interval is of the greatest ends of all domains.")
    table = Table("Gates in the order in which they were judged", COLUMNS, rows, {"margin": "+.3f"}, unit="-")
    broken = tuple(line for outcome in decision.gates for line in outcome.broken)
    return Section(
        "What fired",
        (table, *([] if domains is None else [domains]), *notes, *(f"{line}." for line in (*near, *empty, *split))),
        lines=(*broken, *near, *empty, *split),
        details=broken,
        figures=("gates",),
    )


def _domain_table(outcomes: Sequence[GateOutcome]) -> Table | None:
    """A row for each domain of a gate whose rule holds in each; None where there is none."""
    rows: list[tuple[Value, ...]] = [
        (outcome.gate.id, value.domain, value.observed, value.interval, value.prompts, value.sources)
        for outcome in outcomes
        if outcome.rule is not None
        for value in outcome.rule.domains
    ]
    columns = ("gate", "domain", "observed", "95 % interval", "prompts", "sources")
    return (
        Table("Domain by domain, with a bootstrap over its sources", columns, tuple(rows), unit="-") if rows else None
    )


def borderline(rule: RuleOutcome | None) -> str | None:
    """Says that a value within the registered tolerances would turn a gate, or None where it would not."""
    if rule is None or not rule.borderline:
        return None
    low, high = rule.reach
    reach = f"within the registered tolerances it may be {low:.3f} to {high:.3f}"
    return f"borderline: {reach} and come out otherwise, so that agreement is not promised"


def interval_kind(outcome: GateOutcome, draws: int) -> str:
    """How the interval of a gate is made."""
    if outcome.pairs:
        return f"{draws} resamples of sources of prompts"
    layers = f"{len(outcome.gate.layers)} layers"
    return f"beta-binomial over {layers}" if isinstance(outcome.gate.claim.rule, ShareRule) else f"t over {layers}"


def no_interval(outcome: GateOutcome) -> str:
    """Why a gate that was measured has no interval."""
    return CENSUS if outcome.gate.census else "a single layer has no spread"


def full_scope_text(ahead: FullScope, gate: Gate) -> str:
    """What an early checkpoint expects of all layers."""
    low, high = ahead.interval
    return (
        f"over all {gate.whole} layers it may be {low:.3f} to {high:.3f}, and meets the rule with probability "
        f"{ahead.passes:.2g} (predictive, were the layers read a random sample)"
    )


def _row(outcome: GateOutcome, exploratory: bool) -> tuple[Value, ...]:
    rule = outcome.rule
    status = outcome.status + (" (after the kill)" if exploratory else "")
    if rule is None:
        return (outcome.gate.id, status, *[None] * (len(COLUMNS) - 3), f"{len(outcome.missing)} cells missing")
    return (
        outcome.gate.id,
        status,
        rule.observed,
        rule.threshold,
        rule.observed - rule.threshold,
        rule.reach,
        "census" if outcome.interval is None and outcome.gate.census else outcome.interval,
        outcome.minimum_detectable_effect,
        rule.n,
    )
