"""The exponents that bf16 numbers have where they are rounded from a normal law: what no structure looks like."""

import math
from collections.abc import Sequence

EXPONENTS = 256  # values of the 8 bits of a bf16 number
BIAS = 127
MANTISSA = 7  # bits that are stored
COMMONEST = 15  # that a code of 4 bits has words for, one word being left to tell all others
HALF_STEP = 2.0 ** -(MANTISSA + 2)  # below a power of two numbers lie half as far apart: nearer ones round up to it


def normal_exponents(sigma: float) -> tuple[float, ...]:
    """The share of each of the 256 exponents among N(0, σ²) rounded to bf16, nearest even.

    |x| has exponent e + 127 where it is in [2^e (1 − 2⁻⁹), 2^(e+1) (1 − 2⁻⁹)); below 2⁻¹²⁶ everything has exponent 0.
    Raises `ValueError` for a σ that is not positive and finite.
    """
    if not 0.0 < sigma < math.inf:
        raise ValueError(f"normal_exponents: sigma is {sigma}, expected a positive finite number")
    ends = [2.0 ** (code - BIAS) * (1.0 - HALF_STEP) for code in range(1, EXPONENTS)]
    below = [math.erf(end / sigma / math.sqrt(2.0)) for end in ends]
    return tuple(after - before for before, after in zip([0.0, *below], [*below, 1.0], strict=True))


def entropy_bits(shares: Sequence[float]) -> float:
    """−Σ p log₂ p [bits]."""
    return -sum(share * math.log2(share) for share in shares if share > 0.0)


def commonest(shares: Sequence[float], count: int = COMMONEST) -> float:
    """The share of the `count` commonest."""
    return sum(sorted(shares, reverse=True)[:count])


def saving(entropy: float) -> float:
    """Of 16 bits, what a perfect code of exponents saves: (8 − H) / 16 [-]. 11.2 bits a weight are a saving of 0.30."""
    return (8.0 - entropy) / 16.0
