"""What a held-out lift is compared with: its scatter on Gaussian experts, and what its rotation costs in bits."""

import math

# Of the relative error of β, per entry: Var(|x|/√(2/π) − x²/2) = π/2 − 3/2 for standard normal x
SPREAD = math.sqrt(math.pi / 2.0 - 1.5)


def held_out_spread(width: int, rows: int) -> float:
    """Standard deviation of β over the Haar level, `rows` Gaussian rows of length `width`, R from elsewhere: `[-]`.

    `0.266/√(n rows)`, by the delta method on `β² = (E|x|)²/E x²`, energies pooled over rows: rows that R was not
    learned on stay Gaussian under it. An average over several such R is never wider. Raises ValueError for a side of 0.
    """
    if width < 1 or rows < 1:
        raise ValueError(f"held_out_spread: {rows} rows of {width}, expected at least 1 each; pass what was measured")
    return SPREAD / math.sqrt(width * rows)


def break_even_lift(bits: float) -> float:
    """Lift over the Haar level at which `bits` per weight for a rotation pay: `√(1 − (1 − 2/π) 4^−bits)/√(2/π)`, `[-]`.

    One bit leaves a relative error of 1 − 2/π, and every further bit, spent on finer values in place of a rotation,
    divides it by 4 (rate–distortion of a Gaussian); a lift of λ leaves 1 − λ² 2/π. 1 at 0 bits, below √(π/2) always.
    Raises ValueError for negative bits.
    """
    if not bits >= 0.0:
        raise ValueError(f"break_even_lift: {bits} bits, expected at least 0; pass the bits per weight of a rotation")
    level = 2.0 / math.pi
    return math.sqrt((1.0 - (1.0 - level) * 4.0**-bits) / level)


def learning_rows(experts: int, inner: int) -> int:
    """Rows of gate and up that a rotation is learned on: of the smaller half of `experts`, `inner` neurons each."""
    return experts // 2 * 2 * inner


def rotation_bits_per_weight(rotation_bits: int, width: int, rows: int) -> float:
    """Bits of one rotation of `width` per weight of the `rows` that share it: `rotation_bits n² / (n rows)`."""
    return rotation_bits * width / rows
