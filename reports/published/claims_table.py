"""The README's table of claims with their verdicts: generated, and a test fails where the README says otherwise."""

from collections.abc import Sequence

from reports.base.errors import BadInput
from reports.base.markdown import table
from reports.published.scoreboard import AFTER_KILL, GateStanding, Standing

BEGIN, END = "<!-- generated: claims -->", "<!-- end of claims -->"


def claims_table(found: Sequence[Standing]) -> str:
    """One row per gate, one pair of columns (rule, what came of it) per design of a rung on one subject."""
    held = [one for one in found if one.error is None]
    names = list(dict.fromkeys(gate.name for one in held for gate in one.gates))
    columns = ["gate"]
    for one in held:
        columns += [f"design {one.design}", "came out"]
    rows = []
    for name in names:
        row = [f"`{name}`"]
        for one in held:
            gate = next((gate for gate in one.gates if gate.name == name), None)
            row += ["—", "—"] if gate is None else [gate.rule, _outcome(gate)]
        rows.append(row)
    return table(columns, rows)


def _outcome(gate: GateStanding) -> str:
    later = " (after the kill)" if gate.remarks.startswith(AFTER_KILL) else ""
    return f"**{gate.status}**{later}: {gate.observed}, {gate.interval}"


def with_claims(page: str, found: Sequence[Standing]) -> str:
    """`page` with the table between its two markers. Raises `BadInput` where they are missing."""
    before, begin, rest = page.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"\n{END}")
    if not begin or not end:
        raise BadInput(f"README.md: no {BEGIN} … {END}, expected both markers; put them where the table belongs")
    return f"{before}{begin}{claims_table(found)}{end}{after}"
