"""Exit codes in `--help`, from the one place that has them."""

import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import NAME
from reports.base.errors import ExitCode, exit_code_lines
from reports.commands.cli import main

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf8")


def test_each_code_has_a_meaning_and_is_told_once() -> None:
    text = " ".join(" ".join(exit_code_lines()).split())
    for code in ExitCode:
        assert code.meaning
        assert text.count(f" {int(code)} {code.name}: {code.meaning}") == 1
    assert max(map(len, exit_code_lines())) <= 80
    assert max(map(len, exit_code_lines(40))) <= 40


def test_a_code_is_still_a_number_and_found_by_it() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 10, 11, 12, 13, 14, 15]
    assert all(ExitCode(int(code)) is code and pickle.loads(pickle.dumps(code)) is code for code in ExitCode)  # noqa: S301


def test_the_readme_tells_of_the_same_outcomes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", README, re.MULTILINE))
    for code in ExitCode:
        assert rows[str(int(code))].upper().startswith(code.name.replace("_", " "))


def test_help_of_the_commands_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "\n".join(exit_code_lines()) in capsys.readouterr().out


def test_help_of_a_study_lists_them(pytester: pytest.Pytester, run: Any) -> None:
    result = run("--help")
    assert result.ret == 0
    assert "\n".join(exit_code_lines()) in result.stdout.str()
    assert "exit codes:" not in run("--co", "-q").stdout.str()
    assert (pytester.path / "hypotheses" / "preregistrations" / f"{NAME}.toml").exists()
