"""The names that a preregistration may use: metrics by their rule, searches, nulls and generators."""

from reports.base.by_file_name import file_names
from reports.prereg.known_metrics import declared_by, measure_of, measures, metrics_for

OPTIMISERS = file_names("kernels.searches")
EVERY_NULL = file_names("kernels.nulls")
NULLS = ("gaussian", "spectral", "shuffled")  # of every rule, so that none can be left out where it gains most

# What each generator of controls has to be told beside its shape and seed
GENERATORS = {
    "low_rank_plus_noise": ("rank", "noise_energy"),
    "gaussian": (),
    "identity": (),
    "rank_one": (),
    "peaky_codebook": ("rank", "noise_energy", "beta"),
    "sign_lattice": ("distinct",),
    "uniform_exponents": ("distinct",),  # as many exponents, all as common
    "varied_tails": ("tail",),  # evenly from tail/m to tail over the layer's m matrices
    "gauged_grid": ("distinct", "noise_energy"),  # words of a grid of -1, 0, 1 behind one gauge for every expert
    "shared_codebook": ("distinct", "noise_energy"),  # sign vectors, the same for every expert
    "own_codebook": ("distinct", "noise_energy"),  # sign vectors and a hiding rotation of each matrix's own
    "shared_directions": ("rank", "noise_energy"),  # few input directions, the same for every expert
    "common_part": ("rank", "noise_energy"),  # of all experts, and deltas of that rank and energy, neurons renumbered
    "sign_keys": ("distinct", "noise_energy"),  # of a whole model: sign words behind a rotation of each head's keys
    "constant_keys": ("noise_energy",),  # of a whole model: before RoPE every key is the same, but for noise
}
WHOLE = ("sign_keys", "constant_keys")  # generators of a whole model alone: what they plant is in no expert
MODELS = ("gaussian", "peaky_codebook", "shared_codebook", *WHOLE)  # that make a whole model


def metrics(rule: str, *, beside: str | None = None) -> tuple[str, ...]:
    """The metrics that a claim or trap may ask for by `rule`, or, `beside` its own, may be recomputed under: what the
    same measure hands over."""
    if beside is None:
        return metrics_for(rule, registered=True)
    measure = measure_of(beside)
    return tuple(metric for metric in metrics_for(rule) if metric != beside and measure_of(metric) == measure)


def lands(metric: str) -> bool:
    """Whether what is behind it learns a rotation, so that a control may say where that must land."""
    return "landing" in declared_by(measure_of(metric)).METRICS


def runs_model(metric: str) -> bool:
    """Whether what is behind it runs the whole model on text, though its values are of a layer."""
    behind = (file for file in measures().values() if metric in file.METRICS and file.METRICS[metric].rules)
    return any("activations" in getattr(file, "NEEDS", ()) for file in behind)


def breaking(metric: str) -> tuple[str, ...]:
    """The keys of a control that break the instrument behind it, which must then be noticed."""
    return getattr(declared_by(measure_of(metric)), "BREAKING", ())


def relative_metrics() -> tuple[str, ...]:
    """Those that a secondary may compare two sides by: each relative to its own null."""
    return metrics_for("secondary")
