"""`theorems.json`: of every theorem whether a prover has checked it, and what a run checked of it."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from reports.artefacts.decision_document import NamedSubject
from reports.artefacts.forms import Count, Line, Listed, Sha256, Table
from reports.artefacts.proofs_document import ProofFileName, Version

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


UNPROVED: JsonDict = {
    "if": {"properties": {"proof_status": {"const": "cited"}}},
    "else": {"properties": {"formal": {"minItems": 1}}},
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


class FormalTheorem(Table):
    """What the prover checked, as the record in reports/theorems/proofs/ has it."""

    name: Line
    file: ProofFileName
    sha256: Sha256
    statement: Line
    """As the prover prints it. It is about real numbers, not about floating-point code."""
    axioms: Listed[Line]


class Prover(Table):
    name: Literal["coqc"]
    version: Version
    axioms: Listed[Line]
    """All that any proof rests on, each with what it says."""


class TheoremRow(Table):
    model_config = ConfigDict(json_schema_extra={"allOf": [NOTHING_CHECKED, VIOLATED, UNPROVED]})

    name: str
    kind: Literal["bound", "identity", "law"]
    statement: str
    at_source: str
    """What the source study claims of it."""
    reference: str
    checks: str
    """What a run can check, and what the residual is."""
    tolerance: str
    """How large a residual may be, and why."""
    needs: str
    """What a run must have measured."""
    proof: str
    """In one line, where no prover has checked one."""
    proof_status: Literal["machine-checked", "cited", "refuted"]
    """Refuted: a prover has checked that it cannot hold."""
    formal: Listed[FormalTheorem]
    """What proves it as a whole, or refutes it."""
    status: Literal["not checked in this run", "held", "VIOLATED"]
    checked: Count
    violated: Count
    worst: CheckRow | None
    tight: Annotated[Listed[TightCheckRow], Field(max_length=2)]
    """Of a bound: where it was nearest to an equality."""


class TheoremsDocument(Table):
    """Each theorem that a rung rests on: its statement, what the source claims of it, whether a prover has checked it,
    and what this run checked of it. All residuals are ratios [-]."""

    rung: str
    design: int
    rule_sha256: Sha256
    subject: NamedSubject
    prover: Prover
    theorems: Listed[TheoremRow]
    schema_: Literal[2] = Field(alias="schema")
