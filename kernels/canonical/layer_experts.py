"""The three matrices of each expert of a layer, as one argument."""

from typing import NamedTuple

from torch import Tensor

from kernels.batch import check_matrices


class Experts(NamedTuple):
    """`gate` and `up (..., intermediate, hidden)`, `down (..., hidden, intermediate)`; no gate in an ungated family."""

    gate: Tensor | None
    up: Tensor
    down: Tensor


def check_experts(experts: Experts, caller: str) -> None:
    """Raises ValueError unless all are floating `(..., out, in)` and gate, up and downᵀ have one shape."""
    for w in experts:
        if w is not None:
            check_matrices(w, caller)
    gate, up, down = experts
    shapes = [tuple(w.shape) for w in (up if gate is None else gate, up, down.mT)]
    if len(set(shapes)) > 1:
        raise ValueError(
            f"{caller}: gate, up and downᵀ have the shapes {shapes[0]}, {shapes[1]} and {shapes[2]}, expected one;"
            " pass the matrices of the same experts"
        )
