"""Which matrix a sample is of: registered order is gate_proj, up_proj, down_proj, and within each experts ascending."""

from collections.abc import Sequence

PROJECTIONS = ("gate_proj", "up_proj", "down_proj")


def matrix_name(index: int, count: int) -> str:
    """`up_proj of expert 3` for sample `index` of `count`; a single FFN has no experts, other counts no projections."""
    experts, rest = divmod(count, len(PROJECTIONS))
    if rest or not experts:
        return f"value {index + 1} of {count}"
    projection = PROJECTIONS[index // experts]
    return projection if experts == 1 else f"{projection} of expert {index % experts}"


def by_projection(values: Sequence[float]) -> dict[str, Sequence[float]]:
    """`values`, one per matrix, as one run per projection; empty where their number is not a multiple of three."""
    experts, rest = divmod(len(values), len(PROJECTIONS))
    if rest or not experts:
        return {}
    return {name: values[i * experts : (i + 1) * experts] for i, name in enumerate(PROJECTIONS)}
