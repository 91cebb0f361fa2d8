"""An order of a layer's experts that their numbers do not decide."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from kernels.canonical.layer_experts import Experts, check_experts

# Keys this near to each other are equal, relative [-]. Permuting neurons, or rotating the residual stream, moves a sum
# of squares by 1e-15 to 1e-13; two trained experts have never been this near.
TIE = 1e-9


def canonical_order(gate: Tensor | None, up: Tensor, down: Tensor) -> list[int]:
    """Positions of the experts of `gate`, `up (experts, intermediate, hidden)`, `down (experts, hidden, intermediate)`.

    All canonical (`canonical_form`). Ascending by a first key; experts whose keys are chained by steps of at most 1e-9
    of the largest are tied and go on to the next key: Σ‖gate_i‖², Σ‖up_i‖², Σ‖down_i‖² (i over neurons), Σ‖gate_i‖⁴,
    Σ‖up_i‖⁴, Σ⟨gate_i, up_i⟩². None of these changes with the experts' numbers, with the order, signs and scales of
    their neurons or with an orthogonal basis of the residual stream. Experts tied in every key keep the order that they
    were given in: they are copies but for what no key sees, and only there does their numbering count. Raises
    ValueError as `check_experts` does, and for anything but three axes.
    """
    check_experts(Experts(gate, up, down), "canonical_order")
    if up.ndim != 3:  # noqa: PLR2004
        raise ValueError(f"canonical_order: up has shape {tuple(up.shape)}, expected (experts, intermediate, hidden)")
    invariants = [_invariants(None if gate is None else gate[i], up[i], down[i]) for i in range(up.shape[0])]
    exponents = [exponent for _, exponent in invariants]
    common = max(exponents)
    keys = [
        [value * 2.0 ** (power * max(exponent - common, -200)) for value, power in values]
        for values, exponent in invariants
    ]
    return _ordered(list(range(len(keys))), keys, 0)


def _invariants(gate: Tensor | None, up: Tensor, down: Tensor) -> tuple[list[tuple[float, int]], int]:
    """(key, by which power of the weights it grows) of weights divided by 2^exponent, and that exponent."""
    peak = max(float(w.abs().max()) for w in (gate, up, down) if w is not None)
    exponent = int(torch.frexp(torch.tensor(peak, dtype=torch.float64)).exponent) if peak > 0.0 else -(10**6)
    scale = 2.0**-exponent if peak > 0.0 else 1.0
    u, d = ((w.double() * scale) for w in (up, down))
    up_energy, down_energy = u.square().sum(-1), d.square().sum(-2)
    gate_energy = inner = torch.zeros_like(up_energy)
    if gate is not None:
        g = gate.double() * scale
        gate_energy, inner = g.square().sum(-1), (g * u).sum(-1)
    sums = [
        (gate_energy.sum(), 2),
        (up_energy.sum(), 2),
        (down_energy.sum(), 2),
        (gate_energy.square().sum(), 4),
        (up_energy.square().sum(), 4),
        (inner.square().sum(), 4),
    ]
    return [(float(value), power) for value, power in sums], exponent


def _ordered(group: list[int], keys: Sequence[Sequence[float]], depth: int) -> list[int]:
    if len(group) == 1 or depth == len(keys[0]):
        return group
    ascending = sorted(group, key=lambda i: keys[i][depth])  # stable: equal keys keep their order
    groups = [[ascending[0]]]
    for before, after in pairwise(ascending):
        if keys[after][depth] - keys[before][depth] > TIE * keys[after][depth]:
            groups.append([])
        groups[-1].append(after)
    return [i for tied in groups for i in _ordered(sorted(tied), keys, depth + 1)]
