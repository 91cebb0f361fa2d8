"""Cut-offs of early kills against brute force over samples, and against worlds of any shape."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reports.prereg.operating.cut_offs import FALSE_KILLS, cut_offs, early_kills, worst_kill


def killed(shares: list[Fraction], read: int, cut_off: Fraction) -> float:
    """The probability that `read` of `shares`, drawn without replacement, have a mean of at most `cut_off`."""
    samples = itertools.combinations(shares, read)
    return sum(sum(sample) <= read * cut_off for sample in samples) / comb(len(shares), read)


def killed_in(world: NDArray[np.float64], looks: list[tuple[int, float]], draws: int, seed: int) -> float:
    """The same of any of several checkpoints, by drawing orders."""
    generator = np.random.Generator(np.random.PCG64(seed))
    orders = generator.permuted(np.tile(world, (draws, 1)), axis=1)
    dead = np.zeros(draws, dtype=bool)
    for read, cut_off in looks:
        dead |= orders[:, :read].mean(1) <= cut_off + 1e-12
    return float(dead.mean())


def test_the_cut_offs_of_16_layers_are_those_that_a_review_found() -> None:
    """0.15 after 4 and 0.35 after 8: 0.49 % at worst over populations of up to three levels."""
    assert cut_offs((4, 8, 16), 16, 0.7) == (0.15, 0.35)
    assert early_kills((0.15, 0.35), (4, 8, 16), 16, 0.7) == pytest.approx(0.0049, abs=5e-5)
    assert early_kills((0.25,), (4, 16), 16, 0.7) > FALSE_KILLS


@pytest.mark.parametrize(("read", "cut_off"), [(2, 0.0), (2, 0.25), (3, 0.25), (4, 0.5)])
def test_the_worst_of_eight_layers_is_that_of_every_population_of_three_levels(read: int, cut_off: float) -> None:
    """Levels in steps of 1/20, counts as they come, every sample of each: none is worse, and one is as bad."""
    found = 0.0
    levels = [Fraction(step, 20) for step in range(21)]
    for low, high in itertools.combinations_with_replacement(levels, 2):
        for a, b in itertools.product(range(9), repeat=2):
            if a + b <= 8 and a * low + b * high + (8 - a - b) >= Fraction(7, 10) * 8 and (a or b):
                total, bar = 0, read * Fraction(cut_off)
                for i, j in itertools.product(range(min(a, read) + 1), range(min(b, read) + 1)):
                    if i + j <= read and i * low + j * high + (read - i - j) <= bar:
                        total += comb(a, i) * comb(b, j) * comb(8 - a - b, read - i - j)
                found = max(found, total / comb(8, read))
    assert found <= worst_kill(read, 8, 0.7, cut_off) + 1e-9
    assert worst_kill(read, 8, 0.7, cut_off) == pytest.approx(found, abs=0.02)


@given(st.lists(st.integers(0, 10), min_size=6, max_size=6), st.integers(1, 5), st.integers(0, 6))
@settings(max_examples=150)
def test_no_population_whose_full_scope_meets_the_rule_is_killed_more_often(
    tenths: list[int], read: int, at: int
) -> None:
    shares = [Fraction(tenth, 10) for tenth in tenths]
    lacking = Fraction(7, 10) * 6 - sum(shares)
    shares = [min(Fraction(1), share + max(lacking, Fraction(0)) / 6) for share in shares]
    if sum(shares) < Fraction(7, 10) * 6:
        shares = [Fraction(7, 10)] * 6
    assert killed(shares, read, Fraction(at, 10)) <= worst_kill(read, 6, 0.7, at / 10) + 1e-9


@given(st.integers(4, 40), st.floats(0.3, 0.95), st.data())
@settings(max_examples=25)
def test_computed_cut_offs_are_safe_and_the_next_ones_are_not(
    layers: int, at_least: float, data: st.DataObject
) -> None:
    read = data.draw(st.integers(1, min(layers - 1, 12)))
    (found,) = cut_offs((read, layers), layers, at_least)
    if found >= 0.0:
        assert worst_kill(read, layers, at_least, found) < FALSE_KILLS
    beyond = round(found * 20 + 1) / 20 if found >= 0.0 else 0.0
    assert beyond >= at_least or worst_kill(read, layers, at_least, beyond) >= FALSE_KILLS


def test_more_layers_read_allow_a_higher_cut_off() -> None:
    found = [cut_offs((read, 32), 32, 0.7)[0] for read in (4, 8, 16)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_where_two_of_eight_layers_are_too_few_there_is_no_cut_off() -> None:
    """Two layers at 0 leave a mean of 0.75 over the others' 1: every 28th such rung would be killed."""
    assert cut_offs((2, 8), 8, 0.7) == (-1.0,)
    assert worst_kill(2, 8, 0.7, 0.0) == pytest.approx(1 / 28)


def worlds(layers: int) -> dict[str, NDArray[np.float64]]:
    """Trends, periods, steps, populations of two and three levels: shares before they are raised."""
    at = np.arange(layers)
    found = {"trend up": at / (layers - 1.0), "trend down": 1.0 - at / (layers - 1.0), "same": np.ones(layers)}
    found |= {f"period {period}": (at % period != 0).astype(float) for period in (2, 3, 4, 5, 8)}
    found |= {f"step at {step}": (at >= step).astype(float) for step in range(1, layers // 2)}
    found |= {f"wave {n}": 0.5 + 0.5 * np.sin(2 * np.pi * n * at / layers) for n in (1, 2, 3)}
    for low, high in itertools.product(range(1, 8), repeat=2):
        for level in (0.1, 0.3, 0.5, 0.7):
            three = np.ones(layers)
            three[:low], three[low : low + high] = 0.0, level
            found[f"{low} at 0, {high} at {level}"] = three
    return found


def raised(shares: NDArray[np.float64], at_least: float) -> NDArray[np.float64]:
    """The world brought to a mean of exactly `at_least`: shrunk towards 1, or all lowered alike."""
    mean = shares.mean()
    if mean < at_least:
        return np.asarray(1.0 - (1.0 - shares) * (1.0 - at_least) / (1.0 - mean))
    return np.asarray(shares * at_least / mean)


@pytest.mark.parametrize(
    "layers", [16, pytest.param(32, marks=pytest.mark.nightly), pytest.param(24, marks=pytest.mark.nightly)]
)
def test_false_kills_are_below_one_percent_in_every_world(layers: int) -> None:
    """And would not be with the first-four rule's cut-off, the rule itself."""
    checkpoints = (layers // 4, layers // 2, layers)
    looks = list(zip(checkpoints, cut_offs(checkpoints, layers, 0.7), strict=False))
    draws = 4000 if layers == 16 else 40_000
    rates = {name: killed_in(raised(shares, 0.7), looks, draws, seed=17) for name, shares in worlds(layers).items()}
    assert len(rates) > 200
    worst = max(rates, key=rates.__getitem__)
    noise = 3.0 * (FALSE_KILLS / draws) ** 0.5
    assert rates[worst] < FALSE_KILLS + (noise if layers == 16 else 0.0), worst
    careless = [
        killed_in(world, [(4, 0.65)], 400, 3) for world in (raised(one, 0.7) for one in worlds(layers).values())
    ]
    assert max(careless) > 0.2


@pytest.mark.nightly
def test_more_levels_are_no_worse_than_three() -> None:
    """A search by chance and by steps over populations of sixteen levels, from the worst ones on."""
    generator = np.random.Generator(np.random.PCG64(23))
    subsets = np.array(list(itertools.combinations(range(16), 4)))

    def rate(misses: NDArray[np.float64]) -> float:
        return float((misses[subsets].sum(1) >= 4 * (1 - 0.15) - 1e-9).mean())

    worst = 0.0
    for start in range(60):
        many = 5 + start % 4
        misses = np.zeros(16)
        misses[:many] = min(1.0, 4.8 / many)
        misses = np.clip(misses + generator.normal(0, 0.15, 16) * (start > 3), 0.0, 1.0)
        best = rate(misses := misses * min(1.0, 4.8 / misses.sum()))
        for _ in range(400):
            other = np.clip(misses + generator.normal(0, 0.1, 16) * (generator.random(16) < 0.3), 0.0, 1.0)
            other *= min(1.0, 4.8 / other.sum())
            if rate(other) >= best:
                misses, best = other, rate(other)
        worst = max(worst, best)
    assert 0.0 < worst <= worst_kill(4, 16, 0.7, 0.15) + 1e-9
