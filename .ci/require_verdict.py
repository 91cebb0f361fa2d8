"""Did a study come to a verdict that is accepted, just now?

    require_verdict.py OUT STATUS VERDICT...

OUT: an empty folder that the study was given as --out. STATUS: the exit code of pytest. VERDICT: those that are
accepted, or `any`. Prints the verdict and ends with 0, or with 2 and one line that says what is wrong. Exit code and
decision.json must tell the same: an exit code alone may come from elsewhere.
"""

import json
import sys
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reports.artefacts.decision_document import DecisionDocument
from reports.base.errors import ExitCode

VERDICTS: tuple[str, ...] = get_args(DecisionDocument.model_fields["verdict"].annotation)
ANY = "any"


def fault(out: Path, status: int, accepted: list[str]) -> str | None:
    """What is wrong, or None."""
    unknown = sorted({*accepted} - {*VERDICTS, ANY})
    if unknown or not accepted:
        named = " ".join(map(ascii, unknown)) or "nothing"
        return f"gate: accepts {named}, expected some of {', '.join(VERDICTS)}, or {ANY}"
    decisions = sorted(out.glob("*/decision.json"))
    if len(decisions) != 1:
        return f"{out}: holds {len(decisions)} verdicts, expected one of this run; pytest ended with exit code {status}"
    verdict = json.loads(decisions[0].read_text(encoding="utf8"))["verdict"]
    if verdict not in VERDICTS or status != ExitCode[verdict]:
        return f"{decisions[0]}: verdict {verdict!a}, but pytest ended with exit code {status}, which is another one"
    if ANY not in accepted and verdict not in accepted:
        return f"{decisions[0]}: verdict {verdict}, accepted {', '.join(accepted)}"
    return None


if __name__ == "__main__":
    given_out, given_status, *given_verdicts = sys.argv[1:]
    found = fault(Path(given_out), int(given_status), given_verdicts)
    if found is not None:
        print(found, file=sys.stderr)
        sys.exit(2)
    (decision,) = Path(given_out).glob("*/decision.json")
    print(json.loads(decision.read_text(encoding="utf8"))["verdict"])
