"""Every measurement of a run in one file, so that a verdict can be published with what it was decided from.

`measurements.jsonl.gz`: one store entry a line, each with its own digest, sorted by kind, name and layer; gzip without
a time stamp, so that the same measurements give the same bytes.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, Tampered
from reports.base.files import open_regular
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.store.store import ENTRY_LIMIT, decode_entry, encode_entry, require_agreement

BUNDLE = "measurements.jsonl.gz"
REMEDY = "restore the file that the run wrote"
CHUNK = 1 << 20  # bytes
LARGEST = 1 << 30  # bytes unpacked; a run of 16 layers takes 2 MB, one of hundreds of layers stays far below


def bundle_lines(measurements: Mapping[Cell, Measurement]) -> bytes:
    """The unpacked file: what `bundle_sha256` of a decision document is over."""
    return b"".join(encode_entry(measurements[cell]) + b"\n" for cell in _ordered(measurements))


def _ordered(cells: Iterable[Cell]) -> list[Cell]:
    return sorted(cells, key=lambda cell: (cell.kind, cell.name, -1 if cell.layer is None else cell.layer))


def bundle_sha256(measurements: Mapping[Cell, Measurement]) -> str:
    return sha256_hex(bundle_lines(measurements))


def pack(measurements: Mapping[Cell, Measurement]) -> bytes:
    """The bytes of `measurements.jsonl.gz`."""
    return packed(bundle_lines(measurements))


def packed(lines: bytes) -> bytes:
    """The same of the lines themselves."""
    return gzip.compress(lines, mtime=0)


def read_bundle(path: Path) -> dict[Cell, Measurement]:
    """The measurements of a published run.

    Raises `BadInput` where the file cannot be read or unpacked, `Tampered` where an entry's digest does not hold, a
    cell is in it twice, two cells disagree on what was measured, or a line is not where a run writes it.
    """
    try:
        with open_regular(path) as raw, gzip.open(raw) as file:
            return _read(cast(BinaryIO, file), path)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{path}: cannot be read ({reason}); publish the file that the run wrote") from None


def unpacked_sha256(path: Path) -> str:
    """`bundle_sha256` of a file that `read_bundle` has read, over its own bytes."""
    found = hashlib.sha256()
    with open_regular(path) as packed, gzip.open(packed) as file:
        while part := file.read(CHUNK):
            found.update(part)
    return found.hexdigest()


def _read(file: BinaryIO, path: Path) -> dict[Cell, Measurement]:
    """Line by line, so that what cannot be a bundle ends at its first line, whatever it unpacks to."""
    entries: dict[str, Measurement] = {}
    found: dict[Cell, Measurement] = {}
    left, number = LARGEST, 0
    while line := file.readline(min(left, ENTRY_LIMIT) + 1):
        left, number = left - len(line), number + 1
        if left < 0 or len(line) > ENTRY_LIMIT:
            raise BadInput(f"{path}: unpacks to more than {LARGEST} bytes; publish the file that the run wrote")
        where = f"{path} line {number}"
        measurement = decode_entry(line.removesuffix(b"\n"), where, REMEDY)
        if measurement.cell in found:
            raise Tampered(f"{where}: {measurement.cell.id} stands in it twice; {REMEDY}")
        if not line.endswith(b"\n"):
            raise Tampered(f"{where}: has no end of line; {REMEDY}")
        entries[where] = found[measurement.cell] = measurement
    if list(found) != _ordered(found):
        raise Tampered(f"{path}: its lines are not in the order in which a run writes them; {REMEDY}")
    require_agreement(entries, REMEDY)
    return found
