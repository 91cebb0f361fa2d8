"""The table has a row for each shape, and a transform that is another one is refused. No time is asserted."""

import pytest
import torch
from torch import Tensor

from kernels.benchmarks import bench_hadamard
from kernels.integer.walsh_hadamard import walsh_hadamard


def test_it_has_a_row_for_each_shape() -> None:
    lines = bench_hadamard.table(((8, 16), (4, 12)), runs=1)
    assert len(lines) == 4
    assert lines[2].startswith("| 8 × 16 | ")
    assert lines[3].startswith("| 4 × 12 | ")


def test_another_transform_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(w: Tensor) -> Tensor:
        return walsh_hadamard(w) + torch.finfo(torch.float32).eps

    monkeypatch.setattr(bench_hadamard, "walsh_hadamard", off)
    with pytest.raises(ValueError, match=r"8 × 16: product and additions differ by 1\.19e-07, expected 1e-12 at most"):
        bench_hadamard.table(((8, 16),), runs=1)
