"""What a rung takes, said before it runs, and what that is said from: nothing here is measured, and nothing judged."""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.artefacts.decision_document import SCHEMA
from reports.base.errors import StudyError
from reports.base.files import read_regular
from reports.prereg.preregistration import Cell, CellKind, Preregistration, Subject, gates, running_order
from reports.published.published import DECISION
from reports.published.rejudge import read_run
from reports.store.bundle import BUNDLE, LARGEST

NOT_MEASURED = "not measured"
ESTIMATED = "estimated from shapes and budgets, without controls"
PUBLISHED = "what its cells took when it was published"


@dataclass(frozen=True)
class Cost:
    """Of all cells, one after the other [s]; None where nothing tells."""

    seconds: float | None
    basis: str


@dataclass(frozen=True)
class PublishedCost:
    """What a committed verdict says of its own cost."""

    by_cell: Mapping[Cell, float]  # [s]
    killed_at: str | None  # the gate that ended it


def weights_of(subject: Subject) -> int:
    """How many weights the expert matrices of a sealed subject have."""
    matrix = subject.hidden_size * subject.intermediate_size
    return subject.layers * subject.experts * (2 + subject.gated) * matrix


def cost_of(  # noqa: PLR0913, PLR0917 - what a cost is told by
    rule: str,
    prereg: Preregistration,
    weights: int,
    estimated: Mapping[str, float],
    published: Mapping[str, tuple[Preregistration, PublishedCost]],
    stop: bool,
) -> Cost:
    """Of the rule `rule` on a subject of `weights` weights.

    What its own published cells took, if its sealed subject is meant; else the larger of what arithmetic tells
    (`estimated`, by claim) and what a published verdict of the same rung and design took, by weights. `stop`: the
    run ends at the first kill, where the published one was.
    """
    if rule in published and weights == weights_of(prereg.subject):
        return Cost(_seconds(*published[rule], stop), PUBLISHED)
    found = [Cost(sum(estimated.values()), ESTIMATED)] if estimated else []
    for name, (other, cost) in sorted(published.items()):
        if (other.rung, other.design) == (prereg.rung, prereg.design):
            scale = weights / weights_of(other.subject)
            found.append(Cost(_seconds(other, cost, stop) * scale, f"scaled by weights from {name}"))
    return max(found, key=lambda cost: cost.seconds or 0.0, default=Cost(None, NOT_MEASURED))


def _seconds(prereg: Preregistration, cost: PublishedCost, stop: bool) -> float:
    """Of every cell, or of those that run before a session ends at the published kill."""
    if not stop or cost.killed_at is None:
        return sum(cost.by_cell.values())
    layers = range(prereg.subject.layers)
    order = {cell: index for index, cell in enumerate(running_order(prereg, layers))}
    killed = next((gate for gate in gates(prereg, layers) if gate.id == cost.killed_at), None)
    if killed is None:
        return sum(cost.by_cell.values())
    closing = max(order[cell] for cell in killed.cells)
    return sum(seconds for cell, seconds in cost.by_cell.items() if order.get(cell, closing) <= closing)


def published_costs(
    verdicts: Path, rules: Mapping[str, Preregistration]
) -> dict[str, tuple[Preregistration, PublishedCost]]:
    """By rule, of every committed verdict that can be read and is not exploratory; one that cannot tells nothing."""
    found = {}
    for folder in sorted(path for path in verdicts.iterdir() if path.is_dir()) if verdicts.is_dir() else []:
        try:
            run = read_run(folder)
            name = run.preregistration.removesuffix(".toml")
            if run.exploratory is None and name in rules:
                found[name] = rules[name], _published(folder)
        except (StudyError, OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
            continue
    return found


def _published(folder: Path) -> PublishedCost:
    with gzip.open(folder / BUNDLE) as file:
        lines = file.read(LARGEST).splitlines()
    entries = [json.loads(line) for line in lines]
    by_cell = {_cell(entry["kind"], entry["name"], entry["layer"]): float(entry["seconds"]) for entry in entries}
    decision = json.loads(read_regular(folder / DECISION))
    killed = decision["verdict"] == "KILLED" and decision["schema"] == SCHEMA
    last = decision["gates"][-1] if killed else None
    return PublishedCost(by_cell, None if last is None else f"{last['claim']}@{last['checkpoint']}-layer")


def _cell(kind: CellKind, name: str, layer: int | None) -> Cell:
    return Cell(kind, name, layer)
