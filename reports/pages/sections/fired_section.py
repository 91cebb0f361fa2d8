"""Every gate: what its rule compared, by how much it was met or missed, and how sure that is."""

from reports.base.number_table import Table, Value
from reports.judge.gates import GateOutcome, RuleOutcome
from reports.pages.section import Section, Told

ORDER = 20
OUTSIDE = "outside verdict, trigger and core"
COLUMNS = ("gate", "status", "observed", "needed", "margin", "within reach", "95 % interval", "detectable", "n")


def section(told: Told) -> Section:
    """A row for each gate, and the sentences that explain it."""
    decision = told.decision
    rows = tuple(_row(outcome, outcome in decision.exploratory_gates) for outcome in decision.gates)
    notes = [
        "All values are ratios [-]. Margin: observed minus needed. Within reach: what a reproduction may observe, were "
        "every value off by its registered tolerance. The interval is a bootstrap over layers, of one_bit_nll over "
        "the sources of prompts. Detectable: the effect that a two-sided 5 % test would detect four times out of five."
    ]
    if decision.exploratory_gates:
        notes.append(f"Gates after the first kill are exploratory: they are {OUTSIDE}.")
    near = tuple(
        f"{outcome.gate.id} is {words}" for outcome in decision.gates if (words := borderline(outcome.rule)) is not None
    )
    empty = tuple(f"{outcome.gate.id} is {outcome.empty}" for outcome in decision.gates if outcome.empty is not None)
    table = Table("Gates in the order in which they were judged", COLUMNS, rows, {"margin": "+.3f"})
    broken = tuple(line for outcome in decision.gates for line in outcome.broken)
    return Section(
        "What fired",
        (table, *notes, *(f"{line}." for line in (*near, *empty))),
        lines=(*broken, *near, *empty),
        details=broken,
        figures=("gates",),
    )


def borderline(rule: RuleOutcome | None) -> str | None:
    """Says that a value within the registered tolerances would turn a gate, or None where it would not."""
    if rule is None or not rule.borderline:
        return None
    low, high = rule.reach
    reach = f"within the registered tolerances it may be {low:.3f} to {high:.3f}"
    return f"borderline: {reach} and come out otherwise, so that agreement is not promised"


def _row(outcome: GateOutcome, exploratory: bool) -> tuple[Value, ...]:
    rule = outcome.rule
    status = outcome.status + (" (after the kill)" if exploratory else "")
    if rule is None or outcome.interval is None:
        return (outcome.gate.id, status, *[None] * (len(COLUMNS) - 3), f"{len(outcome.missing)} cells missing")
    return (
        outcome.gate.id,
        status,
        rule.observed,
        rule.threshold,
        rule.observed - rule.threshold,
        rule.reach,
        outcome.interval,
        outcome.minimum_detectable_effect,
        rule.n,
    )
