"""MXFP4: 32 values of E2M1 with a power of two for all of them, two values a byte. Decoded to fp32, and encoded."""

import itertools
import math

import torch
from torch import Tensor

from kernels.stored.storage import VALUES_PER_SCALE

MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # of E2M1, by its three low bits; the fourth is the sign
PER_BYTE = 2
BYTES = VALUES_PER_SCALE // PER_BYTE
BIAS = 127  # of E8M0: 2^(scale − 127)
NAN = 255  # of E8M0, which has no zero and no Inf
LARGEST_EXPONENT = 2  # of E2M1: 6 = 1.5 · 2²
# Where the next magnitude begins: halfway; a tie goes to the even code, which is the upper one of every second step
STEPS = tuple(
    math.nextafter(middle, 0.0) if below % 2 else middle
    for below, middle in enumerate((a + b) / 2 for a, b in itertools.pairwise(MAGNITUDES))
)


def decode_mxfp4(blocks: Tensor, scales: Tensor) -> Tensor:
    """fp32 `(..., in)` of `blocks (..., in/32, 16)` and `scales (..., in/32)`, both uint8: E2M1 · 2^(scale − 127).

    The low half of a byte is before the high one. Every value is exact in fp32, and in bf16 too, so that the bf16 of
    transformers' `convert_moe_packed_tensors` is the same numbers; beyond 2^128 they are Inf. A scale of 255 is NaN by
    the OCP specification, and its 32 values are NaN here. (transformers has ±Inf, and NaN for zeros.) Raises ValueError
    where blocks and scales do not belong together. Source: OCP Microscaling Formats (MX) 1.0, sections 5.3 and 6.3.
    """
    if {blocks.dtype, scales.dtype} != {torch.uint8} or blocks.shape != (*scales.shape, BYTES):
        raise ValueError(
            f"decode_mxfp4: blocks {blocks.dtype} {tuple(blocks.shape)} and scales {scales.dtype} "
            f"{tuple(scales.shape)}, expected uint8 (..., in/32, {BYTES}) and (..., in/32); pass what belongs together"
        )
    values = torch.tensor(MAGNITUDES + tuple(-value for value in MAGNITUDES), device=blocks.device)
    pairs = torch.stack((values[(blocks & 0x0F).int()], values[(blocks >> 4).int()]), -1)  # (..., in/32, 16, 2)
    powers = [2.0 ** (scale - BIAS) for scale in range(NAN)]
    scale = torch.tensor([*powers, math.nan], device=scales.device)[scales.int()]
    return pairs.mul_(scale[..., None, None]).flatten(-3)


def encode_mxfp4(w: Tensor) -> tuple[Tensor, Tensor]:
    """(blocks, scales) of floating `w (..., in)`, `in` a multiple of 32, as `decode_mxfp4` takes them.

    By the OCP rule the scale is 2^(⌊log₂ max|w|⌋ − 2), from 2^-127 to 2^127, and 2^-127 for a block of zeros; values
    are w / scale to nearest even, at most ±6. In float64, where each step but the rounding is exact. Raises ValueError
    for what is not finite or of another shape. Source: OCP Microscaling Formats (MX) 1.0, section 6.3.
    """
    if not w.is_floating_point() or w.shape[-1] % VALUES_PER_SCALE or not bool(w.isfinite().all()):
        raise ValueError(
            f"encode_mxfp4: {w.dtype} {tuple(w.shape)}, expected finite floating weights whose last axis is a multiple "
            f"of {VALUES_PER_SCALE}"
        )
    grouped = w.double().reshape(*w.shape[:-1], -1, VALUES_PER_SCALE)
    largest = grouped.abs().amax(-1)
    exponent = torch.frexp(largest).exponent - 1 - LARGEST_EXPONENT  # frexp is in [0.5, 1)
    exponent = torch.where(largest > 0.0, exponent, -BIAS).clamp(-BIAS, BIAS)
    scaled = grouped * torch.exp2(-exponent.double())[..., None]
    codes = torch.bucketize(scaled.abs().contiguous(), torch.tensor(STEPS, dtype=torch.float64, device=w.device)).to(
        torch.uint8
    )
    codes |= scaled.signbit().to(torch.uint8) << 3
    return codes[..., 0::2] | codes[..., 1::2] << 4, (exponent + BIAS).to(torch.uint8)
