"""The folders of published verdicts, as a line of JSON that a workflow makes its matrix from: ["A", "B"].

    verdict_folders.py FOLDER

Needs no package. Ends with 2 and one line where a folder holds no verdict, where a name is more than letters, digits,
dots, underscores and hyphens, where a file is another than those that are published or is a link, and where there is
no verdict at all: a matrix of nothing is green.
"""

import json
import re
import sys
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
BESIDE = {"README.md", "scoreboard.html"}  # the scoreboard
PUBLISHED = {
    "decision.json", "trap_results.json", "postmortem.md", "theorems.json", "theorems.md", "run.json",
    "measurements.jsonl.gz",
}  # fmt: skip


def fault(verdicts: Path) -> str | None:
    """What is wrong, or None."""
    for path in sorted(verdicts.rglob("*")):
        if path.is_symlink():
            return f"{str(path)!a}: is a link, expected files of its own; remove it"
        allowed = path.is_dir() if path.parent == verdicts else path.parent.parent == verdicts and path.is_file()
        known = path.is_dir() or path.name in (BESIDE if path.parent == verdicts else PUBLISHED)
        if not (known and (allowed or path.name in BESIDE)):
            return f"{str(path)!a}: is not published, and Python or pytest might execute it; remove it"
    names = folders(verdicts)
    for name in names:
        if NAME.fullmatch(name) is None:
            return f"{name!a}: no name for a verdict, expected letters, digits, dots, underscores and hyphens"
        if not (verdicts / name / "decision.json").is_file():
            return f"{name}: holds no decision.json; publish what the run wrote, or remove it"
    return None if names else f"{str(verdicts)!a}: no verdicts here, expected at least one"


def folders(verdicts: Path) -> list[str]:
    return sorted(path.name for path in verdicts.iterdir() if path.is_dir()) if verdicts.is_dir() else []


if __name__ == "__main__":
    (given,) = map(Path, sys.argv[1:])
    found = fault(given)
    if found is not None:
        print(found, file=sys.stderr)
        sys.exit(2)
    print(json.dumps(folders(given)))
