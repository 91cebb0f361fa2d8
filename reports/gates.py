"""From samples to gates: rules and intervals. Pure: preregistration and measurements in, outcomes out."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.controls import ControlOutcome, TrapOutcome, broken_rotation, judge_control, judge_traps
from reports.measurement import Measurement
from reports.metrics import Decomposition, decompose, pooled, reference, values, variant_of
from reports.preregistration import Cell, Control, Gate, GateStatus, Interval, Preregistration, gates
from reports.rules import ClosingAtMost, MeanAtLeast, Rule, ShareBelow

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
    draws: tuple[float, ...] = ()  # mean lift over the layers by each registered Haar draw [-]

    @property
    def tau(self) -> float | None:
        """The best of the Haar draws [-]."""
        return max(self.draws, default=None)


@dataclass(frozen=True)
class GateOutcome:
    gate: Gate
    status: GateStatus
    rule: RuleOutcome | None
    sensitivity: tuple[RuleOutcome, ...]
    controls: tuple[ControlOutcome, ...]
    traps: tuple[TrapOutcome, ...]
    interval: tuple[float, float] | None  # percentile bootstrap over layers, or over prompts [-]
    minimum_detectable_effect: float | None  # [-]; None where the layers do not differ, so that no spread is known
    missing: tuple[Cell, ...]
    broken: tuple[str, ...] = ()  # layers whose rotations are not orthogonal
    decompositions: tuple[Decomposition, ...] = ()  # one per layer
    structure_interval: tuple[float, float] | None = None  # of its geometric mean, bootstrap over layers [-]

    @property
    def decomposition(self) -> Decomposition | None:
        return pooled(list(self.decompositions)) if self.decompositions else None


def apply_rule(rule: Rule, layers: Sequence[Measurement], metric: str | None = None) -> RuleOutcome:
    """`rule` on the pooled samples of `layers`, under its own metric or under another one of the same kind."""
    metric = metric or rule.metric
    samples = [values(measurement.measured, metric) for measurement in layers]
    in_layer = [statistics.fmean(layer) for layer in samples]
    pooled_samples = [value for layer in samples for value in layer]
    draws: tuple[float, ...] = ()
    match rule:
        case ShareBelow(below=below, at_least=at_least):
            in_layer = [sum(value < below for value in layer) / len(layer) for layer in samples]
            observed = sum(value < below for value in pooled_samples) / len(pooled_samples)
            met, threshold = observed >= at_least, at_least
        case MeanAtLeast(at_least=at_least, over_tau=over_tau):
            observed = statistics.fmean(in_layer)
            met, threshold = observed >= at_least, at_least
            draws = haar_draws(layers) if metric == "lift" else ()  # what τ is measured in
            if over_tau is not None and metric == "lift":
                met = met and bool(draws) and observed > (1.0 + over_tau) * max(draws)
        case ClosingAtMost(at_most=at_most):
            return _closing_outcome(layers[-1], metric, at_most)
    return RuleOutcome(
        metric=metric,
        met=met,
        observed=observed,
        threshold=threshold,
        layer_values=tuple(in_layer),
        layer_medians=tuple(statistics.median(layer) for layer in samples),
        n=len(pooled_samples),
        median=statistics.median(pooled_samples),
        reference=_mean_reference(layers, metric),
        draws=draws,
    )


def _closing_outcome(closing: Measurement, metric: str, at_most: float) -> RuleOutcome:
    """A rule on the model with every layer up to `closing`'s changed; `median` is over prompts, of
    `(NLL − NLL₀) / mean NLL₀`: a single prompt's NLL₀ may be 0."""
    (observed,) = values(closing.measured, metric)
    pairs = paired_nll(closing, metric)
    scale = statistics.fmean(before for before, _ in pairs)
    middle = statistics.median((after - before) / scale for before, after in pairs)
    return RuleOutcome(
        metric=metric,
        met=observed <= at_most,
        observed=observed,
        threshold=at_most,
        layer_values=(observed,),
        layer_medians=(middle,),
        n=len(pairs),
        median=middle,
        reference=None,
    )


def paired_nll(measurement: Measurement, metric: str) -> list[tuple[float, float]]:
    """(NLL₀, NLL) of each prompt [nats]."""
    samples = measurement.measured.samples
    return list(zip(samples["nll"], samples[f"nll_{variant_of(metric)}"], strict=True))


def haar_draws(layers: Sequence[Measurement]) -> tuple[float, ...]:
    """Per registered Haar draw the mean over `layers` of its mean lift [-]; nothing where draws were not measured."""
    by_layer = [measurement.measured.profiles.get("haar_draws", ()) for measurement in layers]
    if len({len(draws) for draws in by_layer}) != 1:  # a layer without draws: no draw has a mean over the layers
        return ()
    return tuple(statistics.fmean(draw) for draw in zip(*by_layer, strict=True))


def control_outcome(control: Control, rule: Rule, measurement: Measurement | None) -> ControlOutcome:
    """`judge_control` with the rule applied to the control's own layer."""
    if measurement is None:
        return ControlOutcome(control, "NOT_RUN", None, None, "did not run")
    return judge_control(control, rule, apply_rule(rule, [measurement]).met, measurement)


def judge_gate(gate: Gate, interval: Interval, measurements: Measurements) -> GateOutcome:
    """MET, KILLED, INCONCLUSIVE (a control, a trap or a rotation is out of line) or NOT_RUN (something is missing)."""
    rule = gate.claim.rule
    controls = tuple(
        control_outcome(control, rule, measurements.get(Cell("control", control.name))) for control in gate.controls
    )
    traps = judge_traps(gate, measurements)
    missing = tuple(cell for cell in gate.cells if cell not in measurements)
    layers = [measurements[cell] for cell in gate.claim_cells if cell in measurements]
    judged = gate.judged_layers(rule)
    broken = tuple(
        f"{layer.cell.id}: a learned rotation is {worst:.3g} times as far from orthogonal as allowed"
        for layer in layers
        if (worst := broken_rotation(layer.measured)) is not None
    )
    complete = len(layers) == len(judged)
    outcome = apply_rule(rule, layers) if complete else None
    status: GateStatus
    if broken or _unsound(controls, traps):
        status = "INCONCLUSIVE"
    elif missing or outcome is None:
        status = "NOT_RUN"
    else:
        status = "MET" if outcome.met else "KILLED"
    spread = None
    if outcome is not None and gate.claim.of_model:
        spread = bootstrap_over_prompts(paired_nll(layers[-1], outcome.metric), interval)
    elif outcome is not None:
        spread = bootstrap_over_layers(outcome.layer_values, interval)
    decompositions = _decompositions(layers) if complete else ()
    return GateOutcome(
        gate=gate,
        status=status,
        rule=outcome,
        sensitivity=tuple(apply_rule(rule, layers, metric) for metric in gate.claim.sensitivity) if complete else (),
        controls=controls,
        traps=traps,
        interval=None if spread is None else spread[0],
        minimum_detectable_effect=None if not spread or not spread[1] else DETECTABLE_STANDARD_ERRORS * spread[1],
        missing=missing,
        broken=broken,
        decompositions=decompositions,
        structure_interval=_structure_interval(decompositions, interval),
    )


def judge_gates(prereg: Preregistration, layers: Sequence[int], measurements: Measurements) -> tuple[GateOutcome, ...]:
    """Every gate in registered order."""
    return tuple(judge_gate(gate, prereg.interval, measurements) for gate in gates(prereg, layers))


def _unsound(controls: Sequence[ControlOutcome], traps: Sequence[TrapOutcome]) -> bool:
    return any(control.sound is False for control in controls) or any(trap.sound is False for trap in traps)


def _decompositions(layers: Sequence[Measurement]) -> tuple[Decomposition, ...]:
    found = [decompose(layer.measured) for layer in layers]
    return tuple(decomposition for decomposition in found if decomposition is not None)


def _structure_interval(layers: Sequence[Decomposition], interval: Interval) -> tuple[float, float] | None:
    if not layers:
        return None
    (low, high), _ = bootstrap_over_layers([math.log(layer.structure) for layer in layers], interval)
    return math.exp(low), math.exp(high)


def _mean_reference(layers: Sequence[Measurement], metric: str) -> float | None:
    known = [level for layer in layers if (level := reference(layer.measured, metric)) is not None]
    return statistics.fmean(known) if known else None


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


def bootstrap_over_prompts(
    pairs: Sequence[tuple[float, float]], interval: Interval
) -> tuple[tuple[float, float], float | None]:
    """Percentile interval of `Σ NLL / Σ NLL₀ − 1`, and its standard error [-], None for a single prompt.

    Paired: a resampled prompt brings both of its values, so that what makes a prompt hard cancels. Prompts of one
    source are not independent: the interval may be too narrow.
    """
    counts = _resampled(len(pairs), interval)
    values = np.asarray(pairs, dtype=np.float64)
    before, after = np.einsum("dp,pk->kd", counts, values)  # not BLAS, whose last digits depend on its threads
    ratios = after / before - 1.0
    tail = (1.0 - interval.level) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    error = float(ratios.std(ddof=1)) if len(values) > 1 else None
    return (float(low), float(high)), error


@lru_cache(maxsize=1)  # one set of prompts, every variant: 19 MB for 239 of them
def _resampled(count: int, interval: Interval) -> NDArray[np.float64]:
    """How often each of `count` prompts is drawn, `(draw, prompt)`."""
    generator = np.random.Generator(np.random.PCG64(interval.seed))
    return generator.multinomial(count, np.full(count, 1.0 / count), size=interval.draws).astype(np.float64)
