"""An order of a layer's experts that depends on the network alone, not on how a file numbers or stores them."""

import torch
from torch import Tensor


def canonical_order(gate: Tensor, up: Tensor, down: Tensor) -> list[int]:
    """Numbers of the experts of `gate, up (experts, inner, hidden)` and `down (experts, hidden, inner)` in that order.

    By `‖G Uᵀ‖² + 2 ‖U D‖² + 3 ‖G D‖²` of matrices of unit Frobenius norm, float64: the same for neurons in another
    order and with other signs, for matrices times any number but 0, and in another orthogonal basis of the residual
    stream. Products of two matrices, since spectra tie where all singular values are equal. Where experts tie the lower
    number comes first.
    """
    g, u, d = (
        w.double() / torch.linalg.matrix_norm(w.double())[:, None, None].clamp_min(1e-300) for w in (gate, up, down.mT)
    )
    products = [torch.linalg.matrix_norm(a @ b.mT).square() for a, b in ((g, u), (u, d), (g, d))]
    keys = (products[0] + 2.0 * products[1] + 3.0 * products[2]).tolist()
    return sorted(range(len(keys)), key=lambda expert: keys[expert])
