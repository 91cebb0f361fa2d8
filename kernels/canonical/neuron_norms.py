"""Norms of neurons as mantissa and exponent, so that a power of two in the weights moves the exponent alone."""

from typing import NamedTuple

import torch
from torch import Tensor

from kernels.batch import MAX_EXPONENT

# A root this near to a power of two is that power of two, relative [-]: balancing what is balanced then does nothing.
# A norm of 16,384 float64 squares rounds by less than 1e-14 here, and in the worst order of summation by 1e-12.
SNAP = 2.0**-40


class Norms(NamedTuple):
    """`mantissa · 2^exponent`, of the shape of the neurons: float64, 0 for a row of zeros, and int64."""

    mantissa: Tensor
    exponent: Tensor


def neuron_norms(w: Tensor, dim: int) -> Norms:
    """Euclidean norms over axis `dim` of `w (..., out, in)`, accumulated in float64; unit of the weights.

    Each row is first divided by the power of two above its largest entry, so that no square overflows or vanishes.
    Raises ValueError for NaN or Inf and for a row whose largest entry is not 0 or within 2^±400.
    """
    peak = w.abs().amax(dim).double()  # NaN propagates
    low, high = 2.0**-MAX_EXPONENT, 2.0**MAX_EXPONENT
    wrong = ~((peak == 0.0) | ((peak >= low) & (peak <= high)))
    if bool(wrong.any()):
        neuron = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"neuron_norms: neuron {neuron} has max|w| = {float(peak[tuple(neuron)]):.3g} ({int(wrong.sum())} of"
            f" {wrong.numel()} neurons fail), expected 0 or within 2^±{MAX_EXPONENT}; re-read or rescale that tensor"
        )
    exponent = torch.frexp(peak).exponent.long()
    scaled = w.double() * power_of_two(-exponent).unsqueeze(dim)
    return Norms(scaled.square().sum(dim).sqrt(), exponent)


def power_of_two(exponent: Tensor) -> Tensor:
    """2^exponent in float64, exactly, for int64 within ±1022. (torch.ldexp goes through a float32 power.)"""
    return ((exponent + 1023) << 52).view(torch.float64)


def root(of: Norms, degree: int) -> Tensor:
    """The `degree`-th root of `mantissa · 2^exponent`, float64, positive; 0 where the mantissa is 0 or NaN.

    An exponent that is `degree` larger doubles the result, to the bit. A root within `SNAP` of a power of two is that
    power.
    """
    whole = torch.div(of.exponent, degree, rounding_mode="floor")
    rest = (of.exponent - degree * whole).clamp(0, degree)
    value = (of.mantissa * power_of_two(rest)).pow(1.0 / degree)
    mantissa, exponent = torch.frexp(torch.where(of.mantissa > 0.0, value, 0.0))
    for snapped in (0.5, 1.0):
        mantissa = torch.where((mantissa - snapped).abs() <= snapped * SNAP, snapped, mantissa)
    return mantissa * power_of_two(exponent.long() + whole)
