"""What the convergence probe concludes: structural ceiling, structure found, or a search that is not resolved. Pure.

Outside every verdict. A ceiling may be spoken of only where different searches agree, a larger budget gains nothing,
each search finds an optimum that was planted, and what is left over noise is inside the registered band around 1.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from reports.judge.gates import GateOutcome
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Probe
from reports.prereg.samples import Measured

ProbeConclusion = Literal["structural ceiling", "search unresolved", "structure found"]
# Of the mean β on the sample
FAMILIES = ("start", "landing", "larger_budget", "procrustes", "annealed_procrustes", "momentum")


@dataclass(frozen=True)
class ProbedLayer:
    """One layer's probe, means over its sample [-]."""

    layer: int
    betas: Mapping[str, float]  # by FAMILIES
    ceiling: float  # of the lift: mean 1/β(W)
    plateau_step: float

    @property
    def agreement(self) -> float:
        """How far the registered search lands from annealed Procrustes, relative."""
        return self.betas["landing"] / self.betas["annealed_procrustes"] - 1.0

    @property
    def gain(self) -> float:
        """What the larger budget adds, relative."""
        return self.betas["larger_budget"] / self.betas["landing"] - 1.0


@dataclass(frozen=True)
class ProbeOutcome:
    probe: Probe
    layers: tuple[ProbedLayer, ...]
    conclusion: ProbeConclusion
    reasons: tuple[str, ...]  # why the search is unresolved, or what the others rest on


def probed_layer(layer: int, measured: Measured) -> ProbedLayer:
    return ProbedLayer(
        layer=layer,
        betas={family: fmean(measured.samples[family]) for family in FAMILIES},
        ceiling=fmean(measured.samples["ceiling"]),
        plateau_step=fmean(measured.samples["plateau_step"]),
    )


def conclude_probe(
    probe: Probe, gates: Sequence[GateOutcome], measurements: Mapping[Cell, Measurement]
) -> ProbeOutcome | None:
    """The conclusion at the widest of the claim's gates whose layers are all probed and decomposed; None if none is."""
    for outcome in reversed([outcome for outcome in gates if outcome.gate.claim.name == probe.claim]):
        cells = [Cell("probe", probe.name, layer) for layer in outcome.gate.layers]
        if outcome.structure_interval is not None and all(cell in measurements for cell in cells):
            layers = tuple(
                probed_layer(layer, measurements[cell].measured)
                for layer, cell in zip(outcome.gate.layers, cells, strict=True)
            )
            return _concluded(probe, layers, outcome.structure_interval, outcome)
    return None


def _concluded(
    probe: Probe,
    layers: tuple[ProbedLayer, ...],
    structure: tuple[float, float],
    gate: GateOutcome,
) -> ProbeOutcome:
    doubts = [*gate.broken]
    doubts += [f"{trap.cell.id} is out of line" for trap in gate.traps if trap.sound is False]
    apart = _worst([layer.agreement for layer in layers], key=abs)
    if not abs(apart) <= probe.agree_within:
        doubts.append(
            f"the registered search and annealed Procrustes land {apart:+.2%} apart, "
            f"within {probe.agree_within:.1%} allowed"
        )
    gain = _worst([layer.gain for layer in layers])
    if not gain <= probe.gain_at_most:
        doubts.append(
            f"{probe.budget_factor} times the budget gains {gain:.2%}, at most {probe.gain_at_most:.1%} allowed"
        )
    sound = {control.control.name: control.sound for control in gate.controls}
    doubts += [
        f"{name} did not recover its planted optimum" for name in probe.recoveries if sound.get(name) is not True
    ]
    low, high = structure
    inside = 1.0 - probe.band <= low and high <= 1.0 + probe.band
    interval = f"structure {low:.4f} to {high:.4f}, band 1 ± {probe.band:g}"
    conclusion: ProbeConclusion = "search unresolved"
    if not doubts and inside:
        conclusion = "structural ceiling"
    elif not doubts and low > 1.0 + probe.band:
        conclusion = "structure found"
    elif not doubts:
        doubts.append("the interval of structure is neither inside its band nor above it")
    return ProbeOutcome(probe, layers, conclusion, (*doubts, interval))


def _worst(values: Sequence[float], key: Callable[[float], float] = float) -> float:
    """The largest by `key`, or NaN where one of them is not a number."""
    return math.nan if any(math.isnan(value) for value in values) else max(values, key=key)


def probe_json(outcome: ProbeOutcome) -> dict[str, object]:
    return {
        "name": outcome.probe.name,
        "claim": outcome.probe.claim,
        "conclusion": outcome.conclusion,
        "reasons": list(outcome.reasons),
        "by_layer": [
            {
                "layer": layer.layer,
                "beta": dict(layer.betas),
                "ceiling": layer.ceiling,
                "plateau_step": layer.plateau_step,
                "agreement": layer.agreement,
                "gain": layer.gain,
            }
            for layer in outcome.layers
        ],
    }
