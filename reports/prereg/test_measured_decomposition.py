"""What a lift is made of: the product is exact, the largest null counts, and nothing is made up where it is unknown."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.closed_forms.lift_decomposition import Decomposition, pooled
from reports.prereg.known_names import NULLS
from reports.prereg.measured_decomposition import decompose
from reports.prereg.samples import Measured
from reports.testing.small_rules import lifted, sampled

factors = st.floats(0.25, 4.0)
fits = st.tuples(*[factors] * len(NULLS))


def made(lift: float, random: float, nulls: Sequence[float]) -> Decomposition:
    found = decompose(lifted(lift, random, nulls))
    assert found is not None
    return found


layers = st.lists(st.builds(made, factors, factors, fits), min_size=1)


def product(found: Decomposition) -> float:
    return found.random * found.noise_fit * found.structure


@given(factors, factors, fits)
def test_lift_is_the_product_of_its_factors(lift: float, random: float, nulls: tuple[float, ...]) -> None:
    found = made(lift, random, nulls)
    assert (found.lift, found.random, found.noise_fit) == (lift, random, max(nulls))
    assert product(found) == pytest.approx(lift, rel=1e-15)


def test_factors_are_means_over_the_sample() -> None:
    nulls = {"null_gaussian": (1.0, 1.2), "null_spectral": (1.3, 1.3), "null_shuffled": (1.0, 1.0)}
    found = decompose(sampled({"sampled_lift": (1.0, 3.0), "sampled_random": (1.0, 1.5), **nulls}))
    assert found is not None
    assert (found.lift, found.random) == (2.0, 1.25)
    assert found.nulls == {"gaussian": 1.1, "spectral": 1.3, "shuffled": 1.0}
    assert found.structure == 2.0 / (1.25 * 1.3)


@pytest.mark.parametrize("largest", range(len(NULLS)))
def test_noise_fit_is_the_largest_of_the_nulls_whichever_that_is(largest: int) -> None:
    nulls = [1.0] * len(NULLS)
    nulls[largest] = 1.25
    found = made(2.0, 1.0, nulls)
    assert (found.noise_fit, found.structure) == (1.25, 1.6)
    assert [lifted(2.0, 1.0, nulls).samples[f"structure_{null}"].values for null in NULLS] == [
        (1.6,) if index == largest else (2.0,) for index in range(len(NULLS))
    ]


@given(factors, factors, fits)
def test_structure_is_the_least_over_the_nulls(lift: float, random: float, nulls: tuple[float, ...]) -> None:
    """A null left out could only raise it: so the guard is against the wrong end."""
    measured = lifted(lift, random, nulls)
    over_each = [measured.samples[f"structure_{null}"].values[0] for null in NULLS]
    assert measured.samples["structure"].values == (min(over_each),)


def test_noise_has_structure_one() -> None:
    assert lifted(1.06 * 0.8, 0.8, (1.06, 1.05, 1.04)).samples["structure"].values[0] == pytest.approx(1.0, rel=1e-15)


@given(layers)
def test_pooled_factors_keep_the_product(found: list[Decomposition]) -> None:
    whole = pooled(found)
    assert product(whole) == pytest.approx(whole.lift, rel=1e-12)
    assert whole.lift == pytest.approx(math.exp(sum(math.log(layer.lift) for layer in found) / len(found)), rel=1e-12)
    assert min(layer.random for layer in found) <= whole.random * (1 + 1e-12)
    assert whole.random <= max(layer.random for layer in found) * (1 + 1e-12)


def test_arithmetic_means_would_not_keep_it() -> None:
    found = [made(lift, random, [fit] * len(NULLS)) for lift, random, fit in ((1.0, 1.0, 1.0), (4.0, 1.6, 2.5))]
    whole = pooled(found)
    assert (whole.lift, whole.structure) == pytest.approx((2.0, 1.0))
    assert product(whole) == pytest.approx(2.0)
    mean = [sum(part) / 2 for part in zip(*((x.lift, x.random, x.noise_fit, x.structure) for x in found), strict=True)]
    assert mean[1] * mean[2] * mean[3] != pytest.approx(mean[0])


@given(layers)
def test_one_layer_is_its_own_pool(found: list[Decomposition]) -> None:
    assert pooled(found[:1]).lift == pytest.approx(found[0].lift, rel=1e-14)
    assert pooled(found[:1]).structure == pytest.approx(found[0].structure, rel=1e-14)


@given(layers)
def test_the_pooled_structure_is_the_mean_of_the_layers(found: list[Decomposition]) -> None:
    """Also where another null is the largest in each of them: then no single null explains them all."""
    structures = [layer.structure for layer in found]
    assert pooled(found).structure == pytest.approx(math.prod(structures) ** (1 / len(found)), rel=1e-12)


def test_nulls_that_take_turns_do_not_hide_what_noise_fits() -> None:
    whole = pooled([made(1.1, 1.0, (1.1, 1.0, 1.0)), made(1.1, 1.0, (1.0, 1.1, 1.0))])
    assert whole.structure == pytest.approx(1.0)
    assert whole.nulls["gaussian"] == pytest.approx(math.sqrt(1.1))


def test_a_layer_without_a_decomposition_has_none_and_no_structure() -> None:
    bare = sampled({"lift": (1.2,)})
    assert decompose(bare) is None
    assert not {"structure", "structure_gaussian"} & bare.samples.keys()


def test_nulls_that_were_not_measured_are_not_passed_over() -> None:
    whole = lifted(2.0)
    samples = {name: entries for name, entries in whole.samples.items() if name != "null_fit"}
    with pytest.raises(KeyError, match="null_fit"):
        decompose(Measured(samples, whole.axes))


def test_relative_estimators_are_over_their_value_for_noise() -> None:
    measured = sampled({"stable_rank": (0.2, 0.6), "energy_rank_95": (0.4,)}, {"stable_rank": 0.4})
    assert measured.samples["relative_stable_rank"].values == pytest.approx((0.5, 1.5))
    assert measured.samples["relative_stable_rank"].noise_mean == 1.0
    assert measured.samples["stable_rank"].values == (0.2, 0.6)
    assert "relative_energy_rank_95" not in measured.samples  # no value for noise: not its own


def test_lift_squared_squares_each_matrix() -> None:
    measured = sampled({"lift": (1.0, 1.5)}, {"lift": 1.1, "lift_squared": 1.25})
    assert measured.samples["lift_squared"].values == (1.0, 2.25)
    assert measured.samples["lift_squared"].noise_mean == 1.25


@pytest.mark.parametrize("metric", ["structure", *(f"structure_{null}" for null in NULLS)])
def test_structure_of_noise_is_one_by_definition(metric: str) -> None:
    assert lifted(1.5).samples[metric].noise_mean == 1.0


def test_a_reference_that_was_not_measured_is_none() -> None:
    assert sampled({"inflation": (0.2,)}).samples["inflation"].noise_mean is None
