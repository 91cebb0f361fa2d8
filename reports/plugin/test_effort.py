"""The warning before a long run: its numbers, and that a short run has none."""

from dataclasses import replace

import pytest

from reports.commands.cli import PREREGISTRATIONS
from reports.plugin.effort import effort_lines, one_bit_line, span
from reports.plugin.search_flops import gauge_flops, held_out_flops, one_bit_flops, search_flops, step_flops
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import HeldOut

LARGE = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v4.toml")
SMALL = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v4-olmoe_nano.toml")
SHARED = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v5.toml")


def test_a_run_of_days_is_told_beforehand_and_a_short_one_is_not() -> None:
    (line,) = effort_lines(LARGE, 16, cores=2)
    assert line == (
        "beta_lift: its searches and those of its nulls take 9.6e+15 flop at 16 layers, about 4.1 d on 2 cores at 25 "
        "Gflop/s each in float32 and 12.5 in float64, probes not counted: a GPU's job; --sample takes 12.5 h and "
        "decides nothing, --layers a part"
    )
    assert effort_lines(SMALL, 16, cores=2) == []
    assert effort_lines(replace(LARGE, rotations=None), 16) == []


def test_it_grows_with_layers_steps_and_experts_and_shrinks_with_cores() -> None:
    assert LARGE.rotations is not None
    rotations = LARGE.rotations
    base, _ = search_flops(LARGE.subject, rotations, 4)
    assert search_flops(LARGE.subject, rotations, 8)[0] == 2 * base
    assert search_flops(LARGE.subject, replace(rotations, steps=200), 4)[0] == 2 * base
    assert search_flops(replace(LARGE.subject, experts=128), rotations, 4)[0] == pytest.approx(2 * base)
    assert base / 4 / 64 / 100 == 2 * step_flops(1024, 2048) + step_flops(2048, 1024)
    assert "about 2.1 d on 4 cores" in effort_lines(LARGE, 16, cores=4)[0]
    single = replace(LARGE, rotations=replace(rotations, precision="float32"))
    assert "about 2.2 d on 2 cores" in effort_lines(single, 16, cores=2)[0]


def test_nulls_cost_what_their_sample_does() -> None:
    assert LARGE.rotations is not None
    expert = 100 * (2 * step_flops(1024, 2048) + step_flops(2048, 1024))
    without = replace(LARGE.rotations, gaussian_draws=0)
    assert search_flops(LARGE.subject, without, 1) == pytest.approx((64 * expert, 2 * 4 * expert))
    assert search_flops(LARGE.subject, without, 1, sample=True) == pytest.approx((4 * expert, 2 * 4 * expert))
    once = search_flops(LARGE.subject, LARGE.rotations, 5)[1] - search_flops(LARGE.subject, without, 5)[1]
    assert once == pytest.approx(100 * 32 * (step_flops(1024, 2048) + step_flops(2048, 1024)))


def test_without_a_gate_an_expert_has_one_search_less() -> None:
    assert LARGE.rotations is not None
    ungated, rotations = replace(LARGE.subject, gated=False), replace(LARGE.rotations, gaussian_draws=0)
    expert = 100 * (step_flops(1024, 2048) + step_flops(2048, 1024))
    assert search_flops(ungated, rotations, 1) == pytest.approx((64 * expert, 2 * 4 * expert))
    assert SHARED.rotations is not None
    stacks = step_flops(64 * 1024, 2048) + step_flops(64 * 2048, 1024)
    found = search_flops(replace(SHARED.subject, gated=False), SHARED.rotations, 1)
    assert found == pytest.approx((100 * stacks, 100 * (2 + 32) * stacks))


def test_a_sample_is_offered_where_there_is_one() -> None:
    assert "--sample" not in effort_lines(LARGE, 16, cores=2, sample=True)[0]
    assert "--sample" not in effort_lines(SHARED, 16, cores=1)[0]


def test_what_costs_most_where_a_layer_shares_its_rotations_is_the_null() -> None:
    """A layer's own stack, two nulls of it at every layer, and 32 i.i.d. ones once."""
    assert SHARED.rotations is not None
    stacks = step_flops(2 * 64 * 1024, 2048) + step_flops(64 * 2048, 1024)
    found = search_flops(SHARED.subject, SHARED.rotations, 2)
    assert found == pytest.approx((100 * 2 * stacks, 100 * (2 * 2 + 32) * stacks))


def test_a_rotation_learned_on_one_half_costs_half_as_much_both_ways_by_every_split() -> None:
    subject, rotations = SHARED.subject, SHARED.rotations
    assert rotations is not None
    held_out = HeldOut(splits=2, seed=1, twin_seed=2, rows_per_dimension=32.0)
    step, down = step_flops(32 * 2 * 1024, 2048), step_flops(32 * 1024, 2048)
    weights, nulls = held_out_flops(subject, rotations, held_out, 16)
    assert weights == pytest.approx(rotations.steps * 16 * (2 * 2 * step + 2 * (step + down)))
    assert nulls == pytest.approx(rotations.steps * rotations.gaussian_draws * step)  # of the shape, not of a layer
    assert held_out_flops(subject, rotations, replace(held_out, splits=4), 16)[0] > weights
    (line,) = effort_lines(replace(SHARED, held_out=held_out), 16, cores=1)
    assert "--sample" in line


@pytest.mark.parametrize(("seconds", "text"), [(59.0, "59 s"), (300.0, "5.0 min"), (9e3, "2.5 h"), (2e5, "2.3 d")])
def test_spans_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_what_gauges_cost_is_told_where_it_is_long() -> None:
    gauge = load_preregistration(PREREGISTRATIONS / "G1-learned-gauge-v1.toml")
    assert gauge.gauge is not None
    lines = effort_lines(gauge, 16, cores=2)
    assert [line.partition(":")[0] for line in lines] == ["learned_gauge_int4", "learned_gauge_int2"]
    flops = gauge_flops(gauge.subject, gauge.gauge, 16, 3)
    assert f"take {flops:.1e} flop at 16 layers, about {span(flops / 25e9 / 2)} on 2 cores at 25 Gflop/s" in lines[0]
    assert gauge_flops(gauge.subject, gauge.gauge, 4, 3) == flops / 4
    assert gauge_flops(gauge.subject, gauge.gauge, 16, 0) == flops / 4
    own = replace(gauge.gauge, scope="per_matrix")
    assert gauge_flops(gauge.subject, own, 16, 3) > flops  # as many products with rows, more moves
    small = load_preregistration(PREREGISTRATIONS / "G1-learned-gauge-v1-olmoe_nano.toml")
    assert effort_lines(small, 16, cores=2) == []


def test_one_bit_learns_from_every_start_by_every_search() -> None:
    """RAdam and `graduated` from three starts; in design 6 one search, both ways by two splits from two starts."""
    matrix = 2 * step_flops(1024, 2048) + step_flops(2048, 1024)
    assert LARGE.one_bit is not None
    assert (LARGE.one_bit.starts, sorted(LARGE.one_bit.best_of)) == (3, ["graduated", "radam"])
    assert one_bit_flops(LARGE, 2) == pytest.approx(3 * 2 * 2 * 64 * 100 * matrix)
    once = replace(LARGE, one_bit=replace(LARGE.one_bit, starts=1, best_of=("radam",)))
    assert one_bit_flops(once, 2) == pytest.approx(2 * 64 * 100 * matrix)
    assert one_bit_flops(replace(LARGE, one_bit=None), 2) == 0.0
    fair = load_preregistration(PREREGISTRATIONS / "E-ffn-rotation-v6.toml")
    assert fair.one_bit is not None
    assert fair.held_out is not None
    assert fair.rotations is not None
    rows = 2 * 32 * 1024  # gates and ups of half of the experts
    both = step_flops(rows, 2048) + step_flops(rows // 2, 2048)
    runs = fair.held_out.splits * fair.one_bit.starts
    assert one_bit_flops(fair, 3) == pytest.approx(runs * 2 * fair.rotations.steps * 3 * both)


def test_what_is_said_of_one_bit() -> None:
    line = one_bit_line(LARGE, 16, cores=2)
    flops = one_bit_flops(LARGE, 16)
    assert line == (
        f"its searches take {flops:.1e} flop, about {span(flops / 12.5e9 / 2)} on 2 cores at 12.5 Gflop/s each; no "
        "time for runs of the model, which prompts decide"
    )
    assert one_bit_line(SMALL, 16, cores=2) == (
        "its searches take less than 10.0 min on 2 cores; no time for runs of the model, which prompts decide"
    )
