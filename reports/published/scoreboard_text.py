"""The scoreboard as a terminal or a log shows it: plain lines of 80 columns, the same standings as on the pages."""

import textwrap
from collections.abc import Sequence

from reports.base.printing import one_line
from reports.published.scoreboard import AFTER_KILL, GateStanding, Standing, heading, seconds_text

COLUMNS = 80
HEADER = f"  {'gate':<27}{'status':<13}{'observed':>8}{'needed':>7}  null"
NULL_AT = len(HEADER) - len("null")


def scoreboard_text(found: Sequence[Standing]) -> list[str]:
    """Each verdict with its cost and its gates; then what does not count, with the reason."""
    lines = []
    for one in found:
        if one.error is None:
            lines += _verdict(one)
    errors = [one.error for one in found if one.error is not None]
    if errors:
        lines += ["not counted", *(line for error in errors for line in _wrapped(f"  {error}", "    "))]
    return [one_line(line) for line in lines]


def _verdict(one: Standing) -> list[str]:
    lines = _wrapped(f"{heading(one)}, {seconds_text(one.seconds)} s", "  ")
    if one.trigger != "—":
        lines += _wrapped(f"  {one.trigger}", "    ")
    if one.foundations:
        lines += _wrapped(f"  rests on {one.rests_on}", "    ")
    lines.append(HEADER)
    lines += [line for gate in one.gates for line in _gate(gate)]
    if any(_later(gate) for gate in one.gates):
        lines.append("  * after the kill: exploratory")
    return lines


def _gate(gate: GateStanding) -> list[str]:
    name = gate.name + "*" * _later(gate)
    line = f"  {name:<26} {gate.status:<12} {gate.observed:>8}{gate.threshold:>7}  {gate.null}"
    return _wrapped(line, " " * NULL_AT)


def _later(gate: GateStanding) -> bool:
    return gate.remarks.startswith(AFTER_KILL)


def _wrapped(line: str, indent: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False) or [""]
