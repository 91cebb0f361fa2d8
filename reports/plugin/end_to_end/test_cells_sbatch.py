"""The script for Slurm: bash reads it, and what it runs is a job of the array."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fixtures.testing.miniature import NAME, REPOSITORY, measured, write_miniature
from reports.base.errors import ExitCode
from reports.plugin.early import cells_asked

SCRIPT = REPOSITORY / "hypotheses" / "cells.sbatch"
ARRAY = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "64"}


def dry(
    environment: Mapping[str, str], *given: str, pytest_: str = "printf %s\\n"
) -> "subprocess.CompletedProcess[str]":
    """The script as Slurm starts it, with `printf` in place of pytest: each word that pytest would get is a line."""
    slurm = {"PATH": os.environ["PATH"], "PYTEST": pytest_, **environment}
    return subprocess.run(["bash", SCRIPT, *given], env=slurm, capture_output=True, text=True, check=False)


def test_bash_reads_it() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0
    directives = re.findall(r"^#SBATCH --([a-z-]+)=\S+$", SCRIPT.read_text(), re.M)
    assert len(directives) == SCRIPT.read_text().count("#SBATCH") == len(set(directives))
    body = SCRIPT.read_text().split("set -euo pipefail")[1]
    assert "#SBATCH" not in body  # Slurm reads none behind the first command


def test_a_job_runs_its_part_of_the_cells() -> None:
    done = dry(ARRAY, "--prereg=E", "--out=/a shared folder")
    assert done.stdout.splitlines() == ["hypotheses/", "--cells=3/64", "--prereg=E", "--out=/a shared folder"]
    assert cells_asked("3/64") == "3/64"
    again = dry({**ARRAY, "SLURM_ARRAY_TASK_COUNT": "2", "JOBS": "64"})
    assert again.stdout.splitlines() == ["hypotheses/", "--cells=3/64"]


@pytest.mark.parametrize("lacking", ARRAY)
def test_outside_an_array_it_says_what_it_lacks(lacking: str) -> None:
    done = dry({name: value for name, value in ARRAY.items() if name != lacking})
    assert done.returncode != 0
    assert done.stdout == ""
    assert f"{lacking}: not set, expected" in done.stderr


@pytest.mark.nightly
def test_an_array_of_two_measures_a_study(tmp_path: Path) -> None:
    write_miniature(tmp_path)
    shutil.copy(SCRIPT, tmp_path / "hypotheses")
    for task in ("0", "1"):
        slurm = {"SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_SUBMIT_DIR": str(tmp_path)}
        done = dry({**slurm, "PYTHONPATH": str(REPOSITORY)}, f"--prereg={NAME}", pytest_=f"{sys.executable} -m pytest")
        assert done.returncode == ExitCode.SURVIVED, done.stdout + done.stderr
    assert len(measured(tmp_path)) == 8
