"""CI's own gate: green for a kill that this very run came to, and for nothing else that ends with exit code 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GATE = Path(__file__).resolve().parents[2] / ".ci" / "require_kill.py"
TRIGGER = "narrow-d threshold unmet at 4-layer checkpoint"


def killed(root: Path) -> None:
    """What a killed run leaves behind, a moment after the marker."""
    (root / "marker").touch()
    (root / "decision.json").write_text(json.dumps({"verdict": "KILLED", "trigger": TRIGGER}))
    (root / "attempts.jsonl").write_text('{"exit_code": 0}\n{"exit_code": 1}\n')


def gate(root: Path, status: int = 1) -> subprocess.CompletedProcess[str]:
    arguments = [str(root), str(root / "marker"), str(status), TRIGGER]
    return subprocess.run([sys.executable, str(GATE), *arguments], capture_output=True, text=True, check=False)


def rewrite(root: Path, **changed: object) -> None:
    document = json.loads((root / "decision.json").read_text())
    (root / "decision.json").write_text(json.dumps({**document, **changed}))


def test_a_kill_that_this_run_came_to_is_green(tmp_path: Path) -> None:
    killed(tmp_path)
    done = gate(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("status", [0, 2, 10, 11, 137])
def test_another_exit_code_is_red(status: int, tmp_path: Path) -> None:
    killed(tmp_path)
    done = gate(tmp_path, status)
    assert done.returncode == 2
    assert done.stderr == f"the study ended with exit code {status}, expected 1 (KILLED)\n"


def test_a_failing_pip_is_red(tmp_path: Path) -> None:
    """Exit code 1, and no decision, or one of an earlier run."""
    (tmp_path / "marker").touch()
    assert "not written by this run" in gate(tmp_path).stderr
    killed(tmp_path)
    later = (tmp_path / "decision.json").stat().st_mtime_ns + 10**9
    os.utime(tmp_path / "marker", ns=(later, later))
    done = gate(tmp_path)
    assert done.returncode == 2
    assert "not written by this run" in done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "INCOMPLETE"}, "verdict 'INCOMPLETE', expected 'KILLED'"),
        ({"trigger": "narrow-d threshold unmet at 16-layer checkpoint"}, "trigger 'narrow-d threshold unmet at 16-"),
    ],
)
def test_another_verdict_or_trigger_is_red(changed: dict[str, object], said: str, tmp_path: Path) -> None:
    killed(tmp_path)
    rewrite(tmp_path, **changed)
    done = gate(tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_kill_that_pytest_did_not_end_with_is_red(tmp_path: Path) -> None:
    killed(tmp_path)
    (tmp_path / "attempts.jsonl").write_text('{"exit_code": 1}\n{"exit_code": 12}\n')
    done = gate(tmp_path)
    assert done.returncode == 2
    assert "exit code of pytest 12, expected 1" in done.stderr
