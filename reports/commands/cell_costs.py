"""`python -m reports cells`: the registered cells in running order, which gate each serves, and what each costs.

For a scheduler: a cell is what a job of `pytest hypotheses/ --cells` measures. Nothing is run and no weight is read.
Seconds are what the cell took when this rule was published on its sealed subject; else the share of its claim's
estimate (`reports/plugin/effort.py`), which is told of claims alone; else not known, and said so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.base.printing import one_line
from reports.commands.rung_cost import ESTIMATED, NOT_MEASURED, PUBLISHED, published_costs, weights_of
from reports.commands.rungs import ask_model
from reports.plugin.asked_cells import spelled
from reports.plugin.effort import claim_seconds, span
from reports.plugin.plan import find_preregistration
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell, Preregistration, gates, running_order

BF16 = 2  # bytes of a weight, where only the sealed shapes are known


@dataclass(frozen=True)
class CellCost:
    """A cell, and what is known of its cost before it runs."""

    cell: Cell
    gates: tuple[str, ...]  # that it is judged in; none of a probe, or of what is only shown
    nbytes: int | None  # of expert tensors; 0 of a control, which is written first; None of another model
    seconds: float | None
    basis: str

    def to_json(self) -> dict[str, object]:
        return {
            "cell": spelled(self.cell),
            "gates": list(self.gates),
            "bytes": self.nbytes,
            "seconds": self.seconds,
            "basis": self.basis,
        }


@dataclass(frozen=True)
class Listed:
    """The cells of one rule on one subject."""

    rule: str
    subject: str
    cores: int
    costs: tuple[CellCost, ...]

    def to_json(self) -> dict[str, object]:
        cells = [cost.to_json() for cost in self.costs]
        return {"preregistration": self.rule, "subject": self.subject, "cores": self.cores, "cells": cells}


def list_cells(folder: Path, name: str | None, model: str | None, revision: str | None, cores: int) -> Listed:
    """The cells of the rule that pytest would take, on `model` or by the shapes of the sealed subject.

    Raises `BadInput` where rule or model cannot be read.
    """
    root = folder.resolve().parents[1]
    path = find_preregistration(folder, name, model)
    prereg = load_preregistration(path)
    if model is None:
        whole, layers = BF16 * weights_of(prereg.subject), range(prereg.subject.layers)
        by_layer = dict.fromkeys(layers, whole // len(layers))
        took: Mapping[Cell, float] = {}
        if (found := published_costs(root / "reports" / "verdicts", {path.stem: prereg})).get(path.stem):
            took = found[path.stem][1].by_cell
        return Listed(path.stem, prereg.subject.name, cores, costs(prereg, by_layer, took, cores))
    document = ask_model(model, revision, None, root)
    by_layer = {int(layer): int(nbytes) for layer, nbytes in document["layer_bytes"].items()}
    shape: dict[str, Any] = dict(document["shape"])
    at = replace(prereg, subject=replace(prereg.subject, **shape))
    return Listed(path.stem, str(document["model"]), cores, costs(prereg, by_layer, {}, cores, at))


def costs(
    prereg: Preregistration,
    by_layer: Mapping[int, int],
    took: Mapping[Cell, float],
    cores: int,
    at: Preregistration | None = None,
) -> tuple[CellCost, ...]:
    """Of each cell in running order. `by_layer`: bytes of each layer that has experts. `took`: published seconds.
    `at`: the rule with the sizes of the subject that is run, where that is another one: they enter estimates alone."""
    layers = sorted(by_layer)
    cells, every = running_order(prereg, layers), gates(prereg, layers)
    estimated = claim_seconds(at or prereg, len(layers), cores)
    counts = Counter(cell.name for cell in cells if cell.kind == "claim")
    of_model = {claim.name for claim in prereg.claims if claim.of_model}
    of_model |= {trap.name for trap in prereg.traps if trap.claim in of_model}
    found = []
    for cell in cells:
        serves = tuple(gate.id for gate in every if cell in gate.cells)
        seconds, basis = took.get(cell), PUBLISHED
        if seconds is None and cell.kind == "claim" and cell.name in estimated:
            seconds, basis = estimated[cell.name] / counts[cell.name], ESTIMATED
        found.append(
            CellCost(
                cell, serves, _bytes(cell, by_layer, of_model), seconds, NOT_MEASURED if seconds is None else basis
            )
        )
    return tuple(found)


def _bytes(cell: Cell, by_layer: Mapping[int, int], of_model: set[str]) -> int | None:
    if cell.kind == "secondary":
        return None
    if cell.layer is None:
        return 0
    return sum(by_layer.values()) if cell.name in of_model else by_layer[cell.layer]


def cell_lines(listed: Listed) -> list[str]:
    """One line a cell, what they sum to, and how jobs are given them."""
    rows = [("cell", "gate", "reads", "time")]
    rows += [
        (
            spelled(cost.cell),
            cost.gates[0] if cost.gates else "-",
            "-" if cost.nbytes is None else _size(cost.nbytes),
            NOT_MEASURED if cost.seconds is None else _time(cost.seconds),
        )
        for cost in listed.costs
    ]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{listed.rule} on {one_line(listed.subject)}: {len(listed.costs)} cells in running order"]
    lines += [f"{row[0]:<{wide[0]}}  {row[1]:<{wide[1]}}  {row[2]:>{wide[2]}}  {row[3]}" for row in rows]
    return [*lines, *_sums(listed.costs, listed.cores)]


def _sums(every: Sequence[CellCost], cores: int) -> list[str]:
    nbytes = sum(cost.nbytes or 0 for cost in every)
    lines = [f"reads {_size(nbytes)} in all, a layer once for each cell of it"]
    for basis in (PUBLISHED, ESTIMATED):
        known = [cost.seconds for cost in every if cost.basis == basis and cost.seconds is not None]
        if known:
            where = f" on {cores} cores" if basis == ESTIMATED else ""
            lines.append(f"time of {len(known)} cells: {_time(sum(known))}{where}, {basis}")
    unknown = sum(cost.seconds is None for cost in every)
    return lines + ([f"time of {unknown} cells: {NOT_MEASURED}"] if unknown else [])


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10.0 else span(seconds)  # noqa: PLR2004 - whole seconds say enough


def _size(nbytes: int) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= size:
            return f"{nbytes / size:.1f} {unit}"
    return f"{nbytes} B"
