"""How many floating-point operations the searches of a rung take, from shapes and the registered budget alone."""

from kernels.closed_forms.held_out_levels import learning_rows
from reports.prereg.preregistration import Gauging, HeldOut, NullSubject, Preregistration, Rotations, Subject


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


def gauge_flops(subject: Subject, gauging: Gauging, layers: int, draws: int) -> float:
    """Learning the gauges of one claim at `layers` layers, on the subject and on `draws` null subjects [flop].

    Of rows (r, n) a step of the rotation is 4 r n² and its move 7 n³ + n³/3, one of the gauge 16 r n² and two moves.
    """
    experts = min(gauging.experts, subject.experts)
    rows, gauges = (1, experts) if gauging.scope == "per_matrix" else (experts, 1)

    def search(out: int, n: int) -> float:
        move = 22.0 / 3.0 * n**3
        rotation, gauge = 4.0 * rows * out * n * n + move, 16.0 * rows * out * n * n + 2.0 * move
        return gauges * (gauging.rotation_steps * rotation + gauging.gauge_steps * gauge)

    hidden, inner = subject.hidden_size, subject.intermediate_size
    return layers * (1 + draws) * ((1 + subject.gated) * search(inner, hidden) + search(hidden, inner))


def sampled_flops(subject: Subject, rotations: Rotations, null: NullSubject, layers: int) -> tuple[float, float]:
    """The same where the registered sample alone is searched, and beside it that of every draw of the null subject."""
    weights, _ = search_flops(subject, rotations, layers, sample=True)
    return weights, null.draws * weights


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
