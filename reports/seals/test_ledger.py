import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.testing.waiting import blocked, wait_for
from reports.artefacts.ledger_entry import Entry, Event
from reports.base.errors import BadInput, Tampered
from reports.seals.ledger import START, Ledger, holding, read_ledger, verified

ROOT = Path(__file__).parents[2]


def an_event(number: int = 1, **fields: object) -> Event:
    digest = f"{number:064x}"
    event = Event("seal", f"E-test-v{number}.toml", digest, digest, "first seal", "before any run", False, "2026-11-23")
    return replace(event, **fields)  # type: ignore[arg-type]


def append(path: Path, event: Event) -> Entry:
    with holding(path) as held:
        return held.append(event)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of five sound entries."""
    path = tmp_path / "ledger.jsonl"
    for number in range(1, 6):
        append(path, an_event(number))
    return path


def test_entries_come_back_in_order_and_name_the_head(path: Path) -> None:
    ledger = read_ledger(path)
    assert [entry.index for entry in ledger.entries] == [1, 2, 3, 4, 5]
    assert ledger.entries[0].previous == START
    assert [entry.previous for entry in ledger.entries[1:]] == [entry.sha256 for entry in ledger.entries[:-1]]
    assert ledger.head == ledger.entries[-1].sha256
    assert b"".join(entry.line() for entry in ledger.entries) == path.read_bytes()


def test_latest_and_find(path: Path) -> None:
    amended = append(path, an_event(2, kind="amend", raw_sha256="a" * 64, results_seen=True))
    ledger = read_ledger(path)
    assert ledger.latest("E-test-v2.toml") == amended == ledger.find(amended.sha256)
    assert ledger.latest("E-test-v9.toml") is None
    assert ledger.find("b" * 64) is None


def test_absent_ledger_is_empty_and_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    assert read_ledger(path) == Ledger(path, ())
    assert read_ledger(path).head == START
    assert not path.exists()


def _edit(lines: list[bytes], number: int, old: bytes, new: bytes) -> list[bytes]:
    assert old in lines[number - 1]
    return [line.replace(old, new) if index == number else line for index, line in enumerate(lines, start=1)]


ATTACKS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "why edited": (lambda lines: _edit(lines, 3, b"before any run", b"after a run"), "line 3 was edited: its digest"),
    "digest edited": (lambda lines: _edit(lines, 2, b"0002", b"0003"), "line 2 was edited: its digest does not hold"),
    "results_seen edited": (lambda lines: _edit(lines, 5, b":false", b":true"), "line 5 was edited: its digest does n"),
    "kind edited": (lambda lines: _edit(lines, 1, b'"seal"', b'"seel"'), "line 1 is no ledger entry: it was edited"),
    "spaces added": (lambda lines: _edit(lines, 4, b'"what":', b'"what": '), "line 4 was edited: it is not in canonic"),
    "key repeated": (lambda lines: _edit(lines, 4, b"{", b'{"why":"x",'), "line 4 is no ledger entry: it was edited"),
    "key added": (lambda lines: _edit(lines, 4, b"{", b'{"a":1,'), "line 4 is no ledger entry: it was edited"),
    "key removed": (lambda lines: _edit(lines, 4, b'"index":4,', b""), "line 4 is no ledger entry: it was edited"),
    "index a boolean": (lambda lines: _edit(lines, 1, b'"index":1', b'"index":true'), "line 1 is no ledger entry"),
    "no object": (lambda lines: [*lines[:2], b"[]\n", *lines[3:]], "line 3 is no ledger entry: it was edited"),
    "nested": (lambda lines: [*lines[:2], b"[" * 9999 + b"\n", *lines[3:]], "line 3 is no ledger entry: it was edited"),
    "not UTF-8": (lambda lines: [*lines[:2], b"\xff\n", *lines[3:]], "line 3 is no ledger entry: it was edited"),
    "blank line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], "line 3 is no ledger entry: it was edited"),
    "swapped": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "line 2 holds entry 3, expected entry 2: li"),
    "dropped": (lambda lines: [*lines[:2], *lines[3:]], "line 3 holds entry 4, expected entry 3: lines were taken out"),
    "head dropped": (lambda lines: lines[1:], "line 1 holds entry 2, expected entry 1: lines were taken out"),
    "repeated": (lambda lines: [*lines[:3], lines[1], *lines[3:]], "line 4 repeats line 2"),
    "torn": (lambda lines: [*lines[:4], lines[4][:50]], "line 5 is cut off: it has no end of line"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_named_with_its_line(attack: str, path: Path) -> None:
    change, message = ATTACKS[attack]
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(Tampered) as caught:
        read_ledger(path)
    assert str(caught.value).startswith(f"ledger.jsonl: {message}")
    assert str(caught.value).endswith("; restore the ledger from git history")
    before = path.read_bytes()
    with pytest.raises(Tampered), holding(path) as held:
        held.append(an_event(6))
    assert path.read_bytes() == before


def test_line_rewritten_with_a_digest_that_holds_breaks_the_link(path: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.jsonl"
    for number in (1, 2):
        append(forged, an_event(number))
    append(forged, an_event(3, why="another reason"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = forged.read_bytes().splitlines(keepends=True)[2]
    with pytest.raises(Tampered, match="line 4 does not follow the line before it: one of the two was replaced"):
        verified(b"".join(lines), "ledger.jsonl")


def test_cut_tail_is_a_sound_chain_with_another_head(path: Path) -> None:
    """The limit that the module states: only the head, kept elsewhere, shows it."""
    head = read_ledger(path).head
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert len(read_ledger(path).entries) == 3
    assert read_ledger(path).head != head


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "delete"}, "ledger: kind is 'delete', expected seal or amend"),
        ({"why": "  "}, "ledger: why is '  ', expected text on one line, not blank"),
        ({"what": 5}, "ledger: what is 5, expected text on one line, not blank"),
        ({"what": "a\nb"}, "ledger: what is 'a\\nb', expected text on one line, not blank"),
        ({"raw_sha256": "A" * 64}, f"ledger: raw_sha256 is '{'A' * 64}', expected 64 hexadecimal digits"),
        ({"results_seen": "no"}, "ledger: results_seen is 'no', expected true or false"),
        ({"date": "20261123"}, "ledger: date is '20261123', expected YYYY-MM-DD"),
        ({"date": "2026-02-30"}, "ledger: date is '2026-02-30', expected YYYY-MM-DD"),
    ],
)
def test_event_that_says_nothing_is_refused(fields: dict[str, object], message: str, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(BadInput) as caught:
        append(path, an_event(6, **fields))
    assert str(caught.value) == message
    assert path.read_bytes() == before


def test_entry_is_on_the_disk_before_it_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.pread(descriptor, 10_000, 0)))
    entry = append(path, an_event(6))
    assert [content.endswith(entry.line()) for content in synced] == [True]


def test_full_disk_leaves_the_chain_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
    with pytest.raises(BadInput, match=rf"^ledger\.jsonl: cannot be written \({os.strerror(errno.ENOSPC)}\)"):
        append(path, an_event(6))
    assert path.read_bytes() == before


def test_named_pipe_in_place_of_the_ledger_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ledger.jsonl")
    with pytest.raises(BadInput, match=r"ledger\.jsonl: cannot be read \(not a regular file\)"):
        read_ledger(tmp_path / "ledger.jsonl")


def test_folder_in_place_of_the_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_ledger(tmp_path)
    with pytest.raises(BadInput, match="cannot be written"):
        append(tmp_path, an_event())


@pytest.mark.parametrize("act", [read_ledger, lambda path: append(path, an_event(6))], ids=["read", "append"])
def test_nobody_else_gets_at_a_ledger_that_is_held(act: Callable[[Path], object], path: Path) -> None:
    other, waits = threading.Thread(target=act, args=(path,)), threading.Event()
    with blocked(waits.set):
        with holding(path) as held:
            other.start()
            wait_for(lambda: waits.is_set() or not other.is_alive())
            assert other.is_alive()
            assert len(held.read().entries) == 5
        other.join()


APPENDER = """
import sys
from pathlib import Path
from reports.seals.ledger import holding
from reports.seals.test_ledger import an_event
for number in range(20):
    with holding(Path(sys.argv[1])) as held:
        held.append(an_event(number, what=sys.argv[2]))
"""


def test_two_processes_append_to_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-c", APPENDER, str(path)]
    writers = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("first", "second")]
    while any(writer.poll() is None for writer in writers):
        read_ledger(path)  # a reader never sees half a line
    assert [writer.returncode for writer in writers] == [0, 0]
    entries = read_ledger(path).entries
    assert len(entries) == 40
    assert [sum(entry.what == name for entry in entries) for name in ("first", "second")] == [20, 20]


def test_lines_are_json_that_others_can_check(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert set(json.loads(line)) == {
            "index", "previous", "kind", "file", "raw_sha256", "canonical_sha256", "what", "why", "results_seen",
            "date", "sha256",
        }  # fmt: skip


def test_a_ledger_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadInput, match=r"^ledger\.jsonl: more than 50000000 bytes, expected a ledger; restore it"):
        read_ledger(path)
    with holding(path) as held, pytest.raises(BadInput, match=r"more than 50000000 bytes"):
        held.read()
