"""Something is concluded only where nothing speaks against it: every condition is taken away once, alone."""

import json
import math
from dataclasses import replace

import pytest

from reports.judge.gates import judge_gates
from reports.judge.probe_outcome import FAMILIES, ProbeOutcome, conclude_probe, probe_json, probed_layer
from reports.prereg.known_names import NULLS
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Preregistration
from reports.prereg.probed_families import BEST, NOISE, RECOVERED, SEARCHED
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
    """Everything in order: every search recovers; the best landing over that on nulls is `structure`."""
    cells = {Cell("claim", "beta_lift", layer): lifted(1.2, 1.2) for layer in LAYERS}
    cells |= {Cell("probe", PROBE.name, layer): probed(structure, **probe) for layer in LAYERS}
    return cells | {Cell("control", control.name): recovered() for control in LATTICES}


def conclude(cells: dict[Cell, Measured], prereg: Preregistration = PREREG) -> ProbeOutcome | None:
    measurements: dict[Cell, Measurement] = {cell: of(cell, measured) for cell, measured in cells.items()}
    return conclude_probe(prereg.probes[0], judge_gates(prereg, LAYERS, measurements), measurements, prereg.interval)


def concluded(cells: dict[Cell, Measured], prereg: Preregistration = PREREG) -> tuple[str, tuple[str, ...]]:
    outcome = conclude(cells, prereg)
    assert outcome is not None
    return outcome.conclusion, outcome.reasons


@pytest.mark.parametrize(
    ("structure", "conclusion"),
    [
        (1.0, "no structure beyond noise"),
        (0.981, "no structure beyond noise"),
        (1.019, "no structure beyond noise"),
        (1.021, "structure found"),
        (1.3, "structure found"),
        (0.979, "search unresolved"),
    ],
)
def test_every_conclusion_is_reachable(structure: float, conclusion: str) -> None:
    assert concluded(a_rung(structure))[0] == conclusion


BELOW = "the registered search lands up to 2.17% below the best, graduated"


def test_reasons_are_the_interval_its_band_and_how_far_the_registered_search_is_from_the_best() -> None:
    assert concluded(a_rung())[1] == ("structure of the best landings 1.0000 to 1.0000, band 1 ± 0.02", BELOW)


def test_the_best_family_decides_and_not_the_registered_one() -> None:
    """The registered search lands far below its nulls, and far above; both times another family lands where they do."""
    for landing in (0.80, 0.915):
        assert concluded(a_rung(landing=landing))[0] == "no structure beyond noise"
    for better in ({"landing": 0.95}, {"annealed": 0.95}):
        assert concluded(a_rung(**better))[0] == "structure found"
    assert concluded(a_rung(larger_budget=0.95))[0] == "no structure beyond noise"  # no null had as many steps


@pytest.mark.parametrize("name", [NOISE + "landing", NOISE + "procrustes", BEST + "spectral", BEST + "shuffled"])
def test_the_best_landing_on_any_null_takes_structure_away(name: str) -> None:
    cells = a_rung(1.05)
    assert concluded(cells)[0] == "structure found"
    for layer in LAYERS:
        cell = Cell("probe", PROBE.name, layer)
        landed = replace(cells[cell].samples[name], values=(0.96,))
        cells[cell] = replace(cells[cell], samples={**cells[cell].samples, name: landed})
    assert concluded(cells)[0] == "no structure beyond noise"


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        ({"annealed": 0.91}, ()),
        ({"annealed": 0.885}, ("it and annealed Procrustes land +1.69% apart, 1.5% registered",)),
        ({"larger_budget": 0.905}, ("2 times its budget gains 0.56%, 0.5% registered",)),
        ({"larger_budget": 0.904}, ()),
    ],
)
def test_a_registered_search_that_differs_or_has_not_ended_is_told_and_decides_nothing(
    probe: dict[str, float], told: tuple[str, ...]
) -> None:
    conclusion, reasons = concluded(a_rung(**probe))
    assert (conclusion, reasons[1:]) == ("no structure beyond noise", (BELOW, *told))


@pytest.mark.parametrize("probe", [{"annealed": math.nan}, {"landing": math.nan}])
def test_a_landing_that_is_no_number_leaves_it_unresolved(probe: dict[str, float]) -> None:
    for layer in LAYERS:
        cells = a_rung() | {Cell("probe", PROBE.name, layer): probed(**probe)}
        conclusion, reasons = concluded(cells)
        assert conclusion == "search unresolved"
        assert reasons[0] == "the interval of structure is neither inside its band nor above it"


@pytest.mark.parametrize("structure", [1.0, 1.3])
def test_a_family_that_misses_the_planted_optimum_leaves_it_unresolved(structure: float) -> None:
    for family, layer in zip(SEARCHED, (*LAYERS, 0), strict=True):
        cells = a_rung(structure)
        cell = Cell("probe", PROBE.name, layer)
        missed = tuple(0.969 if name == family else 0.99 for name in SEARCHED)
        samples = {**cells[cell].samples, RECOVERED: replace(cells[cell].samples[RECOVERED], values=missed)}
        cells[cell] = replace(cells[cell], samples=samples)
        conclusion, reasons = concluded(cells)
        assert conclusion == "search unresolved"
        assert reasons[0] == f"{family} lands at 0.9690 on lattice_radam, at least 0.97 asked"
    assert concluded(a_rung(structure, recovered=0.97))[0] != "search unresolved"


@pytest.mark.parametrize("structure", [1.0, 1.3])
def test_nothing_is_concluded_from_measurements_without_nulls(structure: float) -> None:
    """As they were made before nulls were searched: the page still tells what they hold."""
    cells = a_rung(structure)
    cell = Cell("probe", PROBE.name, 1)
    known = {*FAMILIES, "ceiling", "plateau_step"}
    of_old = {name: found for name, found in cells[cell].samples.items() if name in known}
    del of_old["graduated"]
    cells[cell] = replace(cells[cell], samples=of_old)
    outcome = conclude(cells)
    assert outcome is not None
    assert (outcome.conclusion, outcome.structure_interval) == ("search unresolved", None)
    assert outcome.reasons[0] == "what the searches land on nulls was not measured; measure again"
    assert outcome.layers[1].structure is None
    assert probe_json(outcome)["by_layer"][1]["nulls"] == {}  # type: ignore[index]


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
    assert reasons[0] == f"{lattice} did not recover its planted optimum"


@pytest.mark.parametrize("structure", [1.0, 1.3])
def test_a_gate_whose_instrument_is_out_of_line_leaves_it_unresolved(structure: float) -> None:
    cells = a_rung(structure)
    sheared = cells[Cell("claim", "beta_lift", 3)]
    cells[Cell("claim", "beta_lift", 3)] = replace(
        sheared, samples={**sheared.samples, "residual": replace(sheared.samples["residual"], values=(9.0,))}
    )
    conclusion, reasons = concluded(cells)
    assert conclusion == "search unresolved"
    assert reasons[0] == "beta_lift[L03]: a rotation is 9 times as far from orthogonal as allowed"
    prereg = replace(PREREG, traps=(a_trap("off_rotation", MeanAtMost("off_gain", 1.03)),))
    cells = a_rung(structure) | {Cell("trap", "off_rotation", 3): sampled({"off_gain": (1.1,)})}
    conclusion, reasons = concluded(cells, prereg)
    assert (conclusion, reasons[0]) == ("search unresolved", "off_rotation[L03] is out of line")


def test_a_control_that_is_no_recovery_is_not_asked() -> None:
    prereg = replace(PREREG, controls=(*LATTICES, a_control("null_beta_lift", claim="beta_lift", expected="MET")))
    cells = a_rung() | {Cell("control", "null_beta_lift"): recovered()}
    assert concluded(cells, prereg)[0] == "no structure beyond noise"


@pytest.mark.parametrize("spread", [(0.97, 1.1), (1.0, 1.1), (0.97, 1.0)])
def test_an_interval_that_straddles_the_band_leaves_it_unresolved(spread: tuple[float, float]) -> None:
    cells = a_rung()
    cells |= {Cell("probe", PROBE.name, layer): probed(spread[layer % 2], landing=0.8) for layer in LAYERS}
    conclusion, reasons = concluded(cells)
    assert conclusion == "search unresolved"
    assert reasons[0] == "the interval of structure is neither inside its band nor above it"


def test_the_interval_decides_not_its_middle() -> None:
    """Two layers of four have structure 1.1: the mean lies above the band, but the interval reaches into it."""
    cells = a_rung(1.1) | {Cell("probe", PROBE.name, layer): probed() for layer in (0, 1)}
    assert concluded(cells)[0] == "search unresolved"


def test_the_widest_complete_gate_is_concluded() -> None:
    """Structure in the last two layers alone: the first checkpoint says none, full scope does not."""
    cells = a_rung()
    cells |= {Cell("probe", PROBE.name, layer): probed(1.3) for layer in (2, 3)}
    whole = conclude(cells)
    assert whole is not None
    assert ([layer.layer for layer in whole.layers], whole.conclusion) == ([0, 1, 2, 3], "search unresolved")
    for missing in (Cell("probe", PROBE.name, 3), Cell("claim", "beta_lift", 2)):
        narrower = conclude({cell: measured for cell, measured in cells.items() if cell != missing})
        assert narrower is not None
        assert ([layer.layer for layer in narrower.layers], narrower.conclusion) == (
            [0, 1],
            "no structure beyond noise",
        )


@pytest.mark.parametrize("missing", [("probe", PROBE.name), ("claim", "beta_lift")])
def test_nothing_is_concluded_where_nothing_is_complete(missing: tuple[str, str]) -> None:
    cells = a_rung()
    assert conclude({cell: found for cell, found in cells.items() if (cell.kind, cell.name) != missing}) is None
    assert conclude({cell: found for cell, found in cells.items() if cell.layer != 0}) is None
    assert conclude({}) is None


def test_another_claims_gates_are_not_concluded_from() -> None:
    other = replace(PREREG, probes=(replace(PROBE, claim="wide_d"),))
    assert conclude(a_rung(), other) is None


def test_a_probed_layer_is_means_over_its_sample() -> None:
    samples = dict.fromkeys(FAMILIES, (0.8, 0.9)) | {"ceiling": (1.2, 1.6), "plateau_step": (10.0, 50.0)}
    samples |= dict.fromkeys((NOISE + family for family in SEARCHED), (0.7, 0.8))
    samples |= {NOISE + "momentum": (0.7, 0.9), BEST + "spectral": (0.6, 0.7), BEST + "shuffled": (0.6, 0.8)}
    layer = probed_layer(3, sampled({**samples, RECOVERED: (0.99,) * len(SEARCHED)}))
    assert layer.betas == dict.fromkeys(FAMILIES, pytest.approx(0.85))
    assert layer.nulls == {name: pytest.approx(beta) for name, beta in zip(NULLS, (0.8, 0.65, 0.7), strict=True)}
    found = (layer.ceiling, layer.plateau_step, layer.agreement, layer.gain, layer.short, layer.structure)
    assert found == pytest.approx((1.4, 30.0, 0.0, 0.0, 0.0, 0.85 / 0.8))


def test_the_document_names_every_family_of_every_layer() -> None:
    outcome = conclude(a_rung(1.3, annealed=0.80))
    assert outcome is not None
    document = json.loads(json.dumps(probe_json(outcome)))
    assert (document["name"], document["claim"]) == (PROBE.name, "beta_lift")
    assert (document["conclusion"], document["structure_interval"]) == ("structure found", pytest.approx([1.3, 1.3]))
    assert document["recovered"] == dict.fromkeys(SEARCHED, 0.99)
    assert document["reasons"] == list(outcome.reasons)
    assert [row["layer"] for row in document["by_layer"]] == list(LAYERS)
    assert all(row["beta"].keys() == set(FAMILIES) for row in document["by_layer"])
    assert all(
        row["noise"].keys() == set(SEARCHED) and row["nulls"].keys() == set(NULLS) for row in document["by_layer"]
    )
    assert (document["by_layer"][0]["best"], document["by_layer"][0]["structure"]) == ("graduated", pytest.approx(1.3))
    assert document["by_layer"][0]["agreement"] == pytest.approx(0.125)
