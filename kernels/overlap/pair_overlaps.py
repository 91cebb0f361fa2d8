"""How much two subspaces have in common: the mean squared cosine of their principal angles."""

import torch
from torch import Tensor

from kernels.batch import on_one_thread


def pair_overlaps(basis: Tensor) -> Tensor:
    """`‖V_iᵀ V_j‖²_F / r` for every pair of `basis (experts, n, r)`: float64 `(experts, experts)`, `[-]`.

    The columns of each V are orthonormal; then it is the mean of cos² over the r principal angles (Björck and Golub,
    *Math. Comp.* 27 (1973)): 1 for the same span, 0 for orthogonal ones, r/n in expectation for a Haar one. Invariant
    under a rotation of the n coordinates and under another basis of a span. The diagonal is 1 within rounding. On
    one thread. Raises ValueError for other than three axes, non-floating or empty input.
    """
    if basis.ndim != 3 or basis.numel() == 0 or not basis.is_floating_point():  # noqa: PLR2004
        raise ValueError(
            f"pair_overlaps: {basis.dtype} of shape {tuple(basis.shape)}, expected a non-empty floating (experts, n, "
            "r); pass TopDirections.basis"
        )
    v = basis.detach().double()
    experts, _, r = v.shape

    def products() -> Tensor:
        found = torch.zeros(experts, experts, dtype=torch.float64, device=v.device)
        for i in range(experts):
            found[i, i:] = (v[i].mT @ v[i:]).square().sum((-2, -1)) / r
        return found.triu() + found.triu(1).mT

    return on_one_thread(products)


def mean_with_others(overlaps: Tensor) -> Tensor:
    """The mean of each row of `overlaps (experts, experts)` without its diagonal: `(experts,)`; its mean is that over
    pairs. Raises ValueError for fewer than two experts."""
    experts = overlaps.shape[-1]
    if experts < 2:  # noqa: PLR2004
        raise ValueError(f"mean_with_others: {experts} expert, expected 2 or more; an overlap is of two")
    return (overlaps.sum(-1) - overlaps.diagonal()) / (experts - 1)
