"""The one line that is rewritten while cells run: which cell, how far, how much longer. Silent where no terminal is.

It goes to a copy of stderr made before pytest captures it, so that it can tick in the middle of a cell. It is not
tqdm's: one rate for all cells says nothing where those of another claim take longer, and tqdm draws on update only.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

ERASE = b"\r\x1b[2K"
PERIOD = 1.0  # between two drawings [s]


@dataclass
class Progress:
    """What is known of a run so far; `name` is a cell's without its layer, for cells of one name cost alike."""

    left: list[str]  # names of the cells to come, in order, one entry a cell
    total: int
    workers: int = 1
    spent: dict[str, list[float]] = field(default_factory=dict)  # name -> seconds of its finished cells
    running: dict[str, float] = field(default_factory=dict)  # cell -> when it began
    within: tuple[int, int] | None = None  # parts done and to do of the running cell

    def start(self, cell: str, now: float) -> None:
        self.running[cell] = now
        self.within = None

    def finish(self, cell: str, now: float) -> None:
        began = self.running.pop(cell, None)
        name = name_of(cell)
        if name in self.left:
            self.left.remove(name)
        if began is not None:
            self.spent.setdefault(name, []).append(now - began)

    def line(self, now: float) -> str:
        """`beta_lift[L03] 41 s, 120 of 768 · 30 of 160 cells · about 3 min left`."""
        if not self.running:
            return ""
        cell, began = max(self.running.items(), key=lambda entry: entry[1])
        parts = f", {self.within[0]} of {self.within[1]}" if self.within is not None else ""
        here = f"{cell} {duration(now - began)}{parts}"
        return f"{here} · {self.total - len(self.left)} of {self.total} cells{self._remaining(cell, now - began)}"

    def _remaining(self, cell: str, elapsed: float) -> str:
        known = {name: sum(seconds) / len(seconds) for name, seconds in self.spent.items()}
        if self.within is not None and self.within[0]:
            known.setdefault(name_of(cell), elapsed * self.within[1] / self.within[0])
        waiting = [name for name in self.left if name in known]
        if not waiting:
            return ""
        seconds = sum(known[name] for name in waiting) / self.workers - min(elapsed, known.get(name_of(cell), 0.0))
        return f" · {'about' if len(waiting) >= len(self.left) else 'more than'} {duration(max(seconds, 0.0))} left"


def name_of(cell: str) -> str:
    return cell.partition("[")[0]


def duration(seconds: float) -> str:
    """`41 s`, `3 min`, `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 100:  # noqa: PLR2004 - beyond it, minutes say enough
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - as above


class Live:
    """Draws a `Progress` once a second. Does nothing without a terminal to draw on."""

    def __init__(
        self, terminal: int | None, columns: Callable[[], int] = lambda: 80, *, log: int | None = None
    ) -> None:
        self.terminal = terminal
        self.log = log  # where a line is written that cannot wait, terminal or not
        self.columns = columns
        self.progress = Progress([], 0)
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def expect(self, cells: Sequence[str], workers: int) -> None:
        """The cells of this run; the line ticks from now on."""
        self.progress = Progress([name_of(cell) for cell in cells], len(cells), max(1, workers))
        if self.terminal is not None:
            threading.Thread(target=self._tick, name="live line", daemon=True).start()

    def start(self, cell: str) -> None:
        with self.lock:
            self.progress.start(cell, time.monotonic())

    def finish(self, cell: str) -> None:
        with self.lock:
            self.progress.finish(cell, time.monotonic())
            self._write(ERASE)

    def erase(self) -> None:
        """So that a cell's own line can be written; the next tick draws it anew."""
        with self.lock:
            self._write(ERASE)

    def say(self, line: str) -> None:
        """One line at once: of what a person would otherwise take for a run that hangs."""
        with self.lock:
            self._write(ERASE)
            if self.log is not None:
                with suppress(OSError):  # as below
                    os.write(self.log, f"{line if line.isprintable() else ascii(line)}\n".encode())

    def within(self, done: int, total: int) -> None:
        with self.lock:
            self.progress.within = (done, total)

    def close(self) -> None:
        self.ended.set()
        with self.lock:
            self._write(ERASE)
            if self.log is not None:
                os.close(self.log)
            self.log = self.terminal = None

    def _tick(self) -> None:
        while not self.ended.wait(PERIOD):
            with self.lock:
                text = self.progress.line(time.monotonic())[: self.columns() - 1]
                self._write(ERASE + text.encode() if text else b"")

    def _write(self, data: bytes) -> None:
        if self.terminal is not None and data:
            with suppress(OSError):  # a terminal that went away
                os.write(self.terminal, data)


def live_line(stream: int, environment: Mapping[str, str]) -> Live:
    """A line on a copy of the file descriptor `stream`, if that is a terminal that can erase a line."""
    copy = os.dup(stream)
    if not os.isatty(stream) or environment.get("TERM") in (None, "", "dumb"):
        return Live(None, log=copy)
    return Live(copy, lambda: os.get_terminal_size(copy).columns or 80, log=copy)  # 0 where nobody set a size
