"""One run in several processes: what the controller of `-n N` tells its workers, and how a failure stops them all.

xdist ends `-x` by killing workers in mid-cell. Here a failure is written down instead, and no process starts a cell
that is behind it: every earlier cell finishes, so that the run comes to what one process would have come to.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.base.printing import as_text

ORDERS = pytest.StashKey["Orders"]()
WORKERINPUT = "study"  # the key that a worker finds its orders under


@dataclass(frozen=True)
class Orders:
    """What every process of a run must know alike, and its slot."""

    run: str  # names this run among those on one store
    stop: bool  # -x: nothing behind a failure starts
    slot: int = 0  # which of the devices this process takes


def orders_of(config: pytest.Config) -> Orders:
    """A worker's orders as its controller gave them, else those of a new run.

    In a run of several processes `-x` is taken out of pytest's and xdist's hands, and cells are handed out one by one:
    xdist's own chunks, an eighth of all, would give the first checkpoint to one worker and a later claim to the next.
    """
    given = getattr(config, "workerinput", {}).get(WORKERINPUT)
    if given is not None:
        return Orders(**given)
    stop = config.getoption("maxfail") == 1
    again = config.getoption("reproduce") is not None
    if again or (stop and distributed(config)):
        config.option.maxfail = 0
    if distributed(config) and config.option.maxschedchunk is None:
        config.option.maxschedchunk = 1
    return Orders(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{token_hex(8)}", stop and not again)  # clocks may go back


def distributed(config: pytest.Config) -> bool:
    return bool(config.getoption("tx", None))


def require_text(config: pytest.Config) -> None:
    """Raises `BadInput` where workers would have to be told of a name that is not text, which execnet cannot send."""
    if not distributed(config):
        return
    told = (config.rootpath, config.invocation_params.dir, *config.invocation_params.args, *sys.path)
    for name in map(str, told):
        if as_text(name) != name:
            raise BadInput(
                f"-n: {as_text(name)!a} is not text in this locale, so workers cannot be told of it; set PYTHONUTF8=1, "
                "rename it, or leave out -n"
            )


class Slots:
    """Which worker holds which slot: the lowest free one is given out, so a replacement takes its predecessor's."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    def take(self, worker: str) -> int:
        self.held[worker] = min(set(range(len(self.held) + 1)) - set(self.held.values()))
        return self.held[worker]

    def free(self, worker: str) -> None:
        self.held.pop(worker, None)


def instruct(node: Any, orders: Orders, slots: Slots) -> None:
    """Sends a worker its orders; `node` is xdist's, before it is started."""
    node.workerinput[WORKERINPUT] = asdict(orders) | {"slot": slots.take(node.gateway.id)}


@dataclass(frozen=True)
class Failures:
    """The failures of a run so far, one test id a line in a file that its processes share."""

    path: Path

    def add(self, test: str) -> None:
        with suppress(OSError):  # a folder that cannot be written to: the run stops at its first measurement
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{test}\n")

    def before(self, position: int, order: Mapping[str, int]) -> bool:
        """Did a test fail that is before `position` in `order`?"""
        try:
            failed = self.path.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return any(order.get(test, position) < position for test in failed)

    def forget(self) -> None:
        with suppress(OSError):  # as above, or nothing failed
            self.path.unlink()
