"""How long a rung takes, said before a weight is read: from shapes and the registered budget alone."""

import os
from collections.abc import Sequence

from reports.plugin.search_flops import gauge_flops, held_out_flops, one_bit_flops, sampled_flops, search_flops
from reports.prereg.measures import needs
from reports.prereg.preregistration import Claim, Preregistration
from reports.prereg.rules import MeanAtLeast

# flop/s of one core, products and factors: float32 as `kernels/benchmarks/costs.py` measured it on a server, and half
RATES = {"float32": 25e9, "float64": 12.5e9}
WORTH_SAYING = 600.0  # seconds; what ends sooner needs no warning
NARROW = "narrow_d"
# Seconds of two cores for the spectra of 768 matrices of 1024 × 2048, by the table of fixtures/README.md
MEASURED_SECONDS, MEASURED_WORK = 101.0, 768 * 1024.0 * 2048.0 * 1024.0


def gauge_effort(prereg: Preregistration, layers: int, cores: int) -> tuple[float, float] | None:
    """What learning the gauges of one claim, and those of its nulls, takes at `layers` layers [flop, s]; None without
    any."""
    if prereg.gauge is None:
        return None
    draws = 0 if prereg.null_subject is None else prereg.null_subject.draws
    flops = gauge_flops(prereg.subject, prereg.gauge, layers, draws)
    return flops, flops / RATES[prereg.gauge.precision] / cores


def gauging(prereg: Preregistration) -> list[Claim]:
    """The claims that need a learned gauge."""
    return [claim for claim in prereg.claims if "gauge" in needs(claim.rule.metric)]


def _gauge_lines(prereg: Preregistration, layers: int, cores: int) -> list[str]:
    whole, gauge = gauge_effort(prereg, layers, cores), prereg.gauge
    if whole is None or gauge is None or whole[1] < WORTH_SAYING:
        return []
    return [
        f"{claim.name}: its searches and those of its nulls take {whole[0]:.1e} flop at {layers} layers, about "
        f"{span(whole[1])} on {cores} cores at {RATES[gauge.precision] / 1e9:g} Gflop/s each in {gauge.precision}: "
        "a GPU's job"
        for claim in gauging(prereg)
    ]


def search_effort(prereg: Preregistration, layers: int, cores: int, sample: bool = False) -> tuple[float, float] | None:
    """What the searches of a rung, and those of its nulls, take at `layers` layers [flop, s]; None without any.

    None of rotations of keys either: a subject's sizes do not say how wide its heads are.
    """
    rotations = prereg.rotations
    if rotations is None or prereg.key_cache is not None or not lifting(prereg):
        return None
    if prereg.held_out is not None:
        weights, nulls = held_out_flops(prereg.subject, rotations, prereg.held_out, layers, sample)
    elif prereg.null_subject is not None:
        weights, nulls = sampled_flops(prereg.subject, rotations, prereg.null_subject, layers)
    else:
        weights, nulls = search_flops(prereg.subject, rotations, layers, sample)
    seconds = weights / RATES[rotations.precision] + nulls / RATES[rotations.null_precision]
    return weights + nulls, seconds / cores


def lifting(prereg: Preregistration) -> list[Claim]:
    """The claims that a mean over learned rotations decides."""
    return [claim for claim in prereg.claims if isinstance(claim.rule, MeanAtLeast)]


def spectra_seconds(shapes: Sequence[tuple[int, int]], matrices: int, draws: int, cores: int) -> float:
    """Seconds for the singular values of `matrices` matrices of each of `shapes` and of `draws` nulls of each distinct
    one.

    By out · in · min(out, in), from what was measured.
    """
    counts = [(shape, matrices) for shape in shapes] + [(shape, draws) for shape in dict.fromkeys(shapes)]
    work = sum(count * float(rows) * columns * min(rows, columns) for (rows, columns), count in counts)
    return MEASURED_SECONDS * work / MEASURED_WORK * 2.0 / cores


def claim_seconds(prereg: Preregistration, layers: int, cores: int) -> dict[str, float]:
    """By claim what it takes at `layers` layers of the subject's shape [s]; only claims that this arithmetic knows."""
    subject, found = prereg.subject, {}
    if any(claim.name == NARROW for claim in prereg.claims):
        gate, down = (subject.intermediate_size, subject.hidden_size), (subject.hidden_size, subject.intermediate_size)
        draws = 0 if prereg.null_draws is None else prereg.null_draws.draws
        shapes = [gate] * (1 + subject.gated) + [down]
        found[NARROW] = spectra_seconds(shapes, layers * subject.experts, draws, cores)
    searched = search_effort(prereg, layers, cores)
    if searched is not None:
        found[lifting(prereg)[0].name] = searched[1]
    gauged = gauge_effort(prereg, layers, cores)
    if gauged is not None:
        found |= {claim.name: gauged[1] for claim in gauging(prereg)}
    return found


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
    cores = cores or len(os.sched_getaffinity(0))
    whole, rotations = search_effort(prereg, layers, cores, sample), prereg.rotations
    if whole is None or rotations is None:
        return _gauge_lines(prereg, layers, cores)
    flops, seconds = whole
    if seconds < WORTH_SAYING:
        return []
    line = (
        f"{lifting(prereg)[0].name}: its searches and those of its nulls take {flops:.1e} flop at {layers} layers, "
        f"about {span(seconds)} on {cores} cores at {RATES['float32'] / 1e9:g} Gflop/s each in float32 and "
        f"{RATES['float64'] / 1e9:g} in float64, probes not counted: a GPU's job"
    )
    part = search_effort(prereg, layers, cores, sample=True)
    if not sample and part is not None and (rotations.scope == "per_matrix" or prereg.held_out is not None):
        line += f"; --sample takes {span(part[1])} and decides nothing, --layers a part"
    return [line]


def span(seconds: float) -> str:
    """`45 min`, `3.1 h`, `2.0 d`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2.0 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
