"""What a rung is said to cost, by committed verdicts, by arithmetic, or by nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.commands.cli import PREREGISTRATIONS
from reports.commands.rung_cost import (
    ESTIMATED,
    NOT_MEASURED,
    PUBLISHED,
    Cost,
    PublishedCost,
    cost_of,
    published_costs,
    weights_of,
)
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell
from reports.store.bundle import BUNDLE, read_bundle

VERDICTS = Path(__file__).parents[1] / "verdicts"
ENTROPY, NANO, LARGE = "W-exponent-entropy-v1-olmoe_nano", "E-ffn-rotation-v6-olmoe_nano", "E-ffn-rotation-v6"
RULES = {name: load_preregistration(PREREGISTRATIONS / f"{name}.toml") for name in (ENTROPY, NANO, LARGE)}
WEIGHTS = weights_of(RULES[NANO].subject)


def test_a_published_verdict_tells_its_own_seconds() -> None:
    rules = {ENTROPY: RULES[ENTROPY]}
    found = published_costs(VERDICTS, rules)
    assert found.keys() == rules.keys()
    measured = read_bundle(VERDICTS / ENTROPY / BUNDLE)
    _, cost = found[ENTROPY]
    assert cost.killed_at is None
    assert cost.by_cell == {cell: measurement.seconds for cell, measurement in measured.items()}
    total = cost_of(ENTROPY, RULES[ENTROPY], weights_of(RULES[ENTROPY].subject), {}, found, stop=True)
    assert total.seconds == pytest.approx(sum(cost.by_cell.values()))
    assert total.basis == PUBLISHED


def test_a_run_that_ends_at_the_kill_costs_what_comes_before_it() -> None:
    found = published_costs(VERDICTS, {NANO: RULES[NANO]})
    _, cost = found[NANO]
    assert cost.killed_at == "narrow_d@4-layer"
    whole = cost_of(NANO, RULES[NANO], WEIGHTS, {}, found, stop=False).seconds
    early = cost_of(NANO, RULES[NANO], WEIGHTS, {}, found, stop=True).seconds
    assert whole == pytest.approx(sum(cost.by_cell.values()))
    named = [seconds for cell, seconds in cost.by_cell.items() if cell.name.endswith("narrow_d")]
    assert early is not None
    assert whole is not None
    assert 0.0 < early < sum(named) + 1e-9 < whole  # four of sixteen layers, and the controls of that claim


def test_another_subject_is_scaled_by_weights_or_estimated_whichever_is_more() -> None:
    small = PublishedCost({Cell("claim", "narrow_d", 0): 2.0}, None)
    published = {NANO: (RULES[NANO], small)}
    scale = weights_of(RULES[LARGE].subject) / WEIGHTS

    def cost(estimated: dict[str, float]) -> Cost:
        return cost_of(LARGE, RULES[LARGE], weights_of(RULES[LARGE].subject), estimated, published, stop=False)

    assert scale == pytest.approx(1024.0)
    assert cost({}) == Cost(2048.0, f"scaled by weights from {NANO}")
    assert cost({"narrow_d": 1.0}).basis == f"scaled by weights from {NANO}"
    assert cost({"narrow_d": 1e5, "beta_lift": 1.0}) == Cost(100_001.0, ESTIMATED)
    other_design = replace(RULES[LARGE], design=5)
    assert cost_of(LARGE, other_design, 1, {}, published, stop=False) == Cost(None, NOT_MEASURED)


def test_a_rule_of_its_own_name_tells_nothing_of_another_subject() -> None:
    published = {NANO: (RULES[NANO], PublishedCost({Cell("claim", "narrow_d", 0): 2.0}, None))}
    cost = cost_of(NANO, RULES[NANO], 2 * WEIGHTS, {}, published, stop=False)
    assert cost == Cost(4.0, f"scaled by weights from {NANO}")


def test_a_folder_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_text("{")
    assert published_costs(tmp_path, RULES) == {}
    assert published_costs(tmp_path / "absent", RULES) == {}
