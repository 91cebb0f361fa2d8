"""Matchings against brute force and planted permutations, ranks against numpy; what no number of a file may decide."""

import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.canonical.layer_experts import Experts
from kernels.matching.delta_ranks import delta_ranks, numbers_over_own, own_ranks
from kernels.matching.neuron_matching import (
    Matching,
    broken_matching,
    in_place,
    match_to,
    match_to_medoid,
    permutation_residual,
)
from kernels.planted.common_part import common_part, renumbered
from kernels.rotations import haar_orthogonal

SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=seeded(seed))


def layer(experts: int, neurons: int, hidden: int, seed: int, gated: bool = True) -> Experts:
    gate, up, down = (gaussian((experts, neurons, hidden), 3 * seed + i) for i in range(3))
    return Experts(gate if gated else None, up, down.mT)


def moved(of: Experts, seed: int, signed: bool) -> Experts:
    """The neurons of every expert in another order, drawn for each, and with other signs of up and down."""
    generator = seeded(seed)
    experts, neurons = of.up.shape[:2]
    places = torch.stack([torch.randperm(neurons, generator=generator) for _ in range(experts)])
    signs = 2.0 * torch.randint(0, 2, (experts, neurons), generator=generator).double() - 1.0
    other = Matching(places, signs if signed else torch.ones_like(signs))
    gate = None if of.gate is None else in_place(of.gate, "gate", other)
    return Experts(gate, in_place(of.up, "up", other), in_place(of.down, "down", other))


def there(of: Experts, matching: Matching) -> list[Tensor]:
    pairs = zip(("gate", "up", "down"), of, strict=True)
    return [in_place(w, name, matching) for name, w in pairs if w is not None]


def distance(of: Experts, matching: Matching, one: int, other: int) -> float:
    """Between two experts as they are put in place, each projection over the layer's energy in it."""
    return sum(float((w[one] - w[other]).square().sum() / w.square().sum()) for w in there(of, matching))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, gated=st.booleans(), signed=st.booleans())
def test_no_signed_permutation_is_nearer(seed: int, gated: bool, signed: bool) -> None:
    """Every permutation of four neurons, with every sign where there are signs."""
    experts = layer(2, 4, 5, seed, gated)
    found = match_to(experts, 0, signed)
    assert found.places[0].tolist() == [0, 1, 2, 3]
    best = distance(experts, found, 0, 1)
    for order in itertools.permutations(range(4)):
        for signs in itertools.product((-1.0, 1.0), repeat=4) if signed else [(1.0,) * 4]:
            tried = Matching(
                torch.stack([found.places[0], torch.tensor(order)]),
                torch.stack([found.signs[0], torch.tensor(signs, dtype=torch.float64)]),
            )
            assert best <= distance(experts, tried, 0, 1) + 1e-12
    assert signed or (found.signs == 1.0).all()


@pytest.mark.parametrize("signed", [True, False])
def test_neurons_that_were_renumbered_are_found_again(signed: bool) -> None:
    """Copies of one expert and a little noise: in place they are the copies, whoever is the medoid."""
    one = layer(1, 24, 40, 5)
    copies = Experts(
        *(w.expand(6, -1, -1) + 0.05 * gaussian((6, *w.shape[1:]), i) for i, w in enumerate(one) if w is not None)
    )
    scattered = moved(copies, 8, signed)
    medoid, found = match_to_medoid(scattered, signed)
    assert permutation_residual(found) == [0.0] * 6
    for w, before in zip(there(scattered, found), copies, strict=True):
        assert before is not None
        assert float((w - w.mean(0)).square().mean()) == pytest.approx(
            float((before - before.mean(0)).square().mean()), rel=1e-9
        )
    assert 0 <= medoid < 6
    if signed:  # without signs a turned neuron finds no partner
        _, blind = match_to_medoid(scattered, False)
        assert there(scattered, blind)[1].var(0).mean() > 10 * there(scattered, found)[1].var(0).mean()


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, gated=st.booleans())
def test_what_is_left_does_not_depend_on_numbers_signs_or_the_basis_of_the_stream(seed: int, gated: bool) -> None:
    experts = layer(5, 6, 9, seed, gated)
    generator = seeded(seed + 1)
    basis, numbers = haar_orthogonal(9, generator), torch.randperm(5, generator=generator)
    other = moved(experts, seed + 2, True)
    other = Experts(
        None if other.gate is None else (other.gate @ basis)[numbers], (other.up @ basis)[numbers],
        (basis.mT @ other.down)[numbers],
    )  # fmt: skip
    medoid, found = match_to_medoid(experts, True)
    again, matched = match_to_medoid(other, True, workers=3)
    assert int(numbers[again]) == medoid
    for one, two in zip(there(experts, found), there(other, matched), strict=True):
        held = [float(w.mean(0).square().sum() / w.square().sum()) for w in (one, two)]
        assert held[0] == pytest.approx(held[1], rel=1e-9)
        before, after = ((w - w.mean(0)).square().sum((-2, -1)).sort().values for w in (one, two))
        assert torch.allclose(before, after, rtol=1e-9)


def test_of_equal_experts_the_first_in_canonical_order_is_the_medoid() -> None:
    one = layer(1, 5, 7, 2)
    assert one.gate is not None
    same = Experts(*(w.expand(4, -1, -1) for w in (one.gate, one.up, one.down)))
    medoid, found = match_to_medoid(same, True)
    assert medoid == 0
    assert found.places.tolist() == [[0, 1, 2, 3, 4]] * 4


def test_matching_raises_what_the_mean_of_noise_holds() -> None:
    """Of 16 Gaussian experts from 1/16 to about 9 %."""
    noise = layer(16, 64, 128, 4)
    _, found = match_to_medoid(noise, True)
    held = [float(w.mean(0).square().sum() / w.square().sum() * 16) for w in there(noise, found)]
    stored = [float(w.mean(0).square().sum() / w.square().sum() * 16) for w in noise if w is not None]
    assert stored == pytest.approx([1 / 16] * 3, rel=0.05)
    assert min(held) > 1.25 * max(stored)


def test_a_matching_that_is_no_permutation_is_told() -> None:
    found = match_to(layer(3, 20, 8, 1), 0, True)
    assert permutation_residual(found) == [0.0, 0.0, 0.0]
    assert permutation_residual(broken_matching(found, 0.0)) == [1.0, 1.0, 1.0]
    assert permutation_residual(broken_matching(found, 0.25)) == [4.0, 4.0, 4.0]


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(2, 12), columns=st.integers(2, 12), seed=SEEDS, scale=st.floats(0.01, 2.0))
def test_ranks_are_those_of_numpy(rows: int, columns: int, seed: int, scale: float) -> None:
    """By trying every rank: the error of the best approximation of D against 5 % of the energy of W."""
    w = gaussian((3, rows, columns), seed)
    deltas = scale * gaussian((3, rows, columns), seed + 1)
    found = delta_ranks(deltas, w.square().sum((-2, -1)))
    own = own_ranks(w)
    for i in range(3):
        for matrix, rank in ((deltas[i].numpy(), int(found[i])), (w[i].numpy(), int(own.rank[i]))):
            u, sigma, v = np.linalg.svd(matrix, full_matrices=False)
            allowed = 0.05 * float(w[i].square().sum())
            errors = [((matrix - u[:, :r] * sigma[:r] @ v[:r]) ** 2).sum() for r in range(min(rows, columns) + 1)]
            assert errors[rank] <= allowed * (1 + 1e-9)
            assert rank == 0 or errors[rank - 1] > allowed * (1 - 1e-9)
    assert (own.least <= own.rank).all()
    assert (own.rank <= own.most).all()


def test_a_delta_that_is_small_or_nothing_has_rank_zero() -> None:
    w = gaussian((3, 6, 8))
    deltas = torch.stack([torch.zeros(6, 8).double(), 0.2 * w[1], w[2]])
    assert delta_ranks(deltas, w.square().sum((-2, -1))).tolist() == [0, 0, int(own_ranks(w).rank[2])]


def test_numbers_are_counted_by_hand() -> None:
    """Two projections of 3 × 5 and 5 × 3 of four experts: (2·8 + 1·8 + 2·15/4) / (4·8 + 3·8)."""
    deltas, own = [torch.tensor([2, 0]), torch.tensor([1, 0])], [torch.tensor([4, 4]), torch.tensor([3, 3])]
    found = numbers_over_own(deltas, own, [(3, 5), (5, 3)], 4)
    assert found.tolist() == [(16 + 8 + 7.5) / 56, 7.5 / 56]


def test_a_common_part_is_the_same_for_every_expert_and_its_deltas_are_narrow() -> None:
    first, second = (common_part((20, 30), 0.1, 0.3, seeded(1), seeded(2 + i)) for i in range(2))
    assert torch.linalg.matrix_rank(first - second) == 4
    assert float(first.square().mean()) == pytest.approx(1.0, rel=0.2)
    assert torch.equal(common_part((20, 30), 0.1, 0.0, seeded(1), seeded(9)), gaussian((20, 30), 1))
    gate, up = (renumbered(first, seeded(7), signed) for signed in (False, True))
    assert torch.equal(gate.abs(), up.abs())
    assert not torch.equal(gate, up)
    assert torch.equal(gate.square().sum(1).sort().values, first.square().sum(1).sort().values)
    for rank, energy in ((0.0, 0.3), (0.1, 1.0)):
        with pytest.raises(
            ValueError, match=re.escape(f"rank_fraction {rank} and delta_energy {energy}, expected shares")
        ):
            common_part((3, 4), rank, energy, seeded(1), seeded(2))


def test_experts_that_do_not_fit_are_refused() -> None:
    bad = Experts(None, gaussian((2, 3, 4)), gaussian((2, 3, 4)))
    for caller in (match_to, match_to_medoid):
        with pytest.raises(ValueError, match=rf"{caller.__name__}: gate, up and downᵀ have the shapes"):
            caller(bad, *((0, True) if caller is match_to else (True,)))
