"""Counts against numpy, codes against zlib and the entropy bound; not a bit is lost, and a lost one is seen."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from kernels.coding.bf16_exponents import commonest_share, exponent_counts, exponent_entropy
from kernels.coding.huffman_round_trip import bits_lost, decode, encode
from kernels.planted.exponents import uniform_exponents

BITS = npst.arrays(np.uint16, st.integers(1, 300), elements=st.integers(0, 0xFFFF))


@given(BITS)
def test_every_bit_comes_back(bits: np.ndarray) -> None:
    """Whatever 16 bits are: NaN, Inf, zeros of either sign and subnormal numbers too."""
    coded = encode(bits)
    assert coded.size == bits.size
    assert np.array_equal(decode(coded), bits)
    assert bits_lost(bits, decode(coded)) == 0


@given(BITS, st.integers(0, 10_000), st.integers(0, 15))
def test_a_lost_bit_is_counted(bits: np.ndarray, at: int, bit: int) -> None:
    after = bits.copy()
    after[at % bits.size] ^= np.uint16(1 << bit)
    assert bits_lost(bits, after) == 1
    assert bits_lost(bits, bits[:-1]) == 16 * bits.size


@given(BITS)
def test_counts_are_those_of_the_bits(bits: np.ndarray) -> None:
    w = torch.from_numpy(bits.astype(np.int16)).view(torch.bfloat16)[None]
    counts = exponent_counts(w)
    expected = np.bincount((bits >> 7) & 0xFF, minlength=256)
    assert counts.tolist() == expected.tolist()
    assert float(exponent_entropy(counts)) == pytest.approx(float(stats.entropy(expected, base=2)), abs=1e-12)
    assert float(commonest_share(counts, 15)) == pytest.approx(np.sort(expected)[-15:].sum() / bits.size)


def test_counts_of_a_stack_are_those_of_each_matrix() -> None:
    generator = torch.Generator().manual_seed(1)
    stack = torch.randn(2, 3, 8, 5, generator=generator).bfloat16()
    counts = exponent_counts(stack)
    assert counts.shape == (2, 3, 256)
    assert torch.equal(counts[1, 2], exponent_counts(stack[1, 2]))
    transposed = stack.mT  # not contiguous
    assert torch.equal(exponent_counts(transposed), counts)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_another_dtype_has_no_such_exponents(dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=rf"weights are {dtype}, expected torch.bfloat16"):
        exponent_counts(torch.ones(2, 2, dtype=dtype))


def test_a_huffman_code_lands_a_little_above_the_bound() -> None:
    """1.7 to 2.8 % over, on a million Gaussian weights."""
    w = (torch.randn(1024, 1024, generator=torch.Generator().manual_seed(2)) * 0.02).bfloat16()
    coded = encode(w.view(torch.uint16).numpy())
    bound = 8.0 + float(exponent_entropy(exponent_counts(w)))
    assert 1.0 <= coded.bits_per_weight / bound < 1.03
    assert coded.bits_per_weight < 11.2


def test_uniform_exponents_cannot_be_coded() -> None:
    w = uniform_exponents((256, 256), 64, torch.Generator().manual_seed(3)).bfloat16()
    entropy = float(exponent_entropy(exponent_counts(w)))
    assert entropy == pytest.approx(math.log2(64), abs=0.01)
    assert int((exponent_counts(w) > 0).sum()) == 64
    with pytest.raises(ValueError, match=r"count is 201, expected 1 to 200"):
        uniform_exponents((2, 2), 201, torch.Generator())
