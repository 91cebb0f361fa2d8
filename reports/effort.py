"""How much the searches of a rung cost, said before a weight is read: from shapes and the registered budget alone."""

import os

from reports.preregistration import Preregistration, Rotations, Subject
from reports.rules import MeanAtLeast

RATE = 25e9  # flop/s of one core, float32 products and factors: what `kernels/benchmarks/costs.py` measured on a server
WORTH_SAYING = 600.0  # seconds; what ends sooner needs no warning


def step_flops(out: int, width: int) -> float:
    """One step of `radam` on one matrix `(out, width)`, k = min(out, width) [flop].

    4 out k width (V = W R in the frame of k rows, and its gradient) + 4 k width² (the gradient in the chart, and the
    move) + 3 k² width + k³/3 (orthonormal rows): torch counts the same products.
    """
    k = min(out, width)
    return 4.0 * out * k * width + 4.0 * k * width * width + 3.0 * k * k * width + k**3 / 3.0


def search_flops(subject: Subject, rotations: Rotations, layers: int) -> float:
    """Learning every rotation of the claim at `layers` layers [flop]; nulls, probes and traps come on top."""
    hidden, inner, experts = subject.hidden_size, subject.intermediate_size, subject.experts
    if rotations.scope == "per_matrix":
        layer = experts * (2.0 * step_flops(inner, hidden) + step_flops(hidden, inner))
    else:  # gate and up stacked, and the downs
        layer = step_flops(2 * experts * inner, hidden) + step_flops(experts * hidden, inner)
    return layers * rotations.steps * layer


def effort_lines(prereg: Preregistration, layers: int, cores: int | None = None) -> list[str]:
    """What the lift costs at `layers` layers on the cores here, where that is long; nothing where it is not."""
    lifting = [claim for claim in prereg.claims if isinstance(claim.rule, MeanAtLeast)]
    if prereg.rotations is None or not lifting:
        return []
    flops = search_flops(prereg.subject, prereg.rotations, layers)
    cores = cores or len(os.sched_getaffinity(0))
    seconds = flops / RATE / cores
    if seconds < WORTH_SAYING:
        return []
    return [
        f"{lifting[0].name}: its searches alone take {flops:.1e} flop at {layers} layers, about {span(seconds)} on "
        f"{cores} cores at {RATE / 1e9:.0f} Gflop/s each, nulls and probes not counted: a GPU's job, or take --layers"
    ]


def span(seconds: float) -> str:
    """`45 min`, `3.1 h`, `2.0 d`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
