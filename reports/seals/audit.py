"""What git shows of seals and verdicts: the ledger only grew, and each verdict was published after its rule was sealed.

What git cannot show: a history that was written anew as a whole, or dates. Against the first a commit has to be known
elsewhere, in a signed tag or to others who have fetched it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.artefacts.ledger_entry import Entry
from reports.base.errors import ExitCode
from reports.seals.history import SHORT, Change, History
from reports.seals.ledger import LEDGER, Ledger, read_ledger

PREREGISTRATIONS = "hypotheses/preregistrations"
VERDICTS = "reports/verdicts"
DECISION = "decision.json"


@dataclass(frozen=True)
class Finding:
    """What is so, or what is wrong and the exit code that it asks for."""

    text: str
    code: ExitCode = ExitCode.SURVIVED

    def line(self) -> str:
        return self.text if self.code == ExitCode.SURVIVED else f"{self.code.name.replace('_', ' ')}: {self.text}"


def audit(history: History, ledger: Path, verdicts: Path) -> list[Finding]:
    """What the history of the checkout shows of its `ledger` and of each folder under `verdicts`.

    Raises `Tampered` where the ledger's own chain does not hold, `BadInput` where git cannot be read.
    """
    read = read_ledger(ledger)
    changes = history.changes(f"{PREREGISTRATIONS}/{LEDGER}")
    found = list(growth(changes))
    data = ledger.read_bytes() if ledger.exists() else b""
    found += _since(changes[-1].data if changes else None, data)
    names = sorted({*history.folders(VERDICTS), *(path.parent.name for path in verdicts.glob(f"*/{DECISION}"))})
    return found + [_order(history, read, changes, name, verdicts / name / DECISION) for name in names]


def growth(changes: tuple[Change, ...]) -> Iterator[Finding]:
    """A line for each commit in which the ledger does not begin with what it was before, and one for all of them."""
    broken = 0
    for change in changes:
        for before in change.before:
            fault = _fault(before or b"", change.data or b"")
            if fault is not None:
                broken += 1
                yield Finding(f"{LEDGER}: commit {change.commit[:SHORT]} {fault}", ExitCode.TAMPERED)
    if not changes:
        yield Finding(f"{LEDGER}: git records no version of it; commit it", ExitCode.BAD_INPUT)
    elif not broken:
        lines = (changes[-1].data or b"").count(b"\n")
        yield Finding(
            f"{LEDGER}: {lines} lines in {len(changes)} commits since {changes[0].commit[:SHORT]}; each version begins "
            "with the one before"
        )


def _fault(before: bytes, after: bytes) -> str | None:
    if after.startswith(before):
        return None
    lines, left = before.count(b"\n"), after.count(b"\n")
    if before.startswith(after):
        return f"cuts it: {left} of {lines} lines are left; what was sealed there is no longer public"
    pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=False), 1)
    number = next((number for number, (old, new) in pairs if old != new), lines)
    return f"rewrites line {number} of {lines}; what was sealed there is no longer public"


def _since(committed: bytes | None, data: bytes) -> list[Finding]:
    """What the checkout's ledger is, beside that of HEAD."""
    if committed == data:
        return []
    fault = _fault(committed or b"", data)
    if fault is not None:
        return [Finding(f"{LEDGER}: the checkout {fault}; restore it from git history", ExitCode.TAMPERED)]
    new = data.count(b"\n") - (committed or b"").count(b"\n")
    return [Finding(f"{LEDGER}: {new} lines are not committed; commit them before a run", ExitCode.BAD_INPUT)]


def _order(history: History, ledger: Ledger, seals: tuple[Change, ...], name: str, path: Path) -> Finding:
    """Whether the verdict in the folder `name` came after the seal that it names; `seals` are the ledger's changes."""
    shown = ascii(name)[1:-1]
    where = f"{VERDICTS}/{name}/{DECISION}"
    changes = history.changes(where)
    data = path.read_bytes() if path.is_file() else None
    if data is None or not changes or history.versions(["HEAD"], where)["HEAD"] != data:
        return Finding(
            f"{shown}: its {DECISION} is not the one that HEAD holds; commit it, or restore it", ExitCode.BAD_INPUT
        )
    entry = _named(ledger, data)
    if entry is None:
        return Finding(f"{shown}: names no seal that is in {LEDGER}; restore both from git history", ExitCode.TAMPERED)
    published = [change.commit for change in changes if change.data == data and data not in change.before]
    ledgers = history.versions(published, f"{PREREGISTRATIONS}/{LEDGER}")
    early = [commit for commit in published if entry.line() not in _lines(ledgers[commit])]
    if early:
        return Finding(
            f"{shown}: published in {early[0][:SHORT]}, where {LEDGER} does not hold line {entry.index}, the seal that "
            "it names: a verdict before its seal",
            ExitCode.TAMPERED,
        )
    sealed = [
        change.commit
        for change in seals
        if entry.line() in _lines(change.data) and not any(entry.line() in _lines(before) for before in change.before)
    ]
    told = f"{shown}: sealed as line {entry.index} in {sealed[0][:SHORT]}, published in {published[0][:SHORT]}"
    together = set(sealed) & set(published)
    return Finding(f"{told}, the same commit: no order is shown" if together else f"{told}, which descends from it")


def _lines(data: bytes | None) -> list[bytes]:
    return (data or b"").splitlines(keepends=True)


def _named(ledger: Ledger, decision: bytes) -> Entry | None:
    """The entry that a decision document says that it was judged by."""
    try:
        seal: Mapping[str, Any] = json.loads(decision)["seal"]
        entry = ledger.find(str(seal["ledger_entry"]))
        return entry if entry is not None and entry.file == seal["file"] else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
