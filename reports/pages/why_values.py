"""From a cell's raw values to the value that its rule reads, with the arithmetic spelled out: lines for `why`. Pure."""

import math
from collections.abc import Sequence
from statistics import fmean, median

from reports.base.spans import spans
from reports.prereg.measures import measure_file
from reports.prereg.preregistration import Control
from reports.prereg.rules import (
    AtLevel,
    ClosingAbove,
    ClosingAtMost,
    EachDomainAbove,
    EachDomainAtMost,
    EachDomainWithin,
    LargestAtMost,
    Rule,
    ShareAtMost,
    ShareBelow,
    ShareRule,
    TrapRule,
)
from reports.prereg.samples import Measured

SMALL = 1e-3  # below it a number is written with an exponent


def number(value: float) -> str:
    small = value != 0.0 and abs(value) < SMALL
    return f"{value:.2e}" if small else f"{value:.4f}"


def raw_values(measured: Measured, names: Sequence[str]) -> list[str]:
    """A table of samples: n, least, median, mean, greatest; of what has a value for each matrix by projection too."""
    lines = [f"{'':<28}{'n':>6}{'min':>11}{'median':>11}{'mean':>11}{'max':>11}"]
    for name in names:
        if name in measured.samples:
            lines.append(_row(name, measured.samples[name]))
            parts = {**measured.along(name, "projection"), **measured.along(name, "null")}
            lines += [_row(f"  {part}", values) for part, values in parts.items()]
    return lines


def _row(name: str, samples: Sequence[float]) -> str:
    figures = (min(samples), median(samples), fmean(samples), max(samples))
    return f"{name:<28}{len(samples):>6}" + "".join(f"{number(figure):>11}" for figure in figures)


def raw_names(measured: Measured, rule: Rule | TrapRule) -> list[str]:
    """The samples that a rule reads, or those that they are made of."""
    samples = measured.samples[rule.metric]
    alone = measured.samples.get(f"{rule.metric}_alone")  # of a layer by itself, where the rule reads a whole model
    return list(dict.fromkeys([*(samples.made_of or [rule.metric]), *(() if alone is None else alone.made_of)]))


def layer_arithmetic(measured: Measured, rule: Rule | TrapRule) -> list[str]:
    """How the value of one layer, or of one model, comes about."""
    samples = measured.samples[rule.metric]
    file = measure_file(rule.metric)
    worked = list(file.working(measured, rule)) if hasattr(file, "working") else []
    match rule:
        case ShareBelow() | ShareAtMost():
            return [*worked, *_share(measured, rule)]
        case ClosingAtMost() | ClosingAbove() | EachDomainAtMost() | EachDomainAbove() | EachDomainWithin():
            return worked
        case LargestAtMost():
            worst = max(samples, key=lambda value: math.inf if math.isnan(value) else value)
            return [f"the largest |value| is {number(worst)}; at most {rule.at_most:g} is allowed", *worked]
    if samples.counted == "layers" and worked:
        return worked
    return [*_mean(samples, rule.metric), *worked]


def _mean(found: Sequence[float], metric: str) -> list[str]:
    return [f"mean {metric}: {math.fsum(found):.4f} / {len(found)} = {fmean(found):.4f} [-]"]


def _share(measured: Measured, rule: ShareRule) -> list[str]:
    found, lines = measured.samples[rule.metric], []
    for projection, part in measured.along(rule.metric, "projection").items():
        below = [expert for expert, value in enumerate(part) if value < rule.limit]
        which = f": expert{'s' * (len(below) > 1)} {spans(below)}" if below and len(part) > 1 else ""
        lines.append(f"{projection}: {len(below)} of {len(part)} {rule.side} {rule.bound:g}{which}")
    count = sum(value < rule.limit for value in found)
    return [*lines, f"share {rule.side} {rule.bound:g}: {count} / {len(found)} = {count / len(found):.4f} [-]"]


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
        case EachDomainAbove():
            return f"{rule.metric} above {rule.above:g} in each domain, with every layer changed"
        case EachDomainWithin():
            return f"{rule.metric} at most {rule.at_most:g} in each domain, with every layer changed"
    return f"mean {rule.metric} at most {rule.at_most:g}"


def known_answers(control: Control, measured: Measured, metric: str) -> list[str]:
    """Where theory puts a control's matrices, beside where they are."""
    lines = []
    if control.level is not None and control.tolerance is not None:
        middle = number(median(measured.samples[metric]))
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
