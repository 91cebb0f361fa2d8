"""A count is promised where no tie could tip it, and only there: against every choice of the possible ranks."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.judge.certified import certified_count
from reports.judge.decision import decide
from reports.judge.document import decision_json
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.prereg.samples import Samples
from reports.testing.small_rules import SUBJECT, a_claim, a_control, a_measurement, a_preregistration, of, sampled

K = 10
Range = tuple[int, int, int]  # least, found, most

ranges = st.tuples(st.integers(1, K), st.integers(0, 1), st.integers(0, 1)).map(
    lambda drawn: (max(1, drawn[0] - drawn[1]), drawn[0], min(K, drawn[0] + drawn[2]))
)
layers_of = st.lists(st.lists(ranges, min_size=1, max_size=3), min_size=1, max_size=2)


def measured(layer: Sequence[Range], reference: float = 1.0, metric: str = "energy_rank_95") -> Samples:
    least, found, most = ([rank / K for rank in ranks] for ranks in zip(*layer, strict=True))
    samples = {"energy_rank_95": found, "energy_rank_95_at_least": least, "energy_rank_95_at_most": most}
    return sampled(samples, {"energy_rank_95": reference}).samples[metric]


@pytest.mark.fuzz
@given(layers_of, st.integers(1, K))
def test_a_count_is_certified_where_every_possible_choice_gives_it(layers: list[list[Range]], bound: int) -> None:
    found = certified_count([measured(layer) for layer in layers], (bound - 0.5) / K)
    matrices = [matrix for layer in layers for matrix in layer]
    counts = {sum(rank < bound for rank in choice) for choice in itertools.product(*(set(one) for one in matrices))}
    assert found == (counts.pop() if len(counts) == 1 else None)


def test_a_tie_on_one_side_of_the_bound_is_no_matter() -> None:
    assert certified_count([measured([(3, 3, 4), (8, 9, 9)])], 0.5) == 1
    assert certified_count([measured([(3, 3, 4), (8, 9, 9)])], 0.4) is None


def test_a_bound_that_a_rank_meets_exactly_is_decided_and_a_quotient_is_not() -> None:
    """4/10 is the float 0.4 on every machine; 4/10 over a numerical integral is 0.8 on some."""
    assert certified_count([measured([(4, 4, 4)])], 0.4) == 0
    relative = measured([(4, 4, 4)], 0.5, "relative_energy_rank_95")
    assert certified_count([relative], 0.8) is None
    assert certified_count([relative], 0.8 + 1e-6) == 1
    assert certified_count([relative], 0.8 - 1e-6) == 0
    assert certified_count([relative], 0.8 + 2e-9) == 1


def test_without_ranges_nothing_is_certified() -> None:
    bare = sampled({"energy_rank_95": [0.1]}).samples["energy_rank_95"]
    assert certified_count([bare], 0.4) is None
    assert certified_count([measured([(1, 1, 1)]), bare], 0.4) is None


def test_one_end_of_a_range_certifies_nothing() -> None:
    samples = measured([(1, 1, 1)])
    for longer in (replace(samples, least=(0.1, 0.2)), replace(samples, most=(0.1, 0.2))):
        with pytest.raises(ValueError, match="zip"):
            certified_count([longer], 0.4)
    assert certified_count([replace(samples, least=None)], 0.4) is None
    assert certified_count([replace(samples, most=None)], 0.4) is None


def a_run(most: float) -> dict[str, object]:
    """One layer of two matrices, one of which may be another rank elsewhere."""
    prereg = a_preregistration([a_claim(checkpoints=(1,))], [a_control("planted")], layers=1)
    cell, control = Cell("claim", "narrow_d", 0), Cell("control", "planted")
    found: dict[Cell, Measurement] = {control: a_measurement(control, [0.1])}
    values = {"energy_rank_95": (0.3, 0.5), "energy_rank_95_at_least": (0.3, 0.5)}
    found[cell] = of(cell, sampled({**values, "energy_rank_95_at_most": (most, 0.5)}, {"energy_rank_95": 0.777}))
    return decision_json(decide(prereg, (0,), found), subject=SUBJECT, seal={}, environment={}, errors=[])


def test_the_outcome_holds_a_count_unless_a_tie_could_tip_it() -> None:
    runs = [a_run(most) for most in (0.3, 0.35, 0.45)]
    counts = [run["gates"][0]["certified_count"] for run in runs]  # type: ignore[index]
    assert counts == [1, 1, None]
    outcomes = [run["outcome_sha256"] for run in runs]
    assert outcomes[0] == outcomes[1] != outcomes[2]
