"""What the overlap of subspaces comes to without structure, and the least that it can be. Imports no torch."""

OF_SMALLER_SIDE = 16


def haar_overlap(rank: int, width: int) -> float:
    """`r/n`: the expectation of ‖VᵀU‖²_F / r for a Haar subspace V of dimension r in n, whatever the other one is."""
    return rank / width


def least_mean_overlap(subspaces: int, rank: int, width: int) -> float:
    """The least mean overlap over pairs of E subspaces of dimension r in n: `max(0, (E r / n − 1) / (E − 1))`, `[-]`.

    `Σ_ij tr(P_i P_j) = ‖Σ P_i‖²_F ≥ (tr Σ P_i)² / n = (E r)² / n` by Cauchy and Schwarz, and the E diagonal terms are
    r each: the bound of Welch (IEEE Trans. Inf. Theory 20 (1974)) for subspaces. Raises ValueError for fewer than two.
    """
    if subspaces < 2:  # noqa: PLR2004
        raise ValueError(f"least_mean_overlap: {subspaces} subspaces, expected 2 or more; an overlap is of two")
    return max(0.0, (subspaces * rank / width - 1.0) / (subspaces - 1))


def top_rank(smaller_side: int) -> int:
    """How many top directions of a matrix with this smaller side are compared: k/16, at least 1."""
    return max(1, smaller_side // OF_SMALLER_SIDE)
