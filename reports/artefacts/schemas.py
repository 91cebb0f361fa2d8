"""The JSON Schema of every artefact, from its type."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from reports.artefacts.decision_document import SCHEMA, DecisionDocument
from reports.artefacts.intoto_statement import Statement
from reports.artefacts.ledger_entry import Entry
from reports.artefacts.measurement_entry import MeasurementEntry
from reports.artefacts.proofs_document import ProofsDocument
from reports.artefacts.run_document import RunDocument
from reports.artefacts.seal_sidecar import Sidecar
from reports.artefacts.theorems_document import TheoremsDocument
from reports.artefacts.trap_results_document import TrapResults

WIDTH = 120
FOLDER = Path(__file__).resolve().parents[1] / "schemas"
TYPES: Mapping[str, type] = {
    "decision": DecisionDocument,
    "ledger": Entry,
    "measurement": MeasurementEntry,
    "proofs": ProofsDocument,
    "run": RunDocument,
    "seal": Sidecar,
    "statement": Statement,
    "theorems": TheoremsDocument,
    "trap_results": TrapResults,
}
TITLES: Mapping[str, str] = {
    "decision": f"decision.json, version {SCHEMA}",
    "ledger": "a line of the ledger, version 1",
    "measurement": "a measurement, version 2",
    "proofs": "reports/theorems/proofs/record.json, version 1",
    "run": "run.json, version 4",
    "seal": "the seal beside a preregistration, version 1",
    "statement": "what python -m reports attest writes: an in-toto Statement v1 with the predicate test-result v0.1",
    "theorems": "theorems.json, version 2",
    "trap_results": f"trap_results.json, version {SCHEMA}",
}


class _Untitled(GenerateJsonSchema):
    """Without a title for each field, which would only repeat its name."""

    def field_title_should_be_set(self, _: object) -> bool:
        return False


def schemas() -> dict[Path, str]:
    """Each file of `reports/schemas/`, and what it holds."""
    return {FOLDER / f"{name}.schema.json": _schema(form, TITLES[name]) for name, form in TYPES.items()}


def _schema(form: type, title: str) -> str:
    head = {"$schema": _Untitled.schema_dialect, "title": title, "description": inspect.getdoc(form)}
    body = TypeAdapter(form).json_schema(schema_generator=_Untitled)
    for inner in body.get("$defs", {}).values():
        del inner["title"]
    whole = _folded({**head, **body, **head})
    return whole.replace("\\n", " ") + "\n"  # a description has the line breaks of its docstring


def _folded(value: object, indent: str = "") -> str:
    """JSON with everything on one line that fits it."""
    whole = json.dumps(value)
    if len(indent) + len(whole) <= WIDTH or not isinstance(value, dict | list):
        return whole
    further = f"{indent}  "
    if isinstance(value, list):
        return _joined("[]", [_folded(inner, further) for inner in value], indent)
    return _joined("{}", [f"{json.dumps(key)}: {_folded(inner, further)}" for key, inner in value.items()], indent)


def _joined(brackets: str, parts: list[str], indent: str) -> str:
    lines = ",\n".join(f"{indent}  {part}" for part in parts)
    return f"{brackets[0]}\n{lines}\n{indent}{brackets[1]}"
