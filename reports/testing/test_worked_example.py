"""The README's example of a new rung, run as it stands there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import ExitCode
from reports.commands import cli

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "hypotheses" / "README.md").read_text("utf8")
SHIPPED = ROOT / "hypotheses" / "preregistrations" / "E-ffn-rotation-v4-olmoe_nano.toml"
NAME = "E-flat-spectrum-v1"


def example(name: str) -> str:
    (block,) = re.findall(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.+?)\n```", README, re.S)
    return str(block)


@pytest.fixture
def root(pytester: pytest.Pytester, elsewhere: None) -> Path:
    """A checkout with the example's two files in it, and nothing sealed."""
    root = pytester.path
    (root / "fixtures").mkdir()
    (root / "fixtures" / "olmoe_nano").symlink_to(ROOT / "fixtures" / "olmoe_nano")
    (root / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = []\n")
    (root / "hypotheses" / "preregistrations").mkdir(parents=True)
    (subject,) = re.findall(r"^\[subject\]\n.+?^(?=\[)", SHIPPED.read_text(), re.S | re.M)
    rules = f"hypotheses/preregistrations/{NAME}.toml"
    (root / rules).write_text(f"{example(rules)}\n{subject}")
    test = "hypotheses/E-flat-spectrum/test_flat_spectrum.py"
    (root / test).parent.mkdir()
    (root / test).write_text(example(test))
    (root / "hypotheses" / "another-rung").mkdir()
    (root / "hypotheses" / "another-rung" / "test_flat_spectrum.py").write_text("raise AssertionError('another rung')")
    return root


def test_it_is_linted_sealed_run_and_judged(root: Path, pytester: pytest.Pytester, capsys: Any) -> None:
    folder = root / "hypotheses" / "preregistrations"
    lint, seal, study = (shlex.split(line) for line in example("commands").splitlines())
    assert (lint[:3], seal[:3]) == (["python", "-m", "reports"],) * 2
    assert cli.main(lint[3:], folder) == ExitCode.SURVIVED
    assert "MET attainable" in capsys.readouterr().out
    assert pytester.runpytest_inprocess(*study[1:]).ret == ExitCode.BAD_INPUT  # nothing runs before the seal
    assert cli.main(seal[3:], folder) == ExitCode.SURVIVED
    result = pytester.runpytest_inprocess(*study[1:])
    assert result.ret in (ExitCode.KILLED, ExitCode.SURVIVED)
    result.stdout.fnmatch_lines(["sound     planted_flat_spectrum*", "sound     null_flat_spectrum*"])
    assert (root / "reports" / "out" / NAME / "decision.json").exists()
