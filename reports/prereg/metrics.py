"""From what a layer's measurement holds to the values that a rule reads: as sampled, or derived by a formula here."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from statistics import fmean

from reports.prereg.known_names import NULLS, RELATIVE
from reports.prereg.measurement import Measured

INFLATION = "inflation"  # of the first-token NLL by the registered quantiser; `inflation_x` by the variant x
LEARNED = "learned"  # the variant behind `inflation`
TRIVIALITY = ("identity_inflation", "round_trip", "identity_lift")  # what doing nothing must leave at 0 [-]


@dataclass(frozen=True)
class Decomposition:
    """`lift = random × noise_fit × structure` of one layer, on its registered sample of rotations; all [-].

    random: mean lift by Haar rotations. nulls: per null, the mean over the sample of (its learned lift / its own mean
    Haar lift), same optimiser and budget. noise_fit: the largest of them, in each layer. structure: the rest.
    """

    lift: float
    random: float
    nulls: dict[str, float]
    noise_fit: float

    @property
    def structure(self) -> float:
        return self.over(self.noise_fit)

    def over(self, noise_fit: float) -> float:
        """`structure` if `noise_fit` were what noise gains."""
        return self.lift / (self.random * noise_fit)


def decompose(measured: Measured) -> Decomposition | None:
    """The decomposition of a layer, or None where its measurement is of something else."""
    if "sampled_lift" not in measured.samples:
        return None
    nulls = {null: fmean(measured.samples[f"null_{null}"]) for null in NULLS}
    return Decomposition(
        lift=fmean(measured.samples["sampled_lift"]),
        random=fmean(measured.samples["sampled_random"]),
        nulls=nulls,
        noise_fit=max(nulls.values()),
    )


def pooled(layers: list[Decomposition]) -> Decomposition:
    """Geometric means over layers, so that the product still holds and structure lies in its own interval.

    Another null may be the largest in another layer, so noise_fit may exceed each of the pooled nulls.
    """
    return Decomposition(
        lift=_geometric_mean([layer.lift for layer in layers]),
        random=_geometric_mean([layer.random for layer in layers]),
        nulls={null: _geometric_mean([layer.nulls[null] for layer in layers]) for null in NULLS},
        noise_fit=_geometric_mean([layer.noise_fit for layer in layers]),
    )


def values(measured: Measured, metric: str) -> tuple[float, ...]:
    """What a rule on `metric` pools from one layer [-]: a value per matrix, or one per layer for `structure`."""
    if metric.startswith(RELATIVE):
        estimator = metric.removeprefix(RELATIVE)
        return tuple(value / measured.reference[estimator] for value in measured.samples[estimator])
    if metric == "structure" or metric.startswith("structure_"):
        decomposition = decompose(measured)
        if decomposition is None:
            raise KeyError(metric)
        null = metric.removeprefix("structure").removeprefix("_")
        return (decomposition.over(decomposition.nulls[null]) if null else decomposition.structure,)
    if metric == INFLATION or metric.startswith(f"{INFLATION}_"):
        return (inflation(measured.samples["nll"], measured.samples[f"nll_{variant_of(metric)}"]),)
    if metric == "triviality":
        return tuple(abs(value) for name in TRIVIALITY for value in measured.samples[name])
    if metric == "lift_squared":
        return tuple(value * value for value in measured.samples["lift"])
    return measured.samples[metric]


def inflation(unquantised: Sequence[float], quantised: Sequence[float]) -> float:
    """`mean NLL / mean NLL₀ − 1` over the same prompts, each with the same weight [-]."""
    return fmean(quantised) / fmean(unquantised) - 1.0


def variant_of(metric: str) -> str:
    """The variant of quantisation that a metric of inflation reads."""
    return metric.removeprefix(INFLATION).removeprefix("_") or LEARNED


def counted(metric: str) -> str:
    """What a rule on `metric` pools one value of: for `n` in what people read."""
    if metric.startswith(INFLATION):
        return "prompts"
    return "layers" if metric.startswith("structure") else "matrices"


def reference(measured: Measured, metric: str) -> float | None:
    """The metric's value for a structureless matrix of the same shape [-]."""
    if metric.startswith((RELATIVE, "structure")):
        return 1.0
    return measured.reference.get(metric)


def _geometric_mean(factors: list[float]) -> float:
    return float(prod(factors) ** (1.0 / len(factors)))
