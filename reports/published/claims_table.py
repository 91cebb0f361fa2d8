"""The README's table of claims with their verdicts: generated, and a test fails where the README says otherwise."""

from collections.abc import Sequence

from reports.base.errors import BadInput
from reports.base.markdown import table
from reports.published.scoreboard import AFTER_KILL, GateStanding, Standing

RUNG, EMBEDDED = "E-ffn-rotation", "olmoe_nano"  # the rung and the subject of the README
BEGIN, END = "<!-- generated: claims -->", "<!-- end of claims -->"


def claims_table(found: Sequence[Standing]) -> str:
    """One row per gate, by checkpoint; one column per design on the embedded model: the rule and what came of it.

    Verdicts of other rungs and on other subjects are on the scoreboard alone.
    """
    held = [one for one in found if one.error is None and (one.rung, one.subject) == (RUNG, EMBEDDED)]
    names = sorted(dict.fromkeys(gate.name for one in held for gate in one.gates), key=_checkpoint)
    rows = []
    for name in names:
        gates = [next((gate for gate in one.gates if gate.name == name), None) for one in held]
        rows.append([f"`{name}`", *("—" if gate is None else _outcome(gate) for gate in gates)])
    return table(["gate", *(f"design {one.design}" for one in held)], rows)


def _checkpoint(name: str) -> int:
    """Of `narrow_d@4-layer`: 4."""
    return int(name.partition("@")[2].partition("-")[0])


def _outcome(gate: GateStanding) -> str:
    later = " (after the kill)" if gate.remarks.startswith(AFTER_KILL) else ""
    return f"{gate.rule}: **{gate.status}**{later}, {gate.observed} ({gate.interval})"


def with_claims(page: str, found: Sequence[Standing]) -> str:
    """`page` with the table between its two markers. Raises `BadInput` where they are missing."""
    before, begin, rest = page.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"\n{END}")
    if not begin or not end:
        raise BadInput(f"README.md: no {BEGIN} … {END}, expected both markers; put them where the table belongs")
    return f"{before}{begin}{claims_table(found)}{end}{after}"
