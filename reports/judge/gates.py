"""From samples to gates: rules and intervals. Pure: preregistration and measurements in, outcomes out."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kernels.closed_forms.lift_decomposition import Decomposition, pooled
from reports.judge.bootstrap import bootstrap_over_layers, bootstrap_over_prompts
from reports.judge.certified import certified_count
from reports.judge.empty_subject import Knowledge, knowledge
from reports.judge.instruments import EXACT, ControlOutcome, TrapOutcome, broken_rotation, judge_control, judge_traps
from reports.prereg.decomposed import decompose
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Control, Gate, GateStatus, Interval, Preregistration, gates
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, Rule, ShareBelow

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
    n: int  # values pooled …
    counted: str  # … and what they are of: matrices, layers, prompts
    median: float
    reference: float | None  # the metric's value for a structureless matrix of the same shape [-]
    draws: tuple[float, ...] = ()  # mean lift over the layers by each registered Haar draw [-]
    reach: tuple[float, float] = (math.nan, math.nan)  # of `observed`, were every value off by its tolerance [-]
    borderline: bool = False  # somewhere within reach the rule comes out otherwise: agreement is not promised
    layer_reaches: tuple[tuple[float, float], ...] = ()  # of `layer_values`
    below: float | None = None  # of a share: the bound that the matrices are counted under [-]
    certified_count: int | None = None  # how many are, if every machine must find as many

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
    interval: tuple[float, float] | None  # percentile bootstrap over layers, or over sources of prompts [-]
    minimum_detectable_effect: float | None  # [-]; None where the layers do not differ, so that no spread is known
    missing: tuple[Cell, ...]
    broken: tuple[str, ...] = ()  # what is said of layers whose rotations are not orthogonal
    broken_cells: tuple[Cell, ...] = ()  # the same layers
    decompositions: tuple[Decomposition, ...] = ()  # one per layer
    structure_interval: tuple[float, float] | None = None  # of its geometric mean, bootstrap over layers [-]
    knowledge: Knowledge | None = None  # of a claim about the whole model: what that knows unquantised

    @property
    def empty(self) -> str | None:
        """Says that the subject knows nothing that it could lose. The status is the rule's all the same."""
        return None if self.knowledge is None else self.knowledge.empty

    @property
    def decomposition(self) -> Decomposition | None:
        return pooled(list(self.decompositions)) if self.decompositions else None


def apply_rule(
    rule: Rule, layers: Sequence[Measurement], metric: str | None = None, tolerance: float = 0.0
) -> RuleOutcome:
    """`rule` on the pooled samples of `layers`, under its own metric or under another one of the same kind.

    `tolerance` is how far a reproduced value of the metric may be [-]: it gives the outcome its reach.
    """
    metric = metric or rule.metric
    if isinstance(rule, ClosingAtMost):
        return _closing_outcome(layers[-1], metric, rule, tolerance)
    samples = [measurement.measured.samples[metric] for measurement in layers]
    pooled_samples = [value for layer in samples for value in layer]
    draws: tuple[float, ...] = ()
    count = bound = None
    match rule:
        case ShareBelow(below=below, at_least=threshold):
            in_layer = [_share(layer, below) for layer in samples]
            observed = _share(pooled_samples, below)
            reach = (_share(pooled_samples, below - tolerance), _share(pooled_samples, below + tolerance))
            reaches = [(_share(layer, below - tolerance), _share(layer, below + tolerance)) for layer in samples]
            bound, count = below, certified_count(samples, below)
        case MeanAtLeast(at_least=threshold):
            in_layer = [statistics.fmean(layer) for layer in samples]
            observed = statistics.fmean(in_layer)
            reach = (observed - tolerance, observed + tolerance)
            reaches = [(value - tolerance, value + tolerance) for value in in_layer]
            draws = haar_draws(layers) if metric == "lift" else ()  # what τ is measured in
    met = _meets(rule, metric, observed, draws)
    return RuleOutcome(
        metric=metric,
        met=met,
        observed=observed,
        threshold=threshold,
        layer_values=tuple(in_layer),
        layer_medians=tuple(statistics.median(layer) for layer in samples),
        n=len(pooled_samples),
        counted=samples[0].counted,
        median=statistics.median(pooled_samples),
        reference=_mean_reference(layers, metric),
        draws=draws,
        reach=reach,
        borderline=any(
            _meets(rule, metric, end, [draw + shift for draw in draws]) != met
            for end in reach
            for shift in (-tolerance, tolerance)  # τ is a lift too
        ),
        layer_reaches=tuple(reaches),
        below=bound,
        certified_count=count,
    )


def _share(samples: Sequence[float], below: float) -> float:
    return sum(value < below for value in samples) / len(samples)


def _meets(rule: Rule, metric: str, observed: float, draws: Sequence[float]) -> bool:
    if isinstance(rule, ClosingAtMost):
        return observed <= rule.at_most
    met = observed >= rule.at_least
    if isinstance(rule, MeanAtLeast) and rule.over_tau is not None and metric == "lift":
        met = met and bool(draws) and observed > (1.0 + rule.over_tau) * max(draws)
    return met


def _closing_outcome(closing: Measurement, metric: str, rule: ClosingAtMost, tolerance: float) -> RuleOutcome:
    """A rule on the model with every layer up to `closing`'s changed; `median` is over prompts, of
    `(NLL − NLL₀) / mean NLL₀`: a single prompt's NLL₀ may be 0."""
    samples = closing.measured.samples[metric]
    (observed,) = samples
    pairs = paired_nll(closing, metric)
    scale = statistics.fmean(before for before, _ in pairs)
    middle = statistics.median((after - before) / scale for before, after in pairs)
    met, reach = _meets(rule, metric, observed, ()), (observed - tolerance, observed + tolerance)
    return RuleOutcome(
        metric=metric,
        met=met,
        observed=observed,
        threshold=rule.at_most,
        layer_values=(observed,),
        layer_medians=(middle,),
        n=len(pairs),
        counted=samples.counted,
        median=middle,
        reference=None,
        reach=reach,
        borderline=any(_meets(rule, metric, end, ()) != met for end in reach),
        layer_reaches=(reach,),
    )


def paired_nll(measurement: Measurement, metric: str) -> list[tuple[float, float]]:
    """(NLL₀, NLL) of each prompt [nats]: what an inflation is made of."""
    samples = measurement.measured.samples
    before, after = samples[metric].made_of
    return list(zip(samples[before], samples[after], strict=True))


def haar_draws(layers: Sequence[Measurement]) -> tuple[float, ...]:
    """Per registered Haar draw the mean over `layers` of its mean lift [-]; nothing where draws were not measured."""
    by_layer = [tuple(measurement.measured.samples.get("haar_draws", ())) for measurement in layers]
    if len({len(draws) for draws in by_layer}) != 1:  # a layer without draws: no draw has a mean over the layers
        return ()
    return tuple(statistics.fmean(draw) for draw in zip(*by_layer, strict=True))


def control_outcome(
    control: Control, rule: Rule, measurement: Measurement | None, tolerance: float = 0.0
) -> ControlOutcome:
    """`judge_control` with the rule applied to the control's own layer."""
    if measurement is None:
        return ControlOutcome(control, rule.metric, "NOT_RUN", None, None, "did not run")
    outcome = apply_rule(rule, [measurement], tolerance=tolerance)
    return replace(judge_control(control, rule, outcome.met, measurement), borderline=outcome.borderline)


def judge_gate(
    gate: Gate, interval: Interval, measurements: Measurements, tolerances: Mapping[str, float] = EXACT
) -> GateOutcome:
    """MET, KILLED, INCONCLUSIVE (a control, a trap or a rotation is out of line) or NOT_RUN (something is missing).

    `tolerances`: metric -> how far a reproduced value may be [-], which tells what is borderline; a metric without one
    must come out exactly.
    """
    rule = gate.claim.rule
    controls = tuple(
        control_outcome(
            control, rule, measurements.get(Cell("control", control.name)), tolerances.get(rule.metric, 0.0)
        )
        for control in gate.controls
    )
    traps = judge_traps(gate, measurements, tolerances)
    missing = tuple(cell for cell in gate.cells if cell not in measurements)
    layers = [measurements[cell] for cell in gate.claim_cells if cell in measurements]
    judged = gate.judged_layers(rule)
    broken = {
        layer.cell: f"{layer.cell.id}: a learned rotation is {worst:.3g} times as far from orthogonal as allowed"
        for layer in layers
        if (worst := broken_rotation(layer.measured)) is not None
    }
    complete = len(layers) == len(judged)
    metrics = (rule.metric, *gate.claim.sensitivity) if complete else ()
    outcomes = tuple(apply_rule(rule, layers, metric, tolerances.get(metric, 0.0)) for metric in metrics)
    outcome = outcomes[0] if complete else None
    status: GateStatus
    if broken or _unsound(controls, traps):
        status = "INCONCLUSIVE"
    elif missing or outcome is None:
        status = "NOT_RUN"
    else:
        status = "MET" if outcome.met else "KILLED"
    spread = None
    if outcome is not None and gate.claim.of_model:
        spread = bootstrap_over_prompts(paired_nll(layers[-1], outcome.metric), interval, layers[-1].measured.sources)
    elif outcome is not None:
        spread = bootstrap_over_layers(outcome.layer_values, interval)
    decompositions = _decompositions(layers) if complete else ()
    return GateOutcome(
        gate=gate,
        status=status,
        rule=outcome,
        sensitivity=outcomes[1:],
        controls=controls,
        traps=traps,
        interval=None if spread is None else spread[0],
        minimum_detectable_effect=None if not spread or not spread[1] else DETECTABLE_STANDARD_ERRORS * spread[1],
        missing=missing,
        broken=tuple(broken.values()),
        broken_cells=tuple(broken),
        decompositions=decompositions,
        structure_interval=_structure_interval(decompositions, interval),
        knowledge=knowledge(layers[-1].measured, interval) if complete and gate.claim.of_model else None,
    )


def judge_gates(prereg: Preregistration, layers: Sequence[int], measurements: Measurements) -> tuple[GateOutcome, ...]:
    """Every gate in registered order."""
    return tuple(judge_gate(gate, prereg.interval, measurements, prereg.tolerances) for gate in gates(prereg, layers))


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
    known = [level for layer in layers if (level := layer.measured.samples[metric].noise_mean) is not None]
    return statistics.fmean(known) if known else None
