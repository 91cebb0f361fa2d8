"""Published measurements: what goes in comes out, and nothing else is let in."""

import gzip
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput, StudyError, Tampered
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.store import bundle
from reports.store.bundle import bundle_lines, bundle_sha256, pack, read_bundle
from reports.testing.small_rules import a_measurement

CELLS = [Cell("claim", "narrow_d", 3), Cell("control", "planted"), Cell("trap", "off_rotation", 0)]
FOUND = {cell: a_measurement(cell, [0.25, 1 / 3]) for cell in CELLS}

values = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=4)  # over noise they stay finite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "measurements.jsonl.gz"
    path.write_bytes(pack(FOUND))
    return path


@pytest.mark.fuzz
@given(st.dictionaries(st.sampled_from(CELLS), values))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, samples: dict[Cell, list[float]]) -> None:
    found = {cell: a_measurement(cell, given) for cell, given in samples.items()}
    path = tmp_path_factory.getbasetemp() / "fuzzed.jsonl.gz"
    path.write_bytes(pack(found))
    assert read_bundle(path) == found


def test_the_bytes_depend_on_the_measurements_alone(path: Path) -> None:
    backwards: dict[Cell, Measurement] = dict(reversed(FOUND.items()))
    assert pack(backwards) == path.read_bytes()
    assert bundle_sha256(backwards) == bundle_sha256(FOUND)
    assert bundle_sha256({}) != bundle_sha256(FOUND)


def test_an_edited_entry_is_tampered(path: Path) -> None:
    path.write_bytes(gzip.compress(bundle_lines(FOUND).replace(b"0.25", b"0.75", 1)))
    with pytest.raises(Tampered, match=r"jsonl\.gz line 1: corrupt or edited by hand.*restore the file that the run"):
        read_bundle(path)


def test_a_cell_that_stands_in_it_twice_is_tampered(path: Path) -> None:
    first = bundle_lines(FOUND).splitlines(keepends=True)[0]
    path.write_bytes(gzip.compress(bundle_lines(FOUND) + first))
    with pytest.raises(Tampered, match=re.escape("line 4: narrow_d[L03] stands in it twice")):
        read_bundle(path)


@pytest.mark.parametrize(
    "moved", [lambda lines: lines[::-1], lambda lines: [*lines, b"\n"], lambda lines: [b"", *lines]]
)
def test_lines_elsewhere_than_a_run_writes_them_are_tampered(
    moved: Callable[[list[bytes]], list[bytes]], path: Path
) -> None:
    path.write_bytes(gzip.compress(b"\n".join(moved(bundle_lines(FOUND).splitlines())) + b"\n"))
    with pytest.raises(Tampered, match=r"(not in the order in which a run writes them|line \d: corrupt)"):
        read_bundle(path)


def test_cells_that_disagree_are_tampered(path: Path) -> None:
    """On the tensors of a layer, or on what was measured of it: as in a store."""
    first, second = (a_measurement(Cell("claim", name, 3), [0.25]) for name in ("narrow_d", "wide_d"))
    path.write_bytes(pack({one.cell: one for one in (first, replace(second, tensors_sha256="f" * 64))}))
    with pytest.raises(Tampered, match=re.escape("layer 3: narrow_d[L03] and wide_d[L03] were measured on different")):
        read_bundle(path)
    third = a_measurement(Cell("claim", "narrow_d", 4), [0.25, 0.5])
    path.write_bytes(pack({one.cell: one for one in (first, third)}))
    with pytest.raises(Tampered, match=re.escape("line 2: holds other samples than narrow_d[L03]")):
        read_bundle(path)


@pytest.mark.parametrize("damage", [b"", b"no gzip", pack(FOUND)[:-9], pack(FOUND)[:40] + b"\xff" * 20])
def test_what_cannot_be_unpacked_is_bad_input(damage: bytes, path: Path) -> None:
    if damage == b"":
        path.unlink()
    else:
        path.write_bytes(damage)
    with pytest.raises(BadInput, match=r"measurements\.jsonl\.gz: cannot be read \("):
        read_bundle(path)


@pytest.mark.parametrize("limit", ["LARGEST", "ENTRY_LIMIT"])
def test_what_unpacks_without_end_is_bad_input(limit: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, limit, 100)
    with pytest.raises(BadInput, match="unpacks to more than"):
        read_bundle(path)


def test_a_billion_blank_lines_end_at_the_first(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\n" * (1 << 20)) * 1000)
    with pytest.raises(Tampered, match="line 1: corrupt"):
        read_bundle(path)


def test_a_last_line_without_an_end_is_tampered(path: Path) -> None:
    path.write_bytes(gzip.compress(bundle_lines(FOUND)[:-1]))
    with pytest.raises(Tampered, match="line 3: has no end of line"):
        read_bundle(path)


def refusal(path: Path) -> str:
    """What `read_bundle` says of the file, or nothing where it holds no measurement; else its error passes through."""
    try:
        return "" if read_bundle(path) == {} else "measurements"
    except StudyError as error:
        return str(error)


@pytest.mark.fuzz
@given(st.binary())
def test_arbitrary_bytes_hold_no_measurement(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.jsonl.gz"
    for written in (data, gzip.compress(data)):
        path.write_bytes(written)
        said = refusal(path)
        assert said != "measurements"
        assert said == "" or said.isprintable()


def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "measurements.jsonl.gz")
    with pytest.raises(BadInput, match="not a regular file"):
        read_bundle(tmp_path / "measurements.jsonl.gz")
