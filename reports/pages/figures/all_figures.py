"""Every figure of a report, in the order of the page."""

from collections.abc import Iterator

from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.convergence import convergence
from reports.pages.figures.dense_comparison import beside_dense
from reports.pages.figures.figure import Figure
from reports.pages.figures.timeline import timeline
from reports.prereg.measures import measure_file


def figures(decision: Decision, measurements: Measurements) -> tuple[Figure, ...]:
    """The gates, then what each registered claim measured, its probes and its secondaries; nothing else."""
    found = {shown.name: shown for shown in _figures(decision, measurements)}  # claims may share a figure
    return tuple(found.values())


def _figures(decision: Decision, measurements: Measurements) -> Iterator[Figure]:
    prereg = decision.prereg
    yield timeline(decision)
    for claim in prereg.claims:
        file = measure_file(claim.rule.metric)
        if hasattr(file, "figures"):
            yield from file.figures(decision, claim, measurements)
        yield from (convergence(decision, probe, measurements) for probe in prereg.probes if probe.claim == claim.name)
        yield from (beside_dense(decision, one) for one in prereg.secondaries if one.claim == claim.name)
