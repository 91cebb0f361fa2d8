"""The canonical parametrisation of a layer's experts: folded, then balanced; and the way back."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.canonical.balancing import Factors, balance, balancing_factors, unbalance
from kernels.canonical.folding import centre, column_scale, fold, unfold
from kernels.canonical.layer_experts import Experts, check_experts
from kernels.canonical.symmetries import NormForm, Symmetry


@dataclass(frozen=True)
class Canonical:
    """Canonical `experts` in float64, and what they were made by."""

    experts: Experts
    factors: Factors
    columns: Tensor  # (hidden,), what gate and up were folded with [-]
    centred: bool = False  # whether the mean over the stream's channels was taken away

    def undone(self, stored: Experts) -> Experts:
        """The stored matrices again, in their dtype: to the bit up to float32, within 4 ulp in float64.

        `stored` gives the dtype and what canonical form has lost: dead neurons, and columns that the norm multiplies
        by 0. Of changed canonical experts, such as quantised ones, use `reverted`.
        """
        return reverted(self.experts, self, stored)


def canonical_form(experts: Experts, norm: Tensor | None, form: NormForm, symmetry: Symmetry) -> Canonical:
    """The canonical parametrisation of `experts`, fed by a norm whose weight is `norm (hidden,)`: float64 throughout.

    The layer computes the same function of the vector over its RMS, within 1e-12; of form 'centred_weight' up to what
    it adds to the mean over channels, which no norm of such a network sees. Idempotent to the bit (of what is canonical
    the norm has weight 1: form 'none'), and to the bit the same for weights that differ by powers of two that
    the network does not notice. Needs three float64 copies of the layer's experts. Raises ValueError as `fold` and
    `balancing_factors` do.
    """
    check_experts(experts, "canonical_form")
    columns = column_scale(norm, form, experts.up.shape[-1])
    gate = None if experts.gate is None else fold(experts.gate, columns)
    folded = Experts(gate, fold(experts.up, columns), experts.down)
    centred = form == "centred_weight"
    if centred:
        folded = Experts(None if gate is None else centre(gate, -1), centre(folded.up, -1), centre(folded.down, -2))
    factors = balancing_factors(folded, symmetry)
    return Canonical(balance(folded, factors), factors, columns, centred)


def reverted(changed: Experts, canonical: Canonical, stored: Experts) -> Experts:
    """`changed` canonical experts in the parametrisation of `stored`: the network that has them, in the stored dtype.

    Limit: what the network of `stored` cannot use is not carried: dead neurons, and columns that its norm multiplies by
    0, stay as stored, whatever they are in `changed`. A network that shall have them needs norms of weight 1.
    """
    if canonical.centred:
        return _reverted_by_change(changed, canonical, stored)
    folded_stored = Experts(
        None if stored.gate is None else fold(stored.gate, canonical.columns),
        fold(stored.up, canonical.columns),
        stored.down,
    )
    gate, up, down = unbalance(changed, canonical.factors, folded_stored)
    return Experts(
        None if gate is None or stored.gate is None else unfold(gate, canonical.columns, stored.gate),
        unfold(up, canonical.columns, stored.up),
        down.to(stored.down.dtype),
    )


def _reverted_by_change(changed: Experts, canonical: Canonical, stored: Experts) -> Experts:
    """`reverted` where the mean was taken away: stored matrices plus what was changed of the canonical ones.

    The mean is lost in what is canonical, and the stored one is as good as any. Unchanged gives the stored bits.
    """
    was = canonical.experts
    change = Experts(
        None if changed.gate is None or was.gate is None else changed.gate.double() - was.gate,
        changed.up.double() - was.up,
        changed.down.double() - was.down,
    )
    gate_of_dead = None if change.gate is None else torch.zeros_like(change.gate)
    nothing = Experts(gate_of_dead, torch.zeros_like(change.up), torch.zeros_like(change.down))
    gate, up, down = unbalance(change, canonical.factors, nothing)

    def added(w: Tensor, change: Tensor) -> Tensor:
        columns = canonical.columns.to(w.device)
        return (w.double() + torch.where(columns == 0.0, 0.0, change / columns)).to(w.dtype)

    return Experts(
        None if gate is None or stored.gate is None else added(stored.gate, gate),
        added(stored.up, up),
        (stored.down.double() + down).to(stored.down.dtype),
    )
