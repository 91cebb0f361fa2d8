"""Where a run stops: `-x` in one process and in several, selections, signals. Never green when something is missing."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, artefact, measured, write_miniature
from fixtures.testing.waiting import PATIENCE, wait_for
from reports.base.errors import ExitCode
from reports.plugin.live import ERASE

WATCHED = """
from pathlib import Path

import pytest
from fixtures.testing.waiting import wait_for

LOG = Path(__file__).with_name("log")


def note(what, name):
    with open(LOG, "a") as file:
        file.write(f"{what} {name.rpartition('::')[2]}\\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    if item.name in HELD:
        wait_for(lambda: f"failed {HELD[item.name]}\\n" in LOG.read_text())
    return (yield)


def pytest_runtest_call(item):
    note("started", item.nodeid)
    if item.name == BROKEN:
        raise ZeroDivisionError("a defect")


def pytest_runtest_logreport(report):
    if report.failed:
        note("failed", report.nodeid)
"""


def watch(root: Path, broken: str = "", held: Mapping[str, str] = MappingProxyType({})) -> None:
    """Makes the study under `root` log what starts and what fails, in one file that its processes append to.

    `broken` raises. Each cell of `held` begins only when the cell that it names has failed.
    """
    conftest = root / "conftest.py"
    conftest.write_text(f"{conftest.read_text()}\nBROKEN, HELD = {broken!r}, {dict(held)!r}\n{WATCHED}")
    (root / "log").touch()


def events(root: Path) -> list[str]:
    """What happened, in that order; a failure is told by its worker, and again by the controller."""
    return list(dict.fromkeys((root / "log").read_text().splitlines()))


@pytest.mark.parametrize("stop", [True, False])
def test_after_a_kill_no_later_cell_starts(
    run: Any, pytester: pytest.Pytester, mode_daily: list[str], stop: bool
) -> None:
    """The later cells come up once the kill is known; without -x they run, which shows that they can."""
    write_miniature(pytester.path)
    later = ["test_narrow_d[L04]", "test_narrow_d[L05]"]
    watch(pytester.path, held=dict.fromkeys(later, "test_narrow_d[L03]"))
    assert run(*mode_daily, *(["-x"] if stop else [])).ret == ExitCode.KILLED
    happened = events(pytester.path)
    behind = happened[happened.index("failed test_narrow_d[L03]") + 1 :]
    started = [cell for cell in later if f"started {cell}" in happened]
    assert started == [cell for cell in later if f"started {cell}" in behind]
    assert started == ([] if stop else later)
    assert {f"claim-narrow_d-L0{layer}" for layer in range(4)} <= measured(pytester.path)
    assert artefact(pytester.path, "decision.json")["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"
    assert not list((pytester.path / "reports" / "out").rglob(".failed-*"))


LONG = """
import pathlib
import kernels.spectra.spectrum as module
from fixtures.testing.waiting import wait_for

BEHIND = False

def pytest_runtest_call(item):
    global BEHIND
    BEHIND = "L04" in item.name or "L05" in item.name
    if "L03" in item.name:
        wait_for(pathlib.Path("behind").exists)

def slow(weights, workers):
    if BEHIND:
        pathlib.Path("behind").touch()
        wait_for(lambda: list(pathlib.Path().rglob(".failed-*")))
    return quick(weights, workers)

quick, module.spectrum = module.spectrum, slow
"""


def test_a_long_cell_behind_a_kill_is_left_unfinished(run: Any, pytester: pytest.Pytester) -> None:
    """It began before the kill, on another worker, and would have gone on for hours at full size."""
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + LONG)
    result = run("-x", "-n2")
    assert result.ret == ExitCode.KILLED
    assert measured(pytester.path).isdisjoint({"claim-narrow_d-L04", "claim-narrow_d-L05"})
    result.stdout.re_match_lines([r"skipped\s+narrow_d\[L0[45]\]\s+not finished: -x, and a"])
    assert artefact(pytester.path, "decision.json")["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"


def test_after_a_fault_every_earlier_cell_finishes_and_no_later_one_starts(
    run: Any, pytester: pytest.Pytester, mode_daily: list[str]
) -> None:
    """In two processes layer 4 breaks while the other worker is still at layer 0, with layer 1 to come."""
    write_miniature(pytester.path, weights="low_rank")
    held = {"test_narrow_d[L00]": "test_narrow_d[L04]"} if mode_daily else {}
    watch(pytester.path, broken="test_narrow_d[L04]", held=held)
    assert run("-x", *mode_daily).ret == ExitCode.INCOMPLETE
    happened = events(pytester.path)
    assert [event for event in happened if event.startswith("failed ")] == ["failed test_narrow_d[L04]"]
    assert {f"started test_narrow_d[L0{layer}]" for layer in range(5)} <= set(happened)
    assert "started test_narrow_d[L05]" not in happened
    assert {f"claim-narrow_d-L0{layer}" for layer in range(4)} <= measured(pytester.path)
    if mode_daily:
        assert happened.index("started test_narrow_d[L01]") > happened.index("failed test_narrow_d[L04]")


def test_a_misfire_stops_the_run_with_its_own_code(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    assert run("-x", *mode, null_expected="MET").ret == ExitCode.INCONCLUSIVE
    assert "claim-narrow_d-L05" not in measured(pytester.path)
    assert artefact(pytester.path, "decision.json")["verdict"] == "INCONCLUSIVE"


def test_last_failed_runs_the_kill_again_from_the_store(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    run("-x")
    result = run("--lf", "-x", *mode)
    assert result.ret == ExitCode.KILLED
    result.assert_outcomes(failed=1)


def test_a_selection_decides_nothing_by_itself(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    assert run("-k", "L00 or L01", *mode, weights="low_rank").ret == ExitCode.INCOMPLETE
    assert artefact(pytester.path, "decision.json")["verdict"] == "INCOMPLETE"
    assert run("-k", "nothing_like_it", *mode).ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_file_that_cannot_be_collected_is_never_green(
    run: Any, pytester: pytest.Pytester, mode_daily: list[str]
) -> None:
    write_miniature(pytester.path, weights="low_rank")
    (pytester.path / "hypotheses" / "test_broken.py").write_text("import no_such_module\n")
    result = run(*mode_daily)
    decision = artefact(pytester.path, "decision.json")
    assert result.ret == ExitCode.INCOMPLETE
    assert decision["verdict"] == ("SURVIVED" if mode_daily else "INCOMPLETE")  # xdist runs what it could collect
    assert {error["message"] for error in decision["errors"]} == {"hypotheses/test_broken.py could not be collected"}


def test_without_xdist(run: Any, pytester: pytest.Pytester) -> None:
    assert run("-x", "-p", "no:xdist").ret == ExitCode.KILLED
    assert run("-p", "no:xdist", "--reproduce", f"reports/out/{NAME}/decision.json").ret == ExitCode.SURVIVED


# whoever starts tests in the background of a shell makes them deaf to SIGINT, and all that they start
LISTENING = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""


def started(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", LISTENING, "hypotheses", "--prereg", NAME, *arguments]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


LAST_HELD = """
from pathlib import Path

import pytest
from fixtures.testing.waiting import wait_for

def pytest_runtest_call(item):
    if "L05" in item.name:
        Path("held").touch()
        wait_for(Path("interrupted").exists)
        pytest.skip("a worker learns of the interruption when its cell is done")

def pytest_keyboard_interrupt():
    Path("interrupted").touch()
"""


@pytest.mark.parametrize(
    ("processes", "sent"),
    [
        ([], signal.SIGTERM),
        (["-n2"], signal.SIGINT),
        pytest.param([], signal.SIGINT, marks=pytest.mark.nightly),
        pytest.param(["-n2"], signal.SIGTERM, marks=pytest.mark.nightly),
    ],
    ids=["serial-SIGTERM", "n2-SIGINT", "serial-SIGINT", "n2-SIGTERM"],
)
def test_a_signal_ends_the_run_with_what_was_measured(
    run: Any, pytester: pytest.Pytester, processes: list[str], sent: signal.Signals
) -> None:
    write_miniature(pytester.path, weights="low_rank")
    conftest = pytester.path / "conftest.py"
    original = conftest.read_text()
    conftest.write_text(original + LAST_HELD)
    process = started(pytester.path, *processes)
    wait_for(lambda: (pytester.path / "held").exists() and len(measured(pytester.path)) == 7)
    process.send_signal(sent)
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, told
    decision = artefact(pytester.path, "decision.json")
    assert decision["verdict"] == "INCOMPLETE"
    assert "verdict: INCOMPLETE" in told
    before = measured(pytester.path)
    conftest.write_text(original)
    assert run().ret == ExitCode.SURVIVED
    assert before <= measured(pytester.path)


NOWHERE = """
def stop():
    raise KeyboardInterrupt

stop.__code__ = stop.__code__.replace(co_linetable=b"")

def pytest_runtest_teardown(item):
    if "L02" in item.name:
        stop()
"""


def test_an_interruption_at_no_line_is_one_all_the_same(run: Any, pytester: pytest.Pytester) -> None:
    """CPython gives instructions between lines no number, and pytest's own account of the interruption fails there.

    Its output goes to a pipe, so the live line is not in it.
    """
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + NOWHERE)
    done = started(pytester.path)
    told, _ = done.communicate(timeout=PATIENCE)
    assert done.returncode == pytest.ExitCode.INTERRUPTED, told
    assert ERASE.decode() not in told
    assert artefact(pytester.path, "decision.json")["verdict"] == "INCOMPLETE"
    assert "Traceback" not in told


def test_two_runs_on_one_store_do_not_hurt_each_other(finished: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    processes = [started(pytester.path, *arguments) for arguments in (["-n2"], ["-x"])]
    told = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    assert [process.returncode for process in processes] == [ExitCode.KILLED] * 2, told
    assert len(measured(pytester.path)) == 8
    core = artefact(pytester.path, "decision.json")["core_sha256"]
    finished()  # writes the artefacts of a run that was alone over these
    assert artefact(pytester.path, "decision.json")["core_sha256"] == core
