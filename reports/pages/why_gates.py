"""From layer values to gates and their part in the verdict, with the arithmetic spelled out: lines for `why`. Pure."""

from statistics import fmean

from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome, Measurements, RuleOutcome
from reports.judge.spread.each_domain import DomainValue
from reports.pages.messages import domain_text, gate_message
from reports.pages.sections.controls_section import controls_line
from reports.pages.sections.fired_section import OUTSIDE, borderline, full_scope_text, interval_kind, no_interval
from reports.pages.sections.sensitivity_section import fragile, uninformative
from reports.pages.sections.traps_section import traps_line
from reports.prereg.rules import ClosingAtMost, EachDomainAtMost, MeanAtLeast, ShareAtMost, ShareBelow


def gate_lines(outcome: GateOutcome, decision: Decision, measurements: Measurements) -> list[str]:
    """One gate: pooled arithmetic, spread, instruments, what other metrics would say, and what it came to."""
    lines = []
    if outcome.rule is not None:
        lines += [*_pooled(outcome, outcome.rule, measurements), *_spread(outcome, decision), *_tau(outcome)]
    lines += [*instruments(outcome), *_sensitivity(outcome), *outcome.broken]
    lines += [] if outcome.empty is None else [outcome.empty]
    return [*lines, gate_message(outcome), part(outcome, decision)]


def _pooled(outcome: GateOutcome, rule: RuleOutcome, measurements: Measurements) -> list[str]:
    registered = outcome.gate.claim.rule
    layers = [measurements[cell] for cell in outcome.gate.claim_cells]
    match registered:
        case ShareBelow() | ShareAtMost():
            samples = [layer.measured.samples[rule.metric] for layer in layers]
            by_layer = [sum(value < registered.limit for value in values) for values in samples]
            signs = ("≥", "<") if outcome.gate.cut_off is None else (">", "≤")
            terms = " + ".join(f"L{layer:02d}:{n}" for layer, n in zip(outcome.gate.layers, by_layer, strict=True))
            return [
                f"{registered.side} {registered.bound:g}: {terms} = {sum(by_layer)} of {rule.n}",
                f"{sum(by_layer)} / {rule.n} = {rule.observed:.4f} {_compared(rule.met, *signs)} {rule.threshold:g}",
            ]
        case MeanAtLeast():
            pairs = zip(outcome.gate.layers, rule.layer_values, strict=True)
            terms = " + ".join(f"L{layer:02d}:{value:.4f}" for layer, value in pairs)
            above = _compared(rule.observed >= rule.threshold, "≥", "<")
            return [
                f"mean of {len(layers)} layer values: ({terms}) / {len(layers)} = {fmean(rule.layer_values):.4f}",
                f"{rule.observed:.4f} {above} {rule.threshold:g}",
            ]
        case ClosingAtMost():
            (closing,) = outcome.gate.claim_cells
            return [
                f"read at {closing.id} alone, with every layer quantised: {rule.observed:.4f} "
                f"{_compared(rule.met, '≤', '>')} {rule.threshold:g}"
            ]
        case EachDomainAtMost():
            (closing,) = outcome.gate.claim_cells
            return [
                f"read at {closing.id} alone, with every layer quantised, domain by domain",
                *(
                    f"{domain_text(value)}, by {value.prompts} prompts from {value.sources} sources: "
                    f"{_side(value, rule.threshold)} {rule.threshold:g}"
                    for value in rule.domains
                ),
            ]


def _side(value: DomainValue, bound: float) -> str:
    if value.interval is None:
        return "without an interval, undecided at"
    low, high = value.interval
    return "below" if high <= bound else "above" if low > bound else "on both sides of"


def _compared(true: bool, sign: str, opposite: str) -> str:
    return sign if true else opposite


def _spread(outcome: GateOutcome, decision: Decision) -> list[str]:
    interval, rule = decision.prereg.interval, outcome.rule
    if rule is None:
        return []
    text = f"{interval.level:.0%} interval: none, {no_interval(outcome)}"
    if outcome.interval is not None:
        low, high = outcome.interval
        text = f"{interval.level:.0%} interval, {interval_kind(outcome, interval.draws)}: {low:.4f} to {high:.4f}"
    if outcome.minimum_detectable_effect is not None:
        text += f"; an effect of {outcome.minimum_detectable_effect:.4f} would be detected four times out of five"
    if outcome.full_scope is not None:
        text += f"; {full_scope_text(outcome.full_scope, outcome.gate)}"
    low, high = rule.reach
    same = f"within the registered tolerances it may be {low:.4f} to {high:.4f}: the same outcome"
    return [text, borderline(rule) or same]


def _tau(outcome: GateOutcome) -> list[str]:
    registered, rule = outcome.gate.claim.rule, outcome.rule
    if rule is None or not isinstance(registered, MeanAtLeast) or registered.over_tau is None:
        return []
    if rule.tau is None:
        return ["τ: its draws were not measured, so it was not beaten"]
    bar = (1.0 + registered.over_tau) * rule.tau
    beaten = _compared(rule.observed > bar, ">", "≤")
    return [
        f"τ, the best of {len(rule.draws)} Haar draws: {rule.tau:.4f}; {rule.observed:.4f} {beaten} "
        f"{1.0 + registered.over_tau:g} τ = {bar:.4f}"
    ]


def instruments(outcome: GateOutcome) -> list[str]:
    """How many controls and traps of a gate are sound, and what is said of those that are not."""
    absent = [one.control.name for one in outcome.controls if one.sound is None]
    absent += [one.cell.id for one in outcome.traps if one.sound is None]
    return [controls_line(outcome.controls), traps_line(outcome.traps), *(f"{name} did not run" for name in absent)]


def _sensitivity(outcome: GateOutcome) -> list[str]:
    rule = outcome.rule
    if rule is None or not outcome.sensitivity:
        return []
    said = [words for words in (fragile(outcome), uninformative(outcome)) if words is not None]
    same = [found.metric for found in outcome.sensitivity if found.met == rule.met and not found.noise_meets]
    return [*said, *([f"the same under {', '.join(same)}"] if same else [])]


def part(outcome: GateOutcome, decision: Decision) -> str:
    """What a gate does to the verdict."""
    if outcome in decision.exploratory_gates:
        return f"it comes after the rung's first kill: exploratory, {OUTSIDE}"
    if decision.killed_at is not None and outcome == decision.gates[decision.killed_at]:
        return f"it is the rung's first kill, so it is the verdict: {decision.verdict}, {decision.trigger}"
    if decision.verdict == "KILLED":
        return "it was judged before the rung's first kill and is part of the core; it did not kill"
    weight = {
        "INCONCLUSIVE": outcome.undecided or "one of its instruments is out of line, and no gate was killed",
        "NOT_RUN": "what it needs was not measured",
        "MET": "it does not stand in the way of survival" + (", and noise meets it too" * outcome.met_by_noise),
        "KILLED": "it kills",
    }[outcome.status]
    return f"{weight}; the verdict is {decision.verdict}"
