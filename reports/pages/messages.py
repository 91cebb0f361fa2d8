"""What is said of a cell and of a gate, in one line each: where, obtained, expected, n."""

from statistics import stdev

from reports.base.spans import spans
from reports.judge.gates import GateOutcome, RuleOutcome, apply_rule
from reports.judge.spread.each_domain import DomainValue
from reports.prereg.measurement import Measurement
from reports.prereg.measures import measure_file
from reports.prereg.preregistration import Claim, Gate
from reports.prereg.rules import ClosingAtMost, EachDomainAtMost, MeanAtLeast, ShareAtMost, ShareBelow, ShareRule

NAMED = 4  # missing cells that a message names; the others it counts
MUST = {"MET": "pass", "KILLED": "fail", "INCONCLUSIVE": "be refused"}


def measurement_lines(claim: Claim, measurement: Measurement) -> list[str]:
    """The numbers of one cell, and what its measure says beside them."""
    file = measure_file(claim.rule.metric)
    beside = file.said(measurement.measured) if hasattr(file, "said") else None
    return [measurement_text(claim, measurement), *([] if beside is None else [beside])]


def measurement_text(claim: Claim, measurement: Measurement, noise: bool = True) -> str:
    """One short line of numbers for one cell: the value, its threshold, n, median, and what noise has."""
    if claim.closing:
        return damage_text(claim.rule.metric, measurement)
    outcome = apply_rule(claim.rule, [measurement])
    text = f"mean {outcome.observed:.3f} of {outcome.n}"
    if isinstance(claim.rule, ShareRule):
        text = f"{round(outcome.observed * outcome.n)}/{outcome.n} {claim.rule.side} {claim.rule.bound:.2f}"
    text = f"{text}, median {outcome.median:.3f}"
    if outcome.n == 1:
        text = f"{outcome.metric} {outcome.median:.3f}"
    return f"{text}, noise {outcome.reference:.3f}" if noise and outcome.reference is not None else text


def damage_text(metric: str, measurement: Measurement) -> str:
    """What quantising the layers up to a cell's does, and that layer alone."""
    samples = measurement.measured.samples
    if samples[metric].axes == ("domain",):
        by = zip(measurement.measured.axes["domain"], samples[metric], strict=True)
        return f"{metric} {', '.join(f'{value:+.1%} {domain}' for domain, value in by)} to here"
    (upto,) = samples[metric]
    text = f"{metric} {upto:+.1%}{_between(metric, measurement)}"
    if f"{metric}_alone" not in samples:
        return text
    (alone,) = samples[f"{metric}_alone"]
    return f"{text} to here, {alone:+.1%} alone"


def _between(metric: str, measurement: Measurement) -> str:
    """How runs from several starts, or in several draws, scatter about their mean."""
    _, after = measurement.measured.samples[metric].made_of
    each = measurement.measured.profiles.get(f"inflation_{after.removeprefix('nll_')}_by_start", ())
    return f" (± {100 * stdev(each):.1f} points between {len(each)})" if len(each) > 1 else ""


def gate_message(outcome: GateOutcome) -> str:
    """One line for one gate: where, obtained, expected, n, and what to make of it."""
    claim, rule = outcome.gate.claim, outcome.rule
    where = f"{len(outcome.gate.layers)}-layer checkpoint (layers {spans(outcome.gate.layers)})"
    if rule is None or outcome.status in ("NOT_RUN", "INCONCLUSIVE"):
        first, rest = outcome.missing[:NAMED], outcome.missing[NAMED:]
        missing = ", ".join(cell.id for cell in first) + (f" and {len(rest)} more" if rest else "")
        unsound = [control.control.name for control in outcome.controls if control.sound is False]
        unsound += [trap.cell.id for trap in outcome.traps if trap.sound is False]
        why = f"out of line: {', '.join(unsound)}" if unsound else f"not measured: {missing}"
        if outcome.status == "INCONCLUSIVE" and rule is not None and outcome.undecided is not None:
            why = f"{_observed(claim, rule)}, need {_needed(outcome.gate, rule)} [-]; {outcome.undecided}"
        return f"{where}: {outcome.status}, {outcome.broken[0] if outcome.broken else why}"
    text = f"{where}: {outcome.status}, {_observed(claim, rule)}, need {_needed(outcome.gate, rule)}"
    text += f" [-]; median {rule.median:.3f}"
    text = text if rule.reference is None else f"{text}, noise {rule.reference:.3f}"
    return "; ".join(said for said in (text, outcome.empty, met_by_noise(outcome)) if said is not None)


def met_by_noise(outcome: GateOutcome) -> str | None:
    """How many draws of the null subject meet the rule, and whether meeting it then says nothing."""
    if not outcome.null:
        return None
    met, draws = outcome.null_meets, len(outcome.null)
    observed = sorted(draw.observed for draw in outcome.null)
    said = "met by noise" if outcome.met_by_noise else "noise does not meet it"
    return f"{said}: {met} of {draws} draws of the null subject, {observed[0]:.3f} to {observed[-1]:.3f}"


def _observed(claim: Claim, outcome: RuleOutcome) -> str:
    rule, observed, n = claim.rule, outcome.observed, outcome.n
    if isinstance(rule, ShareRule):
        counted = f"{round(observed * n)}/{n} {outcome.counted} ({observed:.0%})"
        return f"{rule.metric} {rule.sign} {rule.bound:.2f} for {counted}"
    if isinstance(rule, EachDomainAtMost):
        by = ", ".join(domain_text(value) for value in outcome.domains)
        return f"{rule.metric} {by} over {n} {outcome.counted}"
    if isinstance(rule, ClosingAtMost):
        return f"{rule.metric} {observed:.3f} over {n} {outcome.counted}"
    return f"mean {rule.metric} {observed:.3f} over {n} {outcome.counted}"


def domain_text(value: DomainValue) -> str:
    """`0.021 in code [0.010, 0.034]`."""
    between = "" if value.interval is None else f" [{value.interval[0]:.3f}, {value.interval[1]:.3f}]"
    return f"{value.observed:.3f} in {value.domain}{between}"


def _needed(gate: Gate, outcome: RuleOutcome) -> str:  # noqa: PLR0911 - a rule each
    cut_off = gate.cut_off
    match gate.claim.rule:
        case ShareBelow() | ShareAtMost() if cut_off is not None:
            least = next(count for count in range(outcome.n + 1) if count / outcome.n > cut_off)
            return f"≥ {least} (more than {cut_off:.0%})"
        case ShareBelow(at_least=at_least) | ShareAtMost(at_least=at_least):
            return f"≥ {_matrices_needed(at_least, outcome.n)} ({at_least:.0%})"
        case ClosingAtMost(at_most=at_most):
            return f"≤ {at_most:g}"
        case EachDomainAtMost(at_most=at_most):
            return f"intervals ≤ {at_most:g} in each"
        case MeanAtLeast(at_least=at_least, over_tau=over_tau):
            if over_tau is None:
                return f"≥ {at_least:g}"
            if outcome.tau is None:
                return f"≥ {at_least:g} and > {1 + over_tau:g} τ, whose draws were not measured"
            return f"≥ {at_least:g} and > {1 + over_tau:g} τ = {(1 + over_tau) * outcome.tau:.3f}"


def _matrices_needed(share: float, n: int) -> int:
    """The smallest count that meets `count / n >= share` as the rule computes it."""
    return next(count for count in range(n + 1) if count / n >= share)
