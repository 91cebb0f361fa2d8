"""From a cell's raw values to the value that its rule reads, with the arithmetic spelled out: lines for `why`. Pure."""

import math
from collections.abc import Sequence
from statistics import fmean, median

from reports.base.matrix_names import by_projection
from reports.base.spans import spans
from reports.prereg.known_names import NULLS, RELATIVE
from reports.prereg.measurement import Measured
from reports.prereg.metrics import TRIVIALITY, decompose, values, variant_of
from reports.prereg.preregistration import Control
from reports.prereg.rules import (
    AtLevel,
    ClosingAbove,
    ClosingAtMost,
    LargestAtMost,
    MeanAtLeast,
    Rule,
    ShareBelow,
    TrapRule,
)

PER_MATRIX = ("beta", "energy_rank_95", "round_trip")  # samples that hold one value per matrix wherever they stand
SMALL = 1e-3  # below it a number is written with an exponent


def number(value: float) -> str:
    small = value != 0.0 and abs(value) < SMALL
    return f"{value:.2e}" if small else f"{value:.4f}"


def raw_values(measured: Measured, names: Sequence[str]) -> list[str]:
    """A table of samples: n, least, median, mean, greatest; by projection where there is one value per matrix."""
    matrices = max((len(measured.samples.get(name, ())) for name in PER_MATRIX), default=0)
    lines = [f"{'':<28}{'n':>6}{'min':>11}{'median':>11}{'mean':>11}{'max':>11}"]
    for name in names:
        samples = measured.samples.get(name, ())
        if not samples:
            continue
        lines.append(_row(name, samples))
        by_prompt = "nll" in measured.samples
        parts = by_projection(samples) if not by_prompt and len(samples) == matrices else {}
        lines += [_row(f"  {projection}", part) for projection, part in parts.items()]
    return lines


def _row(name: str, samples: Sequence[float]) -> str:
    figures = (min(samples), median(samples), fmean(samples), max(samples))
    return f"{name:<28}{len(samples):>6}" + "".join(f"{number(figure):>11}" for figure in figures)


def raw_names(measured: Measured, rule: Rule | TrapRule) -> list[str]:
    """The samples that a rule reads, and those that it is derived from."""
    match rule:
        case ShareBelow():
            return [rule.metric.removeprefix(RELATIVE)]
        case ClosingAtMost() | ClosingAbove():
            variant = variant_of(rule.metric)
            return ["nll", f"nll_{variant}", f"nll_{variant}_alone"]
        case LargestAtMost():
            return list(TRIVIALITY) if rule.metric == "triviality" else [rule.metric]
        case AtLevel():
            return ["beta", rule.metric, "lift"]
        case MeanAtLeast():
            nulls = [f"null_{null}" for null in NULLS]
            return ["beta", "landing", "lift", "random", "sampled_lift", "sampled_random", *nulls]
    return [rule.metric]


def layer_arithmetic(measured: Measured, rule: Rule | TrapRule) -> list[str]:
    """How the value of one layer, or of one model, comes about."""
    match rule:
        case ShareBelow():
            return _share(measured, rule)
        case ClosingAtMost() | ClosingAbove():
            return _inflation(measured, rule.metric)
        case LargestAtMost():
            worst = max(values(measured, rule.metric), key=lambda value: math.inf if math.isnan(value) else value)
            return [f"the largest |value| is {number(worst)}; at most {rule.at_most:g} is allowed"]
        case MeanAtLeast(metric="structure"):
            return _decomposition(measured)
        case MeanAtLeast():
            return [*_mean(values(measured, rule.metric), rule.metric), *_decomposition(measured)]
    return _mean(values(measured, rule.metric), rule.metric)


def _mean(found: Sequence[float], metric: str) -> list[str]:
    return [f"mean {metric}: {math.fsum(found):.4f} / {len(found)} = {fmean(found):.4f} [-]"]


def _share(measured: Measured, rule: ShareBelow) -> list[str]:
    found = values(measured, rule.metric)
    lines = []
    if rule.metric.startswith(RELATIVE):
        noise = measured.reference[rule.metric.removeprefix(RELATIVE)]
        lines.append(
            f"each value over {noise:.4f}, what noise of the same shape has: below {rule.below:g} where the value is "
            f"below {rule.below * noise:.4f}"
        )
    for projection, part in by_projection(found).items():
        below = [expert for expert, value in enumerate(part) if value < rule.below]
        which = f": expert{'s' * (len(below) > 1)} {spans(below)}" if below and len(part) > 1 else ""
        lines.append(f"{projection}: {len(below)} of {len(part)} below {rule.below:g}{which}")
    count = sum(value < rule.below for value in found)
    return [*lines, f"share below {rule.below:g}: {count} / {len(found)} = {count / len(found):.4f} [-]"]


def _inflation(measured: Measured, metric: str) -> list[str]:
    lines, registered = [], variant_of(metric)
    scopes = {registered: "every layer up to this one", f"{registered}_alone": "this layer alone"}
    for variant, scope in scopes.items():
        if f"nll_{variant}" in measured.samples:
            before, after = fmean(measured.samples["nll"]), fmean(measured.samples[f"nll_{variant}"])
            lines.append(
                f"{scope} quantised: mean NLL {after:.4f} / {before:.4f} nats - 1 = {after / before - 1.0:+.4f} [-]"
            )
    uniform = measured.reference.get("nll")
    return lines if uniform is None else [*lines, f"a uniform output would have {uniform:.4f} nats"]


def _decomposition(measured: Measured) -> list[str]:
    """lift = random × noise fit × structure, where it was taken apart."""
    factors = decompose(measured)
    if factors is None:
        return []
    nulls = ", ".join(f"{null} {value:.4f}" for null, value in factors.nulls.items())
    sampled = len(measured.samples["sampled_lift"])
    return [
        f"on {sampled} sampled rotations: lift {factors.lift:.4f}, by Haar rotations {factors.random:.4f}",
        f"noise fit: the largest of {nulls}",
        f"structure: {factors.lift:.4f} / ({factors.random:.4f} × {factors.noise_fit:.4f}) = {factors.structure:.4f} "
        "[-]",
    ]


def trap_rule_text(rule: TrapRule) -> str:
    """The registered rule of a trap in one line."""
    match rule:
        case AtLevel():
            below = "" if rule.lift_below is None else f", and mean lift below {rule.lift_below:g}"
            return f"mean {rule.metric} within {rule.within:g} of its level in theory{below}"
        case LargestAtMost():
            return f"no |{rule.metric}| above {rule.at_most:g}"
        case ClosingAbove():
            return f"{rule.metric} above {rule.above:g} with every layer quantised"
    return f"mean {rule.metric} at most {rule.at_most:g}"


def known_answers(control: Control, measured: Measured, metric: str) -> list[str]:
    """Where theory puts a control's matrices, beside where they lie."""
    lines = []
    if control.level is not None and control.tolerance is not None:
        middle = number(median(values(measured, metric)))
        lines.append(f"known: median {metric} {control.level:.4g} ± {control.tolerance:g}; it is {middle}")
    if control.unrotated is not None and control.unrotated_tolerance is not None:
        beta = number(fmean(measured.samples["beta"]))
        lines.append(f"known: mean unrotated β {control.unrotated:g} ± {control.unrotated_tolerance:g}; it is {beta}")
    if control.landing_at_least is not None:
        least = number(min(measured.samples["landing"]))
        lines.append(f"known: every landing at least {control.landing_at_least:g}; the least is {least}")
    if control.model is not None:
        nll, known = number(fmean(measured.samples["nll"])), control.model
        lines.append(f"known: unquantised NLL {known.nll:g} ± {known.nll_tolerance:g} nats; it is {nll}")
    return lines
