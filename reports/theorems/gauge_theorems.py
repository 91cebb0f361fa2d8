"""Theorems about the 1-bit gauge β and what a rotation does to it."""

from reports.theorems.theorem_form import UNNAMED, Theorem

BETA = "β(W)² = Σᵢ‖wᵢ‖₁² / (n ‖W‖²), wᵢ the rows of W, n their length"

GAUGE = (
    Theorem(
        name="jensen_ceiling",
        kind="bound",
        statement=f"β(W R) ≤ 1 for every rotation R, so lift = β(W R)/β(W) ≤ 1/β(W); {BETA}.",
        at_source="zero-sorry, as reported: a proved ceiling of about 1.25, landing at 1.22 called tight. Its Lean "
        "text was not seen here; the JensenFloor that its authors describe is about another quantiser",
        reference="Jensen (1906), or Cauchy and Schwarz: (E|x|)² ≤ E x²",
        checks="lift · β(W) − 1 of every learned rotation, β(W R) − 1 of every random one and of every search of the "
        "probe; rotations that are not orthogonal are left out",
        tolerance="1e-12: rounding of three float64 sums and two products",
        needs="a cell of a claim, control, trap or probe about rotations",
        formal=("jensen_ceiling", "matrix_jensen_ceiling", "rotation_lift_ceiling"),
    ),
    Theorem(
        name="jensen_equality",
        kind="identity",
        statement="β(W R) = 1 exactly where the entries of each row of W R have one magnitude: for W = D S Rᵀ, S of "
        "signs, D diagonal, the ceiling is attained.",
        at_source=UNNAMED,
        reference="equality case of Cauchy and Schwarz",
        checks="1 − β(W R) on lattices of signs behind a Haar rotation, where the search found it; a search that "
        "misses its registered landing shows nothing about the theorem and is not counted",
        tolerance="what the control registers as found (1 − landing_at_least); 1e-12 beyond the ceiling",
        needs="a control made of signs behind a rotation that registers a landing, and a search that finds it",
        formal=("gauge_one_iff_sign_lattice", "matrix_gauge_one_iff", "sign_lattice_attains_the_ceiling"),
    ),
    Theorem(
        name="gauge_range",
        kind="bound",
        statement="1/√n ≤ β(W) ≤ 1, so that no lift exceeds √n.",
        at_source=UNNAMED,
        reference="‖v‖₂ ≤ ‖v‖₁ ≤ √n ‖v‖₂",
        checks="the larger of 1/(√n β(W)) − 1 and β(W) − 1 for every unrotated matrix whose width is registered",
        tolerance="1e-12, as above",
        needs="β of unrotated matrices",
        formal=("gauge_bounds", "matrix_gauge_bounds", "rotation_lift_ceiling"),
    ),
    Theorem(
        name="isotropic_ceiling",
        kind="bound",
        statement="From β(W)² at or above the Haar level no rotation lifts β by 1.2534 or more, so none reaches 1.5; a "
        "threshold t on lift needs β(W) ≤ 1/t.",
        at_source="a ceiling of about 1.25, as reported, beside a threshold of 1.5",
        reference="√(π/2) between two fractions, from a series of π",
        checks="nothing: jensen_ceiling checks every lift, whatever it starts from",
        needs="nothing more than jensen_ceiling has",
        formal=("no_1_5_from_haar", "threshold_needs_low_beta", "lift_1_5_out_of_reach"),
    ),
    Theorem(
        name="residual_energy",
        kind="identity",
        statement="‖W − α sign(W)‖² = (1 − β(W)²) ‖W‖² with the least-squares row scales αᵢ = ‖wᵢ‖₁/n, and no "
        "other scales and signs lose less.",
        at_source=UNNAMED,
        reference="Rastegari et al., XNOR-Net, ECCV 2016, eq. 6",
        checks="|relative error of quantising − (1 − β(W)²)| of every matrix",
        tolerance="1e-12: both sides are sums of float64",
        needs="the relative quantisation error beside β (a sample named one_bit_error)",
        formal=("residual_energy", "residual_optimal", "matrix_residual_energy", "matrix_residual_optimal"),
    ),
    Theorem(
        name="spectrum_is_invariant",
        kind="identity",
        statement="Row norms, ‖W‖ and the Gram matrix of W R are those of W for every orthogonal R: no rotation of the "
        "input side moves the spectrum, so none makes a matrix narrow.",
        at_source=UNNAMED,
        reference="R Rᵀ = I",
        checks="nothing: spectra are measured unrotated",
        needs="spectra of rotated matrices",
        formal=("gram_invariant", "row_norm_invariant", "frobenius_invariant"),
    ),
    Theorem(
        name="shared_rotation",
        kind="bound",
        statement="What one rotation does to several matrices, as the mean of their lifts or as the lift of their "
        "pooled gauge, lies between the worst and the best of them.",
        at_source=UNNAMED,
        reference="the mediant of fractions",
        checks="nothing: the lift of a layer is computed as that mean",
        needs="a pooled gauge beside the lifts of its matrices",
        formal=("mean_of_ratios_between", "pooled_ratio_between", "pooled_lift_between"),
    ),
)
