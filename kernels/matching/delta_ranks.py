"""How many directions it takes to come near an expert, and how many numbers, with and without the mean of all."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.spectra.rank_estimators import TIE_TOLERANCE, energy_rank, energy_rank_range
from kernels.spectra.spectrum import spectrum

ERROR = 0.05  # share of ‖W‖² that may be lost [-]


@dataclass(frozen=True)
class OwnRanks:
    """Of each matrix alone, int64 `(experts,)`: the rank, and what every machine's rank is between."""

    rank: Tensor
    least: Tensor
    most: Tensor


def own_ranks(w: Tensor, workers: int = 1) -> OwnRanks:
    """Smallest r with `‖W − W_r‖² ≤ 0.05 ‖W‖²` for each of `w (experts, out, in)`, W_r its best of rank r: certified.

    The 95 % energy rank (Eckart and Young, 1936). Raises ValueError as `spectrum` does.
    """
    found = spectrum(w, workers)
    least, most = energy_rank_range(found.energies, 1.0 - ERROR, found.decision_error)
    return OwnRanks(*(each.cpu() for each in (energy_rank(found.energies, 1.0 - ERROR), least, most)))


def delta_ranks(deltas: Tensor, energies: Tensor, workers: int = 1) -> Tensor:
    """Smallest r with `‖D − D_r‖² ≤ 0.05 ‖W‖²` for each of `deltas (experts, out, in)`: int64 `(experts,)`.

    `energies (experts,)` are the ‖W‖². 0 where the delta itself is that small. Of equal sums the smaller rank, by the
    relative `TIE_TOLERANCE`. Raises ValueError as `spectrum` does.
    """
    allowed = ERROR * (1.0 + TIE_TOLERANCE) * energies.double().cpu()
    ranks = torch.zeros(len(deltas), dtype=torch.int64)
    large = (deltas.double().square().sum((-2, -1)).cpu() > allowed).nonzero().flatten()
    if len(large):
        found = spectrum(deltas[large.to(deltas.device)], workers).energies.cpu()
        tails = found.flip(-1).cumsum(-1).flip(-1)  # what is lost at ranks 0 … k − 1
        ranks[large] = (tails > allowed[large, None]).sum(-1)
    return ranks


def numbers_over_own(deltas: list[Tensor], own: list[Tensor], shapes: list[tuple[int, int]], experts: int) -> Tensor:
    """`Σ_p [r_p (m + n) + m n / E] / Σ_p r⁰_p (m + n)` for each expert, float64 `(experts,)`, `[-]`.

    Numbers that the low-rank deltas and an E-th of the means take, over those of the experts alone; `deltas` and `own`
    are ranks by projection, of `shapes` (m, n), and `experts` is E. Above 1 the mean costs more than it saves.
    """
    sides = [m + n for m, n in shapes]
    means = sum(m * n for m, n in shapes) / experts
    spent = sum(rank.double() * side for rank, side in zip(deltas, sides, strict=True)) + means
    alone: Tensor = sum((rank.double() * side for rank, side in zip(own, sides, strict=True)), torch.zeros(()).double())
    return spent / alone
