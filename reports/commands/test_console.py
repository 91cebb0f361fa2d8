"""`moe-falsify` is `python -m reports` of its checkout from any folder, and takes no name that others could want."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fixtures.testing.miniature import REPOSITORY
from reports.base.errors import ExitCode
from reports.base.version import suite_version

CONSOLE = REPOSITORY / "reports" / "commands" / "console"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf8"))
VERDICT = REPOSITORY / "reports" / "verdicts" / "W-delta-rank-v1-olmoe_nano"
PACKAGE = "moe_falsification_command"
OURS = {"reports", "fixtures", "kernels", "hypotheses"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where an editable install makes the package findable: a link, where setuptools writes a finder."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / PACKAGE).symlink_to(CONSOLE, target_is_directory=True)
    return folder


def given(here: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the script of the entry point does, in the folder `here`."""
    name, _, function = PROJECT["project"]["scripts"]["moe-falsify"].partition(":")
    script = f"import sys; from {name} import {function}; sys.exit({function}())"
    return subprocess.run(
        [sys.executable, "-P", "-c", script, *arguments], cwd=here, capture_output=True, text=True, encoding="utf8",
        env={**os.environ, "PYTHONPATH": str(site)}, check=False,
    )  # fmt: skip


def test_it_runs_the_command_line_of_its_checkout_from_another_folder(site: Path, tmp_path: Path) -> None:
    done = given(tmp_path, site, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"moe-falsification-suite {suite_version()}\n", "")
    done = given(VERDICT, site, "decide", ".")  # a path is seen from where the command is given
    assert (done.returncode, done.stderr) == (ExitCode.KILLED, "")
    assert done.stdout.startswith("W-delta-rank, design 1: KILLED, ")
    done = given(tmp_path, site, "status", "no-such-rule")
    assert (done.returncode, done.stdout) == (ExitCode.BAD_INPUT, "")
    assert done.stderr.startswith(
        "error: 'no-such-rule': no such preregistration; there are C-key-cache-v1-olmoe_nano, "
    )


def test_another_package_of_that_name_is_not_run(site: Path, tmp_path: Path) -> None:
    """Neither one in the working directory nor one that another project has installed."""
    for folder in (site, tmp_path):
        (folder / "reports").mkdir()
        for name in ("__init__", "__main__"):
            (folder / "reports" / f"{name}.py").write_text("raise SystemExit('theirs')\n")
    done = given(tmp_path, site, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    theirs = [sys.executable, "-P", "-m", "reports"]
    told = subprocess.run(theirs, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, check=False)
    assert (told.returncode, told.stderr) == (1, b"theirs\n")  # so that this test can fail


def test_another_install_than_an_editable_one_says_so_in_one_line(site: Path, tmp_path: Path) -> None:
    (site / PACKAGE).unlink()
    shutil.copytree(CONSOLE, site / PACKAGE)
    done = given(tmp_path, site, "--version")
    assert (done.returncode, done.stdout) == (ExitCode.BAD_INPUT, "")
    assert done.stderr == (
        f"error: {site / PACKAGE}: installed without its checkout, expected an editable install, since rules and "
        "verdicts are in the checkout; run there: pip install -e .\n"
    )


def test_no_name_that_others_could_want_is_put_into_an_environment() -> None:
    packaged = PROJECT["tool"]["setuptools"]
    assert set(packaged) == {"packages", "package-dir"}  # nothing is found by itself
    assert set(packaged["packages"]) == set(packaged["package-dir"])
    assert not OURS & set(packaged["packages"])
    assert all(name.startswith("moe_falsification_") for name in packaged["packages"])
    for name, folder in packaged["package-dir"].items():
        inside = [path.name for path in (REPOSITORY / folder).iterdir() if path.name != "__pycache__"]
        assert inside == ["__init__.py"], f"{name} brings more than itself"
    assert list(PROJECT["project"]["scripts"]) == ["moe-falsify"]
