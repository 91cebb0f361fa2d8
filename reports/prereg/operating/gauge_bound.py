"""What the condition number of a gauge allows by itself: a theorem that lint prints beside the threshold.

With D = W M - Q(W M) the round trip loses D M⁻¹, and |D M⁻¹| ≥ |D| / σ_max(M), |W M| ≥ σ_min(M) |W|. So the relative
error e(M) is at least 1 / cond(M) of the relative error of W M, and at most cond(M) times it.
"""

from collections.abc import Iterator

from reports.prereg.measures import needs
from reports.prereg.metric import Severity
from reports.prereg.preregistration import Preregistration
from reports.prereg.rules import MeanAtLeast


def gauge_bounds(prereg: Preregistration) -> Iterator[tuple[str, Severity, str]]:
    """Of each claim about a gauge: what its condition can save where W M is as far from the grid as a Haar W R."""
    for claim in prereg.claims:
        rule = claim.rule
        if prereg.gauge is None or "gauge" not in needs(rule.metric) or not isinstance(rule, MeanAtLeast):
            continue
        most = prereg.gauge.condition
        alone = 1.0 - 1.0 / most
        text = (
            f"e(M) ≥ |W M − Q(W M)| / (σ_max(M) |W|), so at least 1 / cond(M) of the relative error of W M: with "
            f"cond(M) ≤ {most:g} and W M as far from its grid as by Haar rotations at most {alone:.4g} is saved"
        )
        enough = (
            "; beyond, W M must be nearer to the grid"
            if rule.at_least <= alone
            else (f"; the threshold of {rule.at_least:g} is met only where W M is nearer to the grid")
        )
        yield claim.name, "note", text + enough
