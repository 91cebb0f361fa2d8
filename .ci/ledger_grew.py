"""Does a merge only add lines to the ledger? A cut tail and a new chain are sound chains, but no continuation.

    ledger_grew.py BASE MERGED

Two commits of the repository that this is run in. Needs git and no package; ledgers are read as bytes. Ends with 0,
or with 2 and one line that says what is wrong.
"""

import subprocess
import sys

LEDGER = "hypotheses/preregistrations/ledger.jsonl"
REGULAR = "100644"  # a link or a program is not a ledger


def fault(before: bytes, after: bytes) -> str | None:
    """What is wrong, or None."""
    if after.startswith(before):
        return None
    lines, left = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if before.startswith(after):
        return f"{LEDGER}: {len(left)} of {len(lines)} lines are left, expected all, and new ones behind; restore them"
    number = next(number for number, pair in enumerate(zip(lines, left, strict=False), 1) if pair[0] != pair[1])
    return f"{LEDGER}: line {number} differs, expected all {len(lines)} lines as they were; restore them and append"


def ledger_of(commit: str) -> bytes:
    """Its bytes in `commit`; none where there is no such file. Raises `ValueError` where it is not a plain file."""
    listed = _git("ls-tree", "-z", "--full-tree", commit, "--", LEDGER)
    if not listed:
        return b""
    mode, kind, name = listed.partition(b"\t")[0].decode("ascii").split()
    if (mode, kind) != (REGULAR, "blob"):
        raise ValueError(f"{LEDGER}: has mode {mode} in {commit[:12]}, expected a plain file, {REGULAR}")
    return _git("cat-file", "blob", name)


def _git(*arguments: str) -> bytes:
    command = ["git", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - commits, and names of our own


def main(base: str, merged: str) -> int:
    try:
        found = fault(ledger_of(base), ledger_of(merged))
    except subprocess.CalledProcessError as error:
        found = f"git {error.cmd[1]}: {error.stderr.decode('utf8', 'backslashreplace').strip()}"
    except (OSError, ValueError) as error:
        found = str(error)
    if found is None:
        return 0
    print(found, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
