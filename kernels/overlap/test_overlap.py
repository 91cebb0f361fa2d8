"""Overlaps against scipy's principal angles, directions against numpy's singular vectors; what must not move them."""

import re

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kernels.closed_forms.overlap_levels import haar_overlap, least_mean_overlap, top_rank
from kernels.nulls.spectral import spectral_null
from kernels.overlap.common_norms import common_norms
from kernels.overlap.pair_overlaps import mean_with_others, pair_overlaps
from kernels.overlap.top_directions import sheared_basis, top_directions
from kernels.planted.planted import haar_frame
from kernels.planted.planted_directions import planted_directions
from kernels.rotations import haar_orthogonal, orthogonality_residual, residual_tolerance

SEEDS = st.integers(0, 2**32)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=seeded(seed))


def overlap(one: Tensor, other: Tensor) -> float:
    return float(pair_overlaps(torch.stack([one, other]))[0, 1])


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 24), columns=st.integers(1, 24), seed=SEEDS, data=st.data())
def test_overlaps_are_scipys_of_numpys_singular_vectors(
    rows: int, columns: int, seed: int, data: st.DataObject
) -> None:
    """Wide, square and tall, at any rank up to the smaller side."""
    rank = data.draw(st.integers(1, min(rows, columns)))
    w = gaussian((3, rows, columns), seed)
    found = top_directions(w, rank)
    by_numpy = [np.linalg.svd(matrix, full_matrices=False)[2][:rank].T for matrix in w.numpy()]
    overlaps = pair_overlaps(found.basis)
    near = float(found.gap.min()) < 1e-6 and rank < min(rows, columns)  # two equal energies leave the span open
    for i in range(3):
        for j in range(3):
            angles = scipy.linalg.subspace_angles(by_numpy[i], by_numpy[j])
            assert near or float(overlaps[i, j]) == pytest.approx(np.mean(np.cos(angles) ** 2), abs=1e-8)
    energies = np.linalg.svd(w[0].numpy(), compute_uv=False) ** 2
    after = energies[rank] if rank < len(energies) else 0.0
    assert float(found.gap[0]) == pytest.approx((energies[rank - 1] - after) / energies[0], abs=1e-9)
    assert (orthogonality_residual(found.basis) <= residual_tolerance(max(columns, 2), torch.float64)).all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_neurons_numbers_signs_and_the_basis_of_the_stream_do_not_count(seed: int) -> None:
    generator = seeded(seed)
    w = gaussian((2, 20, 32), seed)
    before = pair_overlaps(top_directions(w, 3).basis)
    order = torch.randperm(20, generator=generator)
    signs = 2.0 * torch.randint(0, 2, (20, 1), generator=generator).double() - 1.0
    moved = w[:, order] * signs @ haar_orthogonal(32, generator)
    assert torch.allclose(pair_overlaps(top_directions(moved, 3).basis), before, atol=1e-9)
    own = top_directions(w[:, order] * signs, 3).basis
    assert overlap(own[0], top_directions(w, 3).basis[0]) == pytest.approx(1.0, abs=1e-12)
    other_side = [top_directions(each.mT, 3).basis[0] for each in (w, w[:, order])]
    assert overlap(other_side[0], other_side[1]) < 0.9  # the side of the neurons does move


def test_results_do_not_depend_on_workers_or_on_scale() -> None:
    w = gaussian((4, 16, 40), 3)
    one = top_directions(w, 2).basis
    assert torch.equal(top_directions(w, 2, workers=3).basis, one)
    assert torch.equal(top_directions(w * 2.0**300, 2).basis, one)
    assert torch.equal(top_directions(w.bfloat16(), 2).basis, top_directions(w.bfloat16().double(), 2).basis)


def test_haar_subspaces_overlap_by_their_share_whatever_the_spectrum() -> None:
    """Frames as they are drawn, and the top directions of whole Haar twins, of steep and flat spectra."""
    frames = torch.stack([haar_frame((64, 4), seeded(i)) for i in range(40)])
    assert float(mean_with_others(pair_overlaps(frames)).mean()) == pytest.approx(haar_overlap(4, 64), rel=0.03)
    steep = torch.logspace(0, -3, 32, dtype=torch.float64).diag() @ torch.eye(32, 64, dtype=torch.float64)
    for one in (steep, gaussian((32, 64), 1)):
        twins = spectral_null(one.expand(40, 32, 64), seeded(5))
        found = float(mean_with_others(pair_overlaps(top_directions(twins, 4).basis)).mean())
        assert found == pytest.approx(4 / 64, rel=0.06)


def test_one_loud_channel_is_shared_by_noise() -> None:
    """One channel of twice the scale nearly doubles the overlap of noise, and noise with those norms shows it."""
    w = gaussian((12, 64, 128), 7)
    w[..., 5] *= 2.0
    own = float(mean_with_others(pair_overlaps(top_directions(w, 4).basis)).mean())
    twins = common_norms(w, 12, seeded(8))
    by_norms = float(mean_with_others(pair_overlaps(top_directions(twins, 4).basis)).mean())
    assert own > 1.8 * haar_overlap(4, 128)
    assert by_norms == pytest.approx(own, rel=0.15)


def test_common_norms_weigh_every_expert_alike_and_keep_nothing_else() -> None:
    w = gaussian((3, 200, 6), 9) * torch.tensor([1.0, 2.0, 3.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    w[1] *= 1e6
    twins = common_norms(w, 50, seeded(1))
    wanted = (w.square().sum(-2) / w.square().sum((-2, -1))[:, None]).mean(0)
    assert torch.allclose(twins.square().mean((0, 1)) / 6, wanted, rtol=0.06)
    assert float(twins[..., 5].abs().max()) == 0.0
    assert not torch.allclose(twins[0], twins[1])


def test_planted_directions_are_shared_and_own_ones_are_not() -> None:
    shared = planted_directions((8, 64, 128), 1 / 16, 0.0, seeded(2))
    assert torch.linalg.matrix_rank(shared.reshape(-1, 128).double(), rtol=1e-5) == 4
    pairs = pair_overlaps(top_directions(shared, 4).basis)
    assert torch.allclose(pairs, torch.ones_like(pairs), atol=1e-9)
    assert float(shared.square().mean()) == pytest.approx(1.0, rel=0.1)
    own = torch.cat([planted_directions((1, 64, 128), 1 / 16, 0.0, seeded(i)) for i in range(8)])
    assert float(mean_with_others(pair_overlaps(top_directions(own, 4).basis)).mean()) < 0.06


def test_a_sheared_basis_is_none_and_spans_what_it_spanned() -> None:
    basis = haar_frame((40, 5), seeded(3))
    broken = sheared_basis(basis, 0.01)
    assert float(orthogonality_residual(broken)) > 1e8 * residual_tolerance(40, torch.float64)
    assert torch.linalg.matrix_rank(torch.cat([basis, broken], 1)) == 5
    assert torch.equal(sheared_basis(basis, 0.0), basis)


@pytest.mark.parametrize(("subspaces", "rank", "width"), [(2, 3, 4), (5, 2, 8), (9, 1, 3)])
def test_the_least_overlap_is_a_bound_that_is_reached(subspaces: int, rank: int, width: int) -> None:
    least = least_mean_overlap(subspaces, rank, width)
    for seed in range(20):
        frames = torch.stack([haar_frame((width, rank), seeded(100 * seed + i)) for i in range(subspaces)])
        assert float(mean_with_others(pair_overlaps(frames)).mean()) >= least - 1e-12
    eye = torch.eye(4, dtype=torch.float64)
    coordinates = torch.stack([eye[:, :2], eye[:, 2:]])
    assert float(mean_with_others(pair_overlaps(coordinates)).mean()) == least_mean_overlap(2, 2, 4) == 0.0
    doubled = torch.cat([coordinates, coordinates])
    assert float(mean_with_others(pair_overlaps(doubled)).mean()) == pytest.approx(least_mean_overlap(4, 2, 4))


def test_the_registered_number_of_directions() -> None:
    assert [top_rank(k) for k in (1, 15, 31, 64, 1024)] == [1, 1, 1, 4, 64]


def test_what_has_no_such_directions_is_refused() -> None:
    narrow = gaussian((20, 2)) @ gaussian((2, 30), 1)
    with pytest.raises(
        ValueError, match=r"matrix \[1\] of shape \(20, 30\) has an energy number 3 of .*; it has no 3 dir"
    ):
        top_directions(torch.stack([gaussian((20, 30)), narrow]), 3)
    for rank in (0, 21):
        with pytest.raises(
            ValueError, match=re.escape(f"rank is {rank}, expected 1 to 20 for shape (20, 30); ask for")
        ):
            top_directions(gaussian((20, 30)), rank)
    with pytest.raises(ValueError, match="holds 1 NaN or Inf"):
        top_directions(torch.tensor([[1.0, float("nan")]]), 1)
    with pytest.raises(ValueError, match=r"expected a non-empty floating \(experts, n, r\)"):
        pair_overlaps(gaussian((3, 4)))
    with pytest.raises(ValueError, match="1 expert, expected 2 or more"):
        mean_with_others(torch.ones(1, 1))
    with pytest.raises(ValueError, match="1 subspaces, expected 2 or more"):
        least_mean_overlap(1, 1, 2)
    with pytest.raises(ValueError, match="holds NaN or Inf, or is all zero"):
        common_norms(torch.zeros(2, 3, 4), 1, seeded(0))
    with pytest.raises(ValueError, match=r"weights \(3, 4\) and count 1, expected \(experts, out, in\)"):
        common_norms(gaussian((3, 4)), 1, seeded(0))
    with pytest.raises(ValueError, match=r"rank_fraction 0.0 and noise_energy 0.5, expected shares"):
        planted_directions((2, 3, 4), 0.0, 0.5, seeded(0))
