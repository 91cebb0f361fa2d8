"""The live line: what it says, that it is silent without a terminal, and that it leaves nothing behind."""

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.testing.miniature import NAME, write_miniature
from reports.base.errors import ExitCode
from reports.plugin.live import ERASE, Live, Progress, duration, live_line

CELLS = ["narrow_d[L00]", "narrow_d[L01]", "beta_lift[L00]", "beta_lift[L01]"]


def after(*events: tuple[str, str, float]) -> Progress:
    progress = Progress([cell.partition("[")[0] for cell in CELLS], len(CELLS))
    for what, cell, when in events:
        progress.start(cell, when) if what == "start" else progress.finish(cell, when)
    return progress


def test_it_says_which_cell_how_far_and_how_much_longer() -> None:
    assert after().line(0.0) == ""
    first = ("start", "narrow_d[L00]", 0.0)
    assert after(first).line(3.0) == "narrow_d[L00] 3 s · 0 of 4 cells"  # nothing is known yet of how long one takes
    second = (("finish", "narrow_d[L00]", 10.0), ("start", "narrow_d[L01]", 10.0))
    assert after(first, *second).line(14.0) == "narrow_d[L01] 4 s · 1 of 4 cells · more than 6 s left"
    third = (("finish", "narrow_d[L01]", 20.0), ("start", "beta_lift[L00]", 20.0))
    progress = after(first, *second, *third)
    progress.within = (120, 480)
    assert progress.line(50.0) == "beta_lift[L00] 30 s, 120 of 480 · 2 of 4 cells · about 4 min left"


def test_workers_share_what_is_left() -> None:
    progress = after(("start", "narrow_d[L00]", 0.0), ("finish", "narrow_d[L00]", 40.0))
    progress.left, progress.workers = ["narrow_d"] * 4, 2
    progress.start("narrow_d[L01]", 40.0)
    assert progress.line(40.0).endswith("about 80 s left")


@given(st.lists(st.tuples(st.sampled_from(["start", "finish"]), st.sampled_from(CELLS), st.floats(0, 1e6))))
def test_any_order_of_events_has_a_line(events: list[tuple[str, str, float]]) -> None:
    progress = after(*sorted(events, key=lambda event: event[2]))
    assert 0 <= len(progress.left) <= len(CELLS)
    assert "-" not in progress.line(1e6).replace(" - ", "")


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (99.0, "99 s"), (200.0, "3 min"), (7500.0, "2 h 5 min")])
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_it_is_silent_where_there_is_no_terminal(tmp_path: Any) -> None:
    with open(tmp_path / "file", "wb") as file:
        assert live_line(file.fileno(), {"TERM": "xterm"}).terminal is None
    controller, terminal = pty.openpty()
    assert live_line(terminal, {"TERM": "dumb"}).terminal is None
    live = live_line(terminal, {"TERM": "xterm"})
    assert live.terminal is not None
    live.close()
    assert os.read(controller, 100) == ERASE
    os.close(terminal)
    os.close(controller)
    Live(None).close()


def test_what_cannot_wait_is_said_without_a_terminal_too(tmp_path: Any) -> None:
    with open(tmp_path / "log", "wb") as file:
        live = live_line(file.fileno(), {})
        live.say("status 429; waits 300 s")
        live.say("a name that \x1b[2J clears\nthe screen")
        live.close()
        live.say("too late")
    assert (tmp_path / "log").read_text() == "status 429; waits 300 s\n'a name that \\x1b[2J clears\\nthe screen'\n"
    Live(None).say("nowhere")


SEEN = """
from pathlib import Path
from fixtures.testing.waiting import wait_for

def pytest_runtest_call(item):
    wait_for(Path(item.callspec.id).exists)
"""


@pytest.mark.usefixtures("run")
def test_a_terminal_sees_it(pytester: pytest.Pytester) -> None:
    """Each cell ends once its line was seen. That a log has none is looked at in test_plugin_stopping.py."""
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + SEEN)
    command = [sys.executable, "-m", "pytest", "hypotheses", "--prereg", NAME, "-k", "control"]
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm"}
    with open(pytester.path / "log", "wb") as log:
        run = subprocess.Popen(command, cwd=pytester.path, stdout=log, stderr=terminal, env=environment)
    os.close(terminal)
    seen = b""
    for cell, line in (
        ("planted_narrow_d", r"planted_narrow_d \d+ s · 0 of 2 cells"),
        ("null_narrow_d", r"null_narrow_d \d+ s · 1 of 2 cells"),
    ):
        while not re.search(line.encode(), seen):
            seen += os.read(controller, 10_000)
        (pytester.path / cell).touch()
    with suppress(OSError):  # how a terminal says that nobody writes to it any more
        while more := os.read(controller, 10_000):
            seen += more
    os.close(controller)
    assert run.wait() == ExitCode.INCOMPLETE
    assert seen.endswith(ERASE)
    assert ERASE not in (pytester.path / "log").read_bytes()
