"""The rung's kernels on one GPU beside peers and the card's limits: `python -m kernels.benchmarks.bench_gpu [MODEL]`.

Tables, each measured in one run on one device: what the device does at best (a large product in float32 and float64, a
copy in memory, a copy to it); routes to a spectrum; the passes of a search's step; polar factors; whole searches beside
peers; and with MODEL, a checkpoint that `python -m fixtures generate` made, the study itself beside the naive script,
with peak memory (`bench_study.py`). A rate is a share of the best that the device did here, not of a data sheet.
What is not installed is named.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from fixtures.subjects.device import resolve_device
from kernels.benchmarks import bench_study
from kernels.benchmarks.rotation_peers import PEERS
from kernels.descent.learned import Learned
from kernels.descent.polar import by_eigenvectors, by_products, certified
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.momentum import momentum
from kernels.searches.radam import SkewDescent, radam
from kernels.spectra.rank_estimators import REGISTERED_SHARES, energy_rank
from kernels.spectra.spectrum import eigenvalues_beside, eigenvalues_on_device, spectrum
from reports.base.errors import BadInput
from reports.base.printing import print_anywhere
from reports.plugin.search_flops import step_flops

Row = tuple[str, ...]
Result = TypeVar("Result")

REPEATS = 3
STEPS = 100  # registered in designs 4 and 5


@dataclass(frozen=True)
class Bench:
    """A device, the shape of the matrices, and how many of them."""

    device: torch.device
    out: int
    width: int
    count: int
    cores: int

    @property
    def k(self) -> int:
        return min(self.out, self.width)

    def seconds(self, task: Callable[[], object]) -> float:
        """The least of `REPEATS` after one to warm up, the device's queue empty before and after."""
        times = []
        for _ in range(1 + REPEATS):
            self.wait()
            began = time.perf_counter()
            task()
            self.wait()
            times.append(time.perf_counter() - began)
        return min(times[1:])

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def once(self, task: Callable[[], Result]) -> tuple[Result, float, str]:
        """What `task` gives, its seconds, and the MiB that it holds on a GPU at most, beyond what is held already."""
        self.wait()
        on_gpu = self.device.type == "cuda"
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
        before = torch.cuda.memory_allocated(self.device) if on_gpu else 0
        began = time.perf_counter()
        result = task()
        self.wait()
        seconds = time.perf_counter() - began
        peak = f"{(torch.cuda.max_memory_allocated(self.device) - before) / 2**20:.0f}" if on_gpu else "-"
        return result, seconds, peak

    def gaussian(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(self.device, dtype)


@dataclass(frozen=True)
class Limits:
    """The best that the device did [flop/s, bytes/s]."""

    float32: float
    float64: float
    memory: float


def table(title: str, columns: tuple[str, ...], rows: list[Row]) -> None:
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


def limits(bench: Bench) -> Limits:
    side = 2 * max(bench.out, bench.width)

    def product(dtype: torch.dtype) -> float:
        a = bench.gaussian(side, side, dtype=dtype)
        return 2.0 * side**3 / bench.seconds(partial(torch.matmul, a, a))

    single, double = product(torch.float32), product(torch.float64)
    large = torch.zeros(64 * side * side, device=bench.device)
    memory = 2.0 * large.nbytes / bench.seconds(large.clone)
    on_host = torch.zeros(16 * side * side)
    upload = on_host.nbytes / bench.seconds(lambda: on_host.to(bench.device, copy=True))
    table(
        "What the device does at best",
        (
            "product, float32",
            "product, float64",
            "copy in memory, read and written",
            "copy to it, from pageable memory",
        ),
        [(f"{single / 1e12:.2f} Tflop/s", f"{double / 1e12:.2f} Tflop/s", gb(memory), gb(upload))],
    )
    return Limits(single, double, memory)


def gb(rate: float) -> str:
    return f"{rate / 1e9:.1f} GB/s"


def spectra(bench: Bench, best: Limits) -> None:
    """Every route on the same matrices; the referee first, since the others are held to its ranks."""
    w = bench.gaussian(bench.count, bench.out, bench.width).bfloat16()
    small = w if bench.out <= bench.width else w.mT
    double = small.double()
    routes: dict[str, Callable[[], Tensor]] = {
        "torch svdvals, float64": lambda: torch.linalg.svdvals(double).square(),
        "naive script: torch svdvals, float32": lambda: torch.linalg.svdvals(small.float()).double().square(),
        "float32 Gram, no proof": lambda: gram_energies(small.float()),
        "float64 Gram, eigenvalues on the device": lambda: eigenvalues_on_device(double).flip(-1),
        f"float64 Gram, eigenvalues on {bench.cores} cores": lambda: eigenvalues_beside(double, bench.cores).flip(-1),
        f"ours: spectrum, workers={bench.cores}": lambda: spectrum(w, bench.cores).energies,
    }
    flops = bench.count * 2.0 * bench.k * bench.k * max(bench.out, bench.width)
    rows: list[Row] = []
    expected, base = None, 0.0
    for name, route in routes.items():
        seconds = bench.seconds(route)
        energies = route().cpu()
        ranks = [energy_rank(energies, share).tolist() for share in REGISTERED_SHARES]
        expected, base = expected or ranks, base or seconds
        share = "" if "Gram" not in name else f"{flops / seconds / best.float64:.0%}"
        same = "yes" if ranks == expected else "NO"
        each = f"{1e3 * seconds / bench.count:.2f}"
        rows.append((name, each, f"{base / seconds:.1f}×", share, same, bench.once(route)[2]))
    table(
        f"Spectra of {bench.count} bf16 matrices {bench.out} × {bench.width}",
        ("route", "ms per matrix", "speed", "of the float64 product's rate", "same ranks", "peak MiB"),
        rows,
    )


def gram_energies(w: Tensor) -> Tensor:
    ascending: Tensor = torch.linalg.eigvalsh(w @ w.mT)
    return ascending.flip(-1).double().clamp_min(0.0)


def passes(bench: Bench, best: Limits) -> None:
    """Each pass between products, against the bytes that it has to move."""
    b, n = bench.count, bench.width
    v, product = bench.gaussian(b, bench.out, n), bench.gaussian(b, n, n)
    scale, x = bench.gaussian(b, bench.out), bench.gaussian(b, bench.k, n)
    rows: list[Row] = []
    descent = SkewDescent((b, n, n), product, (0.9, 0.999), 1e-8)
    tasks: dict[str, tuple[Callable[[], object], float]] = {
        "row sums": (lambda: v.abs().sum(-1), v.nbytes),
        "sign rows": (lambda: v.sign() * scale[..., None], 2.0 * v.nbytes),
        "RAdam on A": (partial(descent.move, product, 1.0), 4.0 * product.nbytes),  # P, A, half of M and V twice
        "Gram": (lambda: x @ x.mT, 0.0),
    }
    for name, (task, nbytes) in tasks.items():
        seconds = bench.seconds(task)
        if nbytes:
            rate = f"{nbytes / seconds / best.memory:.0%} of the copy's"
        else:
            rate = f"{2.0 * b * bench.k**2 * n / seconds / best.float32:.0%} of the product's"
        rows.append((name, f"{1e3 * seconds:.3f}", rate, bench.once(task)[2]))
    table(f"Passes of one step on {b} matrices {bench.out} × {n}, float32", ("pass", "ms", "rate", "peak MiB"), rows)


def polars(bench: Bench) -> None:
    m = bench.gaussian(bench.count, bench.k, bench.width)
    routes = {"eigenvectors": by_eigenvectors, "products": by_products}
    rows: list[Row] = []
    for name, route in routes.items():
        task = partial(lambda route: certified(m, route(m)), route)
        rows.append((name, f"{1e3 * bench.seconds(task) / bench.count:.2f}", bench.once(task)[2]))
    table(f"Polar factors of {bench.count} matrices, float32", ("by", "ms per matrix", "peak MiB"), rows)


def searches(bench: Bench, best: Limits, peer_steps: int) -> None:
    """Whole searches of a batch, and peers on one of its matrices, which is all that they take."""
    w = bench.gaussian(bench.count, bench.out, bench.width)
    start = haar_orthogonal(bench.width, torch.Generator().manual_seed(2), dtype=torch.float32).to(bench.device)
    ours: dict[str, Callable[[], Learned]] = {
        "radam": partial(radam, w, STEPS, start, step_size=1.0),
        "momentum": partial(momentum, w, STEPS, start),
        "annealed_procrustes": partial(annealed_procrustes, w, STEPS, start),
    }
    rows: list[Row] = []
    for name, task in ours.items():
        found, seconds, peak = bench.once(task)
        rate = bench.count * STEPS * step_flops(bench.out, bench.width) / seconds
        share = f"{rate / best.float32:.0%}" if name == "radam" else ""
        beta = f"{found.beta.mean().item():.4f}"
        rows.append((name, str(STEPS), beta, f"{seconds / bench.count:.3f}", share, peak))
    for name, peer in PEERS.items():
        library = name.split(".")[0].split(" ")[0]
        if library in ("faiss", "geoopt") and find_spec(library) is None:
            rows.append((name, "", "", "not installed", "", ""))
            continue
        steps = 1 if library == "faiss" else peer_steps
        (rotation, trace), _, peak = bench.once(partial(peer, w[0], steps, start))
        beta = f"{one_bit_cosine(w[0].double() @ rotation.to(bench.device, torch.float64)).item():.4f}"
        rows.append((name, str(steps), beta, f"{trace[-1][0]:.3f}", "", peak))
    table(
        f"Searches on Gaussian matrices {bench.out} × {bench.width}: ours {bench.count} at once, peers one",
        ("search", "steps", "β", "s per matrix", "of the float32 product's rate", "peak MiB"),
        rows,
    )


def on_one_core(bench: Bench) -> None:
    """WeightWatcher and the other peers that take no GPU, in a process of their own: threads are set at import."""
    shape = ["--matrices", "2", "--out", str(bench.out), "--in", str(bench.width)]
    print("\nSpectra on one core of the host\n", flush=True)
    subprocess.run([sys.executable, "-m", "kernels.benchmarks.bench_spectra", *shape], cwd=bench_study.ROOT, check=True)  # noqa: S603 - this one


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.bench_gpu", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, help="a generated checkpoint of the full shape")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:i, or cpu to try the command out (default: cuda)")
    parser.add_argument("--out", type=int, default=1024)
    parser.add_argument("--in", type=int, default=2048, dest="width")
    parser.add_argument("--matrices", type=int, default=5, help="at once (default: 5, what the study takes)")
    parser.add_argument("--peer-steps", type=int, default=STEPS, help="of each peer but faiss, which takes one")
    options = parser.parse_args(arguments)
    try:
        device, settings = resolve_device(options.device)
    except BadInput as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    bench = Bench(device, options.out, options.width, options.matrices, bench_study.cores())
    print(f"{settings['device_name']}, {bench.cores} cores, torch {torch.__version__}, CUDA {settings['cuda']}")
    best = limits(bench)
    spectra(bench, best)
    passes(bench, best)
    polars(bench)
    searches(bench, best, options.peer_steps)
    on_one_core(bench)
    if options.model is not None:
        print()
        bench_study.main([str(options.model), "--device", options.device, "--all-layers", "--whole", "--naive"])
    return 0


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main(sys.argv[1:]))
