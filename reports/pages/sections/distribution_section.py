"""The metric by layer at the widest gate that was judged, beside what structureless matrices of that shape have."""

from reports.base.number_table import Table
from reports.pages.section import Part, Section, Told

ORDER = 30


def section(told: Told) -> Section | None:
    """A table for each claim about matrices that was judged."""
    parts: list[Part] = []
    for claim in told.decision.prereg.claims:
        judged = [outcome for outcome in told.decision.gates if outcome.gate.claim == claim and outcome.rule]
        if not judged or claim.of_model or (rule := judged[-1].rule) is None:
            continue
        noise = (
            "" if rule.reference is None else f"; structureless matrices of the same shape have {rule.reference:.3f}"
        )
        parts.append(f"`{claim.name}`: median {rule.median:.3f} [-] over {rule.n} {rule.counted}{noise}.")
        columns = ("layer", f"median {rule.metric} [-]", "rule's statistic [-]")
        rows = zip(judged[-1].gate.layers, rule.layer_medians, rule.layer_values, strict=True)
        parts.append(Table(f"{rule.metric} by layer", columns, tuple(rows)))
    return Section("Distribution against the null", tuple(parts)) if parts else None
