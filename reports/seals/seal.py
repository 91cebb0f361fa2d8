"""The seal of a preregistration: a sidecar with two digests, and the ledger's entry that vouches for it.

The digest of the bytes notices any edit; the digest of the canonical JSON says whether the edit changed the rule or
only its spelling. A sidecar is easily rewritten, so it counts only while the ledger's latest entry for its file agrees.
What no seal can show: runs made in private before it, and rungs whose verdict was never published.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from reports.artefacts.forms import typed
from reports.artefacts.ledger_entry import Entry, Event
from reports.artefacts.seal_sidecar import Sidecar
from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, Mismatch, Tampered
from reports.base.files import read_regular
from reports.base.strict_json import exact_integer, parse_object
from reports.prereg.lint import require_sealable
from reports.prereg.parsing.parse import parse_preregistration, read_preregistration
from reports.prereg.preregistration import Preregistration
from reports.seals.ledger import LEDGER, HeldLedger, Ledger, holding, read_ledger
from reports.store.store import write_atomically

SHORT = 12  # hexadecimal digits of a digest in a message; 48 bits tell apart whatever one repository holds

SIDECAR_LIMIT = 1 << 16  # bytes; one has about 500


@dataclass(frozen=True)
class SealStatus:
    """A seal that holds."""

    sidecar: Sidecar
    entry: Entry
    amendments: int  # of this file, up to now
    results_seen: bool  # before any of its entries: what was once seen stays seen
    prereg: Preregistration  # parsed from the very bytes that were verified

    def describe(self) -> str:
        """One line for headers: when, which entry, which rule."""
        amended = f", amended {self.amendments} times" if self.amendments > 1 else ", amended once"
        seen = " after results had been seen" if self.results_seen else ""
        return (
            f"sealed {self.sidecar.sealed}{amended if self.amendments else ''}{seen}"
            f"{', draft' if self.sidecar.draft else ''}; rule {self.sidecar.canonical_sha256[:SHORT]}, "
            f"ledger line {self.entry.index}"
        )

    def to_json(self) -> dict[str, object]:
        """For `decision.json`."""
        return {**self.sidecar.model_dump(), "amendments": self.amendments, "results_seen": self.results_seen}


def sidecar_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.seal.json")


def verify(path: Path) -> SealStatus:
    """The seal of the preregistration at `path`, which holds.

    Raises `Tampered` saying which part does not hold, and `BadInput` where the file was never sealed: in both cases
    nothing may run.
    """
    raw = read_preregistration(path)
    ledger = read_ledger(path.with_name(LEDGER))
    sidecar = _read_sidecar(path, ledger)
    _check_content(path.name, raw, sidecar)
    prereg = parse_preregistration(raw, path.name)
    entry = _vouching_entry(path.name, sidecar, ledger)
    stated, true = sidecar.model_dump(), _sidecar_of(prereg, entry).model_dump()
    for key in stated:
        if stated[key] != true[key]:
            raise Tampered(
                f"{path.name}: its seal was edited: {key} is {ascii(stated[key])[:80]}, expected "
                f"{ascii(true[key])[:80]} by file and ledger line {entry.index}; restore "
                f"{sidecar_path(path).name} from git history"
            )
    if entry.canonical_sha256 != prereg.canonical_sha256:
        raise Tampered(
            f"{path.name}: ledger line {entry.index} records content {entry.canonical_sha256[:SHORT]}…, but the bytes "
            f"that it records hold {prereg.canonical_sha256[:SHORT]}…; it was written by hand, restore the ledger from "
            "git history"
        )
    return _status(path.name, sidecar, entry, ledger, prereg)


def seal_at(path: Path, ledger_entry: object) -> SealStatus:
    """The seal of the preregistration at `path` as it was at that entry of the ledger, given by its sha256.

    What a verdict that was published under an earlier amendment says of its seal is so compared with the ledger's
    history up to then. Raises `Tampered` where the ledger has no such entry for this file, and `Mismatch` where the
    rule has changed since: the earlier rule's text is gone, so nothing can be judged by it.
    """
    now, ledger = verify(path), read_ledger(path.with_name(LEDGER))
    entry = ledger.find(str(ledger_entry))
    if entry is None or entry.file != path.name:
        stated = ascii(ledger_entry).strip("'")[:SHORT]
        named = "no ledger entry" if ledger_entry is None else f"ledger entry {stated}…"
        raise Tampered(
            f"{path.name}: the verdict names {named}, expected one that the ledger has for this file; restore verdict "
            "and ledger from git history"
        )
    if entry.canonical_sha256 != now.sidecar.canonical_sha256:
        raise Mismatch(
            f"{path.name}: the verdict is of the rule of ledger line {entry.index} ({entry.date}), which line "
            f"{now.entry.index} has changed; check out the commit of that verdict, or run the study again"
        )
    return _status(path.name, _sidecar_of(now.prereg, entry), entry, ledger, now.prereg)


def _status(name: str, sidecar: Sidecar, entry: Entry, ledger: Ledger, prereg: Preregistration) -> SealStatus:
    """The seal of that entry, with the history of the file `name` up to it."""
    history = [past for past in ledger.entries if past.file == name and past.index <= entry.index]
    return SealStatus(
        sidecar=sidecar,
        entry=entry,
        amendments=sum(past.kind == "amend" for past in history),
        results_seen=any(past.results_seen for past in history),
        prereg=prereg,
    )


def seal(path: Path, *, what: str, why: str, results_seen: bool, date: str) -> SealStatus:
    """Seals the preregistration at `path` for the first time; `date` is UTC, YYYY-MM-DD.

    Sealing again what is sealed changes nothing, and restores a sidecar that was lost. Raises `BadInput` where the file
    was sealed with another content, and where `lint` refuses it.
    """
    raw, prereg = _sealable(path)
    with holding(path.with_name(LEDGER)) as held:
        entry = held.read().latest(path.name)
        if entry is None:
            entry = held.append(
                Event("seal", path.name, sha256_hex(raw), prereg.canonical_sha256, what, why, results_seen, date)
            )
        elif entry.raw_sha256 != sha256_hex(raw):
            raise BadInput(
                f"{path.name}: already sealed with another content (ledger line {entry.index}, {entry.date}); restore "
                "that, or change it in public with: python -m reports amend"
            )
        _write_sidecar(path, prereg, entry)
    return verify(path)


def amend(path: Path, *, what: str, why: str, results_seen: bool, date: str) -> SealStatus:
    """Seals the changed preregistration at `path` anew, with the reason and whether results had been seen, in public.

    Raises `BadInput` where it was never sealed, where nothing changed, and where `lint` refuses it.
    """
    raw, prereg = _sealable(path)
    with holding(path.with_name(LEDGER)) as held:
        entry = held.read().latest(path.name)
        if entry is None:
            raise BadInput(f"{path.name}: never sealed, so there is nothing to amend; seal it first")
        if entry.raw_sha256 != sha256_hex(raw):
            entry = held.append(
                Event("amend", path.name, sha256_hex(raw), prereg.canonical_sha256, what, why, results_seen, date)
            )
        elif _sidecar_stands(path, prereg, entry, held):
            raise BadInput(f"{path.name}: nothing to amend, its bytes are those of ledger line {entry.index}")
        _write_sidecar(path, prereg, entry)  # also where an earlier amendment was interrupted before this point
    return verify(path)


def was_sealed(path: Path) -> bool:
    """Has the file ever been sealed, whether or not its seal holds?"""
    return sidecar_path(path).exists() or read_ledger(path.with_name(LEDGER)).latest(path.name) is not None


def _sealable(path: Path) -> tuple[bytes, Preregistration]:
    raw = read_preregistration(path)
    prereg = parse_preregistration(raw, path.name)
    require_sealable(prereg, path.name)
    return raw, prereg


def _sidecar_of(prereg: Preregistration, entry: Entry) -> Sidecar:
    """The one sidecar that belongs to this content and this entry."""
    return Sidecar(
        file=entry.file,
        rung=prereg.rung,
        design=prereg.design,
        draft=prereg.draft,
        raw_sha256=entry.raw_sha256,
        canonical_sha256=entry.canonical_sha256,
        sealed=entry.date,
        ledger_entry=entry.sha256,
    )


def _write_sidecar(path: Path, prereg: Preregistration, entry: Entry) -> None:
    text = json.dumps(_sidecar_of(prereg, entry).model_dump(), indent=2) + "\n"
    write_atomically(sidecar_path(path), text.encode())


def _read_sidecar(path: Path, ledger: Ledger) -> Sidecar:
    name = sidecar_path(path).name
    try:
        raw = read_regular(sidecar_path(path), SIDECAR_LIMIT)
        return typed(Sidecar, parse_object(raw, name, integer=exact_integer))
    except FileNotFoundError:
        entry = ledger.latest(path.name)
        if entry is None:
            raise BadInput(f"{path.name}: not sealed, so nothing runs; seal it with: python -m reports seal") from None
        raise Tampered(
            f"{path.name}: its seal {name} is missing, although ledger line {entry.index} records one; restore it from "
            "git history, or with: python -m reports seal"
        ) from None
    except OSError as error:
        raise BadInput(f"{name}: cannot be read ({error.strerror})") from None
    except (ValueError, BadInput) as error:
        twice = " (a key stands twice)" if "stands twice" in str(error) else ""
        raise Tampered(f"{name}: malformed, no seal has this form{twice}; restore it from git history") from None


def _check_content(name: str, raw: bytes, sidecar: Sidecar) -> None:
    if sha256_hex(raw) == sidecar.raw_sha256:
        return
    to_do = "restore it from git history, or change it in public with: python -m reports amend"
    digests = f"sha256 {sha256_hex(raw)[:SHORT]}… obtained, {sidecar.raw_sha256[:SHORT]}… sealed"
    try:
        canonical = parse_preregistration(raw, name).canonical_sha256
    except BadInput as error:
        raise Tampered(f"{name}: edited since it was sealed, and no longer valid ({error}); {to_do}") from None
    if canonical == sidecar.canonical_sha256:
        raise Tampered(f"{name}: edited since it was sealed, in spaces, comments or spelling only ({digests}); {to_do}")
    raise Tampered(f"{name}: edited since it was sealed, the content of the rule differs ({digests}); {to_do}")


def _vouching_entry(name: str, sidecar: Sidecar, ledger: Ledger) -> Entry:
    entry, latest = ledger.find(sidecar.ledger_entry), ledger.latest(name)
    if entry is None or latest is None or entry.file != name:
        raise Tampered(
            f"{name}: the ledger has no entry for this seal ({sidecar.ledger_entry[:SHORT]}…); restore ledger and seal "
            "from git history"
        )
    if entry != latest:
        raise Tampered(
            f"{name}: an old seal is replayed: it is that of ledger line {entry.index} ({entry.date}), but line "
            f"{latest.index} ({latest.date}) has replaced it; restore file and seal of line {latest.index}"
        )
    return entry


def _sidecar_stands(path: Path, prereg: Preregistration, entry: Entry, held: HeldLedger) -> bool:
    try:
        return _read_sidecar(path, held.read()) == _sidecar_of(prereg, entry)
    except Tampered:
        return False
