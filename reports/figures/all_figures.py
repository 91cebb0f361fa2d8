"""Every figure of a report, in the order of the page."""

from collections.abc import Iterator

from reports.figures.convergence import convergence
from reports.figures.decomposition import decomposition
from reports.figures.dense_comparison import beside_dense
from reports.figures.distribution import distribution
from reports.figures.inflation import nll_inflation
from reports.figures.lift import lift
from reports.figures.shown import Shown
from reports.figures.spectra import spectra
from reports.figures.timeline import timeline
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.prereg.rules import MeanAtLeast, ShareBelow


def figures(decision: Decision, measurements: Measurements) -> tuple[Shown, ...]:
    """The gates, then what each registered claim, probe and secondary measured; nothing that was not registered."""
    return tuple(_figures(decision, measurements))


def _figures(decision: Decision, measurements: Measurements) -> Iterator[Shown]:
    prereg = decision.prereg
    yield timeline(decision)
    narrow = [claim for claim in prereg.claims if isinstance(claim.rule, ShareBelow)]
    if narrow:
        yield spectra(decision, narrow[0], measurements)  # of the matrices, whatever is claimed of them
    for claim in narrow:
        if isinstance(claim.rule, ShareBelow):
            yield distribution(decision, claim, claim.rule, measurements)
    for claim in prereg.claims:
        if isinstance(claim.rule, MeanAtLeast):
            yield lift(decision, claim, claim.rule, measurements)
            yield decomposition(decision, claim, claim.rule, measurements)
    for probe in prereg.probes:
        yield convergence(decision, probe, measurements)
    for secondary in prereg.secondaries:
        yield beside_dense(decision, secondary)
    if any(claim.of_model for claim in prereg.claims):
        yield nll_inflation(decision, measurements)
