"""Small git repositories for tests: a ledger and verdicts, committed in whatever order a test asks for."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reports.artefacts.ledger_entry import Entry, Event
from reports.seals.audit import DECISION, PREREGISTRATIONS, VERDICTS
from reports.seals.ledger import LEDGER, holding

PERSON = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "-c", "gc.auto=0")
LEDGER_AT = f"{PREREGISTRATIONS}/{LEDGER}"


@dataclass(frozen=True)
class Repository:
    root: Path

    @property
    def preregistrations(self) -> Path:
        return self.root / PREREGISTRATIONS

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)

    def commit(self, **files: bytes | None) -> str:
        """Writes `ledger` and verdicts by the name of their folder, None to remove one; returns the commit."""
        for name, data in files.items():
            path = self.root / (LEDGER_AT if name == "ledger" else f"{VERDICTS}/{name}/{DECISION}")
            if data is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.git("add", "--all")
        self.git(*PERSON, "commit", "--quiet", "--allow-empty", "--message", " ".join(files) or "more")
        return self.git("rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str) -> str:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=outside, capture_output=True, text=True, encoding="utf8", check=True)  # noqa: S603
    return done.stdout


def repository(root: Path) -> Repository:
    """An empty one."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    return Repository(root)


def chain(folder: Path, *seals: str) -> list[Entry]:
    """A sound chain with an entry for each of `seals`, built in `folder`."""
    path = folder / "chain.jsonl"
    with holding(path) as held:
        entries = [
            held.append(Event("seal", "E.toml", "a" * 64, "b" * 64, seal, "a test", False, "2026-01-01"))
            for seal in seals
        ]
    path.unlink()
    return entries


def lines(*entries: Entry) -> bytes:
    return b"".join(entry.line() for entry in entries)


def verdict(entry: Entry, told: str = "KILLED") -> bytes:
    """As much of a decision document as an audit reads."""
    return json.dumps({"verdict": told, "seal": {"file": entry.file, "ledger_entry": entry.sha256}}).encode()
