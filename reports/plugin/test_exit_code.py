"""1 is a kill, 0 a verdict, or a list or job that was asked for; nothing else ends in either, whatever is told."""

from typing import Any

import pytest

from fixtures.testing.miniature import artefact, write_miniature
from reports.base.errors import ExitCode
from reports.plugin.end_to_end.test_plugin_reproduce import published
from reports.plugin.exit_code import last_word

LISTS = ["--co", "--help", "--fixtures", "--fixtures-per-test", "--markers", "--setup-plan"]


@pytest.mark.parametrize(
    "arguments", [["--noconftest"], ["-p", "no:reports.plugin.session"], ["-p", "no:study-session"]], ids=str
)
def test_a_cell_without_its_study_is_one_line(arguments: list[str], run: Any, pytester: pytest.Pytester) -> None:
    result = run(*arguments)
    assert result.ret == ExitCode.BAD_INPUT
    result.stderr.fnmatch_lines(
        ["Exit: BAD INPUT: the study's plugin is not loaded*leave out --noconftest and -p no:*"]
    )


def test_cells_that_a_folder_above_the_checkout_leads_to_are_no_study(
    run: Any, pytester: pytest.Pytester, elsewhere: None
) -> None:
    write_miniature(pytester.path / "checkout")
    (pytester.path / "checkout" / "conftest.py").unlink()  # pytest would refuse its pytest_plugins there
    (pytester.path / "checkout" / "hypotheses" / "test_narrow_d.py").write_text("def test_it(study): pass")
    result = pytester.runpytest_inprocess(".")
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.fnmatch_lines(["*BAD INPUT: the study's plugin is not loaded*"])


@pytest.mark.parametrize("asked", LISTS)
def test_a_list_is_no_verdict(
    asked: str, run: Any, finished: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished()
    expected = published(pytester.path)
    assert run(asked).ret == ExitCode.SURVIVED  # it was typed
    assert run(asked, "--reproduce", expected).ret == ExitCode.INCOMPLETE
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-p no:hypothesispytest {asked}")
    result = run()
    assert result.ret == ExitCode.INCOMPLETE
    result.stderr.fnmatch_lines(["INCOMPLETE: nothing was measured; look at PYTEST_ADDOPTS and the options given"])
    assert not (pytester.path / "reports" / "out").exists()


BREAKING = """
import pytest

@pytest.hookimpl({when})
def {hook}:
    raise {error}
"""


@pytest.mark.parametrize(
    ("hook", "when", "error", "code"),
    [
        ("pytest_cmdline_main(config)", "tryfirst=True", "MemoryError", ExitCode.INCOMPLETE),
        ("pytest_runtestloop(session)", "tryfirst=True", "MemoryError", pytest.ExitCode.INTERNAL_ERROR),
        ("pytest_runtestloop(session)", "tryfirst=True", "session.Failed('theirs')", ExitCode.INCOMPLETE),
        ("pytest_runtest_setup(item)", "", "MemoryError", ExitCode.INCOMPLETE),
        ("pytest_runtest_teardown(item)", "", "ZeroDivisionError", ExitCode.INCOMPLETE),
    ],
)
def test_what_breaks_around_the_cells_is_no_kill(
    hook: str, when: str, error: str, code: int, run: Any, pytester: pytest.Pytester
) -> None:
    write_miniature(pytester.path, weights="low_rank")
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + BREAKING.format(hook=hook, when=when, error=error))
    result = run()
    assert result.ret == code
    assert "SURVIVED" not in result.stdout.str() or code == ExitCode.INCOMPLETE


def test_without_a_terminal_the_verdict_is_the_same(run: Any, pytester: pytest.Pytester) -> None:
    assert run("-p", "no:terminal").ret == ExitCode.KILLED
    assert artefact(pytester.path, "decision.json")["verdict"] == "KILLED"


AGAIN = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl({when})
def pytest_runtest_protocol(item, nextitem):
    for attempt in range(3):  # as plugins do that run failed tests again
        reports = runtestprotocol(item, nextitem=nextitem, log=attempt == 2)
    return True
"""


@pytest.mark.parametrize("when", ["", "tryfirst=True"])
def test_a_kill_is_judged_once(when: str, run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + AGAIN.format(when=when))
    test = pytester.path / "hypotheses" / "test_narrow_d.py"
    test.write_text(test.read_text() + "    print('judged', layer)\n")
    result = run("-s")
    assert result.ret == ExitCode.KILLED
    assert result.stdout.str().count("judged 0") == 1


def test_options_of_the_study_without_the_study_are_wrong_usage(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    pytester.makepyfile(test_unit="def test_unit(): pass")
    result = pytester.runpytest_inprocess("test_unit.py", "--reproduce=x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --reproduce: no test of the study is named; write the path first*"])
    assert pytester.runpytest_inprocess("test_unit.py").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("code", "settled", "given", "reproduce", "expected"),
    [
        (1, 1, [], False, 1),
        (1, None, [], False, 11),
        (1, 0, [], False, 11),
        (1, 11, [], True, 11),
        (0, 0, [], False, 0),
        (0, None, ["--co"], False, 0),
        (0, None, ["--co"], True, 11),
        (0, None, ["-q"], False, 11),
        (14, 14, [], True, 14),
        (2, 2, [], False, 2),
        (13, None, [], False, 13),
    ],
)
def test_last_word(code: int, settled: int | None, given: list[str], reproduce: bool, expected: int) -> None:
    obtained, why = last_word(code, settled, given, reproduce)
    assert obtained == expected
    assert (why is None) == (code == expected)


def test_a_job_that_was_not_typed_is_no_success() -> None:
    assert last_word(0, 0, ["hypotheses/", "--cells=0/2"], False, job=True) == (0, None)
    assert last_word(0, 0, ["hypotheses/", "--cells", "0/2"], False, job=True) == (0, None)
    code, why = last_word(0, 0, ["hypotheses/"], False, job=True)
    assert code == ExitCode.INCOMPLETE
    assert why == "nothing was judged: PYTEST_ADDOPTS made this run a job of --cells; take it out there"


def test_a_job_out_of_the_environment_is_incomplete(
    run: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_miniature(pytester.path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest --cells=8/9")
    result = run()
    assert result.ret == ExitCode.INCOMPLETE
    result.stderr.fnmatch_lines(["INCOMPLETE: nothing was judged: PYTEST_ADDOPTS made this run a job*"])
