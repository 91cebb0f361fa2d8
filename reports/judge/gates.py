"""From samples to gates: rules and intervals. Pure: preregistration and measurements in, outcomes out."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kernels.closed_forms.lift_decomposition import Decomposition, pooled
from reports.judge.bootstrap import bootstrap_over_prompts
from reports.judge.certified import certified_count
from reports.judge.empty_subject import Knowledge, knowledge
from reports.judge.instruments import EXACT, ControlOutcome, TrapOutcome, broken_instrument, judge_control, judge_traps
from reports.judge.spread.each_domain import DomainValue, decided, domain_values, envelope, straddling
from reports.judge.spread.full_scope import FullScope, full_scope_mean, full_scope_share
from reports.judge.spread.mean_interval import (
    detectable_effect,
    geometric_mean_interval,
    mean_interval,
    standard_error,
)
from reports.judge.spread.null_error import shared_null_error
from reports.judge.spread.null_subject import NullDraw, by_most, meeting, null_draws
from reports.judge.spread.share_posterior import share_posterior
from reports.prereg.measured_decomposition import decompose
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Control, Gate, GateStatus, Interval, Preregistration, gates
from reports.prereg.rules import (
    ClosingAtMost,
    ClosingRule,
    EachDomainAtMost,
    MeanAtLeast,
    Rule,
    ShareAtMost,
    ShareBelow,
    ShareRule,
)

Measurements = Mapping[Cell, Measurement]

# z(0.975) + z(0.80): the effect that a two-sided 5 % test over many prompts detects four times out of five, in standard
# errors; over layers, which are few, `reports/judge/spread/mean_interval.py` has it
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
    layer_counts: tuple[tuple[int, int], ...] = ()  # of a share: how many of how many, in each layer
    noise_meets: bool = False  # structureless matrices of the same shapes would meet the rule: it says nothing
    domains: tuple[DomainValue, ...] = ()  # of a rule in each domain of the prompts
    undecided: str | None = None  # says why the rule is neither met nor missed; `met` is then False

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
    missing: tuple[Cell, ...]
    registered: Interval  # the level of intervals, and how prompts are resampled
    pairs: tuple[tuple[float, float], ...] = ()  # of a rule on the model: (NLL₀, NLL) of each prompt [nats]
    broken: tuple[str, ...] = ()  # what is said of layers whose rotations are not orthogonal
    broken_cells: tuple[Cell, ...] = ()  # the same layers
    decompositions: tuple[Decomposition, ...] = ()  # one per layer
    null_error: float = 0.0  # standard error of log structure by nulls that all layers share [-]
    sources: tuple[str, ...] | None = None  # of each prompt's text; None: each prompt is its own
    knowledge: Knowledge | None = None  # of a claim about the whole model: what that knows unquantised
    null: tuple[NullDraw, ...] = ()  # of a claim of structure: what each draw of the null subject comes to

    @property
    def empty(self) -> str | None:
        """Says that the subject knows nothing that it could lose. The status is the rule's all the same."""
        return None if self.knowledge is None else self.knowledge.empty

    @property
    def undecided(self) -> str | None:
        """Says that the rule is neither met nor missed, where nothing else is in the way of a judgement."""
        unsound = bool(self.broken) or _unsound(self.controls, self.traps)
        return None if self.rule is None or unsound else self.rule.undecided

    @property
    def met_by_noise(self) -> bool:
        """Most draws of the null subject meet the rule, so that meeting it says nothing."""
        return by_most(self.null_meets, len(self.null))

    @property
    def null_meets(self) -> int:
        """How many draws of the null subject meet the rule."""
        return meeting(self.null)

    @property
    def decomposition(self) -> Decomposition | None:
        return pooled(list(self.decompositions)) if self.decompositions else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of what the rule compares, over layers like those read, or over sources of prompts [-].

        None where it was not measured, for one layer's mean, and where every layer was read: of a census there is none.
        """
        if self.rule is None or (self.gate.census and not self.pairs):
            return None
        if self.rule.domains:
            return envelope(self.rule.domains)
        if self.pairs:
            return self._over_prompts[0]
        if isinstance(self.gate.claim.rule, ShareRule):
            return share_posterior(self.rule.layer_counts).interval(self.registered.level)
        return mean_interval(self.rule.layer_values, self.registered.level)

    @property
    def minimum_detectable_effect(self) -> float | None:
        """The effect that a two-sided 5 % test would detect four times out of five [-]; None where no spread is known.

        Of a share that of a mean of as many layers, whose standard deviation is theirs, or the one that the model of
        `share_posterior.py` expects of a layer where that is larger: it is not 0 where all layers happen to agree.
        """
        if self.rule is None or (self.gate.census and not self.pairs):
            return None
        if self.rule.domains:
            errors = [value.error for value in self.rule.domains]
            return None if None in errors else DETECTABLE_STANDARD_ERRORS * max(error or 0.0 for error in errors)
        if self.pairs:
            error = self._over_prompts[1]
            return DETECTABLE_STANDARD_ERRORS * error if error else None
        layers = len(self.rule.layer_values)
        error = standard_error(self.rule.layer_values) or 0.0
        if isinstance(self.gate.claim.rule, ShareRule):
            error = max(error, math.sqrt(share_posterior(self.rule.layer_counts).layer_scatter / layers))
        return detectable_effect(error, layers)

    @property
    def turned(self) -> tuple[RuleOutcome, ...]:
        """The other registered estimators under which the rule comes out otherwise, and that noise does not meet."""
        rule = self.rule
        return (
            ()
            if rule is None
            else tuple(one for one in self.sensitivity if one.met != rule.met and not one.noise_meets)
        )

    @property
    def uninformative(self) -> tuple[RuleOutcome, ...]:
        """The other registered estimators that noise of the same shapes meets: what they say, they say of noise too."""
        return tuple(one for one in self.sensitivity if one.noise_meets)

    @cached_property
    def full_scope(self) -> FullScope | None:
        """What all layers may come to, seen from an early checkpoint; None elsewhere."""
        rule, whole = self.gate.claim.rule, self.gate.whole
        if self.rule is None or self.pairs or whole is None or self.gate.census or isinstance(rule, ClosingRule):
            return None
        if isinstance(rule, ShareRule):
            return full_scope_share(self.rule.layer_counts, whole, rule.at_least, self.registered.level)
        return full_scope_mean(self.rule.layer_values, whole, rule.at_least, self.registered.level)

    @property
    def structure_interval(self) -> tuple[float, float] | None:
        """Of the geometric mean of structure, by Student's t over layers, with the error of the nulls [-].

        Also where every layer was read: what is divided out was drawn. None for a single layer.
        """
        return geometric_mean_interval(
            [layer.structure for layer in self.decompositions], self.registered.level, self.null_error
        )

    @cached_property
    def _over_prompts(self) -> tuple[tuple[float, float], float | None]:
        return bootstrap_over_prompts(self.pairs, self.registered, self.sources)


def apply_rule(  # noqa: PLR0913, PLR0917 - what any kind of rule is applied with
    rule: Rule,
    layers: Sequence[Measurement],
    metric: str | None = None,
    tolerance: float = 0.0,
    cut_off: float | None = None,
    interval: Interval | None = None,
) -> RuleOutcome:
    """`rule` on the pooled samples of `layers`, under its own metric or under another one of the same kind.

    `tolerance` is how far a reproduced value of the metric may be [-]: it gives the outcome its reach. With `cut_off`
    a share is met above that, in place of the rule's `at_least`. `interval` says how sources are resampled, for a rule
    that is decided by intervals.
    """
    metric = metric or rule.metric
    if isinstance(rule, EachDomainAtMost):
        return _each_domain(layers[-1], metric, rule, tolerance, interval)
    if isinstance(rule, ClosingAtMost):
        return _closing_outcome(layers[-1], metric, rule, tolerance)
    samples = [measurement.measured.samples[metric] for measurement in layers]
    pooled_samples = [value for layer in samples for value in layer]
    draws: tuple[float, ...] = ()
    count = bound = None
    counts: list[tuple[int, int]] = []
    match rule:
        case ShareBelow(limit=below, at_least=threshold) | ShareAtMost(limit=below, at_least=threshold):
            threshold = threshold if cut_off is None else cut_off
            counts = [(sum(value < below for value in layer), len(layer)) for layer in samples]
            in_layer = [_share(layer, below) for layer in samples]
            observed = _share(pooled_samples, below)
            reach = (_share(pooled_samples, below - tolerance), _share(pooled_samples, below + tolerance))
            reaches = [(_share(layer, below - tolerance), _share(layer, below + tolerance)) for layer in samples]
            bound, count = rule.bound, certified_count(samples, below)
        case MeanAtLeast(at_least=threshold):
            in_layer = [statistics.fmean(layer) for layer in samples]
            observed = statistics.fmean(in_layer)
            reach = (observed - tolerance, observed + tolerance)
            reaches = [(value - tolerance, value + tolerance) for value in in_layer]
            draws = haar_draws(layers) if metric == "lift" else ()  # what τ is measured in
    met = _meets(rule, metric, observed, draws, cut_off)
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
            _meets(rule, metric, end, [draw + shift for draw in draws], cut_off) != met
            for end in reach
            for shift in (-tolerance, tolerance)  # τ is a lift too
        ),
        layer_reaches=tuple(reaches),
        below=bound,
        certified_count=count,
        layer_counts=tuple(counts),
        noise_meets=_noise_meets(rule, layers, metric),
    )


def _noise_meets(rule: Rule, layers: Sequence[Measurement], metric: str) -> bool:
    """Whether what structureless matrices of the same shapes have would meet `rule` itself, τ left aside."""
    noise = [layer.measured.samples[metric].noise for layer in layers]
    known = [values for values in noise if values is not None]
    if len(known) < len(noise):
        return False
    match rule:
        case ShareBelow(limit=limit, at_least=at_least) | ShareAtMost(limit=limit, at_least=at_least):
            return _share([value for values in known for value in values], limit) >= at_least
        case MeanAtLeast(at_least=at_least):
            return statistics.fmean(map(statistics.fmean, known)) >= at_least
    return False


def _share(samples: Sequence[float], below: float) -> float:
    return sum(value < below for value in samples) / len(samples)


def _meets(rule: Rule, metric: str, observed: float, draws: Sequence[float], cut_off: float | None = None) -> bool:
    if isinstance(rule, ClosingRule):
        return observed <= rule.at_most
    if cut_off is not None:
        return observed > cut_off
    met = observed >= rule.at_least
    if isinstance(rule, MeanAtLeast) and rule.over_tau is not None and metric == "lift":
        met = met and bool(draws) and observed > (1.0 + rule.over_tau) * max(draws)
    return met


def _closing_outcome(
    closing: Measurement, metric: str, rule: ClosingAtMost, tolerance: float, largest: float | None = None
) -> RuleOutcome:
    """A rule on the model with every layer up to `closing`'s changed; `median` is over prompts, of
    `(NLL − NLL₀) / mean NLL₀`: a single prompt's NLL₀ may be 0. `largest`: of several values, the one compared."""
    samples = closing.measured.samples[metric]
    (observed,) = samples if largest is None else (largest,)
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


def _each_domain(
    closing: Measurement, metric: str, rule: EachDomainAtMost, tolerance: float, interval: Interval | None
) -> RuleOutcome:
    """The same in each domain, decided by intervals; `observed` is the largest. Borderline: every interval moved by
    `tolerance` would decide otherwise."""
    if interval is None:
        raise ValueError(f"{metric}: no interval, expected how the sources of each domain are resampled")
    values = domain_values(closing, metric, interval)
    found = decided(values, rule.at_most)
    observed = max(value.observed for value in values)
    plain = _closing_outcome(closing, metric, ClosingAtMost(rule.metric, rule.at_most), tolerance, observed)
    return replace(
        plain,
        met=found == "met",
        borderline=any(decided(values, rule.at_most, shift) != found for shift in (-tolerance, tolerance)),
        domains=values,
        undecided=straddling(values, rule.at_most),
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
    control: Control,
    rule: Rule,
    measurement: Measurement | None,
    tolerance: float = 0.0,
    interval: Interval | None = None,
) -> ControlOutcome:
    """`judge_control` with the rule applied to the control's own layer."""
    if measurement is None:
        return ControlOutcome(control, rule.metric, "NOT_RUN", None, None, "did not run")
    outcome = apply_rule(rule, [measurement], tolerance=tolerance, interval=interval)
    judged = judge_control(control, rule, outcome.met, measurement, outcome.undecided)
    return replace(judged, borderline=outcome.borderline)


def judge_gate(
    gate: Gate,
    interval: Interval,
    measurements: Measurements,
    tolerances: Mapping[str, float] = EXACT,
    gaussian_draws: int = 1,
) -> GateOutcome:
    """MET, KILLED, INCONCLUSIVE (a control, a trap or a rotation is out of line, or the rule is undecided) or NOT_RUN
    (something is missing).

    `tolerances`: metric -> how far a reproduced value may be [-], which tells what is borderline; a metric without one
    must come out exactly. `gaussian_draws`: of how many matrices the mean is that an i.i.d. null comes to.
    """
    rule = gate.claim.rule
    controls = tuple(
        control_outcome(
            control, rule, measurements.get(Cell("control", control.name)), tolerances.get(rule.metric, 0.0), interval
        )
        for control in gate.controls
    )
    traps = judge_traps(gate, measurements, tolerances)
    missing = tuple(cell for cell in gate.cells if cell not in measurements)
    layers = [measurements[cell] for cell in gate.claim_cells if cell in measurements]
    judged = gate.judged_layers(rule)
    broken = {
        layer.cell: f"{layer.cell.id}: {worst.what} is {worst.times:.3g} times {worst.than}"
        for layer in layers
        if (worst := broken_instrument(layer.measured)) is not None
    }
    complete = len(layers) == len(judged)
    metrics = (rule.metric, *gate.claim.sensitivity) if complete else ()
    outcomes = tuple(
        apply_rule(rule, layers, metric, tolerances.get(metric, 0.0), gate.cut_off, interval) for metric in metrics
    )
    outcome = outcomes[0] if complete else None
    status: GateStatus
    if broken or _unsound(controls, traps):
        status = "INCONCLUSIVE"
    elif missing or outcome is None:
        status = "NOT_RUN"
    elif outcome.undecided is not None:
        status = "INCONCLUSIVE"
    else:
        status = "MET" if outcome.met else "KILLED"
    null = () if outcome is None else _null(gate, layers)
    pairs = paired_nll(layers[-1], outcome.metric) if outcome is not None and gate.claim.closing else []
    decompositions = _decompositions(layers) if complete else ()
    return GateOutcome(
        gate=gate,
        status=status,
        rule=outcome,
        sensitivity=outcomes[1:],
        controls=controls,
        traps=traps,
        missing=missing,
        registered=interval,
        pairs=tuple(pairs),
        broken=tuple(broken.values()),
        broken_cells=tuple(broken),
        decompositions=decompositions,
        null_error=shared_null_error([layer.measured for layer in layers], gaussian_draws),
        sources=layers[-1].measured.sources if pairs else None,
        knowledge=knowledge(layers[-1].measured, interval) if complete and gate.claim.closing else None,
        null=null,
    )


def judge_gates(prereg: Preregistration, layers: Sequence[int], measurements: Measurements) -> tuple[GateOutcome, ...]:
    """Every gate in registered order."""
    draws = 1 if prereg.rotations is None else prereg.rotations.gaussian_draws
    return tuple(
        judge_gate(gate, prereg.interval, measurements, prereg.tolerances, draws) for gate in gates(prereg, layers)
    )


def _null(gate: Gate, layers: Sequence[Measurement]) -> tuple[NullDraw, ...]:
    """Every draw of the null subject, judged at `gate` as the subject is; τ is of the subject alone and left aside."""
    rule = gate.claim.rule
    bare = replace(rule, over_tau=None) if isinstance(rule, MeanAtLeast) else rule

    def apply(drawn: Sequence[Measurement]) -> NullDraw:
        if isinstance(rule, ClosingAtMost):  # of the whole model: a draw has no prompts of its own
            (observed,) = drawn[-1].measured.samples[rule.metric]
            return NullDraw(observed, _meets(rule, rule.metric, observed, ()))
        outcome = apply_rule(bare, drawn, cut_off=gate.cut_off)
        return NullDraw(outcome.observed, outcome.met)

    return null_draws(rule.metric, layers, apply)


def _unsound(controls: Sequence[ControlOutcome], traps: Sequence[TrapOutcome]) -> bool:
    return any(control.sound is False for control in controls) or any(trap.sound is False for trap in traps)


def _decompositions(layers: Sequence[Measurement]) -> tuple[Decomposition, ...]:
    found = [decompose(layer.measured) for layer in layers]
    return tuple(decomposition for decomposition in found if decomposition is not None)


def _mean_reference(layers: Sequence[Measurement], metric: str) -> float | None:
    known = [level for layer in layers if (level := layer.measured.samples[metric].noise_mean) is not None]
    return statistics.fmean(known) if known else None
