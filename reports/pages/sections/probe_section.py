"""Where each search lands, and what may be concluded from it."""

from reports.base.number_table import Table
from reports.judge.probe import FAMILIES, ProbeOutcome
from reports.pages.section import Part, Section, Told

ORDER = 50
COLUMNS = ("layer", *(family.replace("_", " ") for family in FAMILIES), "plateau step", "lift at most")


def section(told: Told) -> Section | None:
    """A table for each probe that could be concluded."""
    parts: list[Part] = []
    for outcome in told.decision.probes:
        rows = tuple(
            (layer.layer, *(layer.betas[family] for family in FAMILIES), layer.plateau_step, layer.ceiling)
            for layer in outcome.layers
        )
        parts.append(f"`{outcome.probe.name}`: {concluded(outcome, mark='**')}. Mean β on the sample [-]:")
        parts.append(Table("Mean β of each search by layer", COLUMNS, rows, {"plateau step": ".0f"}))
    lines = tuple(f"{outcome.probe.name}: {concluded(outcome)}" for outcome in told.decision.probes)
    return Section("Search or structure", tuple(parts), lines) if parts else None


def concluded(outcome: ProbeOutcome, mark: str = "") -> str:
    """The conclusion, between two of `mark`, and what it rests on."""
    return f"{mark}{outcome.conclusion}{mark} ({'; '.join(outcome.reasons)})"
