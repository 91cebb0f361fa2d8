"""Laws of random matrices and rotations. Each needs measure theory, and is cited."""

from reports.theorems.theorem_form import UNNAMED, Theorem

LAWS = (
    Theorem(
        name="haar_level",
        kind="law",
        statement="The source's isotropic floor: E β(W R)² = 2/π + (1 − 2/π)/n for every W and R Haar on O(n). "
        "β(W) itself may lie below.",
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
)
