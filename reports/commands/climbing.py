"""One rung after the other, each in a pytest of its own that resumes from its store; Ctrl-C ends the running one.

pytest's output goes to a log beside the board, its live line to the terminal. A rung runs in a process group of its
own, so that Ctrl-C reaches this command alone: it passes SIGTERM on, which ends a run as Ctrl-C does, whoever started
it and with whatever handlers. A second Ctrl-C kills the group; what was measured is kept then, too.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from reports.base.errors import ExitCode
from reports.commands.rungs import Rung
from reports.plugin.live import duration
from reports.prereg.preregistration import running_order

START = 4.0  # of each pytest beside its cells, until the first rung tells: imports, seals, digests, judging [s]
HEARTBEAT = 60.0  # between two lines about a running rung, where no terminal shows its live line [s]
CELL = re.compile(rb"^(measured|sound|skipped|KILLED|MISFIRED) +\S", re.MULTILINE)  # a finished cell in a log
FAULT = re.compile(r"(?:BAD INPUT|TAMPERED|INCOMPLETE|MISMATCH|ERROR): .*")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a job that is ended, a terminal that is closed
VERDICT_CODES = (ExitCode.SURVIVED, ExitCode.KILLED, ExitCode.VACUOUS)


@dataclass
class Stop:
    """Whether somebody asked to end, and the process that is told."""

    asked: int = 0
    child: "subprocess.Popen[bytes] | None" = None

    def __call__(self, *_: object) -> None:
        self.asked += 1
        self.pass_on()

    def pass_on(self) -> None:
        if self.child is None or self.child.poll() is not None or not self.asked:
            return
        if self.asked == 1:
            self.child.send_signal(signal.SIGTERM)
        else:
            with suppress(ProcessLookupError):  # it ended just now
                os.killpg(self.child.pid, signal.SIGKILL)


@contextmanager
def stopping() -> Generator[Stop, None, None]:
    """Each of `SIGNALS` asks to end, until this is left; one that whoever started this ignores is ignored."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True)
class Climbed:
    """What became of one rung."""

    rung: Rung
    code: int  # of its pytest; negative: the signal that killed it
    wall: float  # [s]
    measured: int  # cells that this run measured; the others were taken from the store
    fault: str | None  # what pytest said, where there is no decision of this run


@dataclass
class Pace:
    """How the seconds of a published verdict turn into seconds here: by the rungs that were climbed."""

    workers: int = 1
    said: float = 0.0  # what was expected of their cells …
    taken: float = 0.0  # … and what these took, whenever they were measured [s]
    starts: list[float] = field(default_factory=list)  # what their processes took beside [s]

    def learn(self, expected: float | None, cells: float, wall: float) -> None:
        if expected and cells:
            self.said, self.taken = self.said + expected, self.taken + cells
        if wall > cells / self.workers:  # else its cells were measured before
            self.starts.append(wall - cells / self.workers)

    def left(self, rungs: Sequence[Rung]) -> str:
        """`about 4 min left`; `more than` where a rung is among them of which nothing is known."""
        known = [rung.cost.seconds for rung in rungs if rung.cost.seconds is not None]
        start = sum(self.starts) / len(self.starts) if self.starts else START
        seconds = sum(known) / self.workers * (self.taken / self.said if self.said else 1.0) + start * len(rungs)
        return f"{'about' if len(known) == len(rungs) else 'more than'} {duration(seconds)} left"


@dataclass
class Climb:
    """The settings of a climb."""

    root: Path
    out: Path  # the folder of all runs
    logs: Path
    options: Sequence[str]  # of pytest, beside the rule's
    say: Callable[[str], None]
    pace: Pace = field(default_factory=Pace)
    terminal: bool = False  # stderr shows a live line

    def run(self, rung: Rung, stop: Stop) -> Climbed:
        """One pytest. Its decision counts only if it was written now: an earlier one may be of other weights."""
        decision = self.out / (rung.run or rung.rule) / "decision.json"
        log = self.logs / f"{Path(rung.rule).stem}.log"
        began, before, started = time.time_ns(), _written(decision), time.monotonic()
        command = [sys.executable, "-u", "-m", "pytest", "hypotheses/", f"--prereg={rung.rule}", *self.options]
        with log.open("wb") as output:
            stop.child = subprocess.Popen(  # noqa: S603 - this Python, this checkout
                command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=output, process_group=0
            )
            stop.pass_on()  # what was asked for meanwhile
            code = self._wait(stop.child, rung, log, started)
        fresh = _written(decision) not in (None, before)
        entries = (decision.parent / "measurements").glob("*/*/*.json")
        measured = sum((_written(entry) or 0) >= began for entry in entries)
        return Climbed(rung, code, time.monotonic() - started, measured, None if fresh else _fault(log, code))

    def _wait(self, child: "subprocess.Popen[bytes]", rung: Rung, log: Path, started: float) -> int:
        total = len(running_order(rung.prereg, range(rung.prereg.subject.layers)))
        while True:
            try:
                return child.wait(None if self.terminal else HEARTBEAT)
            except subprocess.TimeoutExpired:
                done, wall = len(CELL.findall(log.read_bytes())), time.monotonic() - started
                self.say(f"      {rung.cells}: {done} of {total} cells after {duration(wall)}")


def _written(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _fault(log: Path, code: int) -> str:
    """The last line of a log that says what is wrong."""
    said = FAULT.findall(log.read_text("utf8", errors="replace"))
    if said:
        return str(said[-1]).rstrip(" !")
    return f"its pytest ended {f'by signal {-code}' if code < 0 else f'with exit code {code}'}; look at {log.name}"
