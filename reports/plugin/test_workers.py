"""What the processes of one run are told, and where they stop."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.plugin.workers import WORKERINPUT, Failures, Orders, Slots, instruct, orders_of


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))))
def test_a_slot_is_held_once_and_the_lowest_free_one_is_given(events: list[tuple[bool, int]]) -> None:
    slots, held = Slots(), dict[str, int]()
    for born, number in events:
        worker = f"gw{number}"
        if born and worker not in held:
            held[worker] = next(slot for slot in range(9) if slot not in held.values())  # brute force
            assert slots.take(worker) == held[worker]
        elif not born:
            held.pop(worker, None)
            slots.free(worker)
        assert slots.held == held


def test_a_replacement_takes_its_predecessors_slot() -> None:
    slots = Slots()
    assert [slots.take(worker) for worker in ("gw0", "gw1", "gw2")] == [0, 1, 2]
    slots.free("gw1")
    assert slots.take("gw3") == 1


def test_a_worker_gets_its_orders_as_plain_values() -> None:
    node: Any = SimpleNamespace(workerinput={}, gateway=SimpleNamespace(id="gw1"))
    slots = Slots()
    slots.take("gw0")
    instruct(node, Orders("run", stop=True), slots)
    assert node.workerinput[WORKERINPUT] == {"run": "run", "stop": True, "slot": 1}
    assert Orders(**node.workerinput[WORKERINPUT]) == Orders("run", stop=True, slot=1)


def test_two_runs_of_one_process_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their stores are told apart by it, also where both begin at one time of the clock."""
    monkeypatch.setattr(
        "reports.plugin.workers.datetime", SimpleNamespace(now=lambda zone: datetime(2026, 1, 2, tzinfo=zone))
    )
    options = {"maxfail": 0, "reproduce": None, "tx": None}
    config: Any = SimpleNamespace(getoption=lambda name, default=None: options.get(name, default))
    assert len({orders_of(config).run for _ in range(20)}) == 20


def test_only_what_stands_behind_a_failure_is_stopped(tmp_path: Path) -> None:
    failures, order = Failures(tmp_path / "store" / ".failed"), {name: place for place, name in enumerate("abcd")}
    assert not any(failures.before(place, order) for place in range(4))
    failures.add("c")
    assert [failures.before(place, order) for place in range(4)] == [False, False, False, True]
    failures.add("a")
    failures.add("of another run")
    assert [failures.before(place, order) for place in range(4)] == [False, True, True, True]
    failures.forget()
    failures.forget()
    assert not failures.before(3, order)


def test_where_nothing_can_be_written_nothing_is_raised(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    Failures(tmp_path / "file" / ".failed").add("a")


@pytest.mark.parametrize("worker", ["gw0", "gw7"])
def test_freeing_what_is_not_held_is_no_error(worker: str) -> None:
    slots = Slots()
    slots.free(worker)
    assert slots.held == {}
