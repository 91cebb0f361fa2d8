"""The study up to its first kill: seconds, imports and memory. `python -m kernels.benchmarks.bench_study [MODEL …]`.

Each run is `pytest hypotheses/ -x` in a process of its own on a fresh store: the embedded model, then every checkpoint
that is named, in one process and with each number of `--workers`; with `--all-layers`, `narrow_d` of all layers; with
`--whole`, all claims about weights with their traps, nulls and probes; with `--naive`, then the script that everyone
writes first (`kernels/benchmarks/naive.py`) on the same checkpoint and device. Peak memory is the largest resident set
of one process of the run (`ru_maxrss`), imports included; on a GPU, beside it, the most that was taken of the device's
memory while the run lasted, by everything on it.

**Efficiency.** With `-n N` cores and cells are shared out, so N workers have the cores that one process has. What is
compared is N workers with one worker on N times fewer cores: `--workers 1 2` pins one to half of the cores of two.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reports.base.printing import print_anywhere

ROOT = Path(__file__).resolve().parents[2]
# What a run imports before its first cell, torch above all
IMPORTS = (
    "import pytest, hypothesis, xdist, reports.plugin.session, fixtures.plugin; "
    "import fixtures.measures.rotation.effective_dimension, fixtures.subjects.matrices"
)
DEVICE_SAMPLES = 0.02  # s between two looks at a GPU's memory


@dataclass(frozen=True)
class Cost:
    seconds: float
    peak_mib: float
    exit_code: int
    device_mib: float | None = None
    cpu_seconds: float = 0.0  # of all threads; on a busy machine these say more than `seconds`


def cores() -> int:
    return len(os.sched_getaffinity(0))


def run(arguments: list[str], output: Path, device: str = "cpu", pinned: int | None = None) -> Cost:
    """Runs Python with `arguments` from the repository's root, on `pinned` cores; what it prints goes to `output`."""
    command = [sys.executable, *arguments]
    if pinned is not None:
        allowed = sorted(os.sched_getaffinity(0))[:pinned]
        command = ["taskset", "--cpu-list", ",".join(map(str, allowed)), *command]
    with open(output, "wb") as file, device_memory(device) as taken:
        actions = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)]
        start = time.perf_counter()
        process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        _, status, usage = os.wait4(process, 0)
        seconds = time.perf_counter() - start
    code, cpu = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
    return Cost(seconds, usage.ru_maxrss / 1024, code, max(taken, default=None), cpu)


@contextmanager
def device_memory(device: str) -> Iterator[list[float]]:
    """MiB in use on a GPU beyond what was before, looked at again and again; nothing for a CPU."""
    taken: list[float] = []
    if not device.startswith("cuda"):
        yield taken
        return
    import torch  # noqa: PLC0415 - seconds, and only for a GPU

    index = torch.device(device)
    before, _ = torch.cuda.mem_get_info(index)
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(DEVICE_SAMPLES):
            taken.append((before - torch.cuda.mem_get_info(index)[0]) / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield taken
    finally:
        ended.set()
        thread.join()


def study(  # noqa: PLR0913, PLR0917 - an option each
    model: Path | None,
    folder: Path,
    workers: int = 0,
    device: str = "cpu",
    chosen: tuple[str, ...] = ("-x",),
    pinned: int | None = None,
) -> Cost:
    named = [] if model is None else [f"--model={model}"]
    with tempfile.TemporaryDirectory(dir=folder) as store:
        arguments = ["-m", "pytest", "hypotheses/", *chosen, "-n", str(workers), "-p", "no:cacheprovider"]
        arguments += [f"--out={store}", f"--device={device}"]
        return run([*arguments, *named], folder / "output.txt", device, pinned)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m kernels.benchmarks.bench_study", description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL", help="checkpoints to run beside it")
    parser.add_argument("--workers", nargs="*", type=int, default=[], metavar="N", help="also with pytest -n N")
    parser.add_argument("--all-layers", action="store_true", help="also narrow_d of all layers")
    parser.add_argument("--whole", action="store_true", help="also the rung but for one_bit_nll: days on a CPU")
    parser.add_argument("--naive", action="store_true", help="also the naive script, on checkpoints that are named")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    models, device = [model.resolve() for model in options.models], options.device
    os.chdir(ROOT)
    print(f"{cores()} cores, device {device}, Python {sys.version.split()[0]}\n")
    print("| run | seconds | peak memory | on the device | exit code |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        report("imports alone", run(["-c", IMPORTS], out / "output.txt"))
        report("embedded model, to the kill", study(None, out, device=device))
        for model in models:
            report(f"{model.name}, to the kill", study(model, out, device=device))
            for workers in options.workers:
                share = max(1, cores() * workers // max(options.workers))
                cost = study(model, out, workers, device, pinned=share)
                report(f"{model.name}, -n {workers} on {share} cores", cost)
            if options.all_layers:
                whole = study(model, out, device=device, chosen=("-k", "narrow_d"))
                report(f"{model.name}, narrow_d of all layers", whole)
            if options.whole:
                whole = study(model, out, device=device, chosen=("-k", "not one_bit and not trivial_pass"))
                report(f"{model.name}, the rung but for one_bit_nll", whole)
            if options.naive:
                naive = ["-m", "kernels.benchmarks.naive", str(model), "--device", device]
                report(f"{model.name}, naive script", run(naive, out / "output.txt", device))


def report(name: str, cost: Cost) -> None:
    taken = "" if cost.device_mib is None else f"{cost.device_mib:.0f} MiB"
    print(f"| {name} | {cost.seconds:.1f} | {cost.peak_mib:.0f} MiB | {taken} | {cost.exit_code} |", flush=True)


if __name__ == "__main__":
    print_anywhere()
    main(sys.argv[1:])
