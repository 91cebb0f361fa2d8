"""The gates of two verdicts, each beside the one of the same claim and checkpoint."""

from collections.abc import Iterator

from reports.base.number_table import Table, Value
from reports.judge.decision import rule_text
from reports.judge.gates import GateOutcome
from reports.pages.beside.side import CHANGE, ERRORS, A, B, Side
from reports.pages.beside.standard_errors import gate_error, independent, paired
from reports.pages.section import Section

COLUMNS = ("gate", A, B, CHANGE, ERRORS, f"{A} / {B}")
SAID = (
    "What each rule observed. SE: standard errors over layers like those read, or over sources of prompts. A gate "
    "`@all` reads every layer: a census adds none, and where both are one, there is no such number. Layers of the same "
    "weights are compared pair by pair."
)


def section(a: Side, b: Side) -> Section:
    """A row for each gate that either has; nothing is subtracted where the two rules compare different numbers."""
    names = list(dict.fromkeys([*a.gates, *b.gates]))
    table = Table("Gates, side by side", COLUMNS, tuple(_row(name, a, b) for name in names), unit="-")
    return Section("Gates", (SAID, table, *_unlike(a, b)))


def _unlike(a: Side, b: Side) -> Iterator[str]:
    """A line for each claim that the two rules do not ask alike."""
    for claim in dict.fromkeys([*a.claims, *b.claims]):
        asked = [rule_text(side.claims[claim].rule) if claim in side.claims else None for side in (a, b)]
        if asked[0] != asked[1]:
            said = [
                f"{letter} {f'asks {one}' if one else 'does not ask it'}"
                for letter, one in zip((A, B), asked, strict=True)
            ]
            yield f"`{claim}`: {', '.join(said)}."


def _row(name: str, a: Side, b: Side) -> tuple[Value, ...]:
    ours, theirs = a.gates.get(name), b.gates.get(name)
    statuses = " / ".join("—" if one is None else one.status.replace("_", " ") for one in (ours, theirs))
    observed = tuple(None if one is None or one.rule is None else one.rule.observed for one in (ours, theirs))
    apart = (None, None) if ours is None or theirs is None else _apart(ours, theirs, a, b)
    return (name, *observed, *apart, statuses)


def _apart(ours: GateOutcome, theirs: GateOutcome, a: Side, b: Side) -> tuple[float | None, float | None]:
    """The difference of what two gates observed, and the same in standard errors; None where there is none."""
    if ours.rule is None or theirs.rule is None or not _same_number(ours, theirs):
        return None, None
    difference = theirs.rule.observed - ours.rule.observed
    if _same_weights(ours, theirs, a, b):
        sampled = not ours.pairs and not ours.gate.census
        return difference, paired(ours.rule.layer_values, theirs.rule.layer_values) if sampled else None
    return difference, independent(difference, gate_error(ours), gate_error(theirs))


def _same_number(ours: GateOutcome, theirs: GateOutcome) -> bool:
    """Whether both rules compare the same statistic of the same metric, whatever is asked of it."""
    one, other = (outcome.gate.claim.rule for outcome in (ours, theirs))
    bounds = [getattr(rule, "bound", None) for rule in (one, other)]
    return type(one) is type(other) and one.metric == other.metric and bounds[0] == bounds[1]


def _same_weights(ours: GateOutcome, theirs: GateOutcome, a: Side, b: Side) -> bool:
    """Whether both gates pool the same layers of the same weights."""
    measured = [side.layers(ours.gate.claim.name) for side in (a, b)]
    read = [
        {cell.layer: found[cell.layer].tensors_sha256 for cell in outcome.gate.claim_cells if cell.layer in found}
        for outcome, found in zip((ours, theirs), measured, strict=True)
    ]
    return read[0] == read[1] != {}
