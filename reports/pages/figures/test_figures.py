"""The numbers behind the figures are those of the decision and of the measurements; what is missing is said."""

from statistics import fmean

import pytest

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome
from reports.pages.figures.all_figures import figures
from reports.pages.figures.figure import Figure
from reports.prereg.preregistration import Cell
from reports.testing.figured_rung import NARROW, first_kill, measured_rung

NAMES = [
    "gates",
    "spectra",
    "distribution_narrow_d",
    "specialist_narrower",
    "lift_beta_lift",
    "decomposition_beta_lift",
    "radam_convergence",
    "inflation",
]


def figure(name: str, structural: bool = False) -> tuple[Figure, Decision]:
    decision, measurements = measured_rung(structural=structural)
    (found,) = (one for one in figures(decision, measurements) if one.name == name)
    return found, decision


def column(table: Table, name: str) -> list[object]:
    return [row[table.columns.index(name)] for row in table.rows]


def widest(decision: Decision, claim: str) -> GateOutcome:
    return [outcome for outcome in decision.gates if outcome.gate.claim.name == claim][-1]


def test_every_figure_in_the_order_of_the_page() -> None:
    decision, measurements = measured_rung()
    shown = figures(decision, measurements)
    assert [one.name for one in shown] == NAMES
    assert all(one.panels and one.tables and one.reading.endswith(".") and one.absent is None for one in shown)
    assert all(len(row) == len(table.columns) for one in shown for table in one.tables for row in table.rows)


def test_gates_are_those_of_the_decision() -> None:
    found, decision = figure("gates")
    rules = [outcome.rule for outcome in decision.gates]
    assert column(found.tables[0], "observed") == [None if rule is None else rule.observed for rule in rules]
    assert column(found.tables[0], "status") == [outcome.status for outcome in decision.gates]
    assert found.reading == "The verdict fell at narrow_d@2-layer, gate 1 of 5; 4 gates after it are exploratory."


def test_spectra_stand_beside_noise() -> None:
    found, _ = figure("spectra")
    assert [panel.name for panel in found.panels] == ["gate_proj", "up_proj", "down_proj"]
    table = found.tables[0]
    assert column(table, "share [-]") == [0.125, 0.375, 0.625, 0.875]
    assert column(table, "layer 3") == [0.2, 0.6, 1.0, 1.6]
    noise = [float(str(value)) for value in column(table, "Marchenko–Pastur")]
    assert noise == sorted(noise)
    assert 1 - 0.5**0.5 < noise[0] < noise[-1] < 1 + 0.5**0.5  # sides 1:2


def test_the_distribution_is_what_the_rule_counts() -> None:
    found, decision = figure("distribution_narrow_d")
    rule = widest(decision, "narrow_d").rule
    assert rule is not None
    by_layer, histogram, every = found.tables
    assert column(by_layer, "share below 0.4") == list(rule.layer_values)
    assert column(by_layer, "median") == pytest.approx(rule.layer_medians)
    assert sum(int(str(value)) for value in column(histogram, "layers 0-3")) == rule.n
    values = [float(str(value)) for row in every.rows for value in row[1:]]
    assert sum(value < NARROW.below for value in values) / len(values) == rule.observed
    assert "in layers 0-1 5 of 12 matrices (42%) lie below 0.4" in found.reading


def test_lifts_are_means_over_the_layer() -> None:
    found, decision = figure("lift_beta_lift")
    rule = widest(decision, "beta_lift").rule
    assert rule is not None
    assert column(found.tables[0], "learned") == list(rule.layer_values)
    assert column(found.tables[0], "asked for") == [1.5] * 4
    assert column(found.tables[0], "ceiling 1/β") == pytest.approx([1 / 0.6] * 4)
    assert column(found.tables[0], "learned on noise") == pytest.approx([0.99 * 1.21] * 4)


def test_a_rule_on_structure_is_drawn_as_the_lift_that_it_asks_for() -> None:
    found, _ = figure("lift_beta_lift", structural=True)
    assert column(found.tables[0], "asked for") == pytest.approx([0.99 * 1.21 * 1.05] * 4)
    assert "(for structure 1.05) is asked for" in found.reading


def test_the_factors_are_those_of_the_decision() -> None:
    found, decision = figure("decomposition_beta_lift")
    outcome = widest(decision, "beta_lift")
    assert outcome.decomposition is not None
    structures = [one.structure for one in (*outcome.decompositions, outcome.decomposition)]
    assert column(found.tables[0], "structure") == structures
    assert column(found.tables[0], "layer")[-1] == "geometric mean"


def test_the_search_lands_where_it_was_measured() -> None:
    found, decision = figure("radam_convergence")
    landings, curves = found.tables
    (probe,) = decision.probes
    assert column(landings, "radam, 100 steps") == [layer.betas["landing"] for layer in probe.layers]
    assert column(curves, "momentum") == pytest.approx([0.8, 0.85, 0.9])
    assert found.reading.endswith(f": {probe.conclusion}.")


def test_inflations_are_those_of_the_decision() -> None:
    found, decision = figure("inflation")
    assert decision.one_bit_damage is not None
    depths = decision.one_bit_damage.depths
    assert column(found.tables[0], "learned, up to here") == [depth.upto["learned"] for depth in depths]
    assert column(found.tables[0], "unrotated, alone") == [depth.alone["unrotated"] for depth in depths]
    assert [panel.name for panel in found.panels] == ["by_depth", "scope_2", "scope_4"]
    closing = decision.one_bit_damage.scopes[-1][1]
    assert column(found.tables[-1], "inflation") == [damage.inflation for damage in closing]
    assert "inflate it by +8.0% (learned) where at most 10% is asked for" in found.reading


def test_experts_stand_beside_the_dense_model() -> None:
    found, decision = figure("specialist_narrower")
    (outcome,) = decision.secondaries
    assert column(found.tables[0], "difference") == [layer.difference for layer in outcome.layers]
    assert fmean(float(str(value)) for value in column(found.tables[0], "difference")) == outcome.difference


def test_after_the_first_kill_every_other_figure_says_that_it_is_empty() -> None:
    decision, measurements = measured_rung(first_kill)
    shown = {one.name: one for one in figures(decision, measurements)}
    assert list(shown) == NAMES
    for name in NAMES[3:]:
        assert shown[name].panels == ()
        assert shown[name].reading.startswith("Nothing to draw: ")
    assert shown["spectra"].absent == "narrow_d was not measured at layers 2-3, so nothing is drawn there."
    assert [panel.name for panel in shown["distribution_narrow_d"].panels] == ["histogram_2", "by_layer"]


def test_before_any_gate_is_complete_the_measured_layers_are_drawn() -> None:
    decision, measurements = measured_rung(lambda cell: cell == Cell("claim", "narrow_d", 0))
    (found,) = (one for one in figures(decision, measurements) if one.name == "distribution_narrow_d")
    assert [panel.name for panel in found.panels] == ["histogram_1", "by_layer"]


@pytest.mark.parametrize("kind", ["claim", "trap", "probe", "secondary", "control"])
def test_without_one_kind_of_cell_nothing_breaks(kind: str) -> None:
    decision, measurements = measured_rung(lambda cell: cell.kind != kind)
    assert [one.name for one in figures(decision, measurements)] == NAMES


def test_without_any_cell_only_the_gates_are_drawn() -> None:
    decision, measurements = measured_rung(lambda _: False)
    shown = figures(decision, measurements)
    assert [bool(one.panels) for one in shown] == [True] + [False] * 7
    assert shown[0].reading == "No gate was killed; 5 of 5 gates were not judged."
