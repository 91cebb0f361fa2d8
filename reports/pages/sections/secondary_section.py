"""Experts beside a dense model, layer by layer."""

from reports.base.number_table import Table
from reports.judge.secondary import secondary_line
from reports.pages.section import Part, Section, Told

ORDER = 70
COLUMNS = ("layer", "experts", "dense", "difference")


def section(told: Told) -> Section | None:
    """A table for each comparison that could be concluded."""
    parts: list[Part] = ["Outside the verdict."]
    for outcome in told.decision.secondaries:
        rows = tuple((layer.layer, layer.experts, layer.dense, layer.difference) for layer in outcome.layers)
        metric = f"Mean {outcome.secondary.metric} over a layer's matrices [-]"
        parts += [
            f"{secondary_line(outcome)}.",
            f"{outcome.secondary.statement.strip()} {metric}:",
            Table(metric, COLUMNS, (*rows, ("mean", "", "", outcome.difference)), {"difference": "+.3f"}, unit="-"),
        ]
    lines = tuple(secondary_line(outcome) for outcome in told.decision.secondaries)
    return Section("Experts beside a dense model", tuple(parts), lines) if lines else None
