"""Traps: what must not happen, at every layer."""

from collections.abc import Iterable

from reports.base.number_table import Table
from reports.judge.decision import traps_once
from reports.judge.instruments import TrapOutcome
from reports.pages.section import Section, Told
from reports.pages.sections.controls_section import SOUND, sound

ORDER = 100


def section(told: Told) -> Section | None:
    """A row for each trap at each layer."""
    found = traps_once(told.decision.gates)
    if not found:
        return None
    rows = tuple((trap.trap.name, trap.layer, trap.reason, SOUND[trap.sound]) for trap in found)
    line = traps_line(found)
    return Section("Traps", (Table("Every trap", ("trap", "layer", "observed", "sound"), rows),), (line,), (line,))


def traps_line(found: Iterable[TrapOutcome]) -> str:
    """How many traps are sound, and which are not."""
    return sound("traps", ((trap.cell.id, trap.sound, trap.reason) for trap in found))
