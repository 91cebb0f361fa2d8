"""What a learned lift is made of: `lift = random × noise_fit × structure`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Decomposition:
    """One layer, on its registered sample of rotations; all [-].

    random: mean lift by Haar rotations. nulls: per null, the mean over the sample of (its learned lift / its own mean
    Haar lift), same optimiser and budget. noise_fit: the largest of them, in each layer. structure: the rest.
    """

    lift: float
    random: float
    nulls: Mapping[str, float]
    noise_fit: float

    @property
    def structure(self) -> float:
        return self.over(self.noise_fit)

    def over(self, noise_fit: float) -> float:
        """`structure` if `noise_fit` were what noise gains."""
        return self.lift / (self.random * noise_fit)


def decomposition(lift: float, random: float, nulls: Mapping[str, float]) -> Decomposition:
    """The decomposition of one layer, noise_fit being the largest of its nulls."""
    return Decomposition(lift, random, dict(nulls), max(nulls.values()))


def pooled(layers: Sequence[Decomposition]) -> Decomposition:
    """Geometric means over layers, so that the product still holds and structure is in its own interval.

    Another null may be the largest in another layer, so noise_fit may exceed each of the pooled nulls.
    """
    return Decomposition(
        lift=_geometric_mean([layer.lift for layer in layers]),
        random=_geometric_mean([layer.random for layer in layers]),
        nulls={null: _geometric_mean([layer.nulls[null] for layer in layers]) for null in layers[0].nulls},
        noise_fit=_geometric_mean([layer.noise_fit for layer in layers]),
    )


def _geometric_mean(factors: Sequence[float]) -> float:
    return float(prod(factors) ** (1.0 / len(factors)))
