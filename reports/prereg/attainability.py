"""Can a claim's gate come out both ways? An example shows that it can, or a theorem that it cannot."""

import math
from typing import Literal

from reports.prereg.known_names import RELATIVE
from reports.prereg.prefilter import haar_level
from reports.prereg.preregistration import Claim, Subject
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, ShareBelow

Severity = Literal["proved", "note", "warning", "refused"]
Branch = tuple[Severity, str]
SLACK = 1.01  # on the ceiling of structure, which holds for means of β only about


def branches(claim: Claim, subject: Subject) -> tuple[Branch, Branch]:
    """What is known of the claim's gate coming out MET, and KILLED."""
    match claim.rule:
        case ShareBelow() as rule if rule.metric.startswith(RELATIVE):
            met, killed = _relative_branches(rule, subject)
        case ShareBelow() as rule:
            met, killed = _share_branches(rule, subject)
        case MeanAtLeast(metric="lift") as rule:
            met, killed = _lift_branches(rule, subject)
        case MeanAtLeast(metric="structure") as rule:
            met, killed = _structure_branches(rule, subject)
        case ClosingAtMost() as rule:
            met, killed = _inflation_branches(rule)
        case rule:
            return _unknown(rule.metric)
    return met, killed


def ratio_range(metric: str, d: int) -> tuple[float, float] | None:
    """Least and greatest d_eff/d [-] at min side `d`: of rank one, and with all singular values equal.

    The greatest energy rank is ceil(share d)/d, since any inequality of the values lowers it. None for another metric.
    """
    percent = {"energy_rank_90": 90, "energy_rank_95": 95, "energy_rank_99": 99}.get(metric)
    if percent is not None:
        return 1 / d, -(-percent * d // 100) / d
    if metric in ("participation_ratio", "entropy_rank_sigma", "entropy_rank_energy", "stable_rank"):
        return 1 / d, 1.0
    return None


def _share_branches(rule: ShareBelow, subject: Subject) -> tuple[Branch, Branch]:
    d = min(subject.hidden_size, subject.intermediate_size)
    span = ratio_range(rule.metric, d)
    if span is None:
        return _unknown(rule.metric)
    least, greatest = span
    met: Branch
    killed: Branch
    if rule.at_least > 1:
        met = ("refused", f"unreachable: a share of {rule.at_least:g} is asked for, none exceeds 1 [-]")
    elif least >= rule.below:
        met = ("refused", f"unreachable: {rule.metric} ≥ {least:.4g} at d = {d}, and < {rule.below:g} is asked for [-]")
    else:
        met = ("proved", f"attainable: rank one gives {rule.metric} {least:.4g} < {rule.below:g} at d = {d} [-]")
    if rule.at_least <= 0:
        killed = ("refused", "unreachable: a share of 0 is met by any weights")
    elif greatest < rule.below:
        killed = ("refused", f"unreachable: {rule.metric} ≤ {greatest:.4g} < {rule.below:g} at d = {d} [-]")
    else:
        isotropic = f"equal singular values give {rule.metric} {greatest:.4g}"
        killed = ("proved", f"attainable: {isotropic} ≥ {rule.below:g} at d = {d} [-]")
    return met, killed


def _relative_branches(rule: ShareBelow, subject: Subject) -> tuple[Branch, Branch]:
    """Over noise of the same shape: rank one has 1/d over at least 1/4 (no estimator here puts noise lower)."""
    d = min(subject.hidden_size, subject.intermediate_size)
    if ratio_range(rule.metric.removeprefix(RELATIVE), d) is None:
        return _unknown(rule.metric)
    most = 4.0 / d
    met: Branch = ("proved", f"attainable: rank one gives {rule.metric} ≤ {most:.4g} < {rule.below:g} at d = {d} [-]")
    if rule.at_least > 1 or rule.below <= 0:
        met = ("refused", f"unreachable: {rule.metric} < {rule.below:g} for a share of {rule.at_least:g} is asked for")
    elif most >= rule.below:
        met = ("warning", f"unchecked: rank one gives {rule.metric} ≤ {most:.4g} at d = {d}, {rule.below:g} is asked")
    if rule.at_least <= 0 or rule.below > 1:
        return met, (
            "refused",
            f"unreachable: noise meets the rule, its {rule.metric} is 1 < {rule.below:g}, or a share of 0 is asked for",
        )
    return met, ("proved", f"attainable: noise has {rule.metric} 1 ≥ {rule.below:g} [-]")


def _lift_branches(rule: MeanAtLeast, subject: Subject) -> tuple[Branch, Branch]:
    """Jensen: beta after any rotation is at most 1, so a matrix is lifted at most 1/beta; and beta >= 1/sqrt(n)."""
    asked, n = rule.at_least, max(subject.hidden_size, subject.intermediate_size)
    haar = haar_level(n)
    met: Branch
    if asked > math.sqrt(n):
        met = ("refused", f"unreachable: lift ≤ 1/β ≤ √n = {math.sqrt(n):.4g} at n = {n}, {asked:g} is asked for [-]")
    elif asked > 1 / haar:
        met = (
            "proved",
            f"forbidden by theorem unless unrotated β ≤ {1 / asked:.3f}: lift ≤ 1/β (Jensen), from the Haar level "
            f"{haar:.4f} at n = {n} at most {1 / haar:.4f}, at any width below √(π/2) = {math.sqrt(math.pi / 2):.4f}, "
            f"{asked:g} is asked for; below β = {haar / asked:.3f} a Haar rotation alone attains it [-]",
        )
    else:
        undone = f"signs behind a Haar rotation (β {haar:.4f} at n = {n}) are lifted {1 / haar:.4f} times by undoing it"
        met = ("proved", f"attainable: {undone}, {asked:g} is asked [-]")
    killed: Branch
    if asked <= 1:
        killed = ("refused", f"unreachable: leaving the weights unrotated has lift 1 ≥ {asked:g} [-]")
    else:
        killed = ("proved", f"attainable: a matrix of signs has β = 1, so lift ≤ 1 < {asked:g} [-]")
    return met, killed


def _structure_branches(rule: MeanAtLeast, subject: Subject) -> tuple[Branch, Branch]:
    """A learned rotation lands at β ≤ 1, a mean Haar lift is about haar/β: structure ≤ about 1/(haar × noise fit).

    About, because the mean of β lies below its root mean square: by 0.3 % for a single row of length 16, less for more.
    """
    asked = rule.at_least
    greatest = 1 / haar_level(max(subject.hidden_size, subject.intermediate_size))
    met: Branch
    if asked > greatest * SLACK:
        met = ("refused", f"unreachable: structure ≤ about 1/Haar level = {greatest:.4g}, {asked:g} is asked for [-]")
    else:
        met = (
            "proved",
            f"attainable: a planted rotation leaves up to {greatest:.4g} over noise, {asked:g} is asked [-]",
        )
    if asked <= 1:
        return met, ("refused", f"unreachable: noise meets the rule, its structure is 1 ≥ {asked:g} [-]")
    return met, ("proved", f"attainable: noise has structure 1 < {asked:g} [-]")


def _inflation_branches(rule: ClosingAtMost) -> tuple[Branch, Branch]:
    """NLL is at least 0, so inflation is at least -1; it has no upper bound."""
    met: Branch
    if rule.at_most < -1:
        met = ("refused", f"unreachable: inflation ≥ -1, and {rule.at_most:g} is asked for [-]")
    elif rule.at_most < 0:
        met = ("proved", f"attainable only by weights that quantising improves: inflation ≤ {rule.at_most:g} < 0 [-]")
    else:
        met = ("proved", f"attainable: the identity quantiser has inflation 0 ≤ {rule.at_most:g} [-]")
    return met, ("proved", f"attainable: inflation has no upper bound, so it can exceed {rule.at_most:g} [-]")


def _unknown(metric: str) -> tuple[Branch, Branch]:
    unknown: Branch = ("warning", f"unchecked: nothing is known of the range of {metric}")
    return unknown, unknown
