"""The order of experts: it follows the experts, whatever a file makes of their numbers, neurons, signs and basis."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.canonical.canonical_form import canonical_form
from kernels.canonical.canonical_order import canonical_order
from kernels.canonical.layer_experts import Experts
from kernels.rotations import haar_orthogonal

SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def canonical_gaussians(experts: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """As near to one another as i.i.d. experts are."""
    shape = (experts, 6, 10)
    gate, up, down = (torch.randn(shape, dtype=torch.float64, generator=seeded(seed + i)) for i in range(3))
    found = canonical_form(Experts(gate, up, down.mT), None, "none", "gated").experts
    assert found.gate is not None
    return found.gate, found.up, found.down


@settings(max_examples=50, deadline=None)
@given(experts=st.integers(1, 12), seed=SEEDS)
def test_it_follows_the_experts(experts: int, seed: int) -> None:
    """Renumbered, neurons permuted, signed and rescaled expert by expert, the residual stream in another basis."""
    gate, up, down = canonical_gaussians(experts, seed)
    expected = canonical_order(gate, up, down)
    assert sorted(expected) == list(range(experts))
    generator = seeded(seed + 9)
    numbers = torch.randperm(experts, generator=generator)
    basis = haar_orthogonal(10, generator)
    moved: list[list[Tensor]] = [[], [], []]
    for number in numbers.tolist():
        neurons = torch.randperm(6, generator=generator)
        scales = torch.randn(6, dtype=torch.float64, generator=generator)
        moved[0].append(gate[number, neurons] @ basis)
        moved[1].append(scales[:, None] * up[number, neurons] @ basis)
        moved[2].append(basis.mT @ down[number][:, neurons] / scales)
    found = canonical_form(Experts(*map(torch.stack, moved)), None, "none", "gated").experts
    assert numbers[canonical_order(*found)].tolist() == expected


def test_a_tie_goes_to_the_next_key_and_copies_keep_their_order() -> None:
    gate, up, down = canonical_gaussians(3, 0)
    ascending = canonical_order(gate, up, down)
    norms = gate.square().sum((-2, -1))[ascending]
    assert norms.tolist() == sorted(norms.tolist())
    level = gate / gate.square().sum((-2, -1), keepdim=True).sqrt()  # all of one norm, but for rounding
    assert canonical_order(level, up, down) == up.square().sum((-2, -1)).argsort().tolist()
    copies = [0, 1, 0, 2, 1, 0]
    found = canonical_order(gate[copies], up[copies], down[copies])
    assert [copies[i] for i in found] == [i for i in ascending for _ in range(copies.count(i))]
    assert [i for i in found if copies[i] == 0] == [0, 2, 5]


def test_within_the_tie_rounding_does_not_decide() -> None:
    """Norms apart by 1e-12 are tied, so that the second key decides; apart by 1e-6 they are not."""
    gate, up, down = canonical_gaussians(1, 4)
    for step, expected in ((1e-12, [1, 0]), (1e-6, [0, 1])):
        pair = torch.cat([gate, gate * (1 + step)])
        assert canonical_order(pair, torch.cat([up * 2, up]), torch.cat([down, down])) == expected


def test_dead_experts_and_scale() -> None:
    gate, up, down = canonical_gaussians(4, 7)
    expected = canonical_order(gate, up, down)
    for power in (2.0**-300, 2.0**300):
        assert canonical_order(gate * power, up * power, down * power) == expected
    keep = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64)[:, None, None]
    assert canonical_order(gate * keep, up * keep, down * keep) == [1, *(i for i in expected if i != 1)]
    assert canonical_order(gate * 0, up * 0, down * 0) == [0, 1, 2, 3]


def test_without_a_gate() -> None:
    gate, up, down = canonical_gaussians(5, 2)
    assert canonical_order(None, up, down) == up.square().sum((-2, -1)).argsort().tolist()
    assert canonical_order(None, up, down) != canonical_order(gate, up, down)


def test_refuses_one_expert_without_its_axis() -> None:
    message = "canonical_order: up has shape (2, 3), expected (experts, intermediate, hidden)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canonical_order(None, torch.ones(2, 3), torch.ones(3, 2))
