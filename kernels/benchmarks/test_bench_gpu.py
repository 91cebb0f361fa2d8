"""The GPU benchmark as a command: tried out whole on a CPU at a small shape, and refused in one line without a GPU."""

import subprocess
import sys

import pytest
import torch

from kernels.benchmarks.bench_study import ROOT
from reports.base.errors import ExitCode


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kernels.benchmarks.bench_gpu", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.nightly
def test_every_table_is_printed_and_every_exact_route_finds_the_ranks_of_the_referee() -> None:
    small = ("--out", "32", "--in", "64", "--matrices", "2", "--peer-steps", "2")
    done = run("--device", "cpu", *small)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if "|" in line]
    table = {row[0]: row[1:] for row in rows}
    assert len([row for row in rows if set(row) == {"---"}]) == 5  # limits, spectra, passes, polar factors, searches
    for route in ("float64 Gram, eigenvalues on the device", "torch svdvals, float64"):
        assert table[route][3] == "yes"
    assert 0.9 < float(table["radam"][1]) <= 1.0
    assert float(table["momentum"][1]) > float(table["torch orthogonal cayley + RAdam"][1])
    assert "WeightWatcher" in done.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="cuda-present: the refusal of an absent device cannot be seen")
def test_without_a_gpu_it_says_so() -> None:
    done = run()
    assert done.returncode == ExitCode.BAD_INPUT
    assert done.stderr.startswith("--device cuda: no CUDA device is available")
    assert len(done.stderr.splitlines()) == 1
