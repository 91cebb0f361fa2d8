"""Numbers whose exponents are all as common: what no code of exponents can shorten."""

import torch
from torch import Tensor

MOST = 200  # exponents around that of 1: further ones would come near the ends of float32


def uniform_exponents(shape: tuple[int, int], count: int, generator: torch.Generator) -> Tensor:
    """± m · 2^e with m uniform in [1, 1.99) and e uniform over `count` whole numbers around 0, float32 `shape`.

    m stays below 2 − 2⁻⁸, so that rounding to bf16 keeps the exponent. Raises `ValueError` for more than 200 exponents.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"uniform_exponents: count is {count}, expected 1 to {MOST}")
    fraction = torch.rand(shape, dtype=torch.float64, generator=generator) * 0.99 + 1.0
    exponent = torch.randint(0, count, shape, generator=generator) - count // 2
    sign = 2.0 * torch.randint(0, 2, shape, generator=generator).double() - 1.0
    return (sign * torch.ldexp(fraction, exponent)).float()
