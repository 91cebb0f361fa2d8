"""The run state under edits, full disks, two processes and sudden death."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from fixtures.testing.waiting import blocked, wait_for
from reports.base.errors import BadInput, Tampered
from reports.prereg.preregistration import Cell
from reports.store.store import Code, Identity, Store, append_attempt, open_store, write_atomically
from reports.testing.small_rules import a_measurement, of, of_model, sampled

CELL = Cell("claim", "narrow_d", 3)
IDENTITY = Identity("0" * 64, {"device": "cpu"})
MEASURED = sampled({"nll": (1.0, 2.0)})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path, IDENTITY)


def entry(store: Store) -> Path:
    (path,) = store.folder.glob("*/*.json")
    return path


def test_a_measurement_comes_back_as_it_was(store: Store) -> None:
    measurement = a_measurement(CELL, [0.1, 1 / 3, 2.0**-60], stable_rank=[1.0, 2.5, 1e-300])
    store.put(measurement)
    assert store.get(CELL) == measurement
    assert store.measurements() == {CELL: measurement}


def test_an_absent_cell_is_none(store: Store) -> None:
    assert store.get(CELL) is None
    assert not store.has(CELL)


def test_an_entry_is_written_once(store: Store) -> None:
    store.put(a_measurement(CELL, [0.1]))
    store.put(a_measurement(CELL, [0.9]))
    assert store.get(CELL) == a_measurement(CELL, [0.1])


def test_no_temporary_file_is_left(store: Store) -> None:
    store.put(a_measurement(CELL, [0.1]))
    store.put(a_measurement(CELL, [0.1]))
    assert [path.name for path in store.folder.rglob(".*")] == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"[]",
        lambda data: b"\xff\xfe",
        lambda data: data.replace(b"0.25", b"0.35"),
        lambda data: data.replace(b'"layer":3', b'"layer":2'),
    ],
    ids=["cut", "empty", "list", "not text", "edited value", "edited layer"],
)
def test_a_damaged_entry_is_tampered(store: Store, damage: object) -> None:
    store.put(a_measurement(CELL, [0.25]))
    path = entry(store)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    for read in (lambda: store.get(CELL), store.measurements):
        with pytest.raises(Tampered, match=r"L03\.json: corrupt or edited by hand .*; delete it to measure"):
            read()


def test_an_entry_under_another_cells_name_is_tampered(store: Store) -> None:
    store.put(a_measurement(CELL, [0.25]))
    entry(store).rename(entry(store).with_name("claim-narrow_d-L04.json"))
    with pytest.raises(Tampered, match=r"holds narrow_d\[L03\], expected narrow_d\[L04\]"):
        store.get(Cell("claim", "narrow_d", 4))
    with pytest.raises(Tampered, match=r"holds narrow_d\[L03\]"):
        store.measurements()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "Is a directory"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    ],
    ids=["named pipe", "folder", "endless device", "loop of links", "dangling link"],
)
def test_what_is_no_file_is_an_entry_that_cannot_be_read(
    store: Store, make: Callable[[Path], object], reason: str
) -> None:
    """Never a cell that was not measured: it would be measured, and could not be stored."""
    store.put(a_measurement(CELL, [1.0]))
    path = entry(store)
    path.unlink()
    make(path)
    assert store.has(CELL)
    for read in (lambda: store.get(CELL), store.measurements):
        with pytest.raises(
            BadInput, match=rf"^{path}: cannot be read \({reason}\); remove it, or choose another --out$"
        ):
            read()


def test_an_entry_without_end_is_not_read_whole(store: Store) -> None:
    store.put(a_measurement(CELL, [1.0]))
    os.truncate(entry(store), 2**40)
    with pytest.raises(Tampered, match="more than 100000000 bytes, no entry has as many; delete it"):
        store.get(CELL)


@pytest.mark.parametrize("samples", [[], [1.0], [1.0, 2.0, 3.0]], ids=len)
def test_layers_of_which_other_samples_are_held_are_tampered(store: Store, samples: list[float]) -> None:
    store.put(a_measurement(Cell("claim", "narrow_d", 1), [1.0, 2.0]))
    store.put(a_measurement(CELL, samples))
    with pytest.raises(Tampered, match=r"L03\.json: holds other samples than narrow_d\[L01\], expected as many"):
        store.measurements()


def test_a_lock_that_is_a_named_pipe_does_not_block(store: Store) -> None:
    store.put(a_measurement(Cell("claim", "narrow_d", 4), [0.1]))  # the folder of its code is there
    os.mkfifo(entry(store).with_name("claim-narrow_d-L03.lock"))
    with pytest.raises(BadInput, match="cannot be written"), store.lock(CELL):
        pass


def test_a_log_of_attempts_that_is_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "attempts.jsonl")
    append_attempt(tmp_path, {"verdict": "KILLED"})


def test_other_tensors_under_the_same_name_are_tampered(store: Store) -> None:
    store.put(a_measurement(CELL, [0.25]))
    with pytest.raises(
        Tampered, match=r"narrow_d\[L03\]: tensors have sha256 ffff.*this store measured 0000.*restore the weights"
    ):
        store.get(CELL, "f" * 64)


def test_another_norm_under_the_same_name_is_tampered(store: Store) -> None:
    """The layer's own tensors may be as they were: what is folded into them is not."""
    digest = a_measurement(CELL, [0.1]).tensors_sha256
    store.put(replace(a_measurement(CELL, [0.1]), norm_sha256="a" * 64))
    assert store.get(CELL, digest, "a" * 64) is not None
    for other, told in (("b" * 64, "bbbbbbbbbbbb…"), (None, "none")):
        message = (
            f"^narrow_d\\[L03\\]: the norm that feeds the experts has sha256 {told}, but this store measured "
            "aaaaaaaaaaaa… under the same name; restore the weights, or choose another --out$"
        )
        with pytest.raises(Tampered, match=message):
            store.get(CELL, digest, other)
    store.put(replace(a_measurement(Cell("claim", "other", 3), [0.1]), norm_sha256="b" * 64))
    with pytest.raises(Tampered, match=r"layer 3: .* were measured with different norms"):
        store.measurements()


def test_claims_that_disagree_on_a_layers_tensors_are_tampered(store: Store) -> None:
    store.put(a_measurement(CELL, [0.25]))
    other = a_measurement(Cell("claim", "beta_lift", 3), [1.1])
    store.put(type(other)(other.cell, "e" * 64, other.measured, other.seconds))
    with pytest.raises(Tampered, match=r"layer 3: .* were measured on different tensors"):
        store.measurements()


def test_one_run_is_of_one_model(store: Store) -> None:
    first, second = (Cell("claim", "one_bit_nll", layer) for layer in (0, 1))
    store.put(of_model(first, MEASURED))
    store.put(of_model(second, MEASURED, sha256="f" * 64))
    said = r"^model: one_bit_nll\[L00\] and one_bit_nll\[L01\] were measured on different tensors; delete the"
    with pytest.raises(Tampered, match=said):
        store.measurements()


def test_a_layer_and_the_model_that_it_is_of_have_digests_of_their_own(store: Store) -> None:
    layer, model, control = (
        Cell("claim", "narrow_d", 3), Cell("claim", "one_bit_nll", 3), Cell("control", "planted_one_bit"),
    )  # fmt: skip
    store.put(of(layer, MEASURED))
    store.put(of_model(model, MEASURED))
    store.put(of_model(control, MEASURED, sha256="f" * 64))
    entries = store.measurements()
    assert {cell.id: found.of for cell, found in entries.items()} == {
        "narrow_d[L03]": "layer", "one_bit_nll[L03]": "model", "planted_one_bit": "control",
    }  # fmt: skip
    trap = Cell("trap", "trivial_pass", 0)
    store.put(of_model(trap, MEASURED, sha256="a" * 64))
    with pytest.raises(Tampered, match=r"^model: "):
        store.measurements()


def test_another_rule_or_other_settings_are_another_store(tmp_path: Path, store: Store) -> None:
    others = [Identity("2" * 64, IDENTITY.settings), Identity(IDENTITY.rule_sha256, {"device": "cuda"})]
    assert len({open_store(tmp_path, other).folder for other in others} | {store.folder}) == 3


def test_what_other_code_measured_is_measured_again_and_left_where_it_is(tmp_path: Path) -> None:
    """The code of one claim changes: its cell is another entry, every other cell is still there."""
    cells = [Cell("claim", "narrow_d", 0), Cell("claim", "beta_lift", 0)]
    code: Code = {("claim", "narrow_d"): "a" * 64, ("claim", "beta_lift"): "b" * 64}
    before = open_store(tmp_path, IDENTITY, code)
    for cell in cells:
        before.put(a_measurement(cell, [0.1]))
    after = open_store(tmp_path, IDENTITY, {**code, ("claim", "narrow_d"): "c" * 64})
    assert [after.has(cell) for cell in cells] == [False, True]
    assert after.measurements().keys() == {cells[1]}
    after.put(a_measurement(cells[0], [0.2]))
    assert [store.get(cells[0]).measured.samples["energy_rank_95"][0] for store in (before, after)] == [0.1, 0.2]  # type: ignore[union-attr]


def test_an_edited_identity_is_tampered(tmp_path: Path, store: Store) -> None:
    (store.folder / "identity").write_text(json.dumps({**IDENTITY.to_json(), "settings": {"device": "cuda"}}))
    with pytest.raises(Tampered, match="identity: was edited"):
        open_store(tmp_path, IDENTITY)


def test_a_full_disk_is_bad_input_and_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put(a_measurement(CELL, [0.25]))
    target = store.folder / "decision.txt"
    write_atomically(target, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        BadInput, match=r"cannot be written \(No space left on device\); free the disk or choose another folder"
    ):
        store.put(a_measurement(Cell("claim", "narrow_d", 4), [0.5]))
    with pytest.raises(BadInput, match="No space left on device"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(store.measurements()) == [CELL]
    assert not list(store.folder.glob(".*"))


def test_an_unwritable_attempts_log_does_not_stop_a_run(tmp_path: Path) -> None:
    append_attempt(tmp_path / "absent", {"verdict": "KILLED"})
    append_attempt(tmp_path, {"verdict": "KILLED"})
    assert (tmp_path / "attempts.jsonl").read_text() == '{"verdict":"KILLED"}\n'


def measure(folder: Path, log: Path, other: Event) -> None:
    """As a worker does: lock, look, measure, put; it puts when it is known what `other` does meanwhile."""
    store = Store(folder)
    with blocked(other.set), store.lock(CELL):
        if store.get(CELL) is None:
            with open(log, "a") as file:
                file.write("measured\n")
            wait_for(lambda: other.is_set() or log.read_text().count("measured") > 1)
            store.put(a_measurement(CELL, [0.25]))


def test_two_processes_measure_a_cell_once(store: Store, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    log, other = tmp_path / "log", spawn.Event()  # set by the one that waits for the lock
    workers = [spawn.Process(target=measure, args=(store.folder, log, other)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert log.read_text() == "measured\n"
    assert other.is_set()
    assert store.get(CELL) is not None


def test_the_lock_of_a_killed_process_is_free(store: Store, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    never = spawn.Event()
    worker = spawn.Process(target=measure, args=(store.folder, tmp_path / "log", never))
    worker.start()
    wait_for((tmp_path / "log").exists)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    with store.lock(CELL):
        assert store.get(CELL) is None
