"""What a secondary concludes: are experts narrower than the FFN of a dense model, each relative to its own null? Pure.

Outside every verdict. The experts' side is what the claim measured at the same layer, the dense side what the secondary
measured there; layers count, matrices do not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from reports.judge.gates import Measurements
from reports.judge.spread.mean_interval import mean_interval
from reports.prereg.preregistration import Cell, Preregistration, Secondary, running_order

Comparison = Literal["narrower", "not narrower", "unresolved"]
FEWEST = 2  # layers; a single one has no spread


@dataclass(frozen=True)
class ComparedLayer:
    """One layer's mean of the metric over the matrices of each side [-]."""

    layer: int
    experts: float
    dense: float
    dense_sha256: str  # of the dense layer's tensors

    @property
    def difference(self) -> float:
        return self.experts - self.dense


@dataclass(frozen=True)
class SecondaryOutcome:
    secondary: Secondary
    layers: tuple[ComparedLayer, ...]  # those measured on both sides
    registered: int  # how many there are to compare
    interval: tuple[float, float]  # of the mean difference, Student's t over layers [-]
    conclusion: Comparison

    @property
    def difference(self) -> float:
        """Mean over layers of experts minus dense [-]; negative where experts are narrower."""
        return fmean(layer.difference for layer in self.layers)


def conclude_secondary(
    secondary: Secondary, prereg: Preregistration, layers: Sequence[int], measurements: Measurements
) -> SecondaryOutcome | None:
    """The comparison over all layers measured on both sides; None where they are fewer than two.

    *narrower* if the interval of experts minus dense is below the registered band around 0, *not narrower* if above,
    else *unresolved*. `layers` are the subject's layers that have experts.
    """
    cells = [cell for cell in running_order(prereg, layers) if cell.kind == "secondary" and cell.name == secondary.name]
    cells.sort(key=lambda cell: cell.layer or 0)  # in whatever order they were read
    compared = tuple(layer for cell in cells if (layer := compared_layer(secondary, cell, measurements)) is not None)
    if len(compared) < FEWEST:
        return None
    low, high = mean_interval([layer.difference for layer in compared], prereg.interval.level) or (math.nan, math.nan)
    band = secondary.band
    conclusion: Comparison = "narrower" if high < -band else "not narrower" if low > band else "unresolved"
    return SecondaryOutcome(secondary, compared, len(cells), (low, high), conclusion)


def compared_layer(secondary: Secondary, cell: Cell, measurements: Measurements) -> ComparedLayer | None:
    """Both sides at the layer of `cell`, or None where one was not measured."""
    experts, dense = measurements.get(experts_cell(secondary, cell)), measurements.get(cell)
    if cell.layer is None or experts is None or dense is None:
        return None
    return ComparedLayer(
        layer=cell.layer,
        experts=fmean(experts.measured.samples[secondary.metric]),
        dense=fmean(dense.measured.samples[secondary.metric]),
        dense_sha256=dense.tensors_sha256,
    )


def experts_cell(secondary: Secondary, cell: Cell) -> Cell:
    """The claim's cell that holds the experts' side of the secondary's `cell`."""
    return Cell("claim", secondary.claim, cell.layer)


def secondary_line(outcome: SecondaryOutcome) -> str:
    """The comparison in one line."""
    low, high = outcome.interval
    secondary, of = outcome.secondary, f"{len(outcome.layers)} of {outcome.registered} layers"
    return (
        f"{secondary.name}: {outcome.conclusion}, {secondary.metric} of experts minus that of {secondary.dense.name} "
        f"{outcome.difference:+.3f} [{low:+.3f}, {high:+.3f}] over {of}"
    )


def secondary_json(outcome: SecondaryOutcome) -> dict[str, object]:
    dense = outcome.secondary.dense
    return {
        "name": outcome.secondary.name,
        "claim": outcome.secondary.claim,
        "metric": outcome.secondary.metric,
        "dense": {
            "name": dense.name,
            "source": dense.name if dense.exploratory else dense.source,  # a path of this machine is nobody's business
            "revision": dense.revision,
            "exploratory": dense.exploratory,
        },
        "conclusion": outcome.conclusion,
        "difference": outcome.difference,
        "interval": list(outcome.interval),
        "layers_registered": outcome.registered,
        "by_layer": [
            {
                "layer": layer.layer,
                "experts": layer.experts,
                "dense": layer.dense,
                "difference": layer.difference,
                "dense_sha256": layer.dense_sha256,
            }
            for layer in outcome.layers
        ],
    }
