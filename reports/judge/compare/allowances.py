"""How far each number of a published core may be in a reproduction: from the registered tolerances alone. Pure.

| field | may be off by |
|---|---|
| `observed` of a rule on a mean or on the model | the metric's tolerance |
| `observed` of a share | its `reach`: the matrices that are within the metric's tolerance of the bound may tip over |
| `observed` of a null subject's draw | the metric's tolerance; of a share anything, the draws that meet being equal |
| ends of `reach` | of a mean, the tolerance. Of a share, anything that the published share allows: 0 to it, it to 1 |
| `median`, `reference` | the metric's tolerance; a median moves no farther than its values |
| `interval` | `m (1 + t / √(layers − 1))`, m what the layer moves that moves most; over prompts m |
| `minimum_detectable_effect` | that change of a standard error, in the effect's standard errors |
| `full_scope` | its interval as `interval`; its probability by anything where a layer may move at all |
| `structure_interval` | as `interval` of the logarithms, twice for the error of nulls |
| `tau`, its `draws` | the metric's tolerance; ratios over τ as far as both their parts allow |
| `decomposition` | the factor's own tolerance if it is registered, else the gate's metric's; each is a ratio of β |
| `median` of a control | the tolerance of its claim's metric |
| `observed` of a trap | its metric's tolerance, or that of what it guards (`reports/judge/instruments.py`) |

A mean over layers moves by at most m, its standard error by m / √(layers − 1). Any other number must be equal.
Bounds, counts and statuses have no tolerance at all.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from reports.judge.gates import DETECTABLE_STANDARD_ERRORS
from reports.judge.instruments import trap_tolerance
from reports.judge.spread.mean_interval import detectable_errors, t_quantile

Row = Mapping[str, Any]
Place = tuple[str | int, ...]  # of a number inside its row
Range = tuple[float, float]  # both ends included
Tolerances = Mapping[str, float]

FACTORS = ("lift", "random", "noise_fit", "structure")
EFFECT = "minimum_detectable_effect"
QUADRATURE = 1e-8  # what two machines may come to for the same counts [-]
LEVEL = 0.95  # for the factor of t; other levels are nearer to it than the bound is to what happens
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
    for index, observed in enumerate(gate.get("null_subject", {}).get("observed", ())):
        place = ("null_subject", "observed", index)
        yield from [(place, (0.0, 1.0))] if share else _around(place, observed, within)
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
    few = layers > 1  # one layer that has an interval is a model, whose prompts are many
    errors, times = (detectable_errors(layers), _times(layers)) if few else (DETECTABLE_STANDARD_ERRORS, 1.0)
    for end, value in enumerate(gate["interval"]):
        yield from _around(("interval", end), value, moves * times + QUADRATURE)
    effect = 0.0 if gate[EFFECT] is None else gate[EFFECT]
    yield from _around((EFFECT,), effect, errors * moves / math.sqrt(max(layers - 1, 1)) + QUADRATURE)
    ahead = gate["full_scope"]
    if ahead is not None:
        for end, value in enumerate(ahead["interval"]):
            yield from _around(("full_scope", "interval", end), value, moves * times + QUADRATURE)
        passes = ahead["passes"]
        yield ("full_scope", "passes"), (0.0, 1.0) if moves else (passes - QUADRATURE, passes + QUADRATURE)


def _times(layers: int) -> float:
    """How much farther an end of a t interval moves than the values."""
    return 1.0 + t_quantile(LEVEL, layers - 1) / math.sqrt(layers - 1)


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
    if whole["structure_interval"] is None:
        return
    structures = [row["structure"] for row in whole["by_layer"]]
    moves = 2.0 * _times(len(structures)) * tolerances.get("structure", within) / min(structures)
    for end, value in enumerate(whole["structure_interval"]):
        yield from _around(("decomposition", "structure_interval", end), value, value * math.expm1(moves) + QUADRATURE)


def _around(at: Place, middle: float | None, within: float) -> Iterator[tuple[Place, Range]]:
    if middle is not None:
        yield at, (middle - within, middle + within)
