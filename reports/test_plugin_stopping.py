"""Where a run stops: `-x` in one process and in several, selections, signals. Never green when something is missing."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.miniature import NAME, artefact, measured, write_miniature
from fixtures.waiting import wait_for
from reports.errors import ExitCode

WATCHED = """
import time
from pathlib import Path


def note(what, name):
    with open(Path(__file__).with_name("log"), "a") as file:
        file.write(f"{what} {name.rpartition('::')[2]} {time.time()}\\n")


def pytest_runtest_call(item):
    note("started", item.nodeid)
    if item.name == "test_narrow_d[L00]":
        time.sleep(1)
    if item.name == BROKEN:
        raise ZeroDivisionError("a defect")


def pytest_runtest_logreport(report):
    if report.failed:
        note("failed", report.nodeid)
"""


def watch(root: Path, broken: str = "") -> None:
    """Makes the study under `root` log what starts and what fails; layer 0 is slow, and `broken` raises."""
    conftest = root / "conftest.py"
    conftest.write_text(f"{conftest.read_text()}\nBROKEN = {broken!r}\n{WATCHED}")


def events(root: Path, what: str) -> dict[str, float]:
    rows = [line.split() for line in (root / "log").read_text().splitlines()]
    return {name.removeprefix("test_"): float(when) for kind, name, when in reversed(rows) if kind == what}


@pytest.mark.parametrize("stop", [True, False])
def test_after_a_kill_no_later_cell_starts(run: Any, pytester: pytest.Pytester, mode: list[str], stop: bool) -> None:
    write_miniature(pytester.path)
    watch(pytester.path)
    assert run(*mode, *(["-x"] if stop else [])).ret == ExitCode.KILLED
    started, failed = events(pytester.path, "started"), events(pytester.path, "failed")
    behind = [cell for cell in ("narrow_d[L04]", "narrow_d[L05]") if started.get(cell, 0) > failed["narrow_d[L03]"]]
    assert behind == ([] if stop else ["narrow_d[L04]", "narrow_d[L05]"])
    assert {f"claim-narrow_d-L0{layer}" for layer in range(4)} <= measured(pytester.path)
    assert artefact(pytester.path, "decision.json")["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"
    assert not list((pytester.path / "reports" / "out").rglob(".failed-*"))


LONG = """
import pathlib
import fixtures.effective_dimension as module
from fixtures.waiting import wait_for

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
    run: Any, pytester: pytest.Pytester, mode: list[str]
) -> None:
    """Layer 4 breaks while another worker is still at layer 0, with layer 1 to come."""
    write_miniature(pytester.path, weights="low_rank")
    watch(pytester.path, broken="test_narrow_d[L04]")
    assert run("-x", *mode).ret == ExitCode.INCOMPLETE
    started, failed = events(pytester.path, "started"), events(pytester.path, "failed")
    assert list(failed) == ["narrow_d[L04]"]
    assert {f"narrow_d[L0{layer}]" for layer in range(5)} <= started.keys()
    assert "narrow_d[L05]" not in started
    assert {f"claim-narrow_d-L0{layer}" for layer in range(4)} <= measured(pytester.path)
    if mode == ["-n2"]:
        assert started["narrow_d[L01]"] > failed["narrow_d[L04]"]


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


def test_a_file_that_cannot_be_collected_is_never_green(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    write_miniature(pytester.path, weights="low_rank")
    (pytester.path / "hypotheses" / "test_broken.py").write_text("import no_such_module\n")
    result = run(*mode)
    decision = artefact(pytester.path, "decision.json")
    assert result.ret == ExitCode.INCOMPLETE
    assert decision["verdict"] == ("SURVIVED" if mode == ["-n2"] else "INCOMPLETE")  # xdist runs what it could collect
    assert {error["message"] for error in decision["errors"]} == {"hypotheses/test_broken.py could not be collected"}


def test_without_xdist(run: Any, pytester: pytest.Pytester) -> None:
    assert run("-x", "-p", "no:xdist").ret == ExitCode.KILLED
    assert run("-p", "no:xdist", "--reproduce", f"reports/out/{NAME}/decision.json").ret == ExitCode.SURVIVED


def started(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pytest", "hypotheses", "--prereg", NAME, *arguments]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_what_was_measured(
    run: Any, pytester: pytest.Pytester, mode: list[str], sent: signal.Signals
) -> None:
    write_miniature(pytester.path, weights="low_rank")
    conftest = pytester.path / "conftest.py"
    original = conftest.read_text()
    conftest.write_text(
        original + "\nimport time\ndef pytest_runtest_call(item):\n    time.sleep(20 * ('L05' in item.name))\n"
    )
    process = started(pytester.path, *mode)
    wait_for(lambda: len(measured(pytester.path)) == 7)
    process.send_signal(sent)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, told
    decision = artefact(pytester.path, "decision.json")
    assert decision["verdict"] == "INCOMPLETE"
    assert "verdict: INCOMPLETE" in told
    before = measured(pytester.path)
    conftest.write_text(original)
    assert run(*mode).ret == ExitCode.SURVIVED
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
    """CPython gives instructions between lines no number, and pytest's own account of the interruption fails there."""
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + NOWHERE)
    done = started(pytester.path)
    told, _ = done.communicate(timeout=60)
    assert done.returncode == pytest.ExitCode.INTERRUPTED, told
    assert artefact(pytester.path, "decision.json")["verdict"] == "INCOMPLETE"
    assert "Traceback" not in told


def test_two_runs_on_one_store_do_not_hurt_each_other(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    processes = [started(pytester.path, *arguments) for arguments in ([], ["-n2"], ["-x"])]
    told = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [ExitCode.KILLED] * 3, told
    assert len(measured(pytester.path)) == 8
    run("--out", "alone")
    alone = json.loads((pytester.path / "alone" / NAME / "decision.json").read_text())
    assert artefact(pytester.path, "decision.json")["core_sha256"] == alone["core_sha256"]
