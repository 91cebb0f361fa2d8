"""The first hour of `hypotheses/README.md`, command by command, in a clone of this repository's files."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.testing.miniature import REPOSITORY

BLOCK = re.compile(r"<!-- first hour: .+? -->\n```bash\n(.+?)\n```", re.S)
LEFT = shutil.ignore_patterns(".*", "__pycache__", "out", "*.egg-info", "olmo_nano")
SAID = {
    "pytest hypotheses/ -x": "KILLED hypotheses/E-ffn-rotation/test_narrow_d.py::test_narrow_d[L03]",
    "python -m reports why": "narrow_d@4-layer",
    "python -m reports report": "report.html",
    "python -m reports compare": "Gates, side by side",
    "python -m reports reproduce": "reproduced",
    "python -m fixtures generate": "mine",
    "python -m fixtures inspect": "narrow_d, beta_lift can run",
    "pytest hypotheses/ -x --model": "exploratory",
    "python -m reports ladder": "W-delta-rank",
    "python -m reports cells": "narrow_d[L00]",
}


def commands() -> list[tuple[list[str], int]]:
    """Each command of the page with the exit code that it says."""
    page = (REPOSITORY / "hypotheses" / "README.md").read_text("utf8")
    lines = [line for block in BLOCK.findall(page) for line in block.splitlines()]
    return [(shlex.split(line.partition("  # ")[0]), int(line.partition("  # ")[2] or 0)) for line in lines]


def test_each_command_is_known_to_this_test() -> None:
    found = commands()
    assert len(found) == len(SAID)
    for command, _ in found:
        assert any(" ".join(command).startswith(start) for start in SAID), command


@pytest.mark.nightly
def test_each_command_does_what_the_page_says(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "PYTHONPATH")}
    clone = shutil.copytree(REPOSITORY, tmp_path / "clone", ignore=LEFT)
    for command, code in commands():
        run = [sys.executable, "-m", *command] if command[0] == "pytest" else [sys.executable, *command[1:]]
        done = subprocess.run(
            run, cwd=clone, env=environment, capture_output=True, encoding="utf8", timeout=500, check=False
        )
        told = " ".join(command)
        assert done.returncode == code, f"{told}\n{done.stdout}{done.stderr}"
        starts = max((start for start in SAID if told.startswith(start)), key=len)
        assert SAID[starts] in done.stdout, f"{told}\n{done.stdout}"
