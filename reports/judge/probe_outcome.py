"""What the convergence probe concludes: no structure beyond noise, structure found, or search unresolved. Pure.

Outside every verdict. One search may end below what another one reaches, so it concludes from the **best landing of
all families**, each at its registered budget, on the weights and on nulls of their shapes alike:

    structure of a layer = mean β of the best family on the weights / mean β of the best on the null that gains most.

- *no structure beyond noise*: the interval of structure over layers lies inside the registered band around 1, and
  every family recovers a planted optimum;
- *structure found*: it lies above the band, and they do;
- *search unresolved*: anything else, an instrument of the gate out of line included.

Where a search ends is its landing. Only a theorem makes a ceiling.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from reports.judge.gates import GateOutcome
from reports.judge.spread.mean_interval import geometric_mean_interval
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Interval, Probe
from reports.prereg.probed_families import BEST, GAUSSIAN, LARGER, NOISE, RECOVERED, SEARCHED
from reports.prereg.samples import Measured

ProbeConclusion = Literal["no structure beyond noise", "search unresolved", "structure found"]
FAMILIES = ("start", SEARCHED[0], LARGER, *SEARCHED[1:])  # of β on the weights, as they are told


@dataclass(frozen=True)
class ProbedLayer:
    """One layer's probe, means over its sample [-]."""

    layer: int
    betas: Mapping[str, float]  # on the weights, by those of FAMILIES that were measured
    noise: Mapping[str, float]  # on i.i.d. matrices of the same shapes, by family
    nulls: Mapping[str, float]  # the best landing on each null; empty where nulls were not searched
    recovered: Mapping[str, float]  # the least β of each family on a planted optimum
    ceiling: float  # of the lift: mean 1/β(W), a theorem
    plateau_step: float

    @property
    def best(self) -> str:
        """The family that lands highest on the weights."""
        return max((family for family in SEARCHED if family in self.betas), key=lambda family: self.betas[family])

    @property
    def structure(self) -> float | None:
        """Best landing on the weights over the best on the null that gains most; None without nulls."""
        if not self.nulls:
            return None
        landed = [beta for family, beta in self.betas.items() if family in SEARCHED]
        return _worst(landed) / _worst(list(self.nulls.values()))

    @property
    def agreement(self) -> float:
        """How far the registered search lands from annealed Procrustes, relative."""
        return self.betas["landing"] / self.betas["annealed_procrustes"] - 1.0

    @property
    def gain(self) -> float:
        """What the larger budget adds, relative."""
        return self.betas[LARGER] / self.betas["landing"] - 1.0

    @property
    def short(self) -> float:
        """How far the registered search lands from the best one, relative."""
        return self.betas["landing"] / self.betas[self.best] - 1.0


@dataclass(frozen=True)
class ProbeOutcome:
    probe: Probe
    layers: tuple[ProbedLayer, ...]
    conclusion: ProbeConclusion
    structure_interval: tuple[float, float] | None  # over layers [-]; None where nulls were not searched
    reasons: tuple[str, ...]  # why the search is unresolved, or what the others rest on

    @property
    def recovered(self) -> Mapping[str, float]:
        """The least β of each family on the planted optimum, the least of the layers' [-]."""
        found = {
            family: [one.recovered[family] for one in self.layers if family in one.recovered] for family in SEARCHED
        }
        return {family: min(betas) for family, betas in found.items() if betas}


def probed_layer(layer: int, measured: Measured) -> ProbedLayer:
    """A measurement that was made before nulls were searched has no nulls, and nothing is concluded from it."""
    samples = measured.samples

    def means(prefix: str) -> dict[str, float]:
        return {name.removeprefix(prefix): fmean(samples[name]) for name in samples if name.startswith(prefix)}

    noise, resembling = means(NOISE), means(BEST)
    searched = bool(noise) and bool(resembling)
    return ProbedLayer(
        layer=layer,
        betas={family: fmean(samples[family]) for family in FAMILIES if family in samples},
        noise=noise,
        nulls={GAUSSIAN: max(noise.values()), **resembling} if searched else {},
        recovered=dict(zip(SEARCHED, samples[RECOVERED], strict=True)) if RECOVERED in samples else {},
        ceiling=fmean(samples["ceiling"]),
        plateau_step=fmean(samples["plateau_step"]),
    )


def conclude_probe(
    probe: Probe, gates: Sequence[GateOutcome], measurements: Mapping[Cell, Measurement], interval: Interval
) -> ProbeOutcome | None:
    """The conclusion at the widest of the claim's gates whose layers are all measured and probed; None if none is."""
    for outcome in reversed([outcome for outcome in gates if outcome.gate.claim.name == probe.claim]):
        cells = [Cell("probe", probe.name, layer) for layer in outcome.gate.layers]
        if outcome.rule is not None and all(cell in measurements for cell in cells):
            layers = tuple(
                probed_layer(layer, measurements[cell].measured)
                for layer, cell in zip(outcome.gate.layers, cells, strict=True)
            )
            return _concluded(probe, layers, outcome, interval)
    return None


def _concluded(probe: Probe, layers: tuple[ProbedLayer, ...], gate: GateOutcome, interval: Interval) -> ProbeOutcome:
    doubts = [*gate.broken]
    doubts += [f"{trap.cell.id} is out of line" for trap in gate.traps if trap.sound is False]
    doubts += _unrecovered(probe, layers, gate)
    structures = [layer.structure for layer in layers if layer.structure is not None]
    if len(structures) < len(layers):
        doubts.append("what the searches land on nulls was not measured; measure again")
        return ProbeOutcome(probe, layers, "search unresolved", None, (*doubts, *_beside(probe, layers)))
    conclusion: ProbeConclusion = "search unresolved"
    spread = None if any(map(math.isnan, structures)) else geometric_mean_interval(structures, interval.level)
    low, high = spread or (math.nan, math.nan)
    if not doubts and 1.0 - probe.band <= low and high <= 1.0 + probe.band:
        conclusion = "no structure beyond noise"
    elif not doubts and low > 1.0 + probe.band:
        conclusion = "structure found"
    elif not doubts:
        doubts.append("the interval of structure is neither inside its band nor above it")
    told = f"structure of the best landings {low:.4f} to {high:.4f}, band 1 ± {probe.band:g}"
    if spread is None:
        told = f"no interval of structure over {len(layers)} layers, band 1 ± {probe.band:g}"
    return ProbeOutcome(probe, layers, conclusion, spread, (*doubts, told, *_beside(probe, layers)))


def _unrecovered(probe: Probe, layers: Sequence[ProbedLayer], gate: GateOutcome) -> list[str]:
    """The controls, and the families on the first of them, that miss the landing that a planted optimum asks for."""
    sound = {control.control.name: control.sound for control in gate.controls}
    doubts = [f"{name} did not recover its planted optimum" for name in probe.recoveries if sound.get(name) is not True]
    planted = next((one.control for one in gate.controls if one.control.name in probe.recoveries), None)
    if planted is None or planted.landing_at_least is None:
        return doubts
    for family in SEARCHED:
        found = [layer.recovered[family] for layer in layers if family in layer.recovered]
        least = _worst([-beta for beta in found]) if found else None
        if least is not None and not -least >= planted.landing_at_least:
            doubts.append(
                f"{family} lands at {-least:.4f} on {planted.name}, at least {planted.landing_at_least:g} asked"
            )
    return doubts


def _beside(probe: Probe, layers: Sequence[ProbedLayer]) -> list[str]:
    """What is told of the registered search where others go farther; nothing rests on it."""
    told = []
    short = _worst([-layer.short for layer in layers])
    if not short <= 0.0:
        where = max(layers, key=lambda layer: -layer.short)
        told.append(f"the registered search lands up to {short:.2%} below the best, {where.best}")
    apart = _worst([layer.agreement for layer in layers], key=abs)
    if not abs(apart) <= probe.agree_within:
        told.append(f"it and annealed Procrustes land {apart:+.2%} apart, {probe.agree_within:.1%} registered")
    gain = _worst([layer.gain for layer in layers])
    if not gain <= probe.gain_at_most:
        told.append(f"{probe.budget_factor} times its budget gains {gain:.2%}, {probe.gain_at_most:.1%} registered")
    return told


def _worst(values: Sequence[float], key: Callable[[float], float] = float) -> float:
    """The largest by `key`, or NaN where one of them is not a number."""
    return math.nan if any(math.isnan(value) for value in values) else max(values, key=key)


def probe_json(outcome: ProbeOutcome) -> dict[str, object]:
    return {
        "name": outcome.probe.name,
        "claim": outcome.probe.claim,
        "conclusion": outcome.conclusion,
        "structure_interval": None if outcome.structure_interval is None else list(outcome.structure_interval),
        "reasons": list(outcome.reasons),
        "recovered": dict(outcome.recovered),
        "by_layer": [
            {
                "layer": layer.layer,
                "beta": dict(layer.betas),
                "noise": dict(layer.noise),
                "nulls": dict(layer.nulls),
                "best": layer.best,
                "structure": layer.structure,
                "ceiling": layer.ceiling,
                "plateau_step": layer.plateau_step,
                "agreement": layer.agreement,
                "gain": layer.gain,
            }
            for layer in outcome.layers
        ],
    }
