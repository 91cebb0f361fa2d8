"""The rules under the other registered estimators, and which gates one of them would have turned."""

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome
from reports.pages.section import Section, Told

ORDER = 80
COLUMNS = ("gate", "metric", "rule", "observed", "median", "noise")
SAID = (
    "The first estimator of each gate is the registered one; the others never enter the verdict. A gate is fragile if "
    "one of them would have turned it. One that noise of the same shapes meets, too, is uninformative: "
    "it turns nothing."
)


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
    table = Table("The same rules under every registered estimator", COLUMNS, rows, unit="-")
    lines = (*fragile_lines(told.decision), *uninformative_lines(told.decision))
    return Section("Sensitivity", (SAID, table, *(f"{line}." for line in lines)), lines)


def fragile_lines(decision: Decision) -> tuple[str, ...]:
    """A line for each gate of the core that another registered estimator would have turned."""
    found = ((outcome.gate.id, fragile(outcome)) for outcome in decision.core_gates)
    return tuple(f"{gate} is {words}" for gate, words in found if words is not None)


def fragile(outcome: GateOutcome) -> str | None:
    """Says which other registered estimators would have turned a gate, or None where none would."""
    turned = outcome.turned
    said = ", ".join(f"{other.metric} ({other.observed:.3f})" for other in turned)
    return f"fragile: {_met(turned[0].met)} under {said}" if turned else None


def uninformative_lines(decision: Decision) -> tuple[str, ...]:
    """A line for each gate of the core that has estimators which noise meets."""
    found = ((outcome.gate.id, uninformative(outcome)) for outcome in decision.core_gates)
    return tuple(f"{gate}: {words}" for gate, words in found if words is not None)


def uninformative(outcome: GateOutcome) -> str | None:
    """Says which estimators noise itself meets, with its value, or None where it meets none."""
    said = ", ".join(
        one.metric if one.reference is None else f"{one.metric} (noise {one.reference:.3f})"
        for one in outcome.uninformative
    )
    return f"uninformative, noise itself meets the rule under {said}" if said else None


def _met(met: bool) -> str:
    return "met" if met else "missed"
