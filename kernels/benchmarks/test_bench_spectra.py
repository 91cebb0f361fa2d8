"""The benchmark runs, prints one row per route, and would show a route whose energy ranks differ."""

import pytest
import torch
from torch import Tensor

from kernels.benchmarks import bench_spectra as benchmark


def test_prints_one_row_per_route(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    try:
        benchmark.main(["--matrices", "2", "--out", "64", "--in", "128", "--workers", "2"])
    finally:
        torch.set_num_threads(threads)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 matrices of 64 x 128 bf16, Gaussian and Student-t(3); torch ")
    for name in benchmark.routes():
        (row,) = [line for line in lines if line.startswith(name)]
        assert row[len(name) :].split()[2] in ("yes", "NO")
    assert lines[-1].startswith("spectrum of all 2 with workers=2: ")


def test_a_wrong_route_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def squared_again(w: Tensor) -> Tensor:
        return benchmark.torch_svdvals(w).square()

    monkeypatch.setattr(benchmark, "routes", lambda: {"right": benchmark.torch_svdvals, "wrong": squared_again})
    _, right, wrong, *_ = benchmark.table(2, 32, 64)
    assert right.split()[3] == "yes"
    assert wrong.split()[3] == "NO"
