"""A ceiling may be spoken of only where nothing speaks against it: every condition is taken away once, alone."""

import json
import math
from dataclasses import replace

import pytest

from reports.judge.gates import judge_gates
from reports.judge.probe import FAMILIES, ProbeOutcome, conclude_probe, probe_json, probed_layer
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Preregistration
from reports.prereg.rules import MeanAtLeast, MeanAtMost
from reports.prereg.samples import Measured
from reports.testing.small_rules import (
    a_claim,
    a_control,
    a_preregistration,
    a_probe,
    a_trap,
    lifted,
    of,
    probed,
    sampled,
)

LAYERS = (0, 1, 2, 3)
PROBE = a_probe(band=0.02)
LATTICES = [a_control(name, claim="beta_lift", expected="KILLED", landing_at_least=0.97) for name in PROBE.recoveries]
PREREG = a_preregistration(
    [a_claim("beta_lift", MeanAtLeast("lift", 1.5)), a_claim("wide_d", MeanAtLeast("lift", 1.5))],
    LATTICES,
    probes=[PROBE],
)


def recovered(landing: float = 0.98) -> Measured:
    return sampled({"lift": (1.2,), "landing": (0.99, landing), "beta": (0.8,)})


def a_rung(structure: float = 1.0, **probe: float) -> dict[Cell, Measured]:
    """Everything in order: both searches recover, agree and end; what is left over noise is `structure`."""
    cells = {Cell("claim", "beta_lift", layer): lifted(1.2 * structure, 1.2) for layer in LAYERS}
    cells |= {Cell("probe", PROBE.name, layer): probed(**probe) for layer in LAYERS}
    return cells | {Cell("control", control.name): recovered() for control in LATTICES}


def conclude(cells: dict[Cell, Measured], prereg: Preregistration = PREREG) -> ProbeOutcome | None:
    measurements: dict[Cell, Measurement] = {cell: of(cell, measured) for cell, measured in cells.items()}
    return conclude_probe(prereg.probes[0], judge_gates(prereg, LAYERS, measurements), measurements)


def concluded(cells: dict[Cell, Measured], prereg: Preregistration = PREREG) -> tuple[str, tuple[str, ...]]:
    outcome = conclude(cells, prereg)
    assert outcome is not None
    return outcome.conclusion, outcome.reasons


@pytest.mark.parametrize(
    ("structure", "conclusion"),
    [
        (1.0, "structural ceiling"),
        (0.981, "structural ceiling"),
        (1.019, "structural ceiling"),
        (1.021, "structure found"),
        (1.3, "structure found"),
        (0.979, "search unresolved"),
    ],
)
def test_every_conclusion_is_reachable(structure: float, conclusion: str) -> None:
    assert concluded(a_rung(structure))[0] == conclusion


def test_reasons_of_a_ceiling_are_its_interval_and_band() -> None:
    assert concluded(a_rung())[1] == ("structure 1.0000 to 1.0000, band 1 ± 0.02",)


DOUBTS = [
    ({"annealed": 0.915}, "the registered search and annealed Procrustes land -1.64% apart, within 1.5% allowed"),
    ({"annealed": 0.885}, "the registered search and annealed Procrustes land +1.69% apart, within 1.5% allowed"),
    ({"annealed": math.nan}, "the registered search and annealed Procrustes land +nan% apart, within 1.5% allowed"),
    ({"larger_budget": 0.905}, "2 times the budget gains 0.56%, at most 0.5% allowed"),
    ({"larger_budget": math.nan}, "2 times the budget gains nan%, at most 0.5% allowed"),
]


@pytest.mark.parametrize("structure", [1.0, 1.3])
@pytest.mark.parametrize(("probe", "doubt"), DOUBTS)
def test_a_search_that_differs_or_has_not_ended_is_unresolved(
    structure: float, probe: dict[str, float], doubt: str
) -> None:
    conclusion, reasons = concluded(a_rung(structure, **probe))
    assert (conclusion, reasons[:-1]) == ("search unresolved", (doubt,))


@pytest.mark.parametrize(("probe", "doubt"), DOUBTS)
def test_one_layer_is_enough_to_doubt(probe: dict[str, float], doubt: str) -> None:
    for layer in LAYERS:
        cells = a_rung() | {Cell("probe", PROBE.name, layer): probed(**probe)}
        assert concluded(cells)[1][:-1] == (doubt,)


@pytest.mark.parametrize(
    "probe",
    [{"annealed": 0.9 / 1.014}, {"annealed": 0.9 * 1.014}, {"larger_budget": 0.9 * 1.004}, {"larger_budget": 0.8}],
)
def test_differences_within_what_is_registered_leave_no_doubt(probe: dict[str, float]) -> None:
    assert concluded(a_rung(**probe))[0] == "structural ceiling"


def test_layers_that_disagree_in_opposite_directions_do_not_cancel() -> None:
    cells = a_rung()
    cells |= {Cell("probe", PROBE.name, layer): probed(annealed=0.9 * (1.03, 0.97)[layer % 2]) for layer in LAYERS}
    assert concluded(cells)[0] == "search unresolved"


@pytest.mark.parametrize("structure", [1.0, 1.3])
@pytest.mark.parametrize("lattice", PROBE.recoveries)
@pytest.mark.parametrize("state", ["unsound", "absent", "unregistered"])
def test_an_optimum_that_was_not_recovered_leaves_it_unresolved(structure: float, lattice: str, state: str) -> None:
    cells, prereg = a_rung(structure), PREREG
    if state == "unsound":
        cells[Cell("control", lattice)] = recovered(landing=0.969)
    else:
        del cells[Cell("control", lattice)]
    if state == "unregistered":
        prereg = replace(PREREG, controls=tuple(control for control in LATTICES if control.name != lattice))
    conclusion, reasons = concluded(cells, prereg)
    assert conclusion == "search unresolved"
    assert reasons[:-1] == (f"{lattice} did not recover its planted optimum",)


@pytest.mark.parametrize("structure", [1.0, 1.3])
def test_a_gate_whose_instrument_is_out_of_line_leaves_it_unresolved(structure: float) -> None:
    cells = a_rung(structure)
    sheared = cells[Cell("claim", "beta_lift", 3)]
    cells[Cell("claim", "beta_lift", 3)] = replace(
        sheared, samples={**sheared.samples, "residual": replace(sheared.samples["residual"], values=(9.0,))}
    )
    conclusion, reasons = concluded(cells)
    assert conclusion == "search unresolved"
    assert reasons[:-1] == ("beta_lift[L03]: a learned rotation is 9 times as far from orthogonal as allowed",)
    prereg = replace(PREREG, traps=(a_trap("off_rotation", MeanAtMost("off_gain", 1.03)),))
    cells = a_rung(structure) | {Cell("trap", "off_rotation", 3): sampled({"off_gain": (1.1,)})}
    conclusion, reasons = concluded(cells, prereg)
    assert (conclusion, reasons[:-1]) == ("search unresolved", ("off_rotation[L03] is out of line",))


def test_a_control_that_is_no_recovery_is_not_asked() -> None:
    prereg = replace(PREREG, controls=(*LATTICES, a_control("null_beta_lift", claim="beta_lift", expected="MET")))
    cells = a_rung() | {Cell("control", "null_beta_lift"): recovered()}
    assert concluded(cells, prereg)[0] == "structural ceiling"


@pytest.mark.parametrize("spread", [(0.9, 1.1), (1.0, 1.1), (0.9, 1.0)])
def test_an_interval_that_straddles_the_band_leaves_it_unresolved(spread: tuple[float, float]) -> None:
    cells = a_rung()
    cells |= {Cell("claim", "beta_lift", layer): lifted(1.2 * spread[layer % 2], 1.2) for layer in LAYERS}
    conclusion, reasons = concluded(cells)
    assert conclusion == "search unresolved"
    assert reasons[0] == "the interval of structure is neither inside its band nor above it"


def test_the_interval_decides_not_its_middle() -> None:
    """Two layers of four have structure 1.1: the mean lies above the band, but the interval reaches into it."""
    cells = a_rung(1.1) | {Cell("claim", "beta_lift", layer): lifted(1.2, 1.2) for layer in (0, 1)}
    assert concluded(cells)[0] == "search unresolved"


def test_the_widest_complete_gate_is_concluded() -> None:
    """Structure in the last two layers alone: the first checkpoint says ceiling, full scope does not."""
    cells = a_rung()
    cells |= {Cell("claim", "beta_lift", layer): lifted(1.2 * 1.3, 1.2) for layer in (2, 3)}
    whole = conclude(cells)
    assert whole is not None
    assert ([layer.layer for layer in whole.layers], whole.conclusion) == ([0, 1, 2, 3], "search unresolved")
    for missing in (Cell("probe", PROBE.name, 3), Cell("claim", "beta_lift", 2)):
        narrower = conclude({cell: measured for cell, measured in cells.items() if cell != missing})
        assert narrower is not None
        assert ([layer.layer for layer in narrower.layers], narrower.conclusion) == ([0, 1], "structural ceiling")


@pytest.mark.parametrize("missing", [("probe", PROBE.name), ("claim", "beta_lift")])
def test_nothing_is_concluded_where_nothing_is_complete(missing: tuple[str, str]) -> None:
    cells = a_rung()
    assert conclude({cell: found for cell, found in cells.items() if (cell.kind, cell.name) != missing}) is None
    assert conclude({cell: found for cell, found in cells.items() if cell.layer != 0}) is None
    assert conclude({}) is None


def test_nothing_is_concluded_from_lifts_that_are_not_decomposed() -> None:
    bare = {cell: sampled({"lift": (1.2,)}) if cell.kind == "claim" else found for cell, found in a_rung().items()}
    assert conclude(bare) is None


def test_another_claims_gates_are_not_concluded_from() -> None:
    other = replace(PREREG, probes=(replace(PROBE, claim="wide_d"),))
    assert conclude(a_rung(), other) is None


def test_a_probed_layer_is_means_over_its_sample() -> None:
    samples = dict.fromkeys(FAMILIES, (0.8, 0.9)) | {"ceiling": (1.2, 1.6), "plateau_step": (10.0, 50.0)}
    layer = probed_layer(3, sampled(samples))
    assert layer.betas == dict.fromkeys(FAMILIES, pytest.approx(0.85))
    assert (layer.ceiling, layer.plateau_step, layer.agreement, layer.gain) == pytest.approx((1.4, 30.0, 0.0, 0.0))


def test_the_document_names_every_family_of_every_layer() -> None:
    outcome = conclude(a_rung(annealed=0.80))
    assert outcome is not None
    document = json.loads(json.dumps(probe_json(outcome)))
    assert (document["name"], document["claim"]) == (PROBE.name, "beta_lift")
    assert document["conclusion"] == "search unresolved"
    assert document["reasons"] == list(outcome.reasons)
    assert [row["layer"] for row in document["by_layer"]] == list(LAYERS)
    assert all(row["beta"].keys() == set(FAMILIES) for row in document["by_layer"])
    assert document["by_layer"][0]["agreement"] == pytest.approx(0.125)
