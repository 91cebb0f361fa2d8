"""MXFP4: every code by its definition, transformers to the bit, nearest values with ties to even, and refusals."""

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

from kernels.stored.mxfp4 import BYTES, MAGNITUDES, NAN, decode_mxfp4, encode_mxfp4


def drawn(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def uint8(seed: int, top: int, *shape: int) -> Tensor:
    return torch.randint(0, top, shape, generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def bits(w: Tensor) -> Tensor:
    return w.contiguous().view(torch.uint8)


def e2m1(code: int) -> float:
    """By its definition: (-1)^s 2^(e-1) 1.m, and 0.m for e = 0."""
    exponent, mantissa = code >> 1 & 3, code & 1
    magnitude = mantissa / 2 if exponent == 0 else (1 + mantissa / 2) * 2.0 ** (exponent - 1)
    return math.copysign(magnitude, -1.0 if code & 8 else 1.0)


def test_every_code_is_its_number_and_the_low_half_is_first() -> None:
    codes = torch.arange(16).to(torch.uint8)
    blocks = (codes | codes.flip(0) << 4)[None]  # code i, then code 15 - i
    for scale in (0, 1, 126, 127, 128, 200, 252):
        found = decode_mxfp4(blocks, torch.tensor([scale], dtype=torch.uint8))
        expected = [e2m1(code) * 2.0 ** (scale - 127) for i in range(16) for code in (i, 15 - i)]
        assert found.dtype == torch.float32
        assert found.double().tolist() == expected
        assert [math.copysign(1.0, value) for value in found.tolist()] == [math.copysign(1.0, e) for e in expected]


def test_decoded_as_transformers_decodes() -> None:
    blocks, scales = uint8(1, 256, 3, 10, 2, BYTES), uint8(2, 253, 3, 10, 2)
    mine = decode_mxfp4(blocks, scales)
    assert tuple(mine.shape) == (3, 10, 64)
    there = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)  # (expert, in, out)
    assert torch.equal(bits(mine), bits(there.mT))
    in_bf16 = convert_moe_packed_tensors(blocks, scales)  # the default loses nothing
    assert in_bf16.dtype == torch.bfloat16
    assert torch.equal(bits(mine), bits(in_bf16.float().mT))


def test_what_no_number_is() -> None:
    """A scale of 255 is NaN, whatever the values; beyond 2^128 is Inf. transformers has Inf for both."""
    blocks = torch.tensor([[0x72] * BYTES], dtype=torch.uint8)  # 1 and 6
    assert bool(decode_mxfp4(blocks, torch.tensor([NAN], dtype=torch.uint8)).isnan().all())
    assert bool(decode_mxfp4(blocks * 0, torch.tensor([NAN], dtype=torch.uint8)).isnan().all())
    assert decode_mxfp4(blocks, torch.tensor([254], dtype=torch.uint8))[:2].tolist() == [2.0**127, math.inf]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), power=st.integers(-130, 126), few=st.booleans())
def test_each_value_is_the_nearest_with_ties_to_even(seed: int, power: int, few: bool) -> None:
    w = drawn(seed, 4, 64)
    if few:  # multiples of a quarter: ties among them
        w = (w * 8).round() / 4
    w = (w * 2.0 ** min(power, 120)).float().double()
    blocks, scales = encode_mxfp4(w)
    found = decode_mxfp4(blocks, scales).double()
    for row in range(4):
        for start in (0, 32):
            part, got = w[row, start : start + 32], found[row, start : start + 32]
            largest = float(part.abs().max())
            exponent = -127 if largest == 0.0 else max(-127, math.floor(math.log2(largest)) - 2)
            assert int(scales[row, start // 32]) == exponent + 127
            for x, y in zip(part.tolist(), got.tolist(), strict=True):
                scaled = min(abs(x) / 2.0**exponent, 6.0)
                gaps = [abs(scaled - magnitude) for magnitude in MAGNITUDES]
                near = [code for code, gap in enumerate(gaps) if gap == min(gaps)]
                code = near[0] if len(near) == 1 else next(c for c in near if c % 2 == 0)
                assert abs(y) == MAGNITUDES[code] * 2.0**exponent
                assert math.copysign(1.0, y) == math.copysign(1.0, x)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_was_stored_by_the_rule_encodes_to_itself(seed: int) -> None:
    once = encode_mxfp4(drawn(seed, 2, 5, 96))
    again = encode_mxfp4(decode_mxfp4(*once))
    assert torch.equal(once[0], again[0])
    assert torch.equal(once[1], again[1])


@pytest.mark.parametrize(
    ("blocks", "scales"),
    [
        (torch.zeros(2, 16), torch.zeros(2, dtype=torch.uint8)),
        (torch.zeros(2, 8, dtype=torch.uint8), torch.zeros(2, dtype=torch.uint8)),
        (torch.zeros(2, 16, dtype=torch.uint8), torch.zeros(3, dtype=torch.uint8)),
    ],
    ids=["floats", "eight bytes", "another scale"],
)
def test_what_does_not_belong_together_is_refused(blocks: Tensor, scales: Tensor) -> None:
    with pytest.raises(ValueError, match=re.escape("expected uint8 (..., in/32, 16) and (..., in/32)")):
        decode_mxfp4(blocks, scales)


@pytest.mark.parametrize("w", [torch.ones(2, 31), torch.full((1, 32), math.nan), torch.ones(1, 32).int()])
def test_only_finite_groups_of_32_are_encoded(w: Tensor) -> None:
    with pytest.raises(ValueError, match=re.escape("finite floating weights whose last axis is a multiple of 32")):
        encode_mxfp4(w)
