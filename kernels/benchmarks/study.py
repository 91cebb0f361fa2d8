"""The study up to its first kill: seconds, imports and memory. `python -m kernels.benchmarks.study [MODEL …]`.

Each run is `pytest hypotheses/ -x` in a process of its own on a fresh store: the embedded model, then every checkpoint
that is named, in one process and with each number of `--workers`; with `--naive`, then the script that everyone writes
first (`kernels/benchmarks/naive.py`) on the same checkpoint. Peak memory is the largest resident set of one process of
the run (`ru_maxrss`), imports included.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What a run imports before its first cell, torch above all
IMPORTS = (
    "import pytest, hypothesis, xdist, reports.plugin, fixtures.plugin, fixtures.effective_dimension, fixtures.matrices"
)


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_mib: float
    exit_code: int


def run(arguments: list[str], output: Path) -> Cost:
    """Runs Python with `arguments` from the repository's root; what it prints goes to `output`."""
    start = time.perf_counter()
    with open(output, "wb") as file:
        actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)]
        process = os.posix_spawn(sys.executable, [sys.executable, *arguments], os.environ, file_actions=actions)
        _, status, usage = os.wait4(process, 0)
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def study(model: Path | None, folder: Path, workers: int = 0) -> Cost:
    named = [] if model is None else ["--model", str(model)]
    with tempfile.TemporaryDirectory(dir=folder) as store:
        arguments = ["-m", "pytest", "hypotheses/", "-x", "-n", str(workers), "-p", "no:cacheprovider", "--out", store]
        return run([*arguments, *named], folder / "output.txt")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.study", description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="checkpoints to run beside it")
    parser.add_argument("--workers", nargs="*", type=int, default=[], metavar="N", help="also with pytest -n N")
    parser.add_argument("--naive", action="store_true", help="also the naive script, on checkpoints that are named")
    options = parser.parse_args()
    models = [model.resolve() for model in options.models]
    os.chdir(ROOT)
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(f"{'run':<32}{'seconds':>9}{'peak MiB':>10}{'exit':>6}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        report("imports alone", run(["-c", IMPORTS], out / "output.txt"))
        report("embedded model", study(None, out))
        for model in models:
            report(model.name, study(model, out))
            for workers in options.workers:
                report(f"{model.name}, -n {workers}", study(model, out, workers))
            if options.naive:
                report(f"{model.name}, naive", run(["-m", "kernels.benchmarks.naive", str(model)], out / "output.txt"))


def report(name: str, cost: Cost) -> None:
    print(f"{name:<32}{cost.seconds:>9.1f}{cost.peak_mib:>10.0f}{cost.exit_code:>6}", flush=True)


if __name__ == "__main__":
    main()
