"""Routes to a spectrum side by side on the same matrices, one thread: `python -m kernels.benchmarks.bench_spectra`.

Per route: CPU seconds per matrix (process time, which other processes distort less than the wall clock; they still
contend for memory, hence interleaved routes and medians), the speed relative to the float64 svdvals loop, whether the
energy ranks at 90, 95 and 99 % are the same for every matrix, and the peak resident memory that one matrix adds.
Run it with the interpreter of an environment that holds `weightwatcher` to compare with that package.
"""

import argparse
import ctypes
import logging
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

# One thread each, fairly. OpenBLAS (numpy, scipy, WeightWatcher) reads this when loaded, so it precedes the imports.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from kernels.spectra.rank_estimators import REGISTERED_SHARES, energy_rank  # noqa: E402
from kernels.spectra.spectrum import spectrum  # noqa: E402
from reports.base.printing import print_anywhere  # noqa: E402

# One bf16 matrix (out, in) to descending float64 energies (k,), or to a function that fetches them after the clock.
Route = Callable[[Tensor], Tensor | Callable[[], Tensor]]


def torch_svdvals(w: Tensor) -> Tensor:
    values: Tensor = torch.linalg.svdvals(w.double())
    return values.square()


def weightwatcher_analyze(w: Tensor) -> Callable[[], Tensor]:
    """Its own pass, `WeightWatcher(model).analyze()` with its defaults, on a module holding W as a linear layer.

    On a CPU that is `scipy.linalg.svd(W.astype(float), compute_uv=False)` (float64, for both its "fast" and its
    "accurate" method) and a power-law fit to the energies, which are fetched with `get_ESD`.
    """
    import weightwatcher  # noqa: PLC0415 - optional

    linear = torch.nn.Linear(w.shape[1], w.shape[0], bias=False)
    linear.weight = torch.nn.Parameter(w.float(), requires_grad=False)
    watcher = weightwatcher.WeightWatcher(model=torch.nn.Sequential(linear), log_level=logging.ERROR)
    details = watcher.analyze()
    if list(details["status"]) != ["success"]:
        raise RuntimeError(f"WeightWatcher.analyze: status {list(details['status'])}, expected ['success']")
    return lambda: descending(watcher.get_ESD(layer=int(details.layer_id[0])))


def weightwatcher_svd(w: Tensor) -> Tensor:
    """Its singular values alone, as its `combined_eigenvalues` asks for them."""
    from weightwatcher import RMT_Util  # noqa: PLC0415 - optional

    return descending(RMT_Util.svd_vals(w.float().numpy().astype(float), method=RMT_Util.FAST_SVD) ** 2)


def numpy_svd(w: Tensor) -> Tensor:
    return descending(np.linalg.svd(w.double().numpy(), compute_uv=False) ** 2)


def ours(w: Tensor) -> Tensor:
    return spectrum(w).energies


def float32_gram(w: Tensor) -> Tensor:
    single = w.float()
    ascending: Tensor = torch.linalg.eigvalsh(single @ single.mT)
    return ascending.double().flip(-1).clamp_min(0.0)


def torch_gram(w: Tensor) -> Tensor:
    double = w.double()
    ascending: Tensor = torch.linalg.eigvalsh(double @ double.mT)
    return ascending.flip(-1).clamp_min(0.0)


def descending(energies: np.ndarray) -> Tensor:
    return torch.from_numpy(np.sort(energies)[::-1].copy())


def routes() -> dict[str, Route]:
    weightwatcher: dict[str, Route] = {
        "(b) WeightWatcher.analyze: scipy svd float64 + power-law fit": weightwatcher_analyze,
        "(b) its svd_vals alone: scipy svd float64": weightwatcher_svd,
    }
    return {
        "(a) torch svdvals float64": torch_svdvals,
        **(weightwatcher if find_spec("weightwatcher") else {}),
        "(c) numpy svd float64": numpy_svd,
        "(d) ours: spectrum, float64 Gram, certified": ours,
        "(e) not used: torch float32 Gram, no proof": float32_gram,
        "(f) not used: float64 Gram through torch (MKL)": torch_gram,
    }


def matrices(count: int, rows: int, columns: int) -> list[Tensor]:
    """Alternately Gaussian and Student-t with 3 degrees of freedom, rounded to bf16."""
    made = []
    for i in range(count):
        z = torch.randn(4, rows, columns, generator=torch.Generator().manual_seed(i))
        made.append((z[0] if i % 2 == 0 else z[0] * (3.0 / z[1:].square().sum(0)).sqrt()).bfloat16())
    return made


def measure(route: Route, w: Tensor) -> tuple[float, Tensor]:
    started = time.process_time()
    found = route(w)
    seconds = time.process_time() - started
    return seconds, found() if callable(found) and not isinstance(found, Tensor) else found


def peak_memory_mib(route: Route, w: Tensor) -> str:
    """Growth of the peak resident memory of a forked process while it handles one matrix [MiB]; Linux only."""
    if not Path("/proc/self/clear_refs").exists():
        return "n/a"
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_report_peak, args=(route, w, there))
    child.start()
    there.close()
    kib = here.recv()
    child.join()
    return f"{kib / 1024:.0f}"


def _report_peak(route: Route, w: Tensor, pipe: Connection) -> None:
    measure(route, w[:64, :128])  # libraries loaded, buffers allocated
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc: what the parent freed goes back, or the route would reuse it unseen
        libc.malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="utf8")  # resets VmHWM
    before = _status_kib("VmRSS")
    measure(route, w)
    pipe.send(_status_kib("VmHWM") - before)


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    return int(next(line for line in lines if line.startswith(field + ":")).split()[1])


def table(count: int, rows: int, columns: int) -> list[str]:
    """The lines of the table, header first."""
    batch, by_name = matrices(count, rows, columns), routes()
    peaks = {name: peak_memory_mib(route, batch[0]) for name, route in by_name.items()}
    seconds: dict[str, list[float]] = {name: [] for name in by_name}
    same = dict.fromkeys(by_name, True)
    for route in by_name.values():
        measure(route, batch[0][:64, :128])
    for w in batch:
        expected = None
        for name, route in by_name.items():
            taken, energies = measure(route, w)
            seconds[name].append(taken)
            ranks = [int(energy_rank(energies, share)) for share in REGISTERED_SHARES]
            expected = expected or ranks
            same[name] &= ranks == expected
    baseline = median(next(iter(seconds.values())))
    lines = [f"{'route':<62}{'s/matrix/core':>14}{'speed':>8}{'same ranks':>12}{'peak MiB':>10}"]
    for name in by_name:
        typical = median(seconds[name])
        verdict = "yes" if same[name] else "NO"
        lines.append(f"{name:<62}{typical:>14.4f}{baseline / typical:>7.2f}x{verdict:>12}{peaks[name]:>10}")
    if not find_spec("weightwatcher"):
        lines.append("(b) WeightWatcher: not installed; in an environment of its own: pip install torch==2.13.0, then")
        lines.append("    pip install weightwatcher, and run this module with that interpreter")
    return lines


def throughput(batch: Tensor, workers: int) -> str:
    started = time.perf_counter()
    recomputed = int(spectrum(batch, workers=workers).recomputed.sum())
    each = (time.perf_counter() - started) / len(batch)
    return f"spectrum of all {len(batch)} with workers={workers}: {each:.4f} s/matrix wall, {recomputed} recomputed"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.bench_spectra", description=__doc__)
    parser.add_argument("--matrices", type=int, default=8)
    parser.add_argument("--out", type=int, default=1024)
    parser.add_argument("--in", type=int, default=2048, dest="columns")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    warnings.filterwarnings("ignore")  # powerlaw and WeightWatcher warn on every fit
    torch.set_num_threads(1)
    shape = f"{options.matrices} matrices of {options.out} x {options.columns} bf16, Gaussian and Student-t(3)"
    print(f"{shape}; torch {torch.__version__}, numpy {np.__version__}, {os.cpu_count()} cores, 1 thread per route")
    print("\n".join(table(options.matrices, options.out, options.columns)))
    print(throughput(torch.stack(matrices(options.matrices, options.out, options.columns)), options.workers))


if __name__ == "__main__":
    print_anywhere()
    main(sys.argv[1:])
