"""Learned rotations beside the peers: one matrix, one start, one run. `python -m kernels.benchmarks.bench_rotations`.

The matrix is Gaussian, float32; the start is a Haar rotation in float32. A peer's clock stops while beta is evaluated
and reads at every iterate, so it has a beta as soon as one iterate has it. **Ours pay for the whole call**: checks, QR
of W, curve, float64 polish and the completed float64 rotation; and they have nothing before the end of a run, since
their schedules stretch with the steps. Hence a ladder of runs, climbed until the best of the peers is reached.

`--reach BETA` is a second level that ours climb to: what `momentum` lands at in 30 steps, 0.98376 at 1024 x 2048. How
long each search takes to have it, peers included, is the first table behind the runs.

Per run: best beta and `max |R^T R - I|`, both in float64 and outside the clock; CPU over wall time of the whole run
(below the number of threads where other work held the cores); and by how much the resident memory grew at most, the
float64 evaluation of beta included. Each library is warmed up once on a small matrix. Then two comparisons, by
wall and by CPU time: at the best beta of any peer, and at each peer's own best. What is not installed is named: `pip
install faiss-cpu geoopt`. On a busy machine believe the CPU ratio.
"""

import argparse
import ctypes
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from kernels.benchmarks.rotation_peers import PEERS
from kernels.benchmarks.rotation_runs import (
    HEADER,
    Cost,
    Run,
    best_peer,
    easy_comparison,
    hard_comparison,
    reach_table,
    row,
    time_to_reach,
)
from kernels.descent.learned import Learned
from kernels.gauge.moments import one_bit_cosine
from kernels.rotations import haar_orthogonal, orthogonality_residual
from kernels.searches.annealed_procrustes import annealed_procrustes
from kernels.searches.graduated import LONG_STEPS, graduated
from kernels.searches.momentum import momentum
from kernels.searches.radam import radam
from reports.base.printing import print_anywhere


@dataclass(frozen=True)
class Budget:
    """Steps of each run: in full, and on a matrix of more than `LARGE_WEIGHTS`, where the whole has about 9 minutes.

    Schedules that end with the run (geoopt's, ours) make a shorter run another search, so those have several.
    """

    full: tuple[int, ...]
    large: tuple[int, ...]

    def steps(self, weights: int) -> tuple[int, ...]:
        return self.large if weights > LARGE_WEIGHTS else self.full


LARGE_WEIGHTS = 2**18
MOMENTUM_LANDS = 0.98376  # of beta: by momentum in 30 steps, on one Gaussian matrix of 1024 x 2048
BUDGETS = {  # CPU seconds per step of 1024 x 2048, of ours without the 6 that every run takes besides
    "ITQ, torch.linalg.svd float32": Budget((100,), (3,)),  # 2.5
    "faiss.ITQMatrix": Budget((20,), (1,)),  # 57
    "faiss.OPQMatrix, 1 bit": Budget((50,), (1,)),  # 38
    "geoopt RiemannianAdam": Budget((25, 50, 100, 200), (100,)),  # 1.7
    "torch orthogonal cayley + RAdam": Budget((200,), (25,)),  # 2.8
    "torch orthogonal matrix_exp + RAdam": Budget((100,), (1,)),  # 7
    "graduated, long steps": Budget((5, 7, 10, 15, 20, 25, 30, 50, 100), (7, 10, 15, 20, 25, 30)),  # 0.3
    "graduated, short steps": Budget((15, 30, 50, 100), (30, 50)),  # 0.3
    "momentum": Budget((5, 7, 10, 15, 20, 25, 30, 40, 50, 75, 100), (7, 10, 15, 20, 25, 30, 40, 50, 75, 100)),  # 0.3
    "radam, step size 1": Budget((25, 50, 100, 200), (25,)),  # 0.6
    "annealed_procrustes": Budget((15, 30, 60, 120), (30,)),  # 0.8
}

Optimiser = Callable[[Tensor, int, Tensor], Learned]
OURS: dict[str, Optimiser] = {
    "graduated, long steps": lambda w, steps, start: graduated(w, steps, start, **LONG_STEPS),
    "graduated, short steps": graduated,
    "momentum": momentum,
    "radam, step size 1": lambda w, steps, start: radam(w, steps, start, step_size=1.0),
    "annealed_procrustes": annealed_procrustes,
}


@dataclass(frozen=True)
class Problem:
    w: Tensor
    start: Tensor

    def beta(self, rotation: Tensor) -> float:
        return float(one_bit_cosine(self.w.double() @ rotation.double()))


def gaussian(rows: int, columns: int, seed: int) -> Problem:
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(rows, columns, generator=generator)
    return Problem(w, haar_orthogonal(columns, generator, dtype=torch.float32))


def run_peer(problem: Problem, name: str, steps: int) -> Run:
    observer = Observer()
    rotation, trace = PEERS[name](problem.w, steps, problem.start)
    cost = observer.cost()
    cut = cut_note(BUDGETS[name], problem, steps, trace[-1][0])
    return Run(name, steps, problem.beta(rotation), float(orthogonality_residual(rotation)), trace, cost, cut)


def run_ours(problem: Problem, name: str, steps: int) -> Run:
    observer = Observer()
    began = time.perf_counter()
    found = OURS[name](problem.w[None], steps, problem.start)
    searched = time.perf_counter()
    rotation = found.rotation[0]
    ended = time.perf_counter()
    cost, beta = observer.cost(), problem.beta(rotation)
    trace = [(0.0, problem.beta(problem.start)), (ended - began, beta)]
    cut = cut_note(BUDGETS[name], problem, steps, ended - began)
    note = f"{ended - searched:.2g} s of it complete R"
    return Run(name, steps, beta, float(orthogonality_residual(rotation)), trace, cost, cut, note)


def cut_note(budget: Budget, problem: Problem, steps: int, seconds: float) -> str:
    """Says of the last run of a shortened budget what the full one has, and what it would take."""
    given, full = budget.steps(problem.w.numel())[-1], budget.full[-1]
    if steps < given or given >= full:
        return ""
    return f"CUT: {full} steps would take {full * seconds / steps:.0f} s (extrapolated)"


def climb(problem: Problem, name: str, target: float | None) -> Iterator[Run]:
    """The runs of one of ours, shortest first, up to the one that reaches `target`; all of them if it is None."""
    for steps in BUDGETS[name].steps(problem.w.numel()):
        run = run_ours(problem, name, steps)
        yield run
        if target is not None and run.beta >= target:
            return


def warm_up(names: list[str]) -> dict[str, str]:
    """Two steps of everything on 64 x 128; returns the peers that are absent, and what to install."""
    problem, absent = gaussian(64, 128, 0), {}
    for name in names:
        try:
            PEERS[name](problem.w, 2, problem.start)
        except ImportError as error:
            absent[name] = f"{error}" + (f" ({error.__cause__})" if error.__cause__ else "")
    for optimiser in OURS.values():
        _ = optimiser(problem.w[None], 2, problem.start).rotation
    return absent


class Observer:
    """What a run costs besides the time on its own clock."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc: what was freed goes back, or a run would reuse it unseen
            libc.malloc_trim(0)
        self._resident = _reset_peak()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        cpu = (time.process_time() - self._cpu) / (time.perf_counter() - self._wall)
        return Cost(cpu, f"{(_status_kib('VmHWM') - self._resident) / 1024:.0f}" if self._resident else "n/a")


def _reset_peak() -> int | None:
    """Resident memory now [KiB]; None where the peak cannot be reset."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf8")  # resets VmHWM
    except OSError:
        return None
    return _status_kib("VmRSS")


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    return int(next(line for line in lines if line.startswith(field + ":")).split()[1])


def show(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def benchmark(problem: Problem, names: list[str], reach: float) -> tuple[list[Run], list[Run]]:
    """Every peer of `names`, then ours up to the best of them and `reach`; a row is printed as soon as there is one."""
    show(HEADER)
    peers, ours = [], []
    for name in names:
        for steps in BUDGETS[name].steps(problem.w.numel()):
            peers.append(run_peer(problem, name, steps))
            show(row(peers[-1]))
    best = best_peer(peers)
    target = max(best.best_of_trace(), reach) if best else None
    for name in OURS:
        for run in climb(problem, name, target):
            ours.append(run)
            show(row(run))
    return peers, ours


def machine(threads: int) -> str:
    versions = ", ".join(f"{package} {_version(package)}" for package in ("torch", "faiss-cpu", "geoopt"))
    python = f"Python {platform.python_version()}"
    return f"{python}, {versions}; {_cpu_model()}, {os.cpu_count()} cores; threads: {threads}; {load()}"


def load() -> str:
    return "load average " + " ".join(f"{average:.2f}" for average in os.getloadavg())


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def chosen(wanted: list[str] | None) -> list[str]:
    """The peers whose names contain one of `wanted`; all of them for None. Raises ValueError for one that is none."""
    for part in wanted or []:
        if not any(part in name for name in PEERS):
            raise ValueError(f"--peers {part!r}: no such peer; expected parts of {', '.join(map(repr, PEERS))}")
    return [name for name in PEERS if wanted is None or any(part in name for part in wanted)]


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.bench_rotations", description=__doc__)
    parser.add_argument("--shape", default="1024x2048", help="rows x columns")
    parser.add_argument("--reach", type=float, default=MOMENTUM_LANDS, metavar="BETA", help="a level to be reached")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--peers", nargs="*", metavar="PART", help="those whose names contain one of these; default all"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    options = parsed(arguments)
    rows, columns = map(int, options.shape.split("x"))
    names = chosen(options.peers)
    torch.set_num_threads(options.threads)  # its MKL is out of threadpoolctl's sight
    absent = warm_up(names)
    began = time.perf_counter()
    show(f"beta of one Gaussian {rows} x {columns} float32 matrix, seed {options.seed}", machine(options.threads))
    show(*(f"left out by --peers: {name}" for name in PEERS if name not in names))
    show(*(f"ABSENT: {name}: {why}" for name, why in absent.items()))
    with threadpool_limits(options.threads):  # of what the peers have loaded: faiss' OpenBLAS and OpenMP
        problem = gaussian(rows, columns, options.seed)
        show(f"start: beta {problem.beta(problem.start):.5f}", "")
        peers, ours = benchmark(problem, [name for name in names if name not in absent], options.reach)
    show("", *time_to_reach(options.reach, peers, ours))
    show("", *hard_comparison(peers, ours), "", *easy_comparison(peers, ours), "", *reach_table(peers, ours), "")
    show(f"{time.perf_counter() - began:.0f} s in all; {load()}")


if __name__ == "__main__":
    print_anywhere()
    main(sys.argv[1:])
