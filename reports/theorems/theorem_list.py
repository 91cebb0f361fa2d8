"""The theorems that rules, traps, controls and pre-filter rest on: what each says, and where it was proved.

`at_source` is what the source study published of it. Its tracker itself is not public; its tags are `open`,
`in-progress` and `zero-sorry`, the last for a Lean 4 proof without a gap. What happened to a theorem in a run is in
`reports/theorems/theorems.py`, never here.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["bound", "identity", "law"]  # of every matrix; of every matrix; of a distribution
UNNAMED = "not named in what the source published"


@dataclass(frozen=True)
class Theorem:
    name: str
    kind: Kind
    statement: str
    at_source: str
    reference: str
    proof: str  # in one line
    checks: str  # what a run can check of it, and what the residual is
    tolerance: str  # how large a residual may be, and why
    needs: str  # what a run has to hold for it to be checked


BETA = "β(W)² = Σᵢ‖wᵢ‖₁² / (n ‖W‖²), wᵢ the rows of W, n their length"

THEOREMS = (
    Theorem(
        name="jensen_ceiling",
        kind="bound",
        statement=f"β(W R) ≤ 1 for every rotation R, so lift = β(W R)/β(W) ≤ 1/β(W); {BETA}.",
        at_source="zero-sorry, as reported: a proved ceiling of about 1.25, landing at 1.22 called tight. Its Lean "
        "text was not seen here; the JensenFloor that its authors describe is about another quantiser",
        reference="Jensen (1906), or Cauchy and Schwarz: (E|x|)² ≤ E x²",
        proof="each row has ‖v‖₁ = ⟨v, sign v⟩ ≤ √n ‖v‖₂, and a rotation keeps ‖W‖",
        checks="lift · β(W) − 1 of every learned rotation, β(W R) − 1 of every random one and of every search of the "
        "probe; rotations that are not orthogonal are left out",
        tolerance="1e-12: rounding of three float64 sums and two products",
        needs="a cell of a claim, control, trap or probe about rotations",
    ),
    Theorem(
        name="jensen_equality",
        kind="identity",
        statement="β(W R) = 1 exactly where the entries of each row of W R have one magnitude: for W = D S Rᵀ, S of "
        "signs, D diagonal, the ceiling is attained.",
        at_source=UNNAMED,
        reference="equality case of Cauchy and Schwarz",
        proof="‖v‖₁ = √n ‖v‖₂ only if |v| is parallel to the vector of ones",
        checks="1 − β(W R) on lattices of signs behind a Haar rotation, where the search found it; a search that "
        "misses its registered landing shows nothing about the theorem and is not counted",
        tolerance="what the control registers as found (1 − landing_at_least); 1e-12 beyond the ceiling",
        needs="a control made of signs behind a rotation that registers a landing, and a search that finds it",
    ),
    Theorem(
        name="gauge_range",
        kind="bound",
        statement="1/√n ≤ β(W) ≤ 1, so that no lift exceeds √n.",
        at_source=UNNAMED,
        reference="‖v‖₂ ≤ ‖v‖₁ ≤ √n ‖v‖₂",
        proof="‖v‖₁² = Σ|vᵢ||vⱼ| holds every square of ‖v‖₂²; the other side is the Jensen ceiling at R = I",
        checks="the larger of 1/(√n β(W)) − 1 and β(W) − 1 for every unrotated matrix whose width is registered",
        tolerance="1e-12, as above",
        needs="β of unrotated matrices",
    ),
    Theorem(
        name="haar_level",
        kind="law",
        statement="The source's isotropic floor: E β(W R)² = 2/π + (1 − 2/π)/n for every W and R Haar on O(n), so that "
        "from an isotropic start no lift exceeds √(π/2) = 1.2533. β(W) itself may lie below.",
        at_source=f"{UNNAMED}, beyond the number 1.25",
        reference="the uniform law on the sphere: E u² = 1/n, E|u v| = 2/(π n)",
        proof="a row of W R is uniform on a sphere whatever the row was; add n squares and n(n − 1) cross terms",
        checks="mean β over the registered draws minus its expectation, of every matrix",
        tolerance="6 s/√draws, s² ≤ (1 − 3/π)/(n P): rows w, v with cosine c have cov ≤ (1 − 3/π) c⁴/n, and Σ c² over "
        "pairs, weighted by energy, is 1/P, P the participation ratio; 1 where not measured. Leading order in 1/n",
        needs="the trap random_rotation, at registered widths",
    ),
    Theorem(
        name="gaussian_moment_ratio",
        kind="law",
        statement="Entries i.i.d. Gaussian: E|x|/√(E x²) = √(2/π) = 0.7979; in a row of length n, "
        "E β² = 2/π + (1 − 2/π)/n.",
        at_source=UNNAMED,
        reference="half-normal mean; an i.i.d. Gaussian row is isotropic",
        proof="∫|x| e^(−x²/2) dx/√(2π) = √(2/π)",
        checks="mean unrotated β over a Gaussian control's matrices of one projection, minus its expectation",
        tolerance="6 σ/√(matrices · rows), σ² = (1 − 3/π)/n the variance of one row's β to leading order",
        needs="a control of Gaussian matrices of a claim about rotations",
    ),
    Theorem(
        name="uniform_moment_ratio",
        kind="law",
        statement="Entries i.i.d. uniform on [−a, a]: E|x|/√(E x²) = √3/2 = 0.8660.",
        at_source=UNNAMED,
        reference="elementary",
        proof="E|x| = a/2, E x² = a²/3",
        checks="as for Gaussian entries: in a row of length n, E β² = r + (1 − r)/n, r the square of the ratio",
        tolerance="6 σ/√(matrices · rows), σ² = 1/(40 n) to leading order",
        needs="β of matrices with uniform entries (a sample named beta_uniform in a Gaussian control)",
    ),
    Theorem(
        name="laplace_moment_ratio",
        kind="law",
        statement="Entries i.i.d. Laplace: E|x|/√(E x²) = 1/√2 = 0.7071.",
        at_source=UNNAMED,
        reference="elementary",
        proof="E|x| = b, E x² = 2 b²",
        checks="as for Gaussian entries: in a row of length n, E β² = r + (1 − r)/n, r the square of the ratio",
        tolerance="6 σ/√(matrices · rows), σ² = 1/(8 n) to leading order",
        needs="β of matrices with Laplace entries (a sample named beta_laplace in a Gaussian control)",
    ),
    Theorem(
        name="residual_energy",
        kind="identity",
        statement="‖W − α sign(W)‖² = (1 − β(W)²) ‖W‖² with the least-squares row scales αᵢ = ‖wᵢ‖₁/n.",
        at_source=UNNAMED,
        reference="Rastegari et al., XNOR-Net, ECCV 2016, eq. 6",
        proof="expand the square: ⟨w, sign w⟩ = ‖w‖₁, ‖sign w‖² = n",
        checks="|relative error of quantising − (1 − β(W)²)| of every matrix",
        tolerance="1e-12: both sides are sums of float64",
        needs="the relative quantisation error beside β (a sample named one_bit_error)",
    ),
    Theorem(
        name="layer_gauge",
        kind="identity",
        statement="(W R)(Rᵀ x) = W x for every orthogonal R: a layer computes the same function in any basis.",
        at_source=UNNAMED,
        reference="R Rᵀ = I",
        proof="associativity",
        checks="‖W R Rᵀ − W‖/‖W‖ of every matrix, R the layer's first Haar draw; it bounds the error on any input",
        tolerance="what the trap trivial_pass registers: two float32 products of n ≤ 2048 terms come to about "
        "2 √n 2⁻²⁴ = 5e-6",
        needs="the trap trivial_pass",
    ),
    Theorem(
        name="energy_rank_bounds",
        kind="bound",
        statement="With P the participation ratio and S the stable rank, an energy rank r at share s has r ≥ s S and "
        "r ≥ s² P.",
        at_source=UNNAMED,
        reference="Cauchy and Schwarz on the r largest shares of energy",
        proof="r shares of at most 1/S each hold s; and s ≤ Σ p ≤ √(r Σ p²) = √(r/P)",
        checks="the largest of s S − r and s² P − r at 90, 95 and 99 %, over d",
        tolerance="1e-6: a float64 Gram matrix moves these by less than 1e-7 for d ≤ 4096",
        needs="spectra of matrices",
    ),
    Theorem(
        name="rank_order",
        kind="bound",
        statement="stable rank ≤ participation ratio ≤ entropy rank of σ² ≤ entropy rank of σ ≤ d: one spectrum may be "
        "narrow by one and wide by another, in this order only.",
        at_source=UNNAMED,
        reference="Rényi entropies fall with their order; Roy and Vetterli (2007) for the entropy rank",
        proof="they are the exponentials of H∞, H₂ and H₁ of σ²/Σσ², and of H₁ of σ/Σσ, which σ² majorises",
        checks="the largest violation of the four inequalities, over d",
        tolerance="1e-6, as above",
        needs="spectra of matrices",
    ),
    Theorem(
        name="marchenko_pastur",
        kind="law",
        statement="The singular values of an i.i.d. matrix with sides d ≤ m follow one law of γ = d/m as d grows; from "
        "it every estimator's value for noise.",
        at_source=f"{UNNAMED}: its band of 0.65 to 0.75 is what noise has under two of the estimators",
        reference="Marčenko and Pastur, Math. USSR-Sbornik 1 (1967)",
        proof="moments of the Gram matrix, or its Stieltjes transform",
        checks="mean energy rank over a Gaussian control's matrices minus the law's, at 90, 95 and 99 %, over d",
        tolerance="1/d: an energy rank is a whole number of directions, and the law is a limit",
        needs="a control of Gaussian matrices of a claim about spectra",
    ),
    Theorem(
        name="eckart_young",
        kind="bound",
        statement="No matrix of rank r is nearer to W than its truncated SVD: the error holds the energy "
        "1 − Σ_{i≤r} σᵢ²/Σσ². What d_eff means rests on it.",
        at_source=UNNAMED,
        reference="Eckart and Young, Psychometrika 1 (1936)",
        proof="Weyl's inequality for singular values",
        checks="nothing: no cell approximates a matrix",
        tolerance="none",
        needs="the error of a truncated matrix beside its spectrum",
    ),
)
