"""What a claim's gates do to rungs of a known truth: killed early or late, wrongly or not, after how many layers. Pure.

A share: the layers' shares are drawn from a beta law with the true mean and a standard deviation of 0.26, as between
the layers of the embedded model, and each layer's matrices are a binomial sample. A mean: the layers are normal, and
the truth is told in standard deviations between layers above the threshold. In both the layers are exchangeable: in
an order that was drawn they always are, in ascending order only where depth does not matter. Sums over layers are
convolved, nothing is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.prereg.known_metrics import counted_by
from reports.prereg.preregistration import Claim, Preregistration, gates
from reports.prereg.rules import MeanAtLeast, ShareRule

Floats = NDArray[np.float64]
SCATTER = 0.26  # standard deviation of a share between layers [-]
MOST_SCATTER = 0.7  # of what the mean allows at all, √(μ (1 − μ))
SHARE_TRUTHS = (0.02, 0.1, 0.2, 0.4, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
MEAN_TRUTHS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
STEP, REACH = 0.05, 5.0  # of the lattice of a layer's normal value, in standard deviations
MOST_MATRICES = 192  # of a layer; more change nothing that is printed


@dataclass(frozen=True)
class OperatingPoint:
    """A world in which the share, or the mean, is known. All [-] but `layers_read`."""

    truth: float
    killed_early: tuple[float, ...]  # probability, at each checkpoint before the last
    false_kill: float | None  # of being killed early where all layers would have met the rule; None where none would
    killed_last: float  # at the last checkpoint
    survives: float  # where the truth is below the rule, a false survival
    layers_read: float  # on average, a run ending with the kill


@dataclass(frozen=True)
class OperatingCurve:
    claim: str
    unit: str  # of the truth
    threshold: float
    checkpoints: tuple[int, ...]
    points: tuple[OperatingPoint, ...]


def operating_curves(prereg: Preregistration) -> tuple[OperatingCurve, ...]:
    """Of every claim on matrices, at the sealed subject's layers and matrices per layer."""
    found = []
    for claim in prereg.claims:
        if claim.closing:
            continue
        looks = [gate for gate in gates(prereg, range(prereg.subject.layers)) if gate.claim == claim]
        cut_offs = tuple(gate.cut_off for gate in looks)
        read = tuple(len(gate.layers) for gate in looks)
        found.append(_curve(claim, read, cut_offs, prereg.subject.layers, _in_layer(claim, prereg.subject.experts)))
    return tuple(found)


def _in_layer(claim: Claim, experts: int) -> int:
    """How many values of a claim's metric a layer has: one of its own, one for each expert, or for each matrix."""
    return {"layers": 1, "experts": experts}.get(counted_by(claim.rule.metric), 3 * experts)


def _curve(
    claim: Claim, read: tuple[int, ...], cut_offs: tuple[float | None, ...], layers: int, matrices: int
) -> OperatingCurve:
    rule = claim.rule
    if isinstance(rule, ShareRule):
        size = min(matrices, MOST_MATRICES)
        points = tuple(share_point(truth, rule.at_least, read, cut_offs, layers, size) for truth in SHARE_TRUTHS)
        return OperatingCurve(claim.name, "true share", rule.at_least, read, points)
    assert isinstance(rule, MeanAtLeast)  # noqa: S101 - the only other rule on matrices
    points = tuple(mean_point(truth, read, layers) for truth in MEAN_TRUTHS)
    unit = "true mean over the threshold, in standard deviations between layers"
    return OperatingCurve(claim.name, unit, 0.0, read, points)


@lru_cache(maxsize=256)
def share_point(  # noqa: PLR0913, PLR0917 - the parts of one world
    truth: float, at_least: float, read: Sequence[int], cut_offs: Sequence[float | None], layers: int, size: int
) -> OperatingPoint:
    """`read`: layers at each checkpoint; `cut_offs`: of each, None for the rule's own `at_least`; `size`: matrices."""
    from scipy.special import betaln, gammaln  # noqa: PLC0415 - `--help` does not wait for scipy

    scatter = min(SCATTER, MOST_SCATTER * (truth * (1.0 - truth)) ** 0.5)
    kappa = truth * (1.0 - truth) / scatter**2 - 1.0
    k = np.arange(size + 1)
    choose = gammaln(size + 1) - gammaln(k + 1) - gammaln(size - k + 1)
    a, b = truth * kappa, (1.0 - truth) * kappa
    layer = np.exp(choose + betaln(k + a, size - k + b) - betaln(a, b))

    def kills(count: int, cut_off: float | None) -> Floats:
        shares = np.arange(count * size + 1) / (count * size)
        return np.asarray(shares < at_least if cut_off is None else shares <= cut_off, dtype=np.float64)

    masks = [kills(count, cut_off) for count, cut_off in zip(read, cut_offs, strict=True)]
    return _point(truth, layer, read, masks, 1.0 - kills(layers, None), layers)


@lru_cache(maxsize=256)
def mean_point(truth: float, read: Sequence[int], layers: int) -> OperatingPoint:
    """`truth` in standard deviations between layers above the threshold."""
    half = round(REACH / STEP)
    lattice = np.exp(-0.5 * (np.arange(-half, half + 1) * STEP) ** 2)

    def kills(count: int) -> Floats:
        total = (np.arange(2 * half * count + 1) - half * count) * STEP + count * truth
        return np.asarray(np.where(np.abs(total) < STEP / 4.0, 0.5, total < 0.0), dtype=np.float64)  # half of a tie

    masks = [kills(count) for count in read]
    return _point(truth, lattice / lattice.sum(), read, masks, 1.0 - kills(layers), layers)


def _point(  # noqa: PLR0913, PLR0917 - the parts of one world
    truth: float, layer: Floats, read: Sequence[int], masks: Sequence[Floats], meets: Floats, layers: int
) -> OperatingPoint:
    """Layer by layer: `layer` the law of a layer's value on a lattice, `masks` which sums are killed, `meets` which
    sums
    over all layers meet the rule."""
    alive, killed, wrongly, layers_read = np.ones(1), [], 0.0, 0.0
    done = 0
    for count, mask in zip(read, masks, strict=True):
        for _ in range(count - done):
            alive = np.convolve(alive, layer)
        done = count
        dead = alive * mask
        killed.append(float(dead.sum()))
        layers_read += count * killed[-1]
        if count < layers:
            wrongly += float((_ahead(dead, layer, layers - count) * meets).sum())
        alive = alive - dead
    survives = float(alive.sum())
    layers_read += read[-1] * survives
    every = float((_ahead(np.ones(1), layer, layers) * meets).sum())
    early = tuple(killed[:-1]) if read[-1] == layers else tuple(killed)
    last = killed[-1] if read[-1] == layers else 0.0
    return OperatingPoint(truth, early, wrongly / every if every > NEGLIGIBLE else None, last, survives, layers_read)


NEGLIGIBLE = 1e-6  # below this chance of meeting the rule at all nothing can be killed wrongly


def _ahead(sums: Floats, layer: Floats, more: int) -> Floats:
    for _ in range(more):
        sums = np.convolve(sums, layer)
    return sums


def curve_lines(curve: OperatingCurve) -> list[str]:
    """The curve as `lint` prints it."""
    early = ", ".join(f"after {count}" for count in curve.checkpoints[:-1]) or "never"
    lines = [f"{curve.claim}: operating curve by {curve.unit} (rule: {curve.threshold:g}; early kills {early}):"]
    for point in curve.points:
        wrongly = "none could be wrong" if point.false_kill is None else f"false kill {point.false_kill:.1%}"
        survival = "survives" if point.truth >= curve.threshold else "false survival"
        lines.append(
            f"  {point.truth:+g}: killed early {sum(point.killed_early):.1%}, {wrongly}, at the end "
            f"{point.killed_last:.1%}, {survival} {point.survives:.1%}, layers read {point.layers_read:.1f}"
        )
    return lines
