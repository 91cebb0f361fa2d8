"""What people see is one line after another, whoever named the things in it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.__main__ import main as fixtures_main
from fixtures.testing.miniature import REPOSITORY, write_miniature
from reports.base.errors import LONGEST, BadInput, ExitCode, StudyError, unusable
from reports.base.markdown import quoted
from reports.base.printing import one_line, printable_lines
from reports.commands.cli import main
from reports.pages.report.page import shown_text

HOSTILE = "a\x1b[2J\x1b]0;title\x07\nKILLED\r\u202eevil\x9b31m\u2028\x00|`<b>"
TOO_LONG = ["x" * 5000, "/".join(["x" * 200] * 25)]


@given(st.text())
def test_any_text_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    if text.isprintable():
        assert line == text


def test_every_message_of_a_fault_is_one_line() -> None:
    assert str(StudyError(HOSTILE)) == (r"a\x1b[2J\x1b]0;title\x07\nKILLED\r\u202eevil\x9b31m\u2028\x00|`<b>")
    assert str(BadInput("layer 3: σ ≤ β")) == "layer 3: σ ≤ β"


def test_what_a_system_refuses_names_the_path_and_not_all_of_it() -> None:
    for name in TOO_LONG:
        with pytest.raises(OSError, match="too long") as raised:
            os.stat(name)
        line = str(unusable(raised.value))
        assert line.startswith("x" * 100)
        assert line.endswith(
            f"… ({len(name)} characters): cannot be used (File name too long); check the path, or choose another"
        )
        assert len(line) < LONGEST + 120
    assert str(unusable(OSError(28, "No space left on device"))).startswith("output: cannot be used (No space left on")


@pytest.mark.parametrize("option", ["--model", "--prompts", "--reproduce", "--out", "--prereg"])
def test_a_path_that_is_too_long_is_bad_input(option: str, run: Any) -> None:
    for name in TOO_LONG:
        result = run(f"{option}={name}")
        assert result.ret == ExitCode.BAD_INPUT
        assert "INTERNALERROR" not in result.stdout.str()
        assert "File name too long" in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("command", ["lint", "status", "decide", "reproduce", "report", "why narrow_d[L00] --in"])
def test_so_it_is_for_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in TOO_LONG:
        assert main([*command.split(), name]) == ExitCode.BAD_INPUT
        (line,) = capsys.readouterr().err.splitlines()
        assert "File name too long" in line or "not a decision.json" in line


@pytest.mark.parametrize(
    "command", ["rotations", "generate --layers 1 --experts 2 --hidden 16 --intermediate 8 --heads 2"]
)
def test_so_it_is_for_those_of_fixtures(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in TOO_LONG:
        assert fixtures_main([*command.split(), name]) == ExitCode.BAD_INPUT
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: x")


def test_a_defect_of_these_commands_is_no_kill(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def defect(_: object) -> int:
        raise ZeroDivisionError(HOSTILE)

    monkeypatch.setattr("fixtures.__main__.show_rotations", defect)
    assert fixtures_main(["rotations", "x"]) == ExitCode.INCOMPLETE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ZeroDivisionError: a")
    assert line.endswith("please report it")


def test_a_reader_that_goes_away_ends_a_command_silently() -> None:
    for command in ("reports log", "fixtures --help"):
        piped = f"{sys.executable} -m {command} | true; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", piped], check=False, cwd=REPOSITORY, capture_output=True, text=True)
        assert done.returncode in (0, 128 + 13)  # it may have written all before its reader went
        assert done.stderr == ""


def test_a_disk_that_is_full_behind_the_output_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reports", "log"],
            cwd=REPOSITORY,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stderr == "error: output: cannot be used (No space left on device); check the path, or choose another\n"


BROKEN = """
import pytest

def pytest_runtest_logreport(report):
    raise BrokenPipeError(32, "Broken pipe")
"""


def test_a_study_whose_reader_goes_away_is_no_kill(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + BROKEN)
    assert run().ret in (ExitCode.INCOMPLETE, pytest.ExitCode.INTERNAL_ERROR)


def test_names_of_folders_reach_no_terminal_raw(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    hostile = "model\x1b[2J\nverdict: SURVIVED"
    os.rename(pytester.path / "subject", pytester.path / hostile)
    result = run(f"--model={hostile}", "--out=" + "out\x1b[31m", "-x")
    assert result.ret == ExitCode.KILLED
    text = result.stdout.str() + result.stderr.str()
    assert "\x1b[2J" not in text
    assert "\x1b[31m" not in text
    result.stdout.no_fnmatch_line("verdict: SURVIVED*")
    for page in Path(pytester.path).rglob("*.md"):
        assert all(sign.isprintable() or sign == "\n" for sign in page.read_text("utf8"))
        assert "\nverdict: SURVIVED" not in page.read_text("utf8")


def test_a_name_that_is_too_long_for_its_own_run_is_shortened(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    long = "m" * 240
    os.rename(pytester.path / "subject", pytester.path / long)
    assert run(f"--model={long}", "-x", "--out=out").ret == ExitCode.KILLED
    (folder,) = (pytester.path / "out").iterdir()
    assert main(["decide", str(folder)], pytester.path / "hypotheses" / "preregistrations") == ExitCode.KILLED


def test_texts_of_models_reach_no_page_raw() -> None:
    assert quoted(HOSTILE).isprintable() is False  # it has several lines
    assert all(line.isprintable() and line.startswith("    ") for line in quoted(HOSTILE).split("\n"))
    assert shown_text(HOSTILE) == printable_lines(HOSTILE)
    assert all(line.isprintable() for line in str(shown_text(HOSTILE)).split("\n"))
    assert shown_text(3.5) == 3.5
