"""The metric by layer at the widest gate that was judged, beside what structureless matrices of that shape have."""

from statistics import fmean

from reports.base.number_table import Table
from reports.judge.gates import GateOutcome, RuleOutcome
from reports.pages.messages import met_by_noise
from reports.pages.section import Part, Section, Told
from reports.prereg.rules import ShareRule

ORDER = 30


def section(told: Told) -> Section | None:
    """A table for each claim about matrices that was judged."""
    parts: list[Part] = []
    for claim in told.decision.prereg.claims:
        judged = [outcome for outcome in told.decision.gates if outcome.gate.claim == claim and outcome.rule]
        if not judged or claim.closing or (rule := judged[-1].rule) is None:
            continue
        noise = (
            "" if rule.reference is None else f"; structureless matrices of the same shape have {rule.reference:.3f}"
        )
        parts.append(f"`{claim.name}`: median {rule.median:.3f} [-] over {rule.n} {rule.counted}{noise}.")
        parts.append(_by_layer(judged[-1], rule, told))
        if (null := met_by_noise(judged[-1])) is not None:
            parts.append(f"`{claim.name}`, {null}.")
    return Section("Distribution against the null", tuple(parts)) if parts else None


def _by_layer(outcome: GateOutcome, rule: RuleOutcome, told: Told) -> Table:
    """Each layer's median and what the rule compares, of all of its matrices and of each projection."""
    registered = outcome.gate.claim.rule

    def statistic(values: tuple[float, ...]) -> float:
        counted = [value < registered.limit for value in values] if isinstance(registered, ShareRule) else values
        return fmean(counted)

    rows, projections = [], dict[str, None]()
    cells = [cell for cell in outcome.gate.claim_cells if cell.layer is not None]
    for cell, median, value in zip(cells, rule.layer_medians, rule.layer_values, strict=True):
        parts = {}
        if cell in told.measurements:
            parts = told.measurements[cell].measured.along(rule.metric, "projection")
        projections |= dict.fromkeys(parts)
        rows.append((cell.layer, median, value, *map(statistic, parts.values())))
    columns = ("layer", f"median {rule.metric} [-]", "rule's statistic [-]", *(f"of {name}" for name in projections))
    return Table(f"{rule.metric} by layer", columns, tuple(sorted(rows)), unit="-")
