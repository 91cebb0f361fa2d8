"""Controls: a known answer, sent through the claim's own path."""

from collections.abc import Iterable

from reports.base.number_table import Table
from reports.judge.decision import controls_once
from reports.judge.instruments import ControlOutcome
from reports.pages.section import Section, Told

ORDER = 90
SOUND = {True: "yes", False: "NO", None: "did not run"}
COLUMNS = ("control", "expected", "obtained", "sound")


def section(told: Told) -> Section | None:
    """The controls that the verdict rests on; in HTML every control with what is said of it."""
    rows = tuple(
        (row["name"], row["expected"], row["obtained"], SOUND[row["sound"]]) for row in told.document["controls"]
    )
    every = controls_once(told.decision.gates)
    if not every:
        return None
    line = controls_line(every)
    reasons = tuple((one.control.name, one.control.claim, one.median, one.reason) for one in every)
    table = Table("Controls of the core", COLUMNS, rows)
    detail = Table("Every control", ("control", "claim", "median [-]", "why"), reasons)
    return Section("Controls", (table,) if rows else (), (line,), (line, detail))


def controls_line(found: Iterable[ControlOutcome]) -> str:
    """How many controls are sound, and which are not."""
    return sound("controls", ((one.control.name, one.sound, one.reason) for one in found))


def sound(what: str, found: Iterable[tuple[str, bool | None, str]]) -> str:
    """How many of some instruments (name, whether it is sound, what is said of it) are sound, and which are not."""
    outcomes = list(found)
    ran = [outcome for outcome in outcomes if outcome[1] is not None]
    if not outcomes:
        return f"{what}: none to judge"
    if not ran:
        return f"{what}: none of {len(outcomes)} ran"
    text = f"{what}: {sum(state is True for _, state, _ in ran)} of {len(outcomes)} sound"
    text += f", {len(outcomes) - len(ran)} did not run" if len(ran) < len(outcomes) else ""
    return text + "".join(f"; {name} is OUT OF LINE: {reason}" for name, state, reason in ran if state is False)
