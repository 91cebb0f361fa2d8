"""What the rung costs on other models: bytes and flops from their shapes, seconds at rates measured on this machine.

`python -m kernels.benchmarks.costs [--cores N]` measures two rates on one thread (the certified spectrum of one
Gaussian 1024 x 2048 matrix, and steps of `radam` on it) and prints what follows for OLMoE-1B-7B and larger models from
them. Bytes and flops are computed; seconds are computed from measured rates and never measured at those sizes.

Per matrix, with k = min(out, in) and n = max(out, in):

    spectrum     k^2 n (its Gram matrix, by symmetry) + 4/3 k^3 (tridiagonal form), in float64
    radam step   as in `reports/plugin/search_flops.py`, by which long runs are told beforehand
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from kernels.batch import on_one_thread
from kernels.rotations import haar_orthogonal
from kernels.searches.radam import radam
from kernels.spectra.spectrum import spectrum
from reports.base.printing import print_anywhere
from reports.plugin.effort import span
from reports.plugin.search_flops import step_flops

STEPS = 100  # registered in designs 4 and 5
OUT, IN = 1024, 2048  # of the matrix that rates are measured on
MEASURED_STEPS = 3


@dataclass(frozen=True)
class Shapes:
    """The routed experts of a model, as its published configuration has them."""

    name: str
    layers: int  # with routed experts
    experts: int
    hidden: int
    intermediate: int

    @property
    def matrices(self) -> int:
        return 3 * self.layers * self.experts

    @property
    def weights(self) -> int:
        return self.matrices * self.hidden * self.intermediate

    def spectra_flops(self) -> float:
        """Of every matrix: gate, up and down projections have the same sides."""
        k, n = sorted((self.hidden, self.intermediate))
        return self.matrices * (k * k * n + 4.0 / 3.0 * k**3)

    def search_flops(self, steps: int = STEPS) -> float:
        """Of one rotation for each matrix, by the registered number of steps."""
        gate, down = step_flops(self.intermediate, self.hidden), step_flops(self.hidden, self.intermediate)
        return steps * self.matrices / 3.0 * (2.0 * gate + down)


MODELS = (
    Shapes("OLMoE-1B-7B", 16, 64, 2048, 1024),
    Shapes("Mixtral-8x22B", 56, 8, 6144, 16384),
    Shapes("Qwen3-235B-A22B", 94, 128, 4096, 1536),
    Shapes("DeepSeek-V3", 58, 256, 7168, 2048),
)


def seconds(task: Callable[[], object]) -> float:
    """The least of three, on one thread: what the machine can do, not what else it did."""

    def timed() -> float:
        start = time.perf_counter()
        task()
        return time.perf_counter() - start

    return min(on_one_thread(timed) for _ in range(3))


def measured_rates() -> tuple[float, float]:
    """(flops per second of a spectrum, of a search), one thread each."""
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(1, OUT, IN, generator=generator)
    start = haar_orthogonal(IN, generator, dtype=torch.float32)
    shape = Shapes("measured", 1, 1, IN, OUT)
    spectra = shape.spectra_flops() / 3 / seconds(lambda: spectrum(w))
    one, more = (seconds(partial(radam, w, steps, start, step_size=1.0)) for steps in (1, 1 + MEASURED_STEPS))
    return spectra, MEASURED_STEPS * step_flops(OUT, IN) / (more - one)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.costs", description=__doc__)
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="to divide by (default: those here)")
    cores = parser.parse_args().cores
    spectra, search = measured_rates()
    print(f"measured on one thread: spectrum {spectra / 1e9:.1f} GFLOP/s, radam {search / 1e9:.1f} GFLOP/s")
    print(f"computed from them for {cores} cores, bf16 weights, {STEPS} steps:\n")
    print("| model | expert matrices | bytes | narrow_d, flops | time | one rotation per matrix, flops | time |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for model in MODELS:
        narrow, lift = model.spectra_flops(), model.search_flops()
        print(
            f"| {model.name} | {model.matrices} | {2 * model.weights / 1e9:.0f} GB | {narrow:.1e} | "
            f"{span(narrow / spectra / cores)} | {lift:.1e} | {span(lift / search / cores)} |"
        )


if __name__ == "__main__":
    print_anywhere()
    main()
