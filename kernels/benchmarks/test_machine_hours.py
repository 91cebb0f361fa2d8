"""The page's hours of a machine: current, from the rates that the page states, and equal to a second calculation."""

import pytest

from kernels.benchmarks.costs import MODELS
from kernels.benchmarks.machine_hours import (
    CORES,
    DESIGNS,
    LARGE,
    NAME,
    README,
    RULES,
    SEARCH_RATE,
    claims_of,
    every_claim,
    hours_table,
)
from reports.plugin.effort import MEASURED_SECONDS, RATES, search_effort
from reports.prereg.parsing.parse import load_preregistration
from reports.testing.interval_tables import block

PAGE = README.read_text("utf8")
SHAPES = {model.name: model for model in MODELS}


def test_the_table_is_current() -> None:
    """Anew: python -m kernels.benchmarks.machine_hours --write."""
    assert block(PAGE, NAME) == hours_table(every_claim())


def test_the_rates_are_those_that_the_page_measured() -> None:
    (whole,) = (line for line in PAGE.splitlines() if line.startswith("| generated, OLMoE-1B-7B's shape, 4 layers"))
    assert "768 matrices" in whole
    assert round(float(whole.split(" | ")[1])) == MEASURED_SECONDS
    assert f"{SEARCH_RATE / 1e9} for `radam`" in PAGE
    assert f"the {MEASURED_SECONDS:.0f} s of two cores" in " ".join(PAGE.split())


@pytest.mark.parametrize("name", LARGE)
def test_spectra_scale_from_the_measured_ones(name: str) -> None:
    """By out · in · min(out, in), of design 4, which draws no null spectra."""
    model = SHAPES[name]
    narrow, _ = claims_of(model, 4, load_preregistration(RULES / DESIGNS[4]))
    k, n = sorted((model.hidden, model.intermediate))
    times = model.matrices / 768 * (k * k * n) / (1024 * 1024 * 2048)
    assert narrow.hours == pytest.approx(MEASURED_SECONDS * times / 3600)
    assert narrow.of_a_cell * model.layers == pytest.approx(narrow.hours)
    assert narrow.layer_bytes * model.layers == 2 * model.weights


@pytest.mark.parametrize("design", DESIGNS)
def test_searches_take_what_a_run_foretells_at_another_rate(design: int) -> None:
    """On the sealed subject, OLMoE-1B-7B itself."""
    prereg = load_preregistration(RULES / DESIGNS[design])
    _, lift = claims_of(SHAPES["OLMoE-1B-7B"], design, prereg)
    foretold = search_effort(prereg, prereg.subject.layers, CORES)
    assert foretold is not None
    assert RATES["float32"] == 2 * RATES["float64"]
    assert lift.hours == pytest.approx(foretold[1] / 3600 * RATES["float32"] / SEARCH_RATE)


def test_a_rotation_per_matrix_takes_more_than_its_own_weights_alone() -> None:
    """The table of other models counts the weights' searches in float32; nulls and float64 come on top."""
    model = SHAPES["DeepSeek-V3"]
    prereg = load_preregistration(RULES / DESIGNS[4])
    assert prereg.rotations is not None
    _, lift = claims_of(model, 4, prereg)
    assert lift.hours > model.search_flops(prereg.rotations.steps) / SEARCH_RATE / CORES / 3600
