"""Was the study killed, just now, as registered? A failing pip ends with exit code 1 too, and proves nothing.

    require_kill.py FOLDER MARKER STATUS TRIGGER

FOLDER: where the run writes. MARKER: a file made just before the study began. STATUS: the exit code of the command.
TRIGGER: what must have killed it. Needs no package; ends with 0, or with 2 and one line that says what is wrong.
"""

import json
import sys
from pathlib import Path

KILLED = 1  # pytest's own exit code for a failing test


def fault(folder: Path, marker: Path, status: int, trigger: str) -> str | None:
    """What is wrong, or None."""
    decision, attempts = folder / "decision.json", folder / "attempts.jsonl"
    if status != KILLED:
        return f"the study ended with exit code {status}, expected {KILLED} (KILLED)"
    if not decision.is_file() or decision.stat().st_mtime_ns < marker.stat().st_mtime_ns:
        return f"{decision}: not written by this run, so that exit code {status} is no kill; look above for what failed"
    document = json.loads(decision.read_text(encoding="utf8"))
    last = json.loads(attempts.read_text(encoding="utf8").splitlines()[-1])
    for what, obtained, expected in (
        ("verdict", document["verdict"], "KILLED"),
        ("trigger", document["trigger"], trigger),
        ("exit code of pytest", last["exit_code"], KILLED),
    ):
        if obtained != expected:
            return f"{decision}: {what} {obtained!r}, expected {expected!r}"
    return None


if __name__ == "__main__":
    given_folder, given_marker, given_status, given_trigger = sys.argv[1:]
    found = fault(Path(given_folder), Path(given_marker), int(given_status), given_trigger)
    if found is not None:
        print(found, file=sys.stderr)
        sys.exit(2)
