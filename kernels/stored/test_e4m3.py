"""FP8 with scales: every byte by its definition, transformers and compressed-tensors to the bit, and refusals."""

import math
import re
from fractions import Fraction
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers.integrations.finegrained_fp8 import Fp8Dequantize, Fp8Quantize

from kernels.stored.e4m3 import DTYPES, LARGEST, decode_e4m3, encode_e4m3
from kernels.stored.storage import WHOLE, ScaleDtype, Storage

BYTES = torch.arange(256).to(torch.uint8)
MATRIX = Storage("F8_E4M3", (WHOLE, WHOLE), "F32")
ROWS = Storage("F8_E4M3", (1, WHOLE), "F32")


def blocks(rows: int, columns: int, scales: ScaleDtype = "F32") -> Storage:
    return Storage("F8_E4M3", (rows, columns), scales)


def defined(byte: int) -> float:
    """E4M3FN by its definition: (-1)^s 2^(e-7) 1.mmm, 2^-6 0.mmm for e = 0, NaN where all ones, no Inf."""
    sign, exponent, mantissa = byte >> 7, byte >> 3 & 15, byte & 7
    if byte & 0x7F == 0x7F:
        return math.nan
    magnitude = (
        Fraction(mantissa, 8) / 64 if exponent == 0 else (1 + Fraction(mantissa, 8)) * Fraction(2) ** (exponent - 7)
    )
    return math.copysign(float(magnitude), -1.0 if sign else 1.0)


def drawn(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return (w * torch.randn(*shape[:-1], 1, generator=generator, dtype=torch.float64).mul(4.0).exp2()).float()


def quantizer(storage: Storage) -> SimpleNamespace:
    """What transformers' operations ask of their quantiser."""
    block = None if storage.block == (WHOLE, WHOLE) else list(storage.block)
    scale_fmt = "ue8m0" if storage.scales == "F8_E8M0" else "float"
    return SimpleNamespace(quantization_config=SimpleNamespace(weight_block_size=block, scale_fmt=scale_fmt))


def bits(w: Tensor) -> Tensor:
    return w.contiguous().view(torch.uint8)


def test_every_byte_is_its_number() -> None:
    found = decode_e4m3(BYTES[None], torch.ones(1, 1), MATRIX)[0]
    expected = torch.tensor([defined(byte) for byte in range(256)])
    assert torch.equal(found.isnan(), expected.isnan())
    assert found.isnan().nonzero().flatten().tolist() == [0x7F, 0xFF]
    assert torch.equal(bits(found.nan_to_num()), bits(expected.nan_to_num()))  # -0 too
    assert found[0x7E] == LARGEST == 448.0


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 9), columns=st.integers(1, 9), down=st.integers(1, 4), across=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_each_value_is_times_the_scale_of_its_block(rows: int, columns: int, down: int, across: int, seed: int) -> None:
    storage = blocks(down, across)
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(0, 127, (2, rows, columns), generator=generator).to(torch.uint8)
    scales = torch.rand(2, *storage.grid((rows, columns)), generator=generator) + 0.01
    found = decode_e4m3(codes, scales, storage)
    for at in np.ndindex(2, rows, columns):
        scale = scales[at[0], at[1] // down, at[2] // across].item()
        exact = Fraction(defined(int(codes[at]))) * Fraction(scale)
        assert found[at].item() == float(np.float32(float(exact)))  # ≤ 28 bits: exact in float64, then rounded once


@pytest.mark.parametrize("scales", ["F32", "F8_E8M0"])
@pytest.mark.parametrize("storage", [blocks(128, 128), blocks(4, 32), blocks(1, 32), MATRIX], ids=str)
def test_decoded_as_transformers_decodes(storage: Storage, scales: ScaleDtype) -> None:
    storage = Storage(storage.values, storage.block, scales)
    codes, made = encode_e4m3(drawn(1, 256, 384), storage)
    oracle = Fp8Dequantize(quantizer(storage))  # type: ignore[no-untyped-call]
    mine = decode_e4m3(codes, made, storage)
    assert torch.equal(bits(mine), bits(oracle._dequantize_one(codes, made, torch.float32)))
    # Into bf16, its default: the same numbers rounded once more, which loses up to 2^-9 of each
    in_bf16 = oracle._dequantize_one(codes, made, torch.bfloat16)
    assert torch.equal(bits(mine.bfloat16()), bits(in_bf16))
    differ = (in_bf16.float() != mine).float().mean().item()
    assert differ == 0.0 if scales == "F8_E8M0" else differ > 0.5


@pytest.mark.parametrize("scales", ["F32", "F8_E8M0"])
@pytest.mark.parametrize("storage", [blocks(128, 128), blocks(4, 32), MATRIX], ids=str)
@pytest.mark.parametrize("scale", [1.0, 1e-3, 3e-39, 1e30])
def test_encoded_as_transformers_encodes(storage: Storage, scales: ScaleDtype, scale: float) -> None:
    storage = Storage(storage.values, storage.block, scales)
    w = drawn(2, 256, 384) * scale
    w[:128, :128] = 0.0
    codes, made = encode_e4m3(w, storage)
    oracle = Fp8Quantize(quantizer(storage))._quantize_one("a.weight", w)  # type: ignore[no-untyped-call]
    assert torch.equal(bits(codes), bits(oracle["a.weight"]))
    assert torch.equal(bits(made), bits(oracle["a.weight_scale_inv"]))


COMPRESSED = ((MATRIX, "tensor"), (ROWS, "channel"), (blocks(16, 32), "block"))


@pytest.mark.parametrize(("storage", "strategy"), COMPRESSED, ids=[strategy for _, strategy in COMPRESSED])
def test_decoded_as_compressed_tensors_decodes(storage: Storage, strategy: str) -> None:
    package = pytest.importorskip("compressed_tensors.quantization", reason="compressed-tensors is not installed")
    forward = import_module("compressed_tensors.quantization.lifecycle.forward")
    codes, scales = encode_e4m3(drawn(3, 48, 64), Storage(storage.values, storage.block, "BF16"))
    structure = {"block_structure": list(storage.block)} if strategy == "block" else {}
    args = package.QuantizationArgs(num_bits=8, type="float", strategy=strategy, **structure)
    there = forward.dequantize(codes, scales.float(), args=args, dtype=torch.float32)
    assert torch.equal(bits(decode_e4m3(codes, scales, storage)), bits(there))


@pytest.mark.parametrize("storage", [MATRIX, ROWS], ids=str)
def test_decoded_as_transformers_folds_scales_of_compressed_tensors(storage: Storage) -> None:
    """By the line of its `CompressedTensorsDequantize` for FP8 experts, which needs that package to be called."""
    codes, scales = encode_e4m3(drawn(3, 48, 64), Storage(storage.values, storage.block, "BF16"))
    assert scales.dtype == torch.bfloat16
    assert torch.equal(bits(decode_e4m3(codes, scales, storage)), bits(codes.float() * scales.float()))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 9), columns=st.integers(1, 9), down=st.integers(0, 4), across=st.integers(0, 4),
    seed=st.integers(0, 2**32), scales=st.sampled_from(["F32", "BF16", "F16", "F8_E8M0"]),
)  # fmt: skip
def test_what_is_decoded_is_near_and_encodes_to_itself(
    rows: int, columns: int, down: int, across: int, seed: int, scales: ScaleDtype
) -> None:
    storage = blocks(down, across, scales)
    w = drawn(seed, rows, columns)
    codes, made = encode_e4m3(w, storage)
    assert (codes.dtype, made.dtype) == (torch.float8_e4m3fn, DTYPES[scales])
    assert tuple(made.shape) == storage.grid((rows, columns))
    found = decode_e4m3(codes, made, storage)
    spread = decode_e4m3(torch.full_like(codes.view(torch.uint8), 0x38), made, storage)  # 1, times its scale
    # Half a step of three bits, of a subnormal half of 2^-9, and of what bf16 scales clamp at 448 their error
    allowed = (found.abs() / 16 + spread / 1024) * 1.0001 + (0.004 * w.abs() if scales == "BF16" else 0.0)
    assert bool(((w - found).abs() <= allowed).all())
    if scales == "F8_E8M0":  # whose scales are not moved by rounding of values
        again = decode_e4m3(*encode_e4m3(found, storage), storage)
        assert bool(((again - found).abs() <= allowed).all())


def test_a_nan_stays_and_what_is_too_large_is_inf() -> None:
    one = torch.ones(1, 1)
    assert bool(decode_e4m3(torch.tensor([[0x7F]], dtype=torch.uint8), one, MATRIX).isnan())
    assert bool(decode_e4m3(torch.tensor([[0x38]], dtype=torch.uint8), one * torch.nan, MATRIX).isnan())
    assert decode_e4m3(torch.tensor([[0x7E]], dtype=torch.uint8), one * 1e37, MATRIX).item() == math.inf
    e8m0_nan = torch.tensor([[255]], dtype=torch.uint8).view(torch.float8_e8m0fnu)
    assert bool(decode_e4m3(torch.tensor([[0]], dtype=torch.uint8), e8m0_nan, MATRIX).isnan())


@pytest.mark.parametrize(
    ("codes", "scales", "message"),
    [
        (torch.zeros(4, 4), torch.ones(1, 1), "decode_e4m3: torch.float32 (4, 4), expected E4M3 values (..., out, in)"),
        (BYTES, torch.ones(1), "decode_e4m3: torch.uint8 (256,), expected E4M3 values (..., out, in)"),
        (
            BYTES.view(16, 16),
            torch.ones(2, 2),
            "decode_e4m3: scales (2, 2) beside values (16, 16), expected (1, 1) by F8_E4M3[allxall,F32]; pass the "
            "scales of those values",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(codes: Tensor, scales: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        decode_e4m3(codes, scales, MATRIX)


@pytest.mark.parametrize("w", [torch.tensor([[math.inf]]), torch.tensor([[math.nan]]), BYTES[None], torch.ones(3)])
def test_only_finite_matrices_are_encoded(w: Tensor) -> None:
    with pytest.raises(ValueError, match=re.escape("expected finite floating weights (..., out, in)")):
        encode_e4m3(w, MATRIX)
