"""`trap_results.json`: every instrument of a verdict."""

from typing import Literal

from pydantic import Field

from reports.artefacts.decision_document import ControlRow, NamedSubject, TrapRow
from reports.artefacts.forms import Listed, Table


class TrapResults(Table):
    """Every control and trap of every gate: what it was registered to come out as, and what it came out as."""

    rung: str
    design: int
    subject: NamedSubject
    all_sound: bool
    """False also where one did not run."""
    controls: Listed[ControlRow]
    traps: Listed[TrapRow]
    schema_: Literal[7] = Field(alias="schema")
