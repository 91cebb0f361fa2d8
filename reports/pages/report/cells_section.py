"""Every registered cell with an address of its own, `#narrow_d-L03`: in the report alone, which people link to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, median

from reports.base.number_table import Table, Value
from reports.judge.decision import Decision, controls_once, traps_once
from reports.pages.section import Section, Told
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, running_order
from reports.prereg.samples import Samples

COLUMNS = ("cell", "values", "least", "median", "mean", "largest", "noise", "seconds", "came to")
SOUND = {True: "sound", False: "OUT OF LINE", None: "did not run"}
OUTSIDE = "outside the verdict"
SAID = (
    "The values are those of the metric that the cell's rule reads; *noise* is the mean that structureless matrices of "
    "the same shapes have. Each row has an address: the page's own, `#`, and the cell's name, as in {example}. "
    "`python -m reports why CELL --in FOLDER` spells the arithmetic of one out."
)


@dataclass(frozen=True)
class Row:
    cell: Cell
    metric: str
    samples: Samples | None  # None where the cell was not measured, or holds nothing of that name
    seconds: float | None
    outcome: str


def cells_section(told: Told, taken: Collection[str]) -> Section:
    """A table for each claim, trap, probe and secondary, and one for the controls of each metric.

    `taken` are the addresses of the page that no cell may have.
    """
    found = tuple(_rows(told))
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in found:
        whose = row.cell.name if row.cell.layer is not None else "controls"
        groups.setdefault((row.cell.kind, whose, row.metric), []).append(row)
    tables = [_table(*group, rows, taken) for group, rows in groups.items()]
    example = anchor(found[-1].cell, taken) if found else "narrow_d-L03"
    return Section("Cells", (SAID.format(example=f"`#{example}`"), *tables))


def anchor(cell: Cell, taken: Collection[str] = ()) -> str:
    """The address of a cell on its page: `narrow_d-L03`, or the name of one that has no layer."""
    name = cell.name if cell.layer is None else f"{cell.name}-L{cell.layer:02d}"
    return f"cell-{name}" if name in taken else name


def _rows(told: Told) -> Iterable[Row]:
    outcomes = _outcomes(told.decision)
    for cell in running_order(told.decision.prereg, told.decision.layers):
        metric, measurement = _metric(cell, told.decision), told.measurements.get(cell)
        yield Row(
            cell,
            metric,
            None if measurement is None else measurement.measured.samples.get(metric),
            None if measurement is None else measurement.seconds,
            _outcome(cell, measurement, outcomes),
        )


def _metric(cell: Cell, decision: Decision) -> str:
    """What the rule of a cell reads; of a probe where the registered search lands."""
    prereg = decision.prereg
    match cell.kind:
        case "claim":
            return prereg.claim(cell.name).rule.metric
        case "trap":
            return prereg.trap(cell.name).rule.metric
        case "secondary":
            return prereg.secondary(cell.name).metric
        case "probe":
            return "landing"
    control = next(known for known in prereg.controls if known.name == cell.name)
    return prereg.claim(control.claim).rule.metric


def _outcomes(decision: Decision) -> Mapping[Cell, str]:
    """Of a claim the gates that its cell closes, of each instrument whether it is sound."""
    found: dict[Cell, list[str]] = {}
    for outcome in decision.gates:
        judged = {cell.layer: cell for cell in outcome.gate.claim_cells}
        closing = [judged[layer] for layer in outcome.gate.ordered if layer in judged][-1]
        found.setdefault(closing, []).append(f"{outcome.gate.id} {outcome.status.replace('_', ' ')}")
    said = {cell: ", ".join(gates) for cell, gates in found.items()}
    said |= {Cell("control", one.control.name): SOUND[one.sound] for one in controls_once(decision.gates)}
    return said | {one.cell: SOUND[one.sound] for one in traps_once(decision.gates)}


def _outcome(cell: Cell, measurement: Measurement | None, outcomes: Mapping[Cell, str]) -> str:
    if measurement is None:
        return "not measured"
    return outcomes.get(cell, "" if cell.kind in ("claim", "trap", "control") else OUTSIDE)


def _table(kind: str, whose: str, metric: str, rows: list[Row], taken: Collection[str]) -> Table:
    known = next((row.samples for row in rows if row.samples is not None), None)
    label = metric if known is None or known.label == metric else f"{metric}: {known.label}"
    return Table(
        f"{whose if kind == 'control' else f'{kind} {whose}'}, {label}",
        COLUMNS,
        tuple(_values(row) for row in rows),
        unit="-" if known is None else known.unit,
        units={"seconds": "s"},
        anchors=tuple(anchor(row.cell, taken) for row in rows),
    )


def _values(row: Row) -> tuple[Value, ...]:
    found = row.samples
    numbers: tuple[Value, ...] = (None,) * 6
    if found is not None:
        numbers = (len(found), min(found), median(found), fmean(found), max(found), found.noise_mean)
    return (row.cell.id, *numbers, row.seconds, row.outcome)
