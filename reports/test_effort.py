"""The warning before a long run: its numbers, and that a short run has none."""

from dataclasses import replace

import pytest

from reports.cli import PREREGISTRATIONS
from reports.effort import effort_lines, search_flops, span
from reports.parse import load_preregistration

LARGE = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v4.toml")
SMALL = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v4-olmoe_nano.toml")
SHARED = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v5.toml")


def test_a_run_of_days_is_told_beforehand_and_a_short_one_is_not() -> None:
    (line,) = effort_lines(LARGE, 16, cores=2)
    assert line == (
        "beta_lift: its searches alone take 8.4e+15 flop at 16 layers, about 46.4 h on 2 cores at 25 Gflop/s each, "
        "nulls and probes not counted: a GPU's job, or take --layers"
    )
    assert effort_lines(SMALL, 16, cores=2) == []
    assert effort_lines(replace(LARGE, rotations=None), 16) == []


def test_it_grows_with_layers_steps_and_experts_and_shrinks_with_cores() -> None:
    assert LARGE.rotations is not None
    base = search_flops(LARGE.subject, LARGE.rotations, 4)
    assert search_flops(LARGE.subject, LARGE.rotations, 8) == 2 * base
    assert search_flops(LARGE.subject, replace(LARGE.rotations, steps=200), 4) == 2 * base
    assert search_flops(replace(LARGE.subject, experts=128), LARGE.rotations, 4) == pytest.approx(2 * base)
    assert "about 23.2 h on 4 cores" in effort_lines(LARGE, 16, cores=4)[0]


def test_a_rotation_shared_by_a_layer_costs_less_than_one_for_each_matrix() -> None:
    assert LARGE.rotations is not None
    assert SHARED.rotations is not None
    assert search_flops(SHARED.subject, SHARED.rotations, 1) < search_flops(LARGE.subject, LARGE.rotations, 1)


@pytest.mark.parametrize(("seconds", "text"), [(59.0, "59 s"), (300.0, "5.0 min"), (9e3, "2.5 h"), (2e5, "2.3 d")])
def test_spans_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert span(seconds) == text
