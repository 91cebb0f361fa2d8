"""Neurons balanced: what a file may scale up in one matrix and down in another, without changing the network, is fixed.

Which scales those are depends on what stands between the matrices, the *symmetry* of a family's neurons:

| symmetry | neuron i adds to the output | unchanged under |
| --- | --- | --- |
| `gated` | down_i · φ(gate_i x) · (up_i x), φ any function | up c, down 1/c, either sign |
| `gated_relu` | the same, φ = relu | gate a > 0, up b, down 1/(ab) |
| `relu` | down_i · relu(up_i x) | up c > 0, down 1/c |
| `relu_squared` | down_i · relu(up_i x)² | up c > 0, down 1/c² |
| `none` | anything else: GELU or SiLU without a gate, a clamp, (up + 1)·glu | nothing |

Balanced, the norms of a neuron's scalable rows and of its column of down agree. A neuron whose gate row, up row or down
column is zero adds nothing: all three become zero. Signs are left as they are: no norm, spectrum or β depends on them.
Limit: matrices without biases; an up bias would scale with its row, and its neuron is not dead where the row is zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.canonical.layer_experts import Experts, check_experts
from kernels.canonical.neuron_norms import Norms, neuron_norms, root
from kernels.canonical.symmetries import SYMMETRIES, Symmetry


@dataclass(frozen=True)
class Factors:
    """What multiplies each neuron of each matrix, float64 `(..., intermediate)` `[-]`: 0 for a dead one."""

    gate: Tensor | None
    up: Tensor
    down: Tensor


def balancing_factors(experts: Experts, symmetry: Symmetry) -> Factors:
    """The factors that balance `experts`, gate and up being folded already; norms are accumulated in float64.

    With n the norms: `gated` and `relu` c = √(n_down/n_up); `relu_squared` c = ∛(n_down/n_up); `gated_relu` a =
    ∛(n_up n_down/n_gate²), b = ∛(n_gate n_down/n_up²). Powers of two in the weights move these by the inverse powers,
    to the bit, so that what is balanced does not move at all. Raises ValueError for an unknown symmetry, for a gate
    given or missing against it, and as `check_experts` and `neuron_norms` do.
    """
    _check_symmetry(experts, symmetry)
    gate = None if experts.gate is None else neuron_norms(experts.gate, -1)
    return factors_of_norms(gate, neuron_norms(experts.up, -1), neuron_norms(experts.down, -2), symmetry)


def factors_of_norms(gate: Norms | None, up: Norms, down: Norms, symmetry: Symmetry) -> Factors:
    """`balancing_factors` from the norms of gate rows, up rows and down columns, where no matrix is at hand."""
    ones = torch.ones_like(up.mantissa)
    if symmetry == "none":
        return Factors(None if gate is None else ones, ones, ones)
    alive = (up.mantissa > 0.0) & (down.mantissa > 0.0) & (gate is None or gate.mantissa > 0.0)
    if gate is not None and symmetry == "gated_relu":
        a, b = root(_ratio(up, down, gate), 3), root(_ratio(gate, down, up), 3)
        return _of_living(alive, a, b, 1.0 / (a * b))
    squared = symmetry == "relu_squared"
    c = root(Norms(down.mantissa / up.mantissa, down.exponent - up.exponent), 3 if squared else 2)
    return _of_living(alive, None if gate is None else ones, c, 1.0 / (c * c if squared else c))


def _of_living(alive: Tensor, gate: Tensor | None, up: Tensor, down: Tensor) -> Factors:
    kept = None if gate is None else torch.where(alive, gate, 0.0)
    return Factors(kept, torch.where(alive, up, 0.0), torch.where(alive, down, 0.0))


def balance(experts: Experts, factors: Factors) -> Experts:
    """`experts` with every neuron multiplied by its factors, in float64."""
    gate = None if experts.gate is None or factors.gate is None else scale_rows(experts.gate, factors.gate)
    return Experts(gate, scale_rows(experts.up, factors.up), scale_columns(experts.down, factors.down))


def unbalance(balanced: Experts, factors: Factors, stored: Experts) -> Experts:
    """What was balanced, in float64; dead neurons, which are lost, come from `stored`.

    Within two units in the last place, so to the bit once it is rounded to float32 or a shorter dtype.
    """

    def back(w: Tensor, factor: Tensor, was: Tensor) -> Tensor:
        return torch.where(factor == 0.0, was.double(), w / factor)

    gate = None
    if balanced.gate is not None and factors.gate is not None and stored.gate is not None:
        gate = back(balanced.gate, factors.gate[..., None], stored.gate)
    return Experts(
        gate,
        back(balanced.up, factors.up[..., None], stored.up),
        back(balanced.down, factors.down[..., None, :], stored.down),
    )


def scale_rows(w: Tensor, factor: Tensor) -> Tensor:
    """Row i of `w (..., intermediate, hidden)` times factor i, float64; a factor of 0 gives +0."""
    return torch.where(factor[..., None] == 0.0, 0.0, w.double() * factor[..., None])


def scale_columns(w: Tensor, factor: Tensor) -> Tensor:
    """Column i of `w (..., hidden, intermediate)` times factor i, float64; a factor of 0 gives +0."""
    return torch.where(factor[..., None, :] == 0.0, 0.0, w.double() * factor[..., None, :])


def _ratio(one: Norms, other: Norms, twice: Norms) -> Norms:
    mantissa = one.mantissa * other.mantissa / twice.mantissa.square()
    return Norms(mantissa, one.exponent + other.exponent - 2 * twice.exponent)


def _check_symmetry(experts: Experts, symmetry: Symmetry) -> None:
    check_experts(experts, "balance")
    if symmetry not in SYMMETRIES:
        raise ValueError(f"balance: symmetry {symmetry!r}, expected one of {', '.join(SYMMETRIES)}; name the family's")
    gated = {"gated": True, "gated_relu": True, "relu": False, "relu_squared": False}.get(symmetry)
    if gated is not None and gated != (experts.gate is not None):
        found = "without a gate" if experts.gate is None else "with a gate"
        raise ValueError(f"balance: experts {found} have no symmetry {symmetry!r}; pass the family's own")
