"""`theorems.json`: what a run checked of every theorem."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from reports.artefacts.decision_document import NamedSubject
from reports.artefacts.forms import Count, Listed, Sha256, Table

NOTHING_CHECKED: JsonDict = {
    "if": {"properties": {"status": {"const": "not checked in this run"}}},
    "then": {"properties": {"checked": {"const": 0}, "worst": {"type": "null"}}},
    "else": {"properties": {"checked": {"minimum": 1}, "worst": {"type": "object"}}},
}
VIOLATED: JsonDict = {
    "if": {"properties": {"status": {"const": "VIOLATED"}}},
    "then": {"properties": {"violated": {"minimum": 1}}},
    "else": {"properties": {"violated": {"const": 0}}},
}


class CheckRow(Table):
    where: str
    residual: float | None
    """Null where it was no number."""
    tolerance: Annotated[float, Field(gt=0)]
    detail: str


class TightCheckRow(CheckRow):
    made: bool
    """Among a control's matrices, not the subject's."""


class TheoremRow(Table):
    model_config = ConfigDict(json_schema_extra={"allOf": [NOTHING_CHECKED, VIOLATED]})

    name: str
    kind: Literal["bound", "identity", "law"]
    statement: str
    at_source: str
    reference: str
    proof: str
    checks: str
    """What a run can check, and what the residual is."""
    tolerance: str
    """How large a residual may be, and why."""
    needs: str
    """What a run must have measured."""
    status: Literal["not checked in this run", "held", "VIOLATED"]
    checked: Count
    violated: Count
    worst: CheckRow | None
    tight: Annotated[Listed[TightCheckRow], Field(max_length=2)]
    """Of a bound: where it was nearest to an equality."""


class TheoremsDocument(Table):
    """Each theorem that the rung rests on: its statement, its status at the source, and what this run checked of it.
    All residuals are ratios [-]."""

    rung: str
    design: int
    rule_sha256: Sha256
    subject: NamedSubject
    theorems: Listed[TheoremRow]
    schema_: Literal[1] = Field(alias="schema")
