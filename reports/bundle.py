"""Every measurement of a run in one file, so that a verdict can be published with what it was decided from.

`measurements.jsonl.gz`: one store entry a line, each with its own digest, sorted by kind, name and layer; gzip without
a time stamp, so that the same measurements give the same bytes.
"""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from reports.canonical import sha256_hex
from reports.errors import BadInput, Tampered
from reports.files import open_regular
from reports.measurement import Measurement
from reports.preregistration import Cell
from reports.store import decode_entry, encode_entry, require_agreement

BUNDLE = "measurements.jsonl.gz"
REMEDY = "restore the file that the run wrote"
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
    return gzip.compress(bundle_lines(measurements), mtime=0)


def read_bundle(path: Path) -> dict[Cell, Measurement]:
    """The measurements of a published run.

    Raises `BadInput` where the file cannot be read or unpacked, `Tampered` where an entry's digest does not hold, a
    cell stands in it twice, two cells disagree on what was measured, or a line is not where a run writes it.
    """
    try:
        with open_regular(path) as packed, gzip.open(packed) as file:
            lines = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{path}: cannot be read ({reason}); publish the file that the run wrote") from None
    if len(lines) > LARGEST:
        raise BadInput(f"{path}: unpacks to more than {LARGEST} bytes; publish the file that the run wrote")
    entries: dict[str, Measurement] = {}
    found: dict[Cell, Measurement] = {}
    for number, line in enumerate(lines.splitlines(), 1):
        where = f"{path} line {number}"
        measurement = decode_entry(line, where, REMEDY)
        if measurement.cell in found:
            raise Tampered(f"{where}: {measurement.cell.id} stands in it twice; {REMEDY}")
        entries[where] = found[measurement.cell] = measurement
    if list(found) != _ordered(found) or lines != b"".join(line + b"\n" for line in lines.splitlines()):
        raise Tampered(f"{path}: its lines are not in the order and form in which a run writes them; {REMEDY}")
    require_agreement(entries, REMEDY)
    return found
