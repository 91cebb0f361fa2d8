"""The order of experts: the same however the network is written down."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.gauge.expert_order import canonical_order
from kernels.rotations import haar_orthogonal


def layer(experts: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    gate, up = (torch.randn(experts, 6, 10, generator=source, dtype=torch.float64) for _ in range(2))
    return gate, up, torch.randn(experts, 10, 6, generator=source, dtype=torch.float64)


@settings(deadline=None, max_examples=40)
@given(experts=st.integers(2, 9), seed=st.integers(0, 2**31), again=st.integers(0, 2**31), exponent=st.integers(-9, 9))
def test_it_is_that_of_the_network(experts: int, seed: int, again: int, exponent: int) -> None:
    gate, up, down = layer(experts, seed)
    source = torch.Generator().manual_seed(again)
    renumbered = torch.randperm(experts, generator=source)
    neurons = torch.stack([torch.randperm(6, generator=source) for _ in range(experts)])
    signs = 2.0 * torch.randint(0, 2, (experts, 6), generator=source) - 1.0
    q, scale = haar_orthogonal(10, source), 2.0**exponent
    other = (
        (scale * torch.take_along_dim(gate, neurons[..., None], 1) @ q)[renumbered],
        (signs[..., None] * torch.take_along_dim(up, neurons[..., None], 1) @ q)[renumbered],
        (q.mT @ torch.take_along_dim(down, neurons[:, None], 2) * signs[:, None])[renumbered],
    )
    assert [int(renumbered[place]) for place in canonical_order(*other)] == canonical_order(gate, up, down)


def test_it_is_an_order_of_all_experts_and_not_their_numbers() -> None:
    found = [canonical_order(*layer(8, seed)) for seed in range(3)]
    assert all(sorted(order) == list(range(8)) for order in found)
    assert found[0] != found[1] != found[2]


def test_equal_singular_values_do_not_tie() -> None:
    source = torch.Generator().manual_seed(1)
    frames = [haar_orthogonal(10, source, (4,)) for _ in range(3)]
    gate, up, down = frames[0][:, :6], frames[1][:, :6], frames[2][:, :, :6]
    q = haar_orthogonal(10, source)
    assert canonical_order(gate @ q, up @ q, q.mT @ down) == canonical_order(gate, up, down)
