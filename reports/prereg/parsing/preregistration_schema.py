"""The JSON Schema of a preregistration, by its types: `python -m reports.prereg.parsing.preregistration_schema`."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from reports.base.printing import print_anywhere
from reports.prereg.preregistration import Preregistration

SCHEMA = Path(__file__).parents[2] / "schemas" / "preregistration.schema.json"


def preregistration_schema() -> dict[str, Any]:
    """What one table of a file may be. What must hold between tables no schema says: see `coherence.py`."""
    schema = TypeAdapter(Preregistration).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_text() -> str:
    return json.dumps(preregistration_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print_anywhere()
    SCHEMA.write_text(schema_text(), "utf8")
