"""How far each number of a published core may be in a reproduction: from the registered tolerances alone. Pure.

| field | may be off by |
|---|---|
| `observed` of a rule on a mean or on the model | the metric's tolerance |
| `observed` of a share | its `reach`: the matrices that are within the metric's tolerance of the bound may tip over |
| ends of `reach` | of a mean, the tolerance. Of a share, anything that the published share allows: 0 to it, it to 1 |
| `median`, `reference` | the metric's tolerance; a median moves no farther than its values |
| `interval` | what the layer moves that moves most: so much may each resampled mean, hence their quantiles |
| `minimum_detectable_effect` | that over √(layers − 1), in the effect's standard errors: a standard deviation's most |
| `tau`, its `draws` | the metric's tolerance; ratios over τ as far as both their parts allow |
| `decomposition` | the factor's own tolerance if it is registered, else the gate's metric's; each is a ratio of β |
| `median` of a control | the tolerance of its claim's metric |
| `observed` of a trap | its metric's tolerance, or that of what it guards (`reports/judge/instruments.py`) |

Any other number must be equal. Bounds, counts and statuses have no tolerance at all.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from reports.judge.gates import DETECTABLE_STANDARD_ERRORS
from reports.judge.instruments import trap_tolerance

Row = Mapping[str, Any]
Place = tuple[str | int, ...]  # of a number inside its row
Range = tuple[float, float]  # both ends included
Tolerances = Mapping[str, float]

FACTORS = ("lift", "random", "noise_fit", "structure")
EFFECT = "minimum_detectable_effect"
ABSENT_IS_ZERO = (EFFECT,)  # None says that the layers do not differ


def ranges(kind: str, row: Row, tolerances: Tolerances, guarded: Mapping[str, str]) -> dict[Place, Range]:
    """Of a published row of `kind` gates, controls or traps: each number that may differ, and between what.

    `guarded`: claim -> its metric. The row is one that `reports/artefacts/decision_document.py` accepts.
    """
    match kind:
        case "gates" | "after_kill":
            return dict(_gate(row, tolerances))
        case "controls":
            found = _around(("median",), row["median"], tolerances.get(row["metric"], 0.0))
        case _:
            within = trap_tolerance(row["metric"], guarded.get(row["claim"], ""), tolerances)
            found = _around(("observed",), row["observed"], within)
    return dict(found)


def _gate(gate: Row, tolerances: Tolerances) -> Iterator[tuple[Place, Range]]:
    within, share = tolerances.get(gate["metric"], 0.0), gate["below"] is not None
    yield from _rule((), gate, within, share)
    layers = gate["by_layer"]
    for index, layer in enumerate(layers):
        yield from _rule(("by_layer", index), layer, within, share)
    for index, other in enumerate(gate["sensitivity"]):
        yield from _rule(("sensitivity", index), other, tolerances.get(other["metric"], 0.0), share)
    yield from _spread(gate, max(map(_moves, layers), default=0.0) if share else within, len(layers))
    yield from _tau(gate, within)
    yield from _decomposition(gate["decomposition"], within, tolerances)


def _rule(at: Place, row: Row, within: float, share: bool) -> Iterator[tuple[Place, Range]]:
    """What a rule compares, over a gate or in one of its layers."""
    observed, reach = row["observed"], row["reach"]
    if observed is not None and reach is not None:
        yield (*at, "observed"), (min(observed, *reach), max(observed, *reach))
        for end, value in enumerate(reach):
            if share:
                yield (*at, "reach", end), ((0.0, observed), (observed, 1.0))[end]
            else:
                yield from _around((*at, "reach", end), value, within)
    for name in ("median", "reference"):
        yield from _around((*at, name), row.get(name), within)  # a layer has no reference


def _moves(layer: Row) -> float:
    """How far the share of one layer may move."""
    low, high = layer["reach"]
    return float(max(abs(low - layer["observed"]), abs(high - layer["observed"])))


def _spread(gate: Row, moves: float, layers: int) -> Iterator[tuple[Place, Range]]:
    if gate["interval"] is None:
        return
    for end, value in enumerate(gate["interval"]):
        yield from _around(("interval", end), value, moves)
    effect = 0.0 if gate[EFFECT] is None else gate[EFFECT]
    yield from _around((EFFECT,), effect, DETECTABLE_STANDARD_ERRORS * moves / math.sqrt(max(layers - 1, 1)))


def _tau(gate: Row, within: float) -> Iterator[tuple[Place, Range]]:
    tau, whole = gate["tau"], gate["decomposition"]
    if tau is None:
        return
    best = (tau["tau"] - within, tau["tau"] + within)
    yield ("tau", "tau"), best
    for index, draw in enumerate(tau["draws"]):
        yield from _around(("tau", "draws", index), draw, within)
    if best[0] <= 0.0:
        return
    if gate["reach"] is not None and tau["observed_over_tau"] is not None:
        yield ("tau", "observed_over_tau"), _quotient(gate["reach"], best)
    if whole is not None and tau["noise_over_tau"] is not None:
        random, fit = whole["random"], whole["noise_fit"]
        noise = ((random - within) * (fit - within), (random + within) * (fit + within))
        yield ("tau", "noise_over_tau"), _quotient(noise, best)


def _quotient(above: Range, below: Range) -> Range:
    quotients = [a / b for a in above for b in below]
    return min(quotients), max(quotients)


def _decomposition(whole: Row | None, within: float, tolerances: Tolerances) -> Iterator[tuple[Place, Range]]:
    if whole is None:
        return
    for at, factors in (((), whole), *((("by_layer", index), row) for index, row in enumerate(whole["by_layer"]))):
        for name in FACTORS:
            yield from _around(("decomposition", *at, name), factors[name], tolerances.get(name, within))
        for null, value in factors["nulls"].items():
            yield from _around(("decomposition", *at, "nulls", null), value, within)
    for end, value in enumerate(whole["structure_interval"] or ()):
        yield from _around(("decomposition", "structure_interval", end), value, tolerances.get("structure", within))


def _around(at: Place, middle: float | None, within: float) -> Iterator[tuple[Place, Range]]:
    if middle is not None:
        yield at, (middle - within, middle + within)
