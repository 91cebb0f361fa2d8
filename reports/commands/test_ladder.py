"""A ladder of two small rungs: what it will take, what became of it, interrupted and resumed, and its exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.inspecting.testing.small_ladder import EXPONENTS, HOLD, NARROW, SUBJECT, write_ladder
from fixtures.testing.miniature import REPOSITORY
from fixtures.testing.waiting import wait_for
from reports.base.errors import ExitCode
from reports.base.markdown import plain
from reports.commands.cli import PREREGISTRATIONS, main
from reports.commands.climbing import START, Pace, Stop, stopping
from reports.commands.ladder import exit_code
from reports.commands.rung_cost import ESTIMATED, Cost
from reports.commands.rungs import Rung, latest

# Whoever starts tests in the background of a shell makes them deaf to SIGINT, and all that they start
COMMAND = """
import signal, sys
from pathlib import Path
from reports.commands.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(["ladder", *sys.argv[2:]], Path(sys.argv[1])))
"""


def a_rung(seconds: float | None, rung: str = "E", design: int = 1) -> Rung:
    prereg = cast(Any, SimpleNamespace(rung=rung, design=design))
    return Rung(f"{rung}-v{design}", prereg, None, None, None, Cost(seconds, "said"))


def ladder(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf8",
    )  # fmt: skip


def finished(folder: Path, *arguments: str) -> tuple[int, str]:
    process = ladder(folder, *arguments)
    out, _ = process.communicate()
    return process.returncode, out


def stored(runs: Path) -> Mapping[str, tuple[int, str]]:
    """By cell: when it was written, and what."""
    found = runs.rglob("measurements/*/*/*.json")
    return {path.name: (path.stat().st_mtime_ns, path.read_text("utf8")) for path in found}


def test_the_time_left_follows_what_was_taken_so_far() -> None:
    rungs = [a_rung(10.0), a_rung(50.0)]
    pace = Pace()
    assert pace.left(rungs) == f"about {60 + 2 * START:.0f} s left"
    assert pace.left([*rungs, a_rung(None)]).startswith("more than ")
    pace.learn(10.0, 20.0, wall=21.0)  # twice as slow a machine, and a second to start
    assert pace.left(rungs[1:]) == "about 2 min left"
    pace.learn(10.0, 20.0, wall=1.0)  # measured before: its process took no time for its cells
    assert pace.left(rungs[:1]) == "about 21 s left"
    assert Pace(workers=2, said=1.0, taken=1.0, starts=[1.0]).left(rungs) == "about 32 s left"


def test_a_second_interrupt_kills_what_does_not_end() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)"
    deaf += "; time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, process_group=0)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    stop = Stop(child=child)
    with stopping() as heard:
        heard.child = child
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: heard.asked == 1)
        assert child.poll() is None  # it was asked, and does not hear
    stop.asked = 1
    stop()
    assert child.wait() == -signal.SIGKILL
    stop()  # it has ended: nobody is signalled
    child.stdout.close()


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 1, 15], ExitCode.SURVIVED),
        ([1, 10], ExitCode.INCONCLUSIVE),
        ([0, 2], ExitCode.INCOMPLETE),
        ([11, 10], ExitCode.INCONCLUSIVE),
        ([10, 13, 1], ExitCode.BAD_INPUT),
        ([13, 12], ExitCode.TAMPERED),
        ([-9], ExitCode.INCOMPLETE),
        ([3], ExitCode.INCOMPLETE),
    ],
)
def test_a_verdict_is_no_fault_and_the_gravest_fault_is_told(codes: list[int], expected: ExitCode) -> None:
    assert exit_code(codes, interrupted=False) == expected
    assert exit_code(codes, interrupted=True) == (expected if expected else ExitCode.INCOMPLETE)


def test_of_each_rung_the_latest_design() -> None:
    rungs = [a_rung(1.0, "E", 4), a_rung(2.0, "W"), a_rung(3.0, "E", 10), a_rung(4.0, "E", 6)]
    assert [rung.rule for rung in latest(rungs)] == ["W-v1", "E-v10"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([f"--prereg={NARROW}", "--model=x"], "--prereg: each rule has a sealed subject of its own"),
        (["--prereg=absent"], "--prereg absent: no such preregistration; there are "),
    ],
)
def test_what_cannot_be_climbed_is_one_line(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", *given]) == ExitCode.BAD_INPUT
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1


def test_rules_that_are_in_no_checkout_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder"], tmp_path) == ExitCode.BAD_INPUT
    assert "expected the folder hypotheses/preregistrations of a checkout" in capsys.readouterr().err


def test_an_unsealed_rule_does_not_run_and_a_broken_seal_stops_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "hypotheses" / "preregistrations"
    folder.mkdir(parents=True)
    name = "W-universal-beta-v1"
    path = folder / f"{name}.toml"
    path.write_bytes((PREREGISTRATIONS / path.name).read_bytes())
    assert main(["ladder", f"--prereg={name}"], folder) == ExitCode.BAD_INPUT
    assert f"{name}: not sealed; before any run: python -m reports seal {name}" in capsys.readouterr().err
    assert main(["seal", name, "--what", "x", "--why", "y"], folder) == ExitCode.SURVIVED
    path.write_text(path.read_text("utf8").replace("at_least = 0.92", "at_least = 0.91"), "utf8")
    capsys.readouterr()
    assert main(["ladder", f"--prereg={name}"], folder) == ExitCode.TAMPERED
    assert not (tmp_path / "reports").exists()


def test_a_rung_is_climbed_and_a_kill_is_a_result(
    tmp_path: Path, elsewhere: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.commands.climbing.HEARTBEAT", 0.2)  # a pytest takes longer to start
    folder = write_ladder(tmp_path)
    assert main(["ladder", f"--prereg={NARROW}", "-x"], folder) == ExitCode.SURVIVED
    out, error = capfd.readouterr()
    runs = tmp_path / "reports" / "out"
    assert error == ""
    assert out.splitlines()[0].startswith("ladder: 1 of 1 rung, cheapest first, about ")
    assert "[1/1] E-mini, design 4: KILLED, narrow_d@1-layer 0.0000, needed 0.7000; " in out
    assert re.search(r"^ {6}E-mini, design 4: [0-4] of 4 cells after \d+ s$", out, re.MULTILINE)
    assert "claim-narrow_d-L01.json" not in stored(runs)  # -x: not read
    assert "KILLED    narrow_d[L00]" in (runs / "ladder" / f"{NARROW}.log").read_text("utf8")
    assert not isinstance(signal.getsignal(signal.SIGINT), Stop)


@pytest.mark.nightly
def test_interrupted_it_keeps_what_was_measured_and_goes_on(tmp_path: Path, elsewhere: None) -> None:
    folder, runs = write_ladder(tmp_path, narrow_rests_on="W-exponent-entropy"), tmp_path / "runs"
    given = (f"--prereg={EXPONENTS}", f"--prereg={NARROW}", f"--out={runs}")
    (tmp_path / HOLD).touch()
    process = ladder(folder, *given)
    wait_for(lambda: "claim-narrow_d-L00.json" in stored(runs))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate()
    assert process.returncode == ExitCode.INCOMPLETE
    lines = out.splitlines()
    assert lines[0].startswith("ladder: 2 of 2 rungs, cheapest first, more than ")
    assert lines[1:3] == [f"  1. {NARROW}: 0 s, {ESTIMATED}", f"  2. {EXPONENTS}: not measured"]
    assert f"  {EXPONENTS}: not reached, the climb was interrupted" in lines
    assert lines[-1] == "to go on, give the same command again"
    before = stored(runs)
    assert "claim-narrow_d-L01.json" not in before

    (tmp_path / HOLD).unlink()
    code, out = finished(folder, *given)
    assert code == ExitCode.SURVIVED, out
    after = stored(runs)
    assert {name: after[name] for name in before} == before  # not measured again
    assert "[1/2] E-mini, design 4: KILLED, narrow_d@1-layer 0.0000, needed 0.7000; " in out
    assert "E-mini, design 4, mini: KILLED" in out
    assert "  rests on W-exponent-entropy: SURVIVED" in out
    page = (runs / "ladder" / "scoreboard.md").read_text("utf8")
    assert "| W-exponent-entropy | 2 | mini | SURVIVED |" in page
    assert "W-exponent-entropy: SURVIVED |" in page
    html = (runs / "ladder" / "scoreboard.html").read_text("utf8")
    assert '<td class="KILLED"><a href="#v1">KILLED</a></td>' in html
    assert "climbed by python -m reports ladder" in html
    assert json.loads((runs / NARROW / "decision.json").read_text("utf8"))["verdict"] == "KILLED"


@pytest.mark.nightly
def test_climbed_again_it_measures_nothing_and_says_the_same(tmp_path: Path, elsewhere: None) -> None:
    """By the embedded subject's name, with no rule named; then in two processes; then by the subject's folder."""
    folder = write_ladder(tmp_path)
    code, first = finished(folder, "-x")
    assert code == ExitCode.SURVIVED, first
    runs = tmp_path / "reports" / "out"
    before, cores = stored(runs), {name: _core(runs / name) for name in (NARROW, EXPONENTS)}
    code, second = finished(folder, "-x", "-n2")
    assert code == ExitCode.SURVIVED, second
    assert stored(runs) == before
    assert {name: _core(runs / name) for name in cores} == cores
    assert second.count(", all of it from the store (its cells ") == 2
    assert "from the store" not in first

    code, out = finished(folder, f"--model={tmp_path / SUBJECT}", f"--out={tmp_path / 'named'}")
    assert code == ExitCode.SURVIVED, out  # the sealed subject, by its folder
    assert (tmp_path / "named" / "ladder--olmoe_nano" / "scoreboard.html").exists()
    assert {path.name for path in (tmp_path / "named").iterdir()} == {NARROW, EXPONENTS, "ladder--olmoe_nano"}


@pytest.mark.nightly
def test_another_model_is_climbed_as_exploratory_and_what_it_lacks_is_said(tmp_path: Path, elsewhere: None) -> None:
    folder, runs = write_ladder(tmp_path / "checkout"), tmp_path / "runs"
    dense = REPOSITORY / "fixtures" / "olmo_nano"
    rule = folder / "E-ffn-rotation-v5.toml"
    rule.write_bytes((PREREGISTRATIONS / rule.name).read_bytes())
    assert main(["seal", rule.stem, "--what", "x", "--why", "y"], folder) == ExitCode.SURVIVED
    code, out = finished(folder, f"--model={dense}", f"--out={runs}")
    assert code == ExitCode.SURVIVED, out
    assert "ladder: 2 of 3 rungs, cheapest first" in out
    assert "  not run: E-ffn-rotation-v5: beta_lift: its trap off_rotation cannot be set" in out
    assert "E-mini, design 4, olmo_nano (exploratory): KILLED" in out
    assert "W-exponent-entropy, design 2, olmo_nano (exploratory): SURVIVED" in out
    page = (runs / "ladder--olmo_nano" / "scoreboard.md").read_text("utf8")
    assert f"## Not counted\n\n- {plain('E-ffn-rotation-v5: not run, beta_lift: its trap off_rotation')}" in page


@pytest.mark.nightly
def test_a_rung_that_cannot_start_is_told_and_an_old_verdict_of_it_does_not_count(
    tmp_path: Path, elsewhere: None
) -> None:
    folder, runs = write_ladder(tmp_path), tmp_path / "runs"
    given = (f"--prereg={NARROW}", f"--out={runs}")
    code, out = finished(folder, *given)
    assert code == ExitCode.SURVIVED, out
    weights = tmp_path / SUBJECT / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    code, out = finished(folder, *given)
    assert code == ExitCode.TAMPERED
    assert "no verdict, " in out
    assert "TAMPERED: " in out
    assert "E-mini, design 4, mini: KILLED" not in out


@pytest.mark.nightly
def test_a_rule_outside_the_checkout_has_a_folder_of_its_own(tmp_path: Path, elsewhere: None) -> None:
    folder, runs = write_ladder(tmp_path / "checkout"), tmp_path / "runs"
    shutil.copytree(folder, tmp_path / "rules")
    code, out = finished(folder, f"--prereg={tmp_path / 'rules' / NARROW}.toml", f"--out={runs}", "-x")
    assert code == ExitCode.SURVIVED, out
    assert "E-mini, design 4, mini: KILLED" in out
    assert not (runs / NARROW).exists()
    assert len(list(runs.glob(f"{NARROW}-*"))) == 1


def _core(run: Path) -> str:
    return str(json.loads((run / "decision.json").read_text("utf8"))["core_sha256"])
