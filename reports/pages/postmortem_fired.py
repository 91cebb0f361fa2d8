"""The postmortem's sections about what fired and what the run cost."""

from collections.abc import Mapping

from reports.base.markdown import table
from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell

COLUMNS = ("gate", "status", "observed", "needed", "margin", "within reach", "95 % interval", "detectable", "n")


def fired_section(decision: Decision) -> str:
    """Every gate: what its rule compared, by how much it was met or missed, and how sure that is."""
    rows = [_row(outcome, outcome in decision.exploratory_gates) for outcome in decision.gates]
    notes = [
        "All values are ratios [-]. Margin: observed minus needed. Within reach: what a reproduction may observe, were "
        "every value off by its registered tolerance. The interval is a bootstrap over layers, of one_bit_nll over "
        "prompts. Detectable: the effect that a two-sided 5 % test would detect four times out of five."
    ]
    if decision.exploratory_gates:
        notes.append("Gates after the first kill are exploratory: they are outside verdict, trigger and core.")
    near = [outcome.gate.id for outcome in decision.gates if outcome.rule is not None and outcome.rule.borderline]
    if near:
        notes.append(
            f"Borderline, coming out otherwise within reach, so that agreement is not promised: {', '.join(near)}."
        )
    return "\n\n".join(["## What fired", table(COLUMNS, rows), *notes])


def _row(outcome: GateOutcome, exploratory: bool) -> list[str]:
    rule = outcome.rule
    status = outcome.status + (" (after the kill)" if exploratory else "")
    if rule is None or outcome.interval is None:
        return [outcome.gate.id, status, *["—"] * (len(COLUMNS) - 3), f"{len(outcome.missing)} cells missing"]
    effect = outcome.minimum_detectable_effect
    return [
        outcome.gate.id,
        status,
        f"{rule.observed:.3f}",
        f"{rule.threshold:.3f}",
        f"{rule.observed - rule.threshold:+.3f}",
        _span(rule.reach),
        _span(outcome.interval),
        "—" if effect is None else f"{effect:.3f}",
        str(rule.n),
    ]


def _span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def cost_section(measurements: Mapping[Cell, Measurement]) -> str:
    """Seconds by what was measured, dearest first; nothing where nothing was."""
    spent: dict[tuple[str, str], list[float]] = {}
    for cell, measurement in measurements.items():
        what = "every control" if cell.kind == "control" else cell.name
        spent.setdefault((cell.kind, what), []).append(measurement.seconds)
    if not spent:
        return ""
    dearest = sorted(spent.items(), key=lambda entry: (-sum(entry[1]), entry[0]))
    rows = [[kind, f"`{name}`", str(len(cells)), f"{sum(cells):.1f}"] for (kind, name), cells in dearest]
    total = sum(sum(cells) for cells in spent.values())
    note = f"{total:.0f} s in all: reading, digesting and computing, each cell once, whatever ran side by side."
    return f"## Cost\n\n{table(('kind', 'what', 'cells', 'seconds'), rows)}\n\n{note}"
