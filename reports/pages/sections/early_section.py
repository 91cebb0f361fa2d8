"""How often the rules that may kill early are wrong: the operating curve of each claim, before any weight was read."""

from reports.base.number_table import Table
from reports.base.spans import listed
from reports.pages.section import Part, Section, Told
from reports.prereg.operating.operating_curve import OperatingCurve, operating_curves

ORDER = 95
COLUMNS = ("truth", "killed early", "false kill", "killed at the end", "survives", "layers read")
SAID = (
    "What each rule does to rungs of a known truth. False kill: of the rungs that all layers together would have let "
    "live, the share that is killed early. The worlds are those of layers in random order, a share differing by a "
    "standard deviation of 0.26 between layers."
)
ASCENDING = (
    "These checkpoints read the *first* layers, in ascending order. Where the value depends on depth they are no "
    "sample of all layers, and nothing bounds the false kills: where only the first layers miss, every such rung is "
    "killed."
)


def section(told: Told) -> Section | None:
    """A table for each claim that may be killed before all layers were read."""
    prereg = told.decision.prereg
    curves = [curve for curve in operating_curves(prereg) if len(curve.checkpoints) > 1]
    if not curves:
        return None
    parts: list[Part] = [SAID, *([ASCENDING] if prereg.layer_order == "ascending" else [])]
    for curve in curves:
        early = listed(curve.checkpoints[:-1])
        parts.append(f"`{curve.claim}`, killed early after {early} layers, by the {curve.unit}:")
        parts.append(_table(curve))
    return Section("Early kills", tuple(parts))


def _table(curve: OperatingCurve) -> Table:
    rows = tuple(
        (point.truth, sum(point.killed_early), point.false_kill, point.killed_last, point.survives, point.layers_read)
        for point in curve.points
    )
    formats = {"truth": "g", "layers read": ".1f", **dict.fromkeys(COLUMNS[1:5], ".1%")}
    return Table(
        f"Operating curve of {curve.claim} by {curve.unit}", COLUMNS, rows, formats, "-", {"layers read": "layers"}
    )
