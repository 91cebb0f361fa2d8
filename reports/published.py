"""The files that a verdict is published as, all generated from the decision and its document."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.decision import Decision
from reports.document import trap_results_json
from reports.postmortem import postmortem, with_written_part

DECISION = "decision.json"


def artefacts(decision: Decision, document: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """Name -> bytes of everything that people and programs read of a verdict in `folder`.

    What a person wrote into the postmortem that stands there now is kept.
    """
    page = folder / "postmortem.md"
    return {
        DECISION: pretty(document),
        "trap_results.json": pretty(trap_results_json(decision)),
        page.name: with_written_part(postmortem(decision, document), page).encode(),
    }


def pretty(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
