"""Jobs of a scheduler on one folder: they come to the verdict of one process, whatever was killed and without locks."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, artefact, measured, write_miniature
from fixtures.testing.waiting import PATIENCE
from reports.base.errors import ExitCode
from reports.commands.cli import main
from reports.published.publication import PUBLISHED
from reports.store.test_checked_cells import flip

CELLS = [f"claim-narrow_d-L0{layer}" for layer in range(6)] + ["control-null_narrow_d", "control-planted_narrow_d"]


def judged(root: Path, run: str = NAME) -> ExitCode:
    """`python -m reports decide FOLDER --jobs`, on another machine: the subject is not there."""
    folder = root / "reports" / "out" / run
    return main(["decide", str(folder), "--jobs"], root / "hypotheses" / "preregistrations")


def recorded(root: Path) -> set[str]:
    return {path.stem for path in (root / "reports" / "out").glob("*/checked/*/*.json")}


def core(root: Path) -> str:
    return str(artefact(root, "decision.json")["core_sha256"])


def test_two_jobs_and_a_judge_come_to_the_verdict_of_one_process(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    assert finished().ret == ExitCode.KILLED
    alone = artefact(pytester.path, "decision.json")
    (pytester.path / "reports" / "out").rename(pytester.path / "before")
    first = run("--cells=0/2")
    assert first.ret == ExitCode.SURVIVED
    first.stdout.fnmatch_lines([
        "job       4 of 8 cells; judges nothing",
        "job: 4 of 4 cells measured and recorded as checked; nothing is judged here",
        f"when every job has ended: python -m reports decide reports/out/{NAME} --jobs",
    ])  # fmt: skip
    assert measured(pytester.path) == recorded(pytester.path) == {*CELLS[:6:2], "control-planted_narrow_d"}
    assert not (pytester.path / "reports" / "out" / NAME / "decision.json").exists()
    assert run("--cells=1/2").ret == ExitCode.SURVIVED
    assert recorded(pytester.path) == set(CELLS)
    (pytester.path / "subject").rename(pytester.path / "gone")
    assert judged(pytester.path) == ExitCode.KILLED
    together = artefact(pytester.path, "decision.json")
    apart = {"environment", "measurements_sha256"}  # seconds are among the measurements
    assert {key: value for key, value in together.items() if key not in apart} == {
        key: value for key, value in alone.items() if key not in apart
    }
    assert together["environment"]["options"]["cells"] == "2 jobs"
    found, verdict = pytester.path / "reports" / "out" / NAME, pytester.path / "verdict"
    verdict.mkdir()
    for name in PUBLISHED:
        if (found / name).exists():
            shutil.copy(found / name, verdict)
    rules = pytester.path / "hypotheses" / "preregistrations"
    assert main(["reproduce", str(verdict / "decision.json")], rules) == ExitCode.SURVIVED  # it can be published


def test_a_job_reads_no_other_cell_and_leaves_a_misfire_to_the_judge(run: Any, pytester: pytest.Pytester) -> None:
    """Layer 3 closes a checkpoint, whose other cells an ordinary run would measure then."""
    result = run("--cells=narrow_d[L03],control:null_narrow_d", null_expected="MET")
    assert result.ret == ExitCode.SURVIVED
    assert measured(pytester.path) == {"claim-narrow_d-L03", "control-null_narrow_d"}
    result.stdout.fnmatch_lines(["MISFIRED  null_narrow_d *", "*narrow_d is INCONCLUSIVE (as"])
    assert judged(pytester.path) == ExitCode.INCONCLUSIVE


def test_a_job_without_a_cell_is_done_and_one_that_lacks_a_cell_is_not(run: Any, pytester: pytest.Pytester) -> None:
    assert run("--cells=8/9").ret == ExitCode.SURVIVED
    assert measured(pytester.path) == set()
    result = run("--cells=0/4", "-k", "not L02")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["job: 1 of 2 cells measured*", "not measured: narrow_d?L02?; give the same command*"])
    assert judged(pytester.path) == ExitCode.INCOMPLETE


def test_weights_that_changed_between_two_jobs_are_tampered(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    os.rename(pytester.path / "subject", pytester.path / "copy")
    assert run("--model=copy", "--cells=narrow_d[L00]").ret == ExitCode.SURVIVED
    flip(pytester.path / "copy", 0)
    assert run("--model=copy", "--cells=narrow_d[L00]").ret == ExitCode.TAMPERED


def test_what_no_job_recorded_is_not_counted(
    run: Any, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that dies between measuring and recording, or an entry that somebody put there."""
    assert run("--cells=0/1").ret == ExitCode.SURVIVED
    record = next((pytester.path / "reports" / "out").glob("*/checked/*/claim-narrow_d-L01.json"))
    kept = record.read_bytes()
    record.unlink()
    capsys.readouterr()
    assert judged(pytester.path) == ExitCode.INCOMPLETE
    assert "not counted, no job recorded them as checked: 1 cells (narrow_d[L01]); run the" in capsys.readouterr().out
    record.write_bytes(kept)
    assert judged(pytester.path) == ExitCode.KILLED


def test_a_judge_refuses_what_is_not_of_its_jobs(
    run: Any, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(code: ExitCode, *more: str) -> str:
        capsys.readouterr()
        folder = pytester.path / "reports" / "out" / NAME
        assert main(["decide", str(folder), "--jobs", *more], pytester.path / "hypotheses" / "preregistrations") == code
        return capsys.readouterr().err

    assert run("--cells=0/4").ret == ExitCode.SURVIVED
    assert "--jobs: writes the verdict by itself" in refused(ExitCode.BAD_INPUT, "--write")
    record = next((pytester.path / "reports" / "out").glob("*/checked/*/claim-narrow_d-L02.json"))
    kept = record.read_text()
    digest = json.loads(kept)["tensors_sha256"]
    record.write_text(kept.replace(digest, "f" * 64))
    said = refused(ExitCode.TAMPERED)
    assert f"a job checked tensors of sha256 ffffffffffff…, the measurement is of {digest[:12]}…" in said
    record.write_text(kept.replace('"subject":"mini"', '"subject":"other"'))
    assert "a job checked other, expected mini; give every job the same" in refused(ExitCode.TAMPERED)
    record.write_text(kept)
    other = record.parent.with_name("f" * 16)
    record.parent.rename(other)  # machines of another kind
    assert "no job has recorded a cell as checked, expected one at least" in refused(ExitCode.BAD_INPUT)
    other.rename(record.parent)
    other.mkdir()
    assert refused(ExitCode.INCOMPLETE) == ""
    entry = next((pytester.path / "reports" / "out").glob("*/measurements/*/*/claim-narrow_d-L02.json"))
    shutil.rmtree(entry.parents[1])
    assert "holds no store, expected what jobs measured" in refused(ExitCode.BAD_INPUT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--cells=wide_d"], "--cells: 'wide_d' is no registered cell*python -m reports cells lists them"),
        (["--cells=0/2", "--report"], "--cells: a job judges nothing, obtained --report beside it; leave one out"),
        (["--cells=0/2", "--reproduce=x"], "*x*"),
    ],
)
def test_what_a_job_cannot_do_is_one_line(given: list[str], said: str, run: Any) -> None:
    result = run(*given)
    assert result.ret == ExitCode.BAD_INPUT
    result.stderr.fnmatch_lines([f"Exit: BAD INPUT: {said}*"])


UNLOCKED = """
import fcntl, sys, pytest
fcntl.flock = lambda file, operation: None
sys.exit(pytest.main(sys.argv[1:]))
"""


def job(root: Path, cells: str) -> "subprocess.Popen[str]":
    """A job as on a machine of its own: every lock that it asks for is granted at once."""
    command = [sys.executable, "-c", UNLOCKED, "hypotheses", f"--prereg={NAME}", f"--cells={cells}"]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    told, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, told


@pytest.mark.nightly
def test_eight_processes_on_one_folder_without_locks(finished: Any, pytester: pytest.Pytester) -> None:
    """Two measure each cell at the same time, and neither waits for the other."""
    finished()
    alone = core(pytester.path)
    (pytester.path / "reports" / "out").rename(pytester.path / "before")
    jobs = [job(pytester.path, f"{index % 4}/4") for index in range(8)]
    for code, told in map(ended, jobs):
        assert code == ExitCode.SURVIVED, told
    assert measured(pytester.path) == recorded(pytester.path) == set(CELLS)
    assert not [path for path in (pytester.path / "reports").rglob(".*") if path.is_file()]
    assert judged(pytester.path) == ExitCode.KILLED
    assert core(pytester.path) == alone


DYING = """
import os, signal
import kernels.spectra.spectrum as module

DIES = False

def pytest_runtest_call(item):
    global DIES
    DIES = "L02" in item.name

def dying(*arguments):
    if DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    return living(*arguments)

living, module.spectrum = module.spectrum, dying
"""


@pytest.mark.nightly
def test_a_killed_job_costs_its_cell(finished: Any, pytester: pytest.Pytester) -> None:
    """The job of layers 0, 2 and 4 and a control dies within layer 2; the others end, and it is given once more."""
    finished()
    alone = core(pytester.path)
    (pytester.path / "reports" / "out").rename(pytester.path / "before")
    conftest = pytester.path / "conftest.py"
    original = conftest.read_text()
    conftest.write_text(original + DYING)
    dying, whole = job(pytester.path, "0/2"), job(pytester.path, "1/2")
    assert ended(dying)[0] == -signal.SIGKILL
    code, told = ended(whole)
    assert code == ExitCode.SURVIVED, told
    assert (
        measured(pytester.path) == recorded(pytester.path) == set(CELLS) - {"claim-narrow_d-L02", "claim-narrow_d-L04"}
    )
    assert judged(pytester.path) == ExitCode.INCOMPLETE
    conftest.write_text(original)
    entries = {path: path.stat().st_ino for path in (pytester.path / "reports" / "out").rglob("*.json")}
    code, told = ended(job(pytester.path, "0/2"))
    assert code == ExitCode.SURVIVED, told
    kept = {path: path.stat().st_ino for path in entries if "measurements" in path.parts or "checked" in path.parts}
    assert kept == {path: entries[path] for path in kept}
    assert judged(pytester.path) == ExitCode.KILLED
    assert core(pytester.path) == alone
