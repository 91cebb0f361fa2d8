"""How much an NLL grew: the number, and its interval against the definition of a paired bootstrap over sources."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.closed_forms.inflation import inflation
from reports.judge.bootstrap import bootstrap_of_mean, bootstrap_over_prompts
from reports.prereg.preregistration import Interval
from reports.testing.small_rules import generated

INTERVAL = Interval(level=0.95, draws=300, seed=3)
nlls = st.floats(0.01, 20.0)
pairs = st.lists(st.tuples(nlls, nlls), min_size=1, max_size=12)


def resampled_one_by_one(
    prompts: Sequence[tuple[float, float]], interval: Interval
) -> tuple[float, float, list[float]]:
    """`bootstrap_over_prompts` as it is described: draw prompts, take both of their values, compare the means."""
    generator, ratios = np.random.Generator(np.random.PCG64(interval.seed)), []
    for _ in range(interval.draws):
        counts = generator.multinomial(len(prompts), [1 / len(prompts)] * len(prompts))
        drawn = [pair for pair, count in zip(prompts, counts, strict=True) for _ in range(count)]
        ratios.append(math.fsum(after for _, after in drawn) / math.fsum(before for before, _ in drawn) - 1)
    tail = (1 - interval.level) / 2
    low, high = np.quantile(ratios, [tail, 1 - tail])
    return float(low), float(high), ratios


@pytest.mark.parametrize("level", [0.95, 0.5])
@pytest.mark.parametrize("count", [2, 7, 40])
def test_the_interval_is_that_of_prompts_drawn_one_by_one(count: int, level: float) -> None:
    generator = np.random.default_rng(count)
    prompts = [(float(before), float(after)) for before, after in generator.exponential(2.0, (count, 2)) + 0.01]
    interval = replace(INTERVAL, level=level)
    (low, high), error = bootstrap_over_prompts(prompts, interval)
    direct_low, direct_high, ratios = resampled_one_by_one(prompts, interval)
    assert (low, high) == pytest.approx((direct_low, direct_high), rel=1e-12)
    assert error == pytest.approx(np.std(ratios, ddof=1), rel=1e-9)


def test_multinomial_counts_are_prompts_drawn_with_replacement() -> None:
    """The spread, to 5 %, of indices drawn by another generator; 4000 draws know it to 1 %."""
    generator = np.random.default_rng(1)
    prompts = generator.exponential(2.0, (30, 2)) + 0.5
    drawn = prompts[generator.integers(0, 30, (4000, 30))].sum(axis=1)
    _, error = bootstrap_over_prompts([(a, b) for a, b in prompts.tolist()], replace(INTERVAL, draws=4000))
    assert error == pytest.approx(np.std(drawn[:, 1] / drawn[:, 0], ddof=1), rel=0.05)


@given(st.lists(nlls, min_size=1, max_size=12), st.floats(-0.9, 9.0))
def test_where_every_prompt_grows_alike_the_interval_is_that_growth(before: list[float], growth: float) -> None:
    """Paired: NLLs that differ a hundredfold between prompts leave no spread. Unpaired they would."""
    prompts = [(nll, nll * (1 + growth)) for nll in before]
    (low, high), error = bootstrap_over_prompts(prompts, INTERVAL)
    assert (low, high) == pytest.approx((growth, growth), abs=1e-12, rel=1e-12)
    assert error is None if len(prompts) == 1 else error == pytest.approx(0.0, abs=1e-12)


def test_growth_that_differs_leaves_a_spread() -> None:
    (low, high), error = bootstrap_over_prompts([(1.0, 1.0), (1.0, 2.0)] * 10, INTERVAL)
    assert low < 0.5 < high
    assert error is not None
    assert error == pytest.approx(math.sqrt(0.25 / 20), rel=0.15)  # 300 draws know it to 4 %


def test_the_interval_covers_the_true_inflation_about_as_often_as_it_says() -> None:
    """200 samples of 40 prompts, true inflation 0.5: nominally 95 %, at least 88 % here, four standard errors below."""
    generator, covered = np.random.default_rng(5), 0
    for _ in range(200):
        before = generator.exponential(1.0, 40) + 0.2
        after = before * (1.5 + generator.normal(0.0, 0.3, 40))
        (low, high), _ = bootstrap_over_prompts(list(zip(before.tolist(), after.tolist(), strict=True)), INTERVAL)
        covered += low <= 0.5 <= high
    assert 176 <= covered < 200


# Prompts of one source belong together.

named = st.lists(st.tuples(nlls, nlls, st.sampled_from("abcd")), min_size=1, max_size=12)


@given(named)
def test_a_source_is_drawn_with_all_of_its_prompts(rows: list[tuple[float, float, str]]) -> None:
    """By hand: the sums of each source are resampled, as if each source were one long prompt."""
    sums: dict[str, tuple[float, float]] = {}
    for before, after, source in rows:
        held = sums.get(source, (0.0, 0.0))
        sums[source] = (held[0] + before, held[1] + after)
    prompts, sources = [(before, after) for before, after, _ in rows], [source for *_, source in rows]
    (low, high), error = bootstrap_over_prompts(prompts, INTERVAL, sources)
    expected_low, expected_high, ratios = resampled_one_by_one(list(sums.values()), INTERVAL)
    assert (low, high) == pytest.approx((expected_low, expected_high), rel=1e-9, abs=1e-12)
    assert error is None if len(sums) == 1 else error == pytest.approx(np.std(ratios, ddof=1), rel=1e-6, abs=1e-12)


@given(pairs)
def test_prompts_each_of_its_own_source_are_prompts_without_one(prompts: list[tuple[float, float]]) -> None:
    own = [str(place) for place in range(len(prompts))]
    assert bootstrap_over_prompts(prompts, INTERVAL, own) == bootstrap_over_prompts(prompts, INTERVAL)


def test_a_source_less_than_prompts_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        bootstrap_over_prompts([(1.0, 1.0), (1.0, 2.0)], INTERVAL, ["a"])


def test_only_over_sources_does_the_interval_cover_what_sources_share() -> None:
    """150 samples of 30 sources of 4 prompts that grow alike: over sources at least 88 %, over prompts below 80 %."""
    generator = np.random.default_rng(8)
    sources = [str(place // 4) for place in range(120)]
    covered = {True: 0, False: 0}
    for _ in range(150):
        before = generator.exponential(1.0, 120) + 0.2
        after = before * (1.5 + np.repeat(generator.normal(0.0, 0.3, 30), 4))
        rows = list(zip(before.tolist(), after.tolist(), strict=True))
        for by_source in covered:
            (low, high), _ = bootstrap_over_prompts(rows, INTERVAL, sources if by_source else None)
            covered[by_source] += low <= 0.5 <= high
    assert covered[True] >= 0.88 * 150
    assert covered[False] < 0.80 * 150


@given(named)
def test_the_interval_of_a_mean_is_in_its_own_unit(rows: list[tuple[float, float, str]]) -> None:
    values, sources = [before for before, *_ in rows], [source for *_, source in rows]
    low, high = bootstrap_of_mean(values, INTERVAL, sources)
    assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12
    shifted = bootstrap_of_mean([value + 3.0 for value in values], INTERVAL, sources)
    assert shifted == pytest.approx((low + 3.0, high + 3.0), abs=1e-9)


def test_the_interval_is_seeded_and_not_of_what_was_asked_before() -> None:
    prompts = [(1.0, 1.1), (2.0, 2.9), (0.5, 0.5)]
    first = bootstrap_over_prompts(prompts, INTERVAL)
    assert bootstrap_over_prompts(prompts, replace(INTERVAL, seed=4)) != first
    bootstrap_over_prompts(prompts[:2], INTERVAL)
    assert bootstrap_over_prompts(prompts, INTERVAL) == first


@given(pairs)
def test_a_model_that_did_not_change_has_no_inflation(prompts: list[tuple[float, float]]) -> None:
    same = [before for before, _ in prompts]
    assert inflation(same, same) == 0.0
    assert bootstrap_over_prompts([(nll, nll) for nll in same], INTERVAL)[0] == (0.0, 0.0)


@given(pairs, st.floats(0.01, 100.0))
def test_units_do_not_matter(prompts: list[tuple[float, float]], scale: float) -> None:
    """Nats or bits: scaling both leaves inflation and its interval where they were."""
    scaled = [(before * scale, after * scale) for before, after in prompts]
    of_both = [inflation(*zip(*rows, strict=True)) for rows in (prompts, scaled)]
    assert of_both[1] == pytest.approx(of_both[0], rel=1e-9, abs=1e-12)
    (low, high), _ = bootstrap_over_prompts(prompts, INTERVAL)
    assert bootstrap_over_prompts(scaled, INTERVAL)[0] == pytest.approx((low, high), rel=1e-9, abs=1e-12)


@given(pairs)
def test_inflation_is_of_the_means_not_the_mean_of_ratios(prompts: list[tuple[float, float]]) -> None:
    before, after = zip(*prompts, strict=True)
    assert inflation(before, after) == pytest.approx(math.fsum(after) / math.fsum(before) - 1, rel=1e-12, abs=1e-12)
    assert inflation(before, after) >= -1


@given(pairs)
def test_an_inflation_lies_between_the_extremes_of_its_prompts(prompts: list[tuple[float, float]]) -> None:
    ratios = [after / before - 1 for before, after in prompts]
    low, high = min(ratios), max(ratios)
    assert low - 1e-9 * (1 + abs(low)) <= inflation(*zip(*prompts, strict=True)) <= high + 1e-9 * (1 + abs(high))
    (lower, upper), _ = bootstrap_over_prompts(prompts, INTERVAL)
    assert low - 1e-9 * (1 + abs(low)) <= lower <= upper <= high + 1e-9 * (1 + abs(high))


@pytest.mark.parametrize(
    ("metric", "variant"),
    [("inflation", "learned"), ("inflation_unbiased", "unbiased"), ("inflation_unrotated_alone", "unrotated_alone")],
)
def test_each_metric_reads_its_own_variant(metric: str, variant: str) -> None:
    samples = generated((1.0, 3.0), {variant: (2.0, 4.0), "other": (9.0, 9.0)}).samples
    assert (samples[metric].values, samples[metric].counted) == ((0.5,), "prompts")
    assert samples[metric].made_of == ("nll", f"nll_{variant}")
    assert metric not in generated((1.0,), {"other": (9.0,)}).samples
