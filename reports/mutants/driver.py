"""Applies a mutant to a copy of the sources and runs its tests there; the working tree is only read."""

import compileall
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reports.base.markdown import table
from reports.mutants.mutant import FOLDER, ROOT, Mutant, stale

COPIED = ("reports", "hypotheses/preregistrations")
LEFT = shutil.ignore_patterns("__pycache__", "out", "verdicts", "report", "figures")  # no test of a rule needs them
NO_HELP = shutil.ignore_patterns("__pycache__", "test_*", "conftest*", "olmo*_nano", "*.jsonl")  # tests use the rest
AT_ONCE = 2  # processes
PATIENCE = 600  # seconds until a mutant is taken to hang; a busy machine takes long to start a process
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")
FAILED = re.compile(r"^FAILED \S*?::(.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """What the tests said of a mutant."""

    mutant: Mutant
    noticed_by: str | None  # the first test that failed
    fault: str | None  # why the run says nothing
    seconds: float  # wall time [s]

    @property
    def dead(self) -> bool:
        return self.noticed_by is not None


@contextmanager
def pristine() -> Iterator[Path]:
    """A copy of the sources, compiled, that each mutant is a copy of."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        for part in COPIED:
            shutil.copytree(ROOT / part, folder / part, ignore=LEFT)
        shutil.copytree(ROOT / "fixtures", folder / "fixtures", ignore=NO_HELP)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        compileall.compile_dir(folder, quiet=1)
        yield folder


def tried(mutant: Mutant, base: Path) -> Result:
    """Runs the tests of `mutant` on a copy of `base` that has it."""
    began = time.perf_counter()
    fault = stale(mutant, (base / FOLDER / mutant.file).read_text(encoding="utf8"))
    if fault is not None:
        return Result(mutant, None, fault, 0.0)
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name) / "copy"
        shutil.copytree(base, folder)  # with the times of files, so that what was compiled stays valid …
        path = folder / FOLDER / mutant.file
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()  # … but for this one: a second and a size may well be the same
        path.write_text(mutant.applied(path.read_text(encoding="utf8")), encoding="utf8")
        ids = [f"{FOLDER}/{test}" for test in mutant.tests]
        try:
            done = subprocess.run(  # noqa: S603 - ourselves
                [*PYTEST, *ids],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                encoding="utf8",
            )
        except subprocess.TimeoutExpired:
            return Result(mutant, None, f"not done after {PATIENCE} s", time.perf_counter() - began)
    return judged(mutant, done.returncode, done.stdout + done.stderr, time.perf_counter() - began)


def judged(mutant: Mutant, code: int, output: str, seconds: float) -> Result:
    """Only a test that fails notices; whatever else kept pytest from passing is a fault of the mutant."""
    failed = FAILED.search(output)
    if code == 1 and failed is not None:
        return Result(mutant, failed[1], None, seconds)
    last = next((line for line in reversed(output.splitlines()) if line), "nothing")
    return Result(mutant, None, None if code == 0 else f"pytest ended with {code}: {last}", seconds)


def all_tried(mutants: Iterable[Mutant]) -> list[Result]:
    """In the given order, two at a time."""
    with pristine() as base, ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda mutant: tried(mutant, base), mutants))


def result_table(results: Iterable[Result]) -> str:
    rows = [(result.mutant.file, result.mutant.name, said(result), f"{result.seconds:.1f}") for result in results]
    return table(("file", "the rule, broken", "noticed by", "s"), rows)


def said(result: Result) -> str:
    return f"`{result.noticed_by}`" if result.dead else f"**{result.fault or 'survives'}**"


def closing_lines(results: Sequence[Result], seconds: float) -> list[str]:
    """How many were noticed, and each that was not."""
    alive = [result for result in results if not result.dead]
    lines = [f"{len(results) - len(alive)} of {len(results)} broken rules are noticed, {seconds:.0f} s"]
    return [*lines, *(f"not noticed: {result.mutant.file}: {result.mutant.name}" for result in alive)]
