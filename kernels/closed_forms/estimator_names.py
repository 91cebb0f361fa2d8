"""The estimators of an effective dimension as people read them."""

LABELS = {
    "energy_rank_90": "90 % energy rank",
    "energy_rank_95": "95 % energy rank",
    "energy_rank_99": "99 % energy rank",
    "participation_ratio": "participation ratio",
    "entropy_rank_sigma": "entropy rank of σ",
    "entropy_rank_energy": "entropy rank of σ²",
    "stable_rank": "stable rank",
}
LEAST_NOISE = 0.25  # of d; no estimator here puts noise lower [-]
