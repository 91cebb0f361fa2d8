"""How far each number of a published core may lie in a reproduction: from the registered tolerances alone. Pure.

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

from reports.compare.decision_form import number, pair
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

    `guarded`: claim -> its metric. A document that was forged may hold anything: what is no number has no range.
    """
    match kind:
        case "gates" | "after_kill":
            return dict(_gate(row, tolerances))
        case "controls":
            found = _around(("median",), row.get("median"), tolerances.get(_text(row.get("metric")), 0.0))
        case _:
            claim = guarded.get(_text(row.get("claim")), "")
            within = trap_tolerance(_text(row.get("metric")), claim, tolerances)
            found = _around(("observed",), row.get("observed"), within)
    return dict(found)


def _gate(gate: Row, tolerances: Tolerances) -> Iterator[tuple[Place, Range]]:
    within, share = tolerances.get(_text(gate.get("metric")), 0.0), number(gate.get("below"))
    yield from _rule((), gate, within, share)
    layers = _rows(gate.get("by_layer"))
    for index, layer in layers:
        yield from _rule(("by_layer", index), layer, within, share)
    for index, other in _rows(gate.get("sensitivity")):
        yield from _rule(("sensitivity", index), other, tolerances.get(_text(other.get("metric")), 0.0), share)
    yield from _spread(gate, max((_moves(layer) for _, layer in layers), default=0.0) if share else within, len(layers))
    yield from _tau(gate, within)
    yield from _decomposition(gate.get("decomposition"), within, tolerances)


def _rule(at: Place, row: Row, within: float, share: bool) -> Iterator[tuple[Place, Range]]:
    """What a rule compares, over a gate or in one of its layers."""
    observed, reach = _number(row.get("observed")), _pair(row.get("reach"))
    if observed is not None and reach is not None:
        yield (*at, "observed"), (min(observed, *reach), max(observed, *reach))
        for end, value in enumerate(reach):
            if share:
                yield (*at, "reach", end), ((0.0, observed), (observed, 1.0))[end]
            else:
                yield from _around((*at, "reach", end), value, within)
    for name in ("median", "reference"):
        yield from _around((*at, name), row.get(name), within)


def _moves(layer: Row) -> float:
    """How far the share of one layer may move."""
    observed, reach = _number(layer.get("observed")), _pair(layer.get("reach"))
    return 0.0 if observed is None or reach is None else max(abs(end - observed) for end in reach)


def _spread(gate: Row, moves: float, layers: int) -> Iterator[tuple[Place, Range]]:
    interval = _pair(gate.get("interval"))
    if interval is None:
        return
    for end, value in enumerate(interval):
        yield from _around(("interval", end), value, moves)
    effect = 0.0 if gate.get(EFFECT) is None else gate[EFFECT]
    yield from _around((EFFECT,), effect, DETECTABLE_STANDARD_ERRORS * moves / math.sqrt(max(layers - 1, 1)))


def _tau(gate: Row, within: float) -> Iterator[tuple[Place, Range]]:
    tau = gate.get("tau")
    if not isinstance(tau, dict):
        return
    yield from _around(("tau", "tau"), tau.get("tau"), within)
    for index, draw in enumerate(tau["draws"] if isinstance(tau.get("draws"), list) else []):
        yield from _around(("tau", "draws", index), draw, within)
    best = dict(_around((), tau.get("tau"), within)).get(())
    if best is None or best[0] <= 0.0:
        return
    reach, whole = _pair(gate.get("reach")), gate.get("decomposition")
    if reach is not None and number(tau.get("observed_over_tau")):
        yield ("tau", "observed_over_tau"), _quotient(reach, best)
    random, fit = (_number(whole.get(name)) if isinstance(whole, dict) else None for name in ("random", "noise_fit"))
    if random is not None and fit is not None and number(tau.get("noise_over_tau")):
        noise = ((random - within) * (fit - within), (random + within) * (fit + within))
        yield ("tau", "noise_over_tau"), _quotient(noise, best)


def _quotient(above: Range, below: Range) -> Range:
    quotients = [a / b for a in above for b in below]
    return min(quotients), max(quotients)


def _decomposition(whole: object, within: float, tolerances: Tolerances) -> Iterator[tuple[Place, Range]]:
    if not isinstance(whole, dict):
        return
    for at, factors in (((), whole), *((("by_layer", index), row) for index, row in _rows(whole.get("by_layer")))):
        for name in FACTORS:
            yield from _around(("decomposition", *at, name), factors.get(name), tolerances.get(name, within))
        nulls = factors.get("nulls")
        for null, value in nulls.items() if isinstance(nulls, dict) else ():
            yield from _around(("decomposition", *at, "nulls", null), value, within)
    for end, value in enumerate(_pair(whole.get("structure_interval")) or ()):
        yield from _around(("decomposition", "structure_interval", end), value, tolerances.get("structure", within))


def _around(at: Place, value: object, within: float) -> Iterator[tuple[Place, Range]]:
    middle = _number(value)
    if middle is not None:
        yield at, (middle - within, middle + within)


def _number(value: object) -> float | None:
    return value if isinstance(value, float | int) and number(value) else None


def _pair(value: object) -> Range | None:
    return (value[0], value[1]) if isinstance(value, list) and pair(value) else None


def _rows(value: object) -> list[tuple[int, Row]]:
    return [(i, row) for i, row in enumerate(value) if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
