"""Each rule that `broken_rules.py` breaks is noticed by the test that it names."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reports.testing.broken_rules import BROKEN, Broken

ROOT = Path(__file__).resolve().parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")


def failed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The tests that failed; an error, such as a rule or a test that is gone, is no notice."""
    return re.findall(r"^FAILED (\S+)", done.stdout, re.MULTILINE)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*PYTEST, "-p", "reports.testing.broken_rules", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf8")


@pytest.mark.nightly
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_rule_is_noticed(broken: Broken) -> None:
    done = run(f"--broken={broken.name}", f"reports/{broken.noticed_by}")
    assert (done.returncode, len(failed(done))) == (pytest.ExitCode.TESTS_FAILED, 1), done.stdout + done.stderr


@pytest.mark.nightly
def test_those_tests_pass_where_no_rule_is_broken() -> None:
    done = run(*sorted({f"reports/{broken.noticed_by}" for broken in BROKEN}))
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr


def test_each_is_named_once() -> None:
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)
