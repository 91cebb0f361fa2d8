"""How much the searches of a rung cost, said before a weight is read: from shapes and the registered budget alone."""

import os

from kernels.closed_forms.held_out_levels import learning_rows
from reports.prereg.preregistration import HeldOut, Preregistration, Rotations, Subject
from reports.prereg.rules import MeanAtLeast

# flop/s of one core, products and factors: float32 as `kernels/benchmarks/costs.py` measured it on a server, and half
RATES = {"float32": 25e9, "float64": 12.5e9}
WORTH_SAYING = 600.0  # seconds; what ends sooner needs no warning


def step_flops(out: int, width: int) -> float:
    """One step of `radam`, or at most as many of `graduated`, on one matrix `(out, width)`, k = min(out, width) [flop].

    4 out k width (V = W R in the frame of k rows, and its gradient) + 4 k width² (the gradient in the chart, and the
    move) + 3 k² width + k³/3 (orthonormal rows): torch counts the same products.
    """
    k = min(out, width)
    return 4.0 * out * k * width + 4.0 * k * width * width + 3.0 * k * k * width + k**3 / 3.0


def search_flops(subject: Subject, rotations: Rotations, layers: int, sample: bool = False) -> tuple[float, float]:
    """Learning every rotation of the claim, and of its nulls, at `layers` layers [flop]; probes and traps come on top.

    Of each layer the experts, or with `sample` the registered sample, and for each of that sample two nulls; once for
    each shape the i.i.d. null.
    """
    hidden, inner = subject.hidden_size, subject.intermediate_size
    if rotations.scope == "per_matrix":
        gate, down = step_flops(inner, hidden), step_flops(hidden, inner)
        sampled = min(rotations.null_experts, subject.experts)
        of_one = (1.0 + subject.gated) * gate + down
        weights = (sampled if sample else subject.experts) * of_one
        nulls = 2 * sampled * of_one
    else:  # gate and up stacked, and the downs
        rows = subject.experts * inner
        gate, down = step_flops((1 + subject.gated) * rows, hidden), step_flops(subject.experts * hidden, inner)
        weights, nulls = gate + down, 2.0 * (gate + down)
    gaussian = rotations.gaussian_draws * (gate + down)
    return rotations.steps * layers * weights, rotations.steps * (layers * nulls + gaussian)


def held_out_flops(
    subject: Subject, rotations: Rotations, held_out: HeldOut, layers: int, sample: bool = False
) -> tuple[float, float]:
    """The same where each rotation is learned on one half of the experts: both ways by every split.

    By the first split alone the covariance twin and downs on their output side; once for the shape the i.i.d. null.
    """
    experts = min(rotations.null_experts, subject.experts) if sample else subject.experts
    rows = learning_rows(experts, subject.intermediate_size)
    gate, down = (step_flops(count, subject.hidden_size) for count in (rows, rows // 2))
    weights = 2.0 * held_out.splits * gate + 2.0 * (gate + down)
    return rotations.steps * layers * weights, rotations.steps * rotations.gaussian_draws * gate


def one_bit_flops(prereg: Preregistration, layers: int) -> float:
    """Learning every rotation in which `one_bit_nll` quantises `layers` layers [flop]; no run of the model is in it.

    From each registered start by the registered search and by those that the best is taken of. Where rotations are
    learned on one half of the experts, one for gate and up and one for down, both ways by every split.
    """
    rotations, settings, subject = prereg.rotations, prereg.one_bit, prereg.subject
    if rotations is None or settings is None:
        return 0.0
    if prereg.held_out is not None:
        rows = learning_rows(subject.experts, subject.intermediate_size)
        both = step_flops(rows, subject.hidden_size) + step_flops(rows // 2, subject.hidden_size)
        return prereg.held_out.splits * settings.starts * 2.0 * rotations.steps * layers * both
    searches = {rotations.optimiser, *settings.best_of}
    return settings.starts * len(searches) * search_flops(subject, rotations, layers)[0]


def one_bit_line(prereg: Preregistration, layers: int, cores: int) -> str:
    """How long that is on `cores` cores, and why there is no time for runs of the model."""
    flops = one_bit_flops(prereg, layers)
    rate = RATES["float64" if prereg.rotations is None else prereg.rotations.precision]
    seconds = flops / rate / cores
    searches = (
        f"less than {span(WORTH_SAYING)} on {cores} cores"
        if seconds < WORTH_SAYING
        else f"{flops:.1e} flop, about {span(seconds)} on {cores} cores at {rate / 1e9:g} Gflop/s each"
    )
    return f"its searches take {searches}; no time for runs of the model, which prompts decide"


def effort_lines(prereg: Preregistration, layers: int, cores: int | None = None, sample: bool = False) -> list[str]:
    """What the lift costs at `layers` layers on the cores here, where that is long; nothing where it is not."""
    lifting = [claim for claim in prereg.claims if isinstance(claim.rule, MeanAtLeast)]
    rotations = prereg.rotations
    if rotations is None or not lifting:
        return []
    cores = cores or len(os.sched_getaffinity(0))

    def cost(sample: bool) -> tuple[float, float]:
        if prereg.held_out is None:
            weights, nulls = search_flops(prereg.subject, rotations, layers, sample)
        else:
            weights, nulls = held_out_flops(prereg.subject, rotations, prereg.held_out, layers, sample)
        seconds = weights / RATES[rotations.precision] + nulls / RATES[rotations.null_precision]
        return weights + nulls, seconds / cores

    flops, seconds = cost(sample)
    if seconds < WORTH_SAYING:
        return []
    line = (
        f"{lifting[0].name}: its searches and those of its nulls take {flops:.1e} flop at {layers} layers, about "
        f"{span(seconds)} on {cores} cores at {RATES['float32'] / 1e9:g} Gflop/s each in float32 and "
        f"{RATES['float64'] / 1e9:g} in float64, probes not counted: a GPU's job"
    )
    if not sample and (rotations.scope == "per_matrix" or prereg.held_out is not None):
        line += f"; --sample takes {span(cost(True)[1])} and decides nothing, --layers a part"
    return [line]


def span(seconds: float) -> str:
    """`45 min`, `3.1 h`, `2.0 d`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
