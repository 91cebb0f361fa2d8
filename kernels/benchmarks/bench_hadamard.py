"""A Hadamard rotation by additions beside the product that it is. `python -m kernels.benchmarks.bench_hadamard`.

One Gaussian matrix, float64, one thread; processor seconds of the best of a few runs, so that other work counts less.
"""

import argparse
import time
from collections.abc import Callable

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from kernels.integer.walsh_hadamard import hadamard_rotation, walsh_hadamard
from reports.base.printing import print_anywhere

SHAPES = ((64, 128), (1024, 2048), (2048, 1024), (2048, 1408))
RUNS = 5


def best(rotate: Callable[[], Tensor], runs: int = RUNS) -> float:
    """Processor seconds of the quickest of `runs` runs."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        rotate()
        seconds.append(time.process_time() - start)
    return min(seconds)


def table(shapes: tuple[tuple[int, int], ...] = SHAPES, runs: int = RUNS) -> list[str]:
    """A row for each shape; raises `ValueError` where the two do not agree to 1e-12."""
    lines = ["| shape | product, ms | additions, ms | speed |", "| --- | --- | --- | --- |"]
    for rows, n in shapes:
        w = torch.randn(rows, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
        r = hadamard_rotation(n)
        off = float((w @ r - walsh_hadamard(w)).abs().max())
        if not off <= 1e-12:  # noqa: PLR2004 - entries are about 1, sums of up to 2048 of them
            raise ValueError(f"{rows} × {n}: product and additions differ by {off:.3g}, expected 1e-12 at most [-]")
        product, additions = best(lambda w=w, r=r: w @ r, runs), best(lambda w=w: walsh_hadamard(w), runs)  # type: ignore[misc]
        lines.append(
            f"| {rows} × {n} | {1e3 * product:.2f} | {1e3 * additions:.2f} | {product / max(additions, 1e-9):.2f}× |"
        )
    return lines


def main() -> None:
    argparse.ArgumentParser(prog="python -m kernels.benchmarks.bench_hadamard", description=__doc__).parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        print("\n".join(table()))


if __name__ == "__main__":
    print_anywhere()
    main()
