"""One version, from one place, told by every command, in a run's header and in what it writes."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fixtures.__main__ import main as fixtures_main
from fixtures.testing.miniature import NAME
from reports.base.errors import BadInput, ExitCode
from reports.base.version import PYPROJECT, SUITE, suite_version
from reports.commands.cli import main
from reports.published.rejudge import read_run

STATED = tomllib.loads(PYPROJECT.read_text("utf8"))["project"]


def test_the_version_is_that_of_pyproject() -> None:
    assert suite_version() == STATED["version"]
    assert STATED["name"] == SUITE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "states no version of the suite (FileNotFoundError: "),
        ("[project]\nname = 'x'\n", "states no version of the suite (KeyError: 'version'), expected version under"),
        ("project = 3\n", "states no version of the suite (TypeError: "),
        ("[project\n", "states no version of the suite (TOMLDecodeError: "),
        ("[project]\nversion = 3\n", "version is 3, expected text such as 0.1.0; restore the checkout"),
    ],
)
def test_a_checkout_without_a_version_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInput) as refused:
        suite_version(path)
    assert str(refused.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("command", [main, fixtures_main])
def test_both_commands_print_it_and_do_nothing_else(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr() == (f"moe-falsification-suite {STATED['version']}\n", "")


@pytest.mark.parametrize("command", [main, fixtures_main])
def test_a_version_that_cannot_be_read_is_one_line(
    command: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise BadInput("pyproject.toml: states no version")

    monkeypatch.setattr("reports.base.version.suite_version", refuse)
    assert command(["--version"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr() == ("", "error: pyproject.toml: states no version\n")


def test_a_run_tells_it_above_and_in_its_files(finished: Any, pytester: pytest.Pytester) -> None:
    result = finished()
    result.stdout.fnmatch_lines([f"suite     {STATED['version']}", "rung      *"])
    folder = pytester.path / "reports" / "out" / NAME
    assert json.loads((folder / "run.json").read_text())["suite"] == STATED["version"]
    for name in ("decision.json", "trap_results.json", "theorems.json"):  # what a reproduction compares says no more
        assert STATED["version"] not in json.loads((folder / name).read_text()).values()
    assert main(["report", str(folder)], pytester.path / "hypotheses" / "preregistrations") == ExitCode.SURVIVED
    page = (folder / "report.html").read_text("utf8")
    assert f"<footer><p>Written by moe-falsification-suite {STATED['version']}.</p></footer>" in page


def test_a_run_of_before_is_spelled_as_it_was(tmp_path: Path) -> None:
    published = sorted((PYPROJECT.parent / "reports" / "verdicts").glob("*/run.json"))
    of_before = [path for path in published if b'"suite"' not in path.read_bytes()]
    assert of_before
    for path in published:
        assert read_run(path.parent).spelled() == path.read_bytes()
    run = json.loads(of_before[0].read_bytes())
    (tmp_path / "run.json").write_text(json.dumps({**run, "suite": "0.1.0\n<b>"}))
    with pytest.raises(BadInput, match=r"suite is '0.1.0\\n<b>', expected a version, such as 0.1.0"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({**run, "suite": "1.2.0rc1"}))
    assert read_run(tmp_path).suite == "1.2.0rc1"
