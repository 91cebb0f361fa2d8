"""The neurons of an expert in the order, and with the signs, in which they are nearest to those of another expert."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from kernels.batch import in_parallel, on_one_thread
from kernels.canonical.canonical_order import canonical_order
from kernels.canonical.layer_experts import Experts, check_experts


class Matching(NamedTuple):
    """`places (experts, neurons)` int64: which of an expert's neurons comes to each place; `signs` beside, ±1."""

    places: Tensor
    signs: Tensor


def match_to(experts: Experts, reference: int, signed: bool, workers: int = 1) -> Matching:
    """Every expert's neurons matched to those of `reference`, one permutation for gate, up and down together.

    Neuron j of expert e goes to the place i of the reference that an assignment gives it which maximises `Σ_i S_ij`,
    `S = ⟨gate_i, gate_j⟩ + |⟨up_i, up_j⟩ + ⟨down_i, down_j⟩|`: of all signed permutations the one that brings e
    nearest to the reference. The sign turns up and down together, which leaves a gated network as it is; without
    `signed` there is none, and |·| is left out. Each projection is divided by the layer's energy in it, so that all
    weigh alike. `gate`, `up (experts, neurons, hidden)`, `down (experts, hidden, neurons)`, accumulated in float64.
    Raises ValueError as `check_experts` does. Source: Kuhn, *Naval Res. Logist.* 2 (1955), by scipy.
    """
    check_experts(experts, "match_to")
    weights = [None if w is None else 1.0 / float(w.double().square().sum()) for w in experts]

    def matched(expert: int) -> tuple[Tensor, Tensor]:
        plain, turned = _similarities(experts, weights, reference, expert)
        score = plain + (turned.abs() if signed else turned)
        _, places = linear_sum_assignment(score.cpu().numpy(), maximize=True)
        chosen = torch.from_numpy(places)
        at = turned.cpu()[torch.arange(len(chosen)), chosen]
        return chosen, torch.where((at < 0.0) & signed, -1.0, 1.0).double()

    found = in_parallel([lambda e=e: matched(e) for e in range(experts.up.shape[0])], workers)  # type: ignore[misc]
    return Matching(torch.stack([places for places, _ in found]), torch.stack([signs for _, signs in found]))


def match_to_medoid(experts: Experts, signed: bool, workers: int = 1) -> tuple[int, Matching]:
    """The medoid of the experts, and all of them matched to it.

    All are matched to the first expert in `canonical_order`; the medoid is the one of the least sum of distances to the
    others, so matched; of equal ones the first in canonical order. So no number of an expert or a neuron decides.
    """
    check_experts(experts, "match_to_medoid")
    order = on_one_thread(lambda: canonical_order(*experts))
    first = match_to(experts, order[0], signed, workers)
    inner = torch.zeros(len(order), len(order), dtype=torch.float64, device=experts.up.device)
    for projection, w in zip(("gate", "up", "down"), experts, strict=True):
        if w is not None:
            flat = in_place(w, projection, first).flatten(1)
            inner += on_one_thread(lambda flat=flat: flat @ flat.mT) / flat.square().sum()  # type: ignore[misc]
    energies = inner.diagonal()
    distances = (energies[:, None] + energies - 2.0 * inner).clamp_min(0.0).sqrt().sum(1).tolist()
    medoid = min(order, key=lambda expert: distances[expert])
    return medoid, match_to(experts, medoid, signed, workers)


def in_place(w: Tensor, projection: str, matching: Matching) -> Tensor:
    """`w (experts, out, in)` of `projection` (gate, up or down) with its neurons in their places: float64."""
    side = 2 if projection == "down" else 1
    shape = (len(w), 1, -1) if side == 2 else (len(w), -1, 1)  # noqa: PLR2004
    places, signs = (part.to(w.device).reshape(shape) for part in matching)
    moved = torch.take_along_dim(w.double(), places, side)
    return moved if projection == "gate" else moved * signs


def permutation_residual(matching: Matching) -> list[float]:
    """`max |Pᵀ P − 1|` of each expert's signed permutation P, `[-]`: 0, or 1 and more where it is none."""
    counts = [np.bincount(places, minlength=len(places)) for places in matching.places.numpy()]
    return [float(np.abs(count - 1.0).max()) for count in counts]


def broken_matching(matching: Matching, share: float) -> Matching:
    """`matching` broken on purpose: the first `share` of all places, at least two, get the same neuron."""
    places = matching.places.clone()
    places[:, : max(2, round(share * places.shape[1]))] = places[:, :1]
    return Matching(places, matching.signs)


def _similarities(experts: Experts, weights: list[float | None], reference: int, expert: int) -> tuple[Tensor, Tensor]:
    """`(neurons, neurons)` of the reference and the expert: by gate, and by up and down, which a sign turns."""
    gate, up, down = (None if w is None else (w[reference].double(), w[expert].double()) for w in experts)
    assert up is not None  # noqa: S101 - checked
    assert down is not None  # noqa: S101
    turned = (weights[1] or 0.0) * (up[0] @ up[1].mT) + (weights[2] or 0.0) * (down[0].mT @ down[1])
    plain = torch.zeros_like(turned) if gate is None else (weights[0] or 0.0) * (gate[0] @ gate[1].mT)
    return plain, turned
