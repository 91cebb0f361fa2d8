"""Data runs no code: whatever lies in a folder that an option names, and however the command is written."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, REPOSITORY, artefact, write_miniature
from reports.base.errors import ExitCode
from reports.plugin.early import layer_set, study_root

OPTIONS = ("--model", "--dense-model", "--prompts", "--reproduce", "--out", "--prereg")
INI = {
    "pytest.ini": "[pytest]\naddopts = --collect-only\npythonpath = .\n",
    "pytest.toml": '[pytest]\naddopts = ["--collect-only"]\npythonpath = ["."]\n',
    "tox.ini": "[pytest]\naddopts = --collect-only\npythonpath = .\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\npythonpath = .\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["--collect-only"]\npythonpath = ["."]\n',
    "setup.py": "",
}


@pytest.fixture
def data(pytester: pytest.Pytester, tmp_path: Path) -> Iterator[Path]:
    """A folder of files that would leave a mark if one of them were executed."""
    write_miniature(pytester.path)
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("conftest.py", "torch.py", "test_data.py"):
        (folder / name).write_text(f"open({str(tmp_path / 'executed')!r}, 'a').write('{name} ')\n")
    yield folder
    assert not (tmp_path / "executed").exists()


class Importable:
    """A plugin that keeps what could be imported while pytest ran."""

    def __init__(self) -> None:
        self.folders: set[str] = set()

    def pytest_unconfigure(self) -> None:
        self.folders |= set(sys.path)


@pytest.fixture
def refused(pytester: pytest.Pytester, elsewhere: None, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`refused(*arguments)`: what pytest says on stderr when it ends with BAD INPUT before its session begins."""

    def run(*arguments: str) -> str:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            pytester.inline_run(*arguments)
        assert ended.value.code == ExitCode.BAD_INPUT
        return capfd.readouterr().err

    return run


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    "here", [".", *(pytest.param(here, marks=pytest.mark.nightly) for here in ("hypotheses", "subject"))]
)
def test_a_folder_that_an_option_names_runs_no_code(
    option: str, here: str, data: Path, pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a blank and with =, behind the path and before it."""
    monkeypatch.chdir(pytester.path / here)
    path, seen = str(pytester.path / "hypotheses"), Importable()
    for arguments in ((path, option, str(data)), (path, f"{option}={data}"), (option, str(data), path)):
        result = pytester.runpytest_inprocess(*arguments, "--co", "-q", plugins=[seen])
        assert result.ret in (ExitCode.SURVIVED, ExitCode.BAD_INPUT)
        result.stdout.no_fnmatch_line("*test_data*")
    assert seen.folders
    assert str(data) not in seen.folders


def test_what_a_run_writes_to_is_not_executed_either(run: Any, data: Path) -> None:
    assert run("--out", str(data)).ret == ExitCode.KILLED
    assert (data / NAME / "decision.json").exists()


def test_the_traps_of_these_tests_can_spring(data: Path, pytester: pytest.Pytester, elsewhere: None) -> None:
    """A folder that is named for its tests is another matter: that is what pytest is for."""
    pytester.runpytest_inprocess(str(data), "--co")
    executed = data.parent / "executed"
    assert executed.read_text() == "conftest.py test_data.py "
    executed.unlink()


@pytest.mark.parametrize("name", INI)
def test_an_ini_file_among_the_data_is_refused(
    name: str, refused: Any, data: Path, pytester: pytest.Pytester, elsewhere: None
) -> None:
    """pytest reads it before any plugin is loaded, if the option stands in front of the path."""
    (data / name).write_text(INI[name])
    read = {name for name in INI if name != "setup.py" and (name != "pytest.toml" or pytest.version_tuple >= (9,))}
    if name in read:
        said = refused("--out", str(data), "hypotheses", f"--prereg={NAME}")
        assert said.startswith(f"BAD INPUT: pytest reads {data / name}, expected {pytester.path / 'pyproject.toml'}")
        assert "pytest hypotheses/ --model=DIR" in said
    result = pytester.runpytest_inprocess("hypotheses", "--co", "--out", str(data), f"--prereg={NAME}")
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("name", ["pytest.ini", "setup.py"])
def test_an_ini_file_above_checkout_and_model_makes_no_kill(
    name: str, refused: Any, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    write_miniature(checkout)
    (tmp_path / name).write_text(INI[name])
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(checkout)
    assert "or data could set its options; write the path first" in refused("hypotheses", "--model", "../model")
    result = pytester.runpytest_inprocess("hypotheses", "--model=../model", f"--prereg={NAME}")
    assert result.ret == ExitCode.BAD_INPUT
    result.stderr.fnmatch_lines(["Exit: BAD INPUT: *config.json: cannot be read*"])


def test_the_folder_of_a_checkout_may_be_named_from_anywhere(
    pytester: pytest.Pytester, elsewhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest's rootdir is where its ini file is, or what --rootdir says; a study knows its own place."""
    write_miniature(pytester.path)
    monkeypatch.chdir(tmp_path)
    result = pytester.runpytest_inprocess(
        str(pytester.path / "hypotheses"), f"--prereg={NAME}", f"--rootdir={tmp_path}", "-x"
    )
    assert result.ret == ExitCode.KILLED
    assert artefact(pytester.path, "decision.json")["verdict"] == "KILLED"


def test_another_project_in_the_environment_is_left_alone(pytester: pytest.Pytester) -> None:
    """Its own --model is none of ours, and a folder that it calls hypotheses is not a study."""
    (pytester.path / "hypotheses").mkdir()
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--model', default='theirs')")
    pytester.makepyfile(**{"hypotheses/test_theirs": "def test_it(request): assert request.config.getoption('model')"})
    result = pytester.runpytest_inprocess("hypotheses", "-p", "no:hypothesispytest")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1)
    assert "study" not in pytester.runpytest_inprocess("--help", "-p", "no:hypothesispytest").stdout.str()


def test_an_option_of_the_same_name_is_one_line(refused: Any, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(theirs="def pytest_addoption(parser): parser.addoption('--model')")
    pytester.syspathinsert()
    write_miniature(pytester.path)
    said = refused("hypotheses", "-p", "theirs")
    assert said.startswith("BAD INPUT: another plugin has an option of the study's (")
    assert "--model" in said


def test_the_options_are_those_that_the_environment_installed() -> None:
    """The module lies under a name of its own, which needs nothing of this checkout to be imported."""
    code = (
        "import sys, moe_falsification_early as m; "
        "print(m.__file__); print({'reports', 'kernels', 'fixtures'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.splitlines()[1] == "set()"
    assert (
        Path(done.stdout.splitlines()[0]).read_text() == (REPOSITORY / "reports/plugin/early/__init__.py").read_text()
    )


def test_without_the_entry_point_the_study_refuses_to_run(run: Any) -> None:
    result = run("-p", "no:moe-falsification")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the suite is not installed here*run: pip install -e ."])


def test_where_a_study_is(tmp_path: Path) -> None:
    (tmp_path / "hypotheses" / "preregistrations").mkdir(parents=True)
    (tmp_path / "other" / "hypotheses").mkdir(parents=True)
    reached = [
        ".",
        "hypotheses",
        "hypotheses/",
        "hypotheses/test_x.py::test_y[L00]",
        f"{tmp_path}/hypotheses/preregistrations",
    ]
    assert [study_root([path], tmp_path) for path in reached] == [tmp_path] * len(reached)
    assert [study_root([path], tmp_path) for path in ("other", "other/hypotheses", "x" * 5000, "..", "")] == [
        None, None, None, None, tmp_path,
    ]  # fmt: skip


def test_layers() -> None:
    assert layer_set("0-3,8") == {0, 1, 2, 3, 8}
    for beyond in ("0-99999999999", "10000", "1" * 5000):
        with pytest.raises(argparse.ArgumentTypeError, match="no model has a layer above 9999"):
            layer_set(beyond)


class Environment:
    """A plugin that keeps what processes started by a run would be told."""

    told: str | None = None

    def pytest_runtest_call(self) -> None:
        self.told = os.environ.get("PYTHONSAFEPATH")


def test_processes_that_a_run_starts_import_nothing_from_the_working_directory(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -c`, as workers are started, would look there first, and the working directory may be the model's."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    write_miniature(pytester.path)
    seen = Environment()
    pytester.runpytest_inprocess("hypotheses", f"--prereg={NAME}", "-k", "control", plugins=[seen])
    assert seen.told == "1"
    assert "PYTHONSAFEPATH" not in os.environ


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["execnet.py", "ast.py", "torch.py"])
def test_workers_run_nothing_from_the_working_directory(
    name: str, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_miniature(pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    executed = tmp_path / "executed"
    subject = pytester.path / "subject"
    (subject / name).write_text(f"open({str(executed)!r}, 'w')\n")
    pytest_of_ours = Path(sys.executable).with_name("pytest")
    command = [str(pytest_of_ours), str(pytester.path / "hypotheses"), "-n1", "-x", f"--prereg={NAME}", "--model=."]
    done = subprocess.run(command, cwd=subject, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.KILLED
    assert not executed.exists()
