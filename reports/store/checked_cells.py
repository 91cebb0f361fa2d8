"""Which cells a run has checked: digested the tensors of, and found the stored measurement to be of these.

A store outlives the weights that it was measured on. A run with `-k` looks at some cells only, and may count no other:
the weights of those may be gone by now. Processes of a run meet in one file, one line a cell.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reports.base.errors import BadInput
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell


@dataclass(frozen=True)
class Checked:
    """What the processes of one run have checked so far."""

    path: Path

    def add(self, cell: Cell) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            with open(os.open(self.path, flags, 0o644), "ab") as file:
                file.write(f"{_line(cell)}\n".encode())
        except OSError as error:
            raise BadInput(
                f"{self.path}: cannot be written ({error.strerror}); free the disk or choose another --out"
            ) from None

    def __contains__(self, cell: Cell) -> bool:
        return self.holds([cell])

    def holds(self, cells: Iterable[Cell]) -> bool:
        known = self.cells()
        return all(_line(cell) in known for cell in cells)

    def cells(self) -> frozenset[str]:
        try:
            return frozenset(self.path.read_text(encoding="utf8").splitlines())
        except OSError:  # nothing was checked, or the folder cannot be written to and `add` has said so
            return frozenset()

    def forget(self) -> None:
        with suppress(OSError):  # nothing was checked
            self.path.unlink()


def counted(measurements: Mapping[Cell, Measurement], checked: frozenset[str]) -> dict[Cell, Measurement]:
    """Those of the cells that were checked."""
    return {cell: measurement for cell, measurement in measurements.items() if _line(cell) in checked}


def counted_cells(cells: Iterable[Cell], checked: frozenset[str]) -> frozenset[Cell]:
    """As `counted`, of cells alone."""
    return frozenset(cell for cell in cells if _line(cell) in checked)


def _line(cell: Cell) -> str:
    return f"{cell.kind} {cell.id}"
