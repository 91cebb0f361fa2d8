"""The last look at a study's exit code: 0 is a verdict, or what was typed to be none, and 1 is a kill. Nothing else.

Typed to be none are a list of what there is, and a job of `--cells`, which measures and judges nothing.
"""

from collections.abc import Sequence

import pytest

from reports.base.errors import ExitCode

# What the command line asks for in place of a run
LISTING = frozenset({
    "--co", "--collect-only", "--collectonly", "--help", "-h", "--version", "-V", "--markers", "--cache-show",
    "--fixtures", "--funcargs", "--fixtures-per-test", "--setup-plan", "--setupplan",
})  # fmt: skip


def lists_only(config: pytest.Config) -> bool:
    """Whether pytest shows what there is and runs no test, whoever told it so."""
    names = ("collectonly", "showfixtures", "show_fixtures_per_test", "cacheshow", "setupplan", "help")
    return any(getattr(config.option, name, None) for name in names) or (getattr(config.option, "version", 0) or 0) > 1


def last_word(
    code: int, settled: int | None, given: Sequence[str], reproduce: bool, job: bool = False
) -> tuple[int, str | None]:
    """The exit code of a study that pytest would end with `code`, and where that is another one, why.

    `settled` is what the run itself came to, None where it came to nothing; `given` is the command line as it was
    typed, without what PYTEST_ADDOPTS adds. `--reproduce` is a gate, so that a list is not an answer to it. `job`: the
    run was one of `--cells`.
    """
    if code == ExitCode.KILLED and settled != ExitCode.KILLED:
        return ExitCode.INCOMPLETE, "pytest failed and no verdict was killed; look above"
    if code == ExitCode.SURVIVED and settled is None and (reproduce or LISTING.isdisjoint(given)):
        return ExitCode.INCOMPLETE, "nothing was measured; look at PYTEST_ADDOPTS and the options given"
    if code == ExitCode.SURVIVED and job and not any(word.startswith("--cells") for word in given):
        return (
            ExitCode.INCOMPLETE,
            "nothing was judged: PYTEST_ADDOPTS made this run a job of --cells; take it out there",
        )
    return code, None
