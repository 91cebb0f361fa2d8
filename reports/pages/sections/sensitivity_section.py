"""The rules under the other registered estimators, and which gates one of them would have turned."""

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome
from reports.pages.section import Section, Told

ORDER = 80
COLUMNS = ("gate", "metric", "rule", "observed", "median", "noise")


def section(told: Told) -> Section | None:
    """A row for each estimator of each gate that the verdict rests on."""
    rows = tuple(
        (outcome.gate.id, one.metric, _met(one.met), one.observed, one.median, one.reference)
        for outcome in told.decision.core_gates
        if outcome.rule is not None
        for one in (outcome.rule, *outcome.sensitivity)
    )
    if not rows:
        return None
    said = "The first estimator of each gate is the registered one; the others never enter the verdict."
    table = Table("The same rules under every registered estimator [-]", COLUMNS, rows)
    return Section("Sensitivity", (said, table), fragile_lines(told.decision))


def fragile_lines(decision: Decision) -> tuple[str, ...]:
    """A line for each gate of the core that another registered estimator would have turned."""
    found = ((outcome.gate.id, fragile(outcome)) for outcome in decision.core_gates)
    return tuple(f"{gate} is {words}" for gate, words in found if words is not None)


def fragile(outcome: GateOutcome) -> str | None:
    """Says which other registered estimators would have turned a gate, or None where none would."""
    rule = outcome.rule
    turned = [] if rule is None else [other for other in outcome.sensitivity if other.met != rule.met]
    said = ", ".join(f"{other.metric} ({other.observed:.3f})" for other in turned)
    return f"fragile: {_met(turned[0].met)} under {said}" if turned else None


def _met(met: bool) -> str:
    return "met" if met else "missed"
