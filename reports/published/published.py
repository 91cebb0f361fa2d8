"""The files that a verdict is published as, all generated from the decision and its document."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.judge.document import trap_results_json
from reports.judge.judged_verdict import Judged
from reports.pages.postmortem import postmortem, with_written_part
from reports.theorems.proof_files import proof_record
from reports.theorems.theorem_page import theorems_markdown
from reports.theorems.theorems import theorems_json, track

DECISION = "decision.json"


def artefacts(judged: Judged, document: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """Name -> bytes of everything that people and programs read of a verdict in `folder`.

    What a person wrote into the postmortem that is there now is kept. Raises `Tampered` where a proof was changed since
    a prover checked it.
    """
    page, decision = folder / "postmortem.md", judged.decision
    tracked, record = track(decision, judged.measurements), proof_record()
    return {
        DECISION: pretty(document),
        "trap_results.json": pretty(trap_results_json(decision, judged.subject)),
        page.name: with_written_part(postmortem(decision, document, judged.measurements), page).encode(),
        "theorems.json": pretty(theorems_json(decision, judged.subject, tracked, record)),
        "theorems.md": theorems_markdown(decision, judged.subject, tracked, record).encode(),
    }


def pretty(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
