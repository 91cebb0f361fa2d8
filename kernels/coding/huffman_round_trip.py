"""A real lossless code of bf16 weights: their exponents by zlib's Huffman codes, sign and mantissa as they are."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.closed_forms.exponent_law import EXPONENTS, MANTISSA

Bits = NDArray[np.uint16]
SIGN, FRACTION = 0x8000, 0x7F
LEVEL = 9  # of zlib; with Z_HUFFMAN_ONLY nothing is searched for, a level decides block lengths alone


@dataclass(frozen=True)
class Coded:
    """What is stored of a matrix."""

    exponents: bytes  # compressed
    rest: bytes  # sign and mantissa, 8 bits a weight
    size: int  # weights

    @property
    def bits_per_weight(self) -> float:
        return 8.0 * (len(self.exponents) + len(self.rest)) / self.size


def encode(bits: Bits) -> Coded:
    """The 16 bits of each weight, split and coded."""
    flat = bits.ravel()
    exponents = ((flat >> MANTISSA) & (EXPONENTS - 1)).astype(np.uint8)
    rest = (((flat & SIGN) >> 8) | (flat & FRACTION)).astype(np.uint8)
    coder = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_HUFFMAN_ONLY)
    return Coded(coder.compress(exponents.tobytes()) + coder.flush(), rest.tobytes(), flat.size)


def decode(coded: Coded) -> Bits:
    """The 16 bits of each weight."""
    exponents = np.frombuffer(zlib.decompress(coded.exponents, -zlib.MAX_WBITS), dtype=np.uint8).astype(np.uint16)
    rest = np.frombuffer(coded.rest, dtype=np.uint8).astype(np.uint16)
    bits = ((rest & 0x80) << 8) | (exponents << MANTISSA) | (rest & FRACTION)
    return bits.astype(np.uint16)


def bits_lost(before: Bits, after: Bits) -> int:
    """How many bits are not what they were; all of them where there are not as many weights."""
    if before.size != after.size:
        return 16 * max(before.size, after.size)
    return int(np.unpackbits((before.ravel() ^ after.ravel()).view(np.uint8)).sum())
