"""The names that a preregistration may use: metrics by their rule, searches, nulls and generators."""

NULLS = ("gaussian", "spectral", "shuffled")
OPTIMISERS = ("radam", "momentum", "graduated", "procrustes", "annealed_procrustes")
RELATIVE = "relative_"  # an estimator over its value for noise of the same shape

# Estimators of d_eff / d, as in `kernels/spectra/rank_estimators.py`
DIMENSIONS = (
    "energy_rank_95",
    "energy_rank_90",
    "energy_rank_99",
    "participation_ratio",
    "entropy_rank_sigma",
    "entropy_rank_energy",
    "stable_rank",
)
RELATIVE_DIMENSIONS = tuple(RELATIVE + estimator for estimator in DIMENSIONS)
# What rotations raise, as in `reports/prereg/metrics.py`
LIFTS = ("lift", "lift_squared", "structure", *(f"structure_{null}" for null in NULLS))
# What one bit costs: by the registered quantiser, by other scales, by the best optimiser, with routing frozen
INFLATIONS = (
    "inflation",
    "inflation_unbiased",
    "inflation_per_tensor",
    "inflation_best",
    "inflation_frozen",
)
METRICS = {  # rule -> what it reads, of a claim or of its sensitivity
    "share_below": (*DIMENSIONS, *RELATIVE_DIMENSIONS),
    "mean_at_least": LIFTS,
    "closing_at_most": INFLATIONS,
    "at_level": ("haar_beta",),
    "mean_at_most": ("off_gain",),
    "largest_at_most": ("triviality",),
    "closing_above": ("inflation_unrotated",),
}
REGISTERED = {"closing_at_most": INFLATIONS[:1]}  # what a claim itself may ask for, where that is less

# What each generator of controls has to be told beside its shape and seed
GENERATORS = {
    "low_rank_plus_noise": ("rank", "noise_energy"),
    "gaussian": (),
    "identity": (),
    "rank_one": (),
    "peaky_codebook": ("rank", "noise_energy", "beta"),
    "sign_lattice": ("distinct",),
}
MODELS = ("gaussian", "peaky_codebook")  # generators whose experts can be those of a whole model


def metrics(rule: str, *, beside: str | None = None) -> tuple[str, ...]:
    """The metrics that a claim or trap may ask for by `rule`, or, `beside` its own, may be recomputed under."""
    if beside is None:
        return REGISTERED.get(rule, METRICS[rule])
    return tuple(metric for metric in METRICS[rule] if metric != beside)


def needs_rotation(metric: str) -> bool:
    return metric in LIFTS
