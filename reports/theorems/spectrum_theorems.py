"""Theorems about effective dimensions."""

from reports.theorems.theorem_form import UNNAMED, Theorem

SPECTRA = (
    Theorem(
        name="energy_rank_bounds",
        kind="bound",
        statement="With P the participation ratio and S the stable rank, an energy rank r at share s has r ≥ s S and "
        "r ≥ s² P.",
        at_source=UNNAMED,
        reference="Cauchy and Schwarz on the r largest shares of energy",
        checks="the largest of s S − r and s² P − r at 90, 95 and 99 %, over d",
        tolerance="1e-6: a float64 Gram matrix moves these by less than 1e-7 for d ≤ 4096",
        needs="spectra of matrices",
        formal=("energy_rank_at_least_share_of_stable", "energy_rank_at_least_square_share_of_participation"),
    ),
    Theorem(
        name="rank_order",
        kind="bound",
        statement="stable rank ≤ participation ratio ≤ entropy rank of σ² ≤ entropy rank of σ ≤ d: one spectrum may be "
        "narrow by one and wide by another, in this order only.",
        at_source=UNNAMED,
        reference="Rényi entropies fall with their order; Roy and Vetterli (2007) for the entropy rank",
        checks="the largest violation of the four inequalities, over d",
        tolerance="1e-6, as above",
        needs="spectra of matrices",
        formal=(
            "stable_at_most_participation",
            "participation_at_most_entropy_rank",
            "entropy_rank_of_energy_at_most_of_sigma",
            "entropy_rank_at_most_size",
        ),
    ),
    Theorem(
        name="effective_dimensions",
        kind="bound",
        statement="Participation ratio and stable rank lie between 1 and d, the former is d only where all energies "
        "are equal; the energy rank at a share exists, is unique, and grows with the share.",
        at_source=UNNAMED,
        reference="elementary",
        checks="nothing: rank_order holds the bounds",
        needs="nothing more than rank_order has",
        formal=(
            "participation_bounds",
            "participation_full_iff_flat",
            "stable_rank_bounds",
            "energy_rank_exists",
            "energy_rank_unique",
            "energy_rank_monotone",
        ),
    ),
    Theorem(
        name="eckart_young",
        kind="bound",
        statement="No matrix of rank r is nearer to W than its truncated SVD: the error holds the energy "
        "1 − Σ_{i≤r} σᵢ²/Σσ². What d_eff means rests on it.",
        at_source=UNNAMED,
        reference="Eckart and Young, Psychometrika 1 (1936)",
        proof="Weyl's inequality for singular values; its easy half is machine-checked as truncation_loses_tail",
        checks="nothing: no cell approximates a matrix",
        tolerance="none",
        needs="the error of a truncated matrix beside its spectrum",
    ),
)
