"""The run state: every measurement once, atomically, so that one process may die at any instant and nothing is lost.

Layout under a run directory:

    measurements/<identity>/<code>/<cell>.json   write-once entries; <identity> digests rule and numeric settings,
                                                 <code> the sources that the cell is measured by
    measurements/<identity>/<code>/<cell>.lock   held while a process measures that cell; freed by the system if it dies
    checked/<identity>/<cell>.json        what jobs of --cells have checked, see `cell_checks.py`
    attempts.jsonl                        one line per session: when, options, exit status

Locks save work and decide nothing: on a network file system they may fail, or exclude this machine's processes alone.
Then a cell is measured twice, the first entry stays, and the second process takes it if it is of the same tensors.

An entry names the digest of the tensors that it was measured on: asking for it with another digest is `Tampered`, not a
second measurement, since the same subject under the same name has changed.
"""

import errno
import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from secrets import token_hex

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput, Tampered
from reports.base.files import read_regular
from reports.base.strict_json import EXACT, parse_object
from reports.prereg.measurement import MEASURE_AGAIN, Measurement, Of, measurement_from_json
from reports.prereg.measures import measures_of
from reports.prereg.preregistration import Cell, CellKind, Preregistration
from reports.store.subject_facts import shortened

CODE_DIGITS = 12  # of a digest, as the name of a folder
UNKNOWN = "0" * 64  # where nobody says what measures a cell
Code = Mapping[tuple[CellKind, str], str]
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)  # what file systems without locks answer
ENTRY_LIMIT = 100_000_000  # bytes; an entry of OLMoE-1B-7B's 192 matrices with its curves has about 60,000


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data`: readers see the old bytes or the new ones, never a part.

    Raises `BadInput` where the disk is full or read-only; the old file is then still there.
    """
    temporary = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(temporary, data)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):  # a folder that cannot be written to; the fault is already being raised
            temporary.unlink()
        raise _unwritable(path, error) from None


def write_once(path: Path, data: bytes) -> None:
    """Writes `data` unless something is there, whole or not at all; never replaces, with locks or without.

    Raises `BadInput` on a full or read-only disk.
    """
    temporary = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(temporary, data)
        with suppress(FileExistsError):  # another process wrote it, or a network lost the answer to our own request
            os.link(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with suppress(OSError):  # as above
            temporary.unlink()


def draft_of(path: Path) -> Path:
    """Where `path` is written before it has its name: two machines on one folder may have processes of one number."""
    return path.with_name(f".{path.name}.{os.getpid()}-{token_hex(4)}")


@contextmanager
def locked(path: Path, needed_for: str | None = None) -> Iterator[None]:
    """Waits until no other process holds the lock file `path`. The system frees the lock of a process that dies.

    Where the file system has no locks nobody waits: what is done under a lock must be right without it. What is not
    says what it is in `needed_for`, and is refused there with `BadInput`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)  # no pipe may block
    except OSError as error:
        raise _unwritable(path, error) from None
    with open(descriptor, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise _unwritable(path, error) from None
            if needed_for is not None:
                raise BadInput(
                    f"{path}: this file system has no locks ({error.strerror}), expected some for {needed_for}; use a "
                    "folder on a local disk"
                ) from None
        yield


@dataclass(frozen=True)
class Identity:
    """What the measurements of a run depend on besides cells, tensors and code."""

    rule_sha256: str  # canonical digest of the preregistration
    settings: Mapping[str, object]  # device type, torch version, TF32, …

    @property
    def sha256(self) -> str:
        return sha256_hex(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, object]:
        return {
            "rule_sha256": self.rule_sha256,
            "settings": dict(self.settings),
        }


@dataclass(frozen=True)
class Store:
    """The measurements of one identity, each by the code that it is measured by now.

    `code`: the digest of that code, by kind and name of a cell (`by_cell`).
    """

    folder: Path
    code: Code = field(default_factory=dict)

    def has(self, cell: Cell) -> bool:
        return os.path.lexists(self._entry(cell))  # a dangling link is an entry that cannot be read

    def get(self, cell: Cell, tensors_sha256: str | None = None, norm_sha256: str | None = None) -> Measurement | None:
        """The entry of `cell`, or None; with `tensors_sha256`, only if it was measured on those very tensors, and with
        that norm folded into them.

        Raises `Tampered` where the entry is corrupt, was edited, or was measured on other tensors.
        """
        path = self._entry(cell)
        if not self.has(cell):
            return None
        measurement = decode_entry(_read_entry(path), str(path))
        if measurement.cell != cell:
            raise Tampered(
                f"{path}: holds {measurement.cell.id}, expected {cell.id}; delete it to measure that cell again"
            )
        if tensors_sha256 is not None and measurement.tensors_sha256 != tensors_sha256:
            raise Tampered(
                f"{cell.id}: tensors have sha256 {tensors_sha256[:12]}…, but this store measured "
                f"{measurement.tensors_sha256[:12]}… under the same name; restore the weights and what else it was "
                "measured on, or choose another --out"
            )
        if tensors_sha256 is not None and measurement.norm_sha256 != norm_sha256:
            raise Tampered(
                f"{cell.id}: the norm that feeds the experts has sha256 {shortened(norm_sha256)}, but this store "
                f"measured {shortened(measurement.norm_sha256)} under the same name; restore the weights, or choose "
                "another --out"
            )
        return measurement

    def put(self, measurement: Measurement) -> None:
        """Writes the entry unless one is there; never replaces. Raises `BadInput` on a full or read-only disk."""
        write_once(self._entry(measurement.cell), encode_entry(measurement))

    @contextmanager
    def lock(self, cell: Cell) -> Iterator[None]:
        """Waits until no other process measures `cell`. The operating system frees the lock of a process that dies."""
        with locked(self._entry(cell).with_suffix(".lock")):
            yield

    def measurements(self) -> dict[Cell, Measurement]:
        """Every entry. Raises `Tampered` where one is corrupt, or two disagree on what one layer's tensors are, or on
        what is measured of a layer."""
        entries: dict[str, Measurement] = {}
        for code in sorted({UNKNOWN, *self.code.values()}):
            for path in sorted((self.folder / code[:CODE_DIGITS]).glob("*.json")):
                measurement = decode_entry(_read_entry(path), str(path))
                if path != self._entry(measurement.cell):
                    raise Tampered(f"{path}: holds {measurement.cell.id}; delete it to measure that cell again")
                entries[str(path)] = measurement
        require_agreement(entries, "delete the one that was edited to measure its cell again")
        return {measurement.cell: measurement for measurement in entries.values()}

    def _entry(self, cell: Cell) -> Path:
        code = self.code.get((cell.kind, cell.name), UNKNOWN)
        return self.folder / code[:CODE_DIGITS] / entry_name(cell)


def entry_name(cell: Cell) -> str:
    """`claim-narrow_d-L03.json`"""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", cell.id).rstrip("-")
    return f"{cell.kind}-{name}.json"


def by_cell(prereg: Preregistration, code: Mapping[str, str]) -> Code:
    """`code`, by the names of measures, as a store needs it."""
    return {key: code[name] for key, name in measures_of(prereg).items() if name in code}


def require_agreement(entries: Mapping[str, Measurement], remedy: str) -> None:
    """Raises `Tampered` where two of `entries`, by where each was read, disagree: on the names and numbers of samples
    in the layers of one cell, or on what the tensors of one layer, or of the model, are."""
    alike: dict[tuple[CellKind, str], Measurement] = {}
    digests: dict[tuple[Of, int | None, str | None], Measurement] = {}
    for where, measurement in entries.items():
        cell = measurement.cell
        first = alike.setdefault((cell.kind, cell.name), measurement)
        if measurement.of in ("layer", "dense") and _form(measurement) != _form(first):
            raise Tampered(
                f"{where}: holds other samples than {first.cell.id}, expected as many of the same names from every "
                f"layer; {remedy}"
            )
        if cell.layer is not None:
            layer = None if measurement.of == "model" else cell.layer
            beside = cell.name if measurement.of == "dense" else None  # each secondary has a dense model of its own
            first = digests.setdefault((measurement.of, layer, beside), measurement)
            if first.tensors_sha256 != measurement.tensors_sha256:
                what = "model" if layer is None else f"layer {layer}"
                raise Tampered(f"{what}: {first.cell.id} and {cell.id} were measured on different tensors; {remedy}")
            if first.norm_sha256 != measurement.norm_sha256:
                raise Tampered(
                    f"layer {layer}: {first.cell.id} and {cell.id} were measured with different norms; {remedy}"
                )


def open_store(run_folder: Path, identity: Identity, code: Code | None = None) -> Store:
    """The store of `identity` under `run_folder`, created if absent; the identity is written beside its entries."""
    folder = run_folder / "measurements" / identity.sha256[:16]
    stated = folder / "identity"
    if not os.path.lexists(stated):
        write_atomically(stated, canonical_json(identity.to_json()))
    elif _read_entry(stated) != canonical_json(identity.to_json()):
        raise Tampered(f"{stated}: was edited; delete the folder to measure again")
    return Store(folder, code or {})


def append_attempt(run_folder: Path, attempt: Mapping[str, object]) -> None:
    """Logs one session. The log is not evidence, so a failure to write it is the only one that is let pass."""
    line = canonical_json(attempt) + b"\n"
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe must not block
        with open(os.open(run_folder / "attempts.jsonl", flags, 0o644), "ab") as file:
            file.write(line)
    except OSError:
        return


def encode_entry(measurement: Measurement) -> bytes:
    """One entry as canonical JSON with the digest of the rest of it."""
    entry = measurement.to_json()
    return _signed(entry)[1]


@lru_cache(maxsize=128)  # an entry is asked for by every cell behind it, and by the judge
def decode_entry(data: bytes, where: str, remedy: str = MEASURE_AGAIN) -> Measurement:
    """The inverse of `encode_entry`, for its very bytes alone.

    Raises `Tampered`, naming `where` and the `remedy`, unless the digest holds and nothing is spelled otherwise.
    """
    try:
        entry = parse_object(data, where, remedy, _number)
        stated = str(entry.pop("entry_sha256"))
        sound = (stated, data) == _signed(entry)
    except (KeyError, UnicodeEncodeError, BadInput):
        sound = False
    if not sound:
        raise Tampered(f"{where}: corrupt or edited by hand (its digest does not hold); {remedy}")
    return measurement_from_json(entry, where, remedy)


def _signed(entry: Mapping[str, object]) -> tuple[str, bytes]:
    """The digest of an entry, and the entry with it, as canonical JSON: each value is spelled once for both."""
    spelled = {name: canonical_json(name) + b":" + canonical_json(value) for name, value in entry.items()}
    digest = sha256_hex(_table(spelled))
    return digest, _table({**spelled, "entry_sha256": b'"entry_sha256":"' + digest.encode() + b'"'})


def _table(spelled: Mapping[str, bytes]) -> bytes:
    """Names in the order of RFC 8785, by UTF-16 units."""
    names = sorted(spelled, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return b"{" + b",".join(spelled[name] for name in names) + b"}"


def _number(text: str) -> int | float:
    """Canonical JSON writes 1e17 without an exponent, and takes no integers beyond 2^53 - 1."""
    number = int(text)
    return number if abs(number) < EXACT else float(number)


def _form(measurement: Measurement) -> dict[str, int]:
    """How many samples there are of each name."""
    return {name: len(values) for name, values in measurement.measured.samples.items()}


def _read_entry(path: Path) -> bytes:
    try:
        data = read_regular(path, ENTRY_LIMIT)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); remove it, or choose another --out") from None
    if len(data) > ENTRY_LIMIT:
        raise Tampered(f"{path}: more than {ENTRY_LIMIT} bytes, no entry has as many; {MEASURE_AGAIN}")
    return data


def _write_through(path: Path, data: bytes) -> None:
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _unwritable(path: Path, error: OSError) -> BadInput:
    return BadInput(
        f"{path}: cannot be written ({error.strerror}); free the disk or choose another folder (pytest hypotheses/ "
        "--out=DIR)"
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
