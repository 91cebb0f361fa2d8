"""A folder on a network: locks fail there, or exclude this machine alone. What is stored is right without them."""

import errno
import fcntl
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.checkpoints.partial import writing
from fixtures.testing.waiting import wait_for
from reports.base.errors import BadInput, Tampered
from reports.prereg.preregistration import Cell
from reports.store.store import Identity, Store, draft_of, locked, open_store, write_once
from reports.test_study import CELLS, LAYER, Fresh, a_store, a_study
from reports.testing.small_rules import a_measurement

CELL = Cell("claim", "narrow_d", 3)


def answering(code: int) -> Callable[[int, int], None]:
    def flock(file: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    return flock


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lock is granted at once, as on a mount whose locks are this machine's own."""
    monkeypatch.setattr(fcntl, "flock", lambda file, operation: None)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_stores_all_the_same(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", answering(code))
    store = open_store(tmp_path, Identity("0" * 64, {}))
    with store.lock(CELL):
        store.put(a_measurement(CELL, [0.25]))
    assert store.get(CELL) == a_measurement(CELL, [0.25])


def test_a_disk_that_fails_under_a_lock_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", answering(errno.EIO))
    with (
        pytest.raises(BadInput, match=r"x\.lock: cannot be written \(Input/output error\)"),
        locked(tmp_path / "x.lock"),
    ):
        pass


def test_downloads_into_one_file_need_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", answering(errno.ENOLCK))
    said = (
        r"has no locks \(No locks available\), expected some for downloads \(HF_HOME\); use a folder on a local disk$"
    )
    with pytest.raises(BadInput, match=said), writing(tmp_path / "model.safetensors.partial"):
        pass


def measure_unlocked(folder: Path, barrier: Any, value: float) -> None:
    fcntl.flock = lambda file, operation: None
    store = Store(folder)
    with store.lock(CELL):
        assert store.get(CELL) is None
        barrier.wait()  # both have seen that nothing is there
        store.put(a_measurement(CELL, [value]))
        assert store.get(CELL) is not None


def test_two_jobs_that_measure_one_cell_leave_one_entry(tmp_path: Path) -> None:
    store = open_store(tmp_path, Identity("0" * 64, {}))
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    jobs = [spawn.Process(target=measure_unlocked, args=(store.folder, barrier, value)) for value in (0.25, 0.5)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    assert store.get(CELL) in (a_measurement(CELL, [0.25]), a_measurement(CELL, [0.5]))
    (folder,) = (path.parent for path in store.folder.rglob("*.json"))
    assert {path.suffix for path in folder.iterdir()} == {".json", ".lock"}


class Overtaken(Fresh):
    """While a cell is measured, another process stores it."""

    def __init__(self, store: Store, other: str) -> None:
        super().__init__(dict.fromkeys(CELLS, "sound"), sha256="a" * 64)
        self.store, self.other = store, other

    def read(self) -> None:
        other = Fresh(dict.fromkeys(CELLS, "wide"), sha256=self.other * 64)
        a_study(self.store, bench=other).claim("narrow_d", other).measure(0)


@pytest.mark.usefixtures("unlocked")
def test_the_entry_that_came_first_counts(tmp_path: Path) -> None:
    """Also for the process that came second: every process of a run judges the same numbers."""
    store = a_store(tmp_path)
    bench = Overtaken(store, "a")
    study = a_study(store, bench=bench)
    assert study.claim("narrow_d", bench).measure(0) == store.get(LAYER)


@pytest.mark.usefixtures("unlocked")
def test_an_entry_that_came_first_and_is_of_other_tensors_is_tampered(tmp_path: Path) -> None:
    bench = Overtaken(a_store(tmp_path), "b")
    study = a_study(bench.store, bench=bench)
    with pytest.raises(Tampered, match=r"tensors have sha256 aaaa.*, but this store measured bbbb"):
        study.claim("narrow_d", bench).measure(0)


def write_numbered(path: Path, data: bytes, barrier: Any) -> None:
    os.getpid = lambda: 7  # as a process of another machine may be numbered
    barrier.wait()
    write_once(path, data)


def test_processes_of_one_number_on_two_machines_do_not_share_a_draft(tmp_path: Path) -> None:
    assert draft_of(tmp_path / "x") != draft_of(tmp_path / "x")
    spawn = multiprocessing.get_context("spawn")
    barrier, drafts = spawn.Barrier(2), [bytes([65 + index]) * 1_000_000 for index in range(2)]
    jobs = [spawn.Process(target=write_numbered, args=(tmp_path / "x", data, barrier)) for data in drafts]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    wait_for(lambda: all(job.exitcode == 0 for job in jobs), 1.0)
    assert (tmp_path / "x").read_bytes() in drafts
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
