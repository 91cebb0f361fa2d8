"""The public history of what was sealed and amended: one JSON object a line, holding the digest of the line before.

What the chain shows: a line that was edited, repeated, moved or taken out. What it cannot show: lines cut off its end,
and a chain that was written anew from the start, since both are sound chains. Against these the head (printed by
`python -m reports log`) has to be known elsewhere: in a signed git tag, or in a commit that others have fetched.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reports.artefacts.forms import typed
from reports.artefacts.ledger_entry import Entry, Event
from reports.base.errors import BadInput, Tampered
from reports.base.files import open_regular
from reports.base.strict_json import exact_integer, parse_object

LEDGER = "ledger.jsonl"
START = "0" * 64  # what the first entry names as its predecessor
LARGEST = 50_000_000  # bytes; an entry has about a thousand


@dataclass(frozen=True)
class Ledger:
    """The verified entries of the ledger at `path`, oldest first."""

    path: Path
    entries: tuple[Entry, ...]

    @property
    def head(self) -> str:
        """What a signed tag has to name so that a cut tail is noticed."""
        return self.entries[-1].sha256 if self.entries else START

    def latest(self, file: str) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if entry.file == file), None)

    def find(self, sha256: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.sha256 == sha256), None)


def read_ledger(path: Path) -> Ledger:
    """The ledger at `path`, empty where there is none. Raises `Tampered` naming the first line that does not hold."""
    try:
        with open_regular(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # never half a line of a writer at work
            return Ledger(path, verified(_bounded(file.read(LARGEST + 1), path), path.name))
    except FileNotFoundError:
        return Ledger(path, ())
    except OSError as error:
        raise BadInput(f"{path.name}: cannot be read ({error.strerror})") from None


@dataclass(frozen=True)
class HeldLedger:
    """The ledger at `path` while this process alone holds it: what is decided from `read` still holds at `append`."""

    path: Path
    descriptor: int

    def read(self) -> Ledger:
        data = os.pread(self.descriptor, min(os.fstat(self.descriptor).st_size, LARGEST + 1), 0)
        return Ledger(self.path, verified(_bounded(data, self.path), self.path.name))

    def append(self, event: Event) -> Entry:
        """Writes one line, whole or not at all, and waits until it is on the disk."""
        ledger = self.read()
        entry = _chained(event, len(ledger.entries) + 1, ledger.head)
        line, end = entry.line(), os.fstat(self.descriptor).st_size
        try:
            if os.write(self.descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self.descriptor)
        except OSError as error:
            os.ftruncate(self.descriptor, end)  # a part of a line would break the chain for everyone
            raise _unwritable(self.path, error) from None
        return entry


def _bounded(data: bytes, path: Path) -> bytes:
    if len(data) > LARGEST:
        raise BadInput(f"{path.name}: more than {LARGEST} bytes, expected a ledger; restore it from git history")
    return data


@contextmanager
def holding(path: Path) -> Iterator[HeldLedger]:
    """Waits until no other process holds the ledger at `path`, created if absent, and keeps it until the block ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # freed by the operating system if this process dies
        yield HeldLedger(path, descriptor)
    finally:
        os.close(descriptor)


def verified(data: bytes, where: str) -> tuple[Entry, ...]:
    """The entries in `data`. Raises `Tampered` for the first line that was edited, repeated, moved or taken out."""
    *lines, rest = data.split(b"\n")
    entries: list[Entry] = []
    digests: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        entry = _entry(line, where, number)
        if entry.sha256 in digests:
            raise _broken(where, number, f"repeats line {digests[entry.sha256]}")
        if entry.index != number:
            complete = {other.index for other in _sound(lines)} == set(range(1, len(lines) + 1))
            fault = "lines were moved" if complete else "lines were taken out"
            raise _broken(where, number, f"holds entry {entry.index}, expected entry {number}: {fault}")
        if entry.previous != (entries[-1].sha256 if entries else START):
            raise _broken(where, number, "does not follow the line before it: one of the two was replaced")
        digests[entry.sha256] = number
        entries.append(entry)
    if rest:
        raise _broken(where, len(lines) + 1, "is cut off: it has no end of line")
    return tuple(entries)


def _chained(event: Event, index: int, previous: str) -> Entry:
    try:
        entry = typed(Entry, {**asdict(event), "index": index, "previous": previous, "sha256": START})
    except ValueError as error:
        raise BadInput(f"ledger: {error}") from None
    return replace(entry, sha256=entry.digest())


def _entry(line: bytes, where: str, number: int) -> Entry:
    """The entry in one line, whose own digest holds."""
    try:
        entry = typed(Entry, parse_object(line, where, integer=exact_integer))
    except (ValueError, TypeError, BadInput):  # TypeError of a key that is not a name of a field
        raise _broken(where, number, "is no ledger entry: it was edited") from None
    if entry.digest() != entry.sha256:
        raise _broken(where, number, "was edited: its digest does not hold")
    if entry.line() != line + b"\n":
        raise _broken(where, number, "was edited: it is not in canonical form")
    return entry


def _sound(lines: list[bytes]) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        try:
            yield _entry(line, "", number)
        except Tampered:
            continue


def _broken(where: str, number: int, fault: str) -> Tampered:
    return Tampered(f"{where}: line {number} {fault}; restore the ledger from git history")


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(f"{path.name}: cannot be written ({error.strerror}); free the disk or make the folder writable")
