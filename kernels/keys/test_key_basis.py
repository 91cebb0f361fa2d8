"""What attention leaves free moves no score and no coordinate; one bit of keys that are signs loses nothing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from torch import Tensor

from kernels.gauge.moments import one_bit_cosine
from kernels.gauge.one_bit import one_bit
from kernels.keys.key_basis import (
    KeyBasis,
    balanced,
    basis_of,
    bits_per_coordinate,
    one_bit_keys,
    phase_angle,
)
from kernels.keys.rotary_pairs import LAYOUTS, pair_squares, turned
from kernels.rotations import haar_orthogonal

HEADS, TOKENS, WIDTH = 2, 40, 8
LAYOUT = LAYOUTS["halves"]


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def angles() -> tuple[Tensor, Tensor]:
    found = torch.arange(TOKENS).double()[:, None] / 10.0 ** torch.arange(WIDTH // 2)
    return found.cos(), found.sin()


def in_pairs(seed: int) -> Tensor:
    """A factor for each pair `(h, n)`, between 1/4 and 4."""
    first, second = LAYOUT.pairs(WIDTH)
    factors = torch.empty(HEADS, WIDTH, dtype=torch.float64)
    factors[:, first] = factors[:, second] = 4.0 ** drawn(seed, HEADS, WIDTH // 2).clamp(-1, 1)
    return factors


def attention(queries: Tensor, keys: Tensor) -> np.ndarray:
    """Weights by scipy's softmax."""
    weights: np.ndarray = softmax((queries @ keys.mT).numpy(), axis=-1)
    return weights


@given(st.integers(0, 2**32))
def test_a_rescaled_pair_and_a_common_vector_move_no_attention_weight_and_no_coordinate(seed: int) -> None:
    """Before RoPE the pair is scaled, behind it the vector is added: both networks compute the same."""
    cos, sin = angles()
    q, k, factors = drawn(seed, HEADS, TOKENS, WIDTH), drawn(seed + 1, HEADS, TOKENS, WIDTH), in_pairs(seed + 2)
    queries, keys = turned(q, cos, sin, LAYOUT), turned(k, cos, sin, LAYOUT)
    other_queries = turned(q / factors[:, None], cos, sin, LAYOUT)
    other_keys = turned(k * factors[:, None], cos, sin, LAYOUT)

    np.testing.assert_allclose(attention(other_queries, other_keys), attention(queries, keys), rtol=1e-9)
    shifted = keys + drawn(seed + 3, HEADS, 1, WIDTH)
    np.testing.assert_allclose(attention(queries, shifted), attention(queries, keys), rtol=1e-9)

    basis = basis_of(keys, queries.square().mean(-2), LAYOUT)
    other = basis_of(other_keys, other_queries.square().mean(-2), LAYOUT)
    torch.testing.assert_close(other.coordinates(other_keys), basis.coordinates(keys), rtol=1e-9, atol=1e-9)


def test_balanced_keys_and_queries_have_equal_mean_squares_in_each_pair() -> None:
    keys, queries = drawn(0, HEADS, TOKENS, WIDTH) * in_pairs(1)[:, None], drawn(2, HEADS, TOKENS, WIDTH)
    scales = balanced(keys.square().mean(-2), queries.square().mean(-2), LAYOUT)[:, None]

    one, other = ((x.square()).mean(-2) for x in (keys * scales, queries / scales))
    torch.testing.assert_close(pair_squares(one, LAYOUT), pair_squares(other, LAYOUT))


def test_a_basis_centres_what_it_was_made_on_and_there_and_back_is_the_key() -> None:
    keys = drawn(3, HEADS, TOKENS, WIDTH) + 5.0
    basis = basis_of(keys, torch.full((HEADS, WIDTH), 0.3).double(), LAYOUT)
    assert float(basis.coordinates(keys).mean(-2).abs().max()) < 1e-12
    turnedbasis = basis.with_rotation(haar_orthogonal(WIDTH, torch.Generator().manual_seed(1), (HEADS,)))

    found = turnedbasis.keys(turnedbasis.coordinates(keys), keys)

    torch.testing.assert_close(found, keys, rtol=1e-12, atol=1e-12)


def test_a_pair_that_no_score_depends_on_is_left_as_it_is() -> None:
    keys, square = drawn(4, HEADS, TOKENS, WIDTH), torch.ones(HEADS, WIDTH).double()
    first, second = LAYOUT.pairs(WIDTH)
    square[0, first[1]] = square[0, second[1]] = 0.0
    basis = basis_of(keys, square, LAYOUT)
    assert float(basis.scales[0, first[1]]) == 0.0

    found = one_bit_keys(keys, basis)

    assert torch.equal(found[0, :, first[1]], keys[0, :, first[1]])
    assert not torch.equal(found[0, :, first[0]], keys[0, :, first[0]])
    assert bool(found.isfinite().all())


@given(st.integers(0, 2**32))
def test_keys_that_are_signs_behind_a_rotation_lose_nothing(seed: int) -> None:
    signs = drawn(seed, HEADS, TOKENS, WIDTH).sign()
    rotation = haar_orthogonal(WIDTH, torch.Generator().manual_seed(seed), (HEADS,))
    none = torch.zeros(HEADS, WIDTH, dtype=torch.float64)
    keys = (0.5 + drawn(seed + 1, HEADS, TOKENS, 1).abs()) * (signs @ rotation.mT)

    found = one_bit_keys(keys, KeyBasis(none + 1.0, none, rotation))

    torch.testing.assert_close(found, keys, rtol=1e-9, atol=1e-12)


def test_one_bit_of_keys_is_the_weights_quantiser_row_by_row_and_its_error_the_cosine() -> None:
    keys = drawn(5, 1, TOKENS, WIDTH)
    rotation = haar_orthogonal(WIDTH, torch.Generator().manual_seed(6), (1,))
    none = torch.zeros(1, WIDTH, dtype=torch.float64)

    found = one_bit_keys(keys, KeyBasis(none + 1.0, none, rotation))

    torch.testing.assert_close(found[0], one_bit(keys[0], rotation[0]))
    error = float((found - keys).square().sum() / keys.square().sum())
    assert error == pytest.approx(1.0 - float(one_bit_cosine(keys @ rotation)[0]) ** 2)


def test_bits_and_angles() -> None:
    assert bits_per_coordinate(32, 4096, 16, 16) == pytest.approx(1.0 + 0.5 + 16 * 33 / 4096)
    assert phase_angle(math.sqrt(0.5)) == pytest.approx(45.0)
    with pytest.raises(ValueError, match=r"^bits_per_coordinate: width 0, 4 tokens"):
        bits_per_coordinate(0, 4, 1, 1)


def test_mean_squares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^balanced: keys \(2, 8\) and queries \(4, 8\), expected one shape"):
        balanced(torch.ones(2, 8), torch.ones(4, 8), LAYOUT)
    with pytest.raises(ValueError, match=r"^balanced: mean squares that are negative, NaN or Inf"):
        balanced(torch.full((2, 8), math.nan), torch.ones(2, 8), LAYOUT)
