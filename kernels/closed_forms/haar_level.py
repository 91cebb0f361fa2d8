"""What a Haar rotation makes of the 1-bit cosine of any matrix."""

import math


def haar_level(width: int) -> float:
    """Root mean square beta of any matrix with rows of length `width` after a Haar rotation of its input side, `[-]`.

    `sqrt(2/pi + (1 - 2/pi)/n)`, exact: the rotated row is uniform on a sphere, where E u_i^2 = 1/n and E|u_i u_j| =
    2/(pi n). The mean of beta itself is below by Var(beta) / (2 beta) = (1 - 3/pi) / (2 beta n) = 0.028/n for a
    single row, and by less for many. Raises ValueError for width < 1.
    """
    if width < 1:
        raise ValueError(f"haar_level: width is {width}, expected >= 1; pass the number of columns of W")
    return math.sqrt(2.0 / math.pi + (1.0 - 2.0 / math.pi) / width)
