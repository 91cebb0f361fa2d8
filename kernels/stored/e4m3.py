"""FP8 with scales: E4M3 values, each times the scale of its block. Decoded to fp32, and encoded."""

import torch
from torch import Tensor

from kernels.stored.storage import Storage

LARGEST = 448.0  # of E4M3FN, which has no Inf: all ones is NaN
SMALLEST_NORMAL = torch.finfo(torch.float32).tiny
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "F8_E8M0": torch.float8_e8m0fnu}


def decode_e4m3(codes: Tensor, scales: Tensor, storage: Storage) -> Tensor:
    """`w_ij = q_ij · s_⌊i/r⌋⌊j/c⌋` for blocks of r × c: fp32 `(..., out, in)`.

    `codes (..., out, in)` are float8_e4m3fn or their bytes as uint8, `scales (..., ⌈out/r⌉, ⌈in/c⌉)` of any floating
    dtype, E8M0 included; blocks at the end may be cut short. Values and scales are exact in fp32 and the product is
    rounded once, to nearest: what `Fp8Dequantize` of transformers 5.23 computes before it rounds to the dtype that it
    loads into, bf16 by default. A NaN among values or scales stays NaN, and what is beyond fp32 becomes Inf. Raises
    ValueError where values, scales and `storage` do not belong together.
    """
    if codes.dtype not in (torch.uint8, torch.float8_e4m3fn) or codes.ndim <= 1:
        raise ValueError(f"decode_e4m3: {codes.dtype} {tuple(codes.shape)}, expected E4M3 values (..., out, in)")
    *batch, rows, columns = codes.shape
    expected = (*batch, *storage.grid((rows, columns)))
    if tuple(scales.shape) != expected:
        raise ValueError(
            f"decode_e4m3: scales {tuple(scales.shape)} beside values {tuple(codes.shape)}, expected {expected} by "
            f"{storage.label}; pass the scales of those values"
        )
    down, across = (side or of for side, of in zip(storage.block, (rows, columns), strict=True))
    w = codes.view(torch.float8_e4m3fn).float()
    by_row = scales.float().repeat_interleave(down, -2)[..., :rows, :]
    for at in range(by_row.shape[-1]):
        w[..., at * across : (at + 1) * across].mul_(by_row[..., at : at + 1])
    return w


def encode_e4m3(w: Tensor, storage: Storage) -> tuple[Tensor, Tensor]:
    """(float8_e4m3fn values, scales) of floating `w (..., out, in)`: each block's largest magnitude is stored as 448.

    The scale is 1 / (448 / max|w|), 1 for a block of zeros, rounded to the storage's dtype; in E8M0 it is the next
    power of two at or above. Values are w / scale, to nearest even, at most ±448. All in fp32, and step by step as
    `Fp8Quantize` of transformers 5.23 has it, but for scales in bf16 and fp16: there values are divided by the scale
    that is stored, as compressed-tensors has it. Raises ValueError for what is not finite, or not a floating
    `(..., out, in)`.
    """
    if not w.is_floating_point() or w.ndim <= 1 or not bool(w.isfinite().all()):
        raise ValueError(f"encode_e4m3: {w.dtype} {tuple(w.shape)}, expected finite floating weights (..., out, in)")
    w = w.float()
    largest = _block_maxima(w.abs(), storage)
    forward = torch.where(largest > 0.0, LARGEST / torch.where(largest > 0.0, largest, 1.0), 1.0)
    scales = 1.0 / forward
    if storage.scales == "F8_E8M0":
        scales = torch.exp2(torch.ceil(torch.log2(scales.clamp(min=SMALLEST_NORMAL))))
    if storage.scales != "F32":
        scales = scales.to(DTYPES[storage.scales])
        forward = 1.0 / scales.float()
    rows, columns = w.shape[-2:]
    down, across = (side or of for side, of in zip(storage.block, (rows, columns), strict=True))
    spread = forward.repeat_interleave(down, -2)[..., :rows, :].repeat_interleave(across, -1)[..., :columns]
    return (w * spread).clamp(-LARGEST, LARGEST).to(torch.float8_e4m3fn), scales


def _block_maxima(magnitudes: Tensor, storage: Storage) -> Tensor:
    """The largest of each block, `(..., ⌈out/r⌉, ⌈in/c⌉)`."""
    rows, columns = magnitudes.shape[-2:]
    down, across = (side or of for side, of in zip(storage.block, (rows, columns), strict=True))
    padded = torch.nn.functional.pad(magnitudes, (0, -columns % across, 0, -rows % down))
    *batch, rows, columns = padded.shape
    return padded.reshape(*batch, rows // down, down, columns // across, across).amax((-3, -1))
