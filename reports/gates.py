"""From samples to gates: rules, controls and intervals. Pure: preregistration and measurements in, outcomes out."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.measurement import Measurement
from reports.preregistration import (
    Cell,
    Control,
    Gate,
    GateStatus,
    Interval,
    MeanAtLeast,
    MeanAtMost,
    Preregistration,
    Rule,
    ShareBelow,
    gates,
)

Measurements = Mapping[Cell, Measurement]

# z(0.975) + z(0.80): the effect that a two-sided 5 % test detects four times out of five, in standard errors
DETECTABLE_STANDARD_ERRORS = 1.959964 + 0.841621


@dataclass(frozen=True)
class RuleOutcome:
    """A rule applied to pooled samples."""

    metric: str
    met: bool
    observed: float  # what the rule compares [-]
    threshold: float
    layer_values: tuple[float, ...]  # the same statistic within each layer [-]
    layer_medians: tuple[float, ...]  # of the metric [-]
    n: int  # matrices pooled
    median: float
    reference: float | None  # the metric's value for a structureless matrix of the same shape [-]


@dataclass(frozen=True)
class ControlOutcome:
    control: Control
    obtained: GateStatus
    median: float | None
    sound: bool | None  # None where it did not run
    reason: str


@dataclass(frozen=True)
class GateOutcome:
    gate: Gate
    status: GateStatus
    rule: RuleOutcome | None
    sensitivity: tuple[RuleOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    interval: tuple[float, float] | None  # percentile bootstrap over layers [-]
    minimum_detectable_effect: float | None  # [-]; None where the layers do not differ, so that no spread is known
    missing: tuple[Cell, ...]


def apply_rule(rule: Rule, layers: Sequence[Measurement], metric: str | None = None) -> RuleOutcome:
    """`rule` on the pooled samples of `layers`, under its own metric or under another one of the same kind."""
    metric = metric or rule.metric
    samples = [measurement.measured.samples[metric] for measurement in layers]
    pooled = [value for layer in samples for value in layer]
    match rule:
        case ShareBelow(below=below, at_least=at_least):
            values = [sum(value < below for value in layer) / len(layer) for layer in samples]
            observed = sum(value < below for value in pooled) / len(pooled)
            met, threshold = observed >= at_least, at_least
        case MeanAtLeast(at_least=at_least):
            values = [statistics.fmean(layer) for layer in samples]
            observed = statistics.fmean(values)
            met, threshold = observed >= at_least, at_least
        case MeanAtMost(at_most=at_most):
            values = [statistics.fmean(layer) for layer in samples]
            observed = statistics.fmean(values)
            met, threshold = observed <= at_most, at_most
    return RuleOutcome(
        metric=metric,
        met=met,
        observed=observed,
        threshold=threshold,
        layer_values=tuple(values),
        layer_medians=tuple(statistics.median(layer) for layer in samples),
        n=len(pooled),
        median=statistics.median(pooled),
        reference=layers[0].measured.reference.get(metric),
    )


def judge_control(control: Control, rule: Rule, measurement: Measurement | None) -> ControlOutcome:
    """Did matrices with a known answer get that answer, and do they lie where theory puts them?"""
    if measurement is None:
        return ControlOutcome(control, "NOT_RUN", None, None, "did not run")
    outcome = apply_rule(rule, [measurement])
    obtained: GateStatus = "MET" if outcome.met else "KILLED"
    reason = f"expected {control.expected}, obtained {obtained} (median {outcome.median:.4g} [-], n {outcome.n})"
    sound = obtained == control.expected
    if control.level is not None and control.tolerance is not None:
        sound = sound and abs(outcome.median - control.level) <= control.tolerance
        reason += f"; median expected at {control.level:.4g} ± {control.tolerance:g}"
    return ControlOutcome(control, obtained, outcome.median, sound, reason)


def judge_gate(gate: Gate, interval: Interval, measurements: Measurements) -> GateOutcome:
    """MET, KILLED, INCONCLUSIVE (one of its controls is out of line) or NOT_RUN (something it needs is missing)."""
    rule = gate.claim.rule
    controls = tuple(
        judge_control(control, rule, measurements.get(Cell("control", control.name))) for control in gate.controls
    )
    cells = gate_cells(gate)
    missing = tuple(cell for cell in cells if cell not in measurements)
    layers = [measurements[cell] for cell in cells if cell.kind == "claim" and cell in measurements]
    complete = len(layers) == len(gate.layers)
    outcome = apply_rule(rule, layers) if complete else None
    status: GateStatus
    if any(control.sound is False for control in controls):
        status = "INCONCLUSIVE"
    elif missing or outcome is None:
        status = "NOT_RUN"
    else:
        status = "MET" if outcome.met else "KILLED"
    spread = None if outcome is None else bootstrap_over_layers(outcome.layer_values, interval)
    return GateOutcome(
        gate=gate,
        status=status,
        rule=outcome,
        sensitivity=tuple(apply_rule(rule, layers, metric) for metric in gate.claim.sensitivity) if complete else (),
        controls=controls,
        interval=None if spread is None else spread[0],
        minimum_detectable_effect=None if not spread or not spread[1] else DETECTABLE_STANDARD_ERRORS * spread[1],
        missing=missing,
    )


def judge_gates(prereg: Preregistration, layers: Sequence[int], measurements: Measurements) -> tuple[GateOutcome, ...]:
    """Every gate in registered order."""
    return tuple(judge_gate(gate, prereg.interval, measurements) for gate in gates(prereg, layers))


def gate_cells(gate: Gate) -> tuple[Cell, ...]:
    """What a gate needs: its controls, then its claim at each of its layers."""
    controls = tuple(Cell("control", control.name) for control in gate.controls)
    return controls + tuple(Cell("claim", gate.claim.name, layer) for layer in gate.layers)


def bootstrap_over_layers(values: Sequence[float], interval: Interval) -> tuple[tuple[float, float], float | None]:
    """Percentile interval of the mean over layers, and the standard error of that mean [-], None for a single layer.

    Layers are resampled, not matrices: matrices of one layer are not independent, and intervals over matrices cover far
    less than they say. With few layers this one covers 80 to 92 % at a nominal 95 %.
    """
    layers = np.asarray(values, dtype=np.float64)
    generator = np.random.Generator(np.random.PCG64(interval.seed))
    means = layers[generator.integers(0, len(layers), size=(interval.draws, len(layers)))].mean(axis=1)
    tail = (1.0 - interval.level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return (float(low), float(high)), error
