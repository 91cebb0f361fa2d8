"""Experts beside a dense model: what is concluded, what it rests on, and that no verdict moves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reports.base.errors import Tampered
from reports.judge.decision import Decision, decide
from reports.judge.document import core_json, decision_json
from reports.judge.secondary import SecondaryOutcome, conclude_secondary, secondary_json, secondary_line
from reports.judge.spread.mean_interval import mean_interval
from reports.pages.postmortem import postmortem
from reports.prereg.lint import lint, sealable
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Dense, registered_cells, running_order
from reports.prereg.samples import Measured
from reports.store.store import Identity, open_store
from reports.store.subject_facts import check_digest
from reports.testing.described_numbers import described
from reports.testing.small_rules import SHIPPED, SUBJECT, a_claim, a_control, a_preregistration, a_secondary, of

LAYERS = (0, 1, 2, 3)
SECONDARY = a_secondary()
PREREG = replace(
    a_preregistration([a_claim(checkpoints=(2, 4)), a_claim("wide_d", checkpoints=(4,))]), secondaries=(SECONDARY,)
)
REFERENCE = 0.5
SCHEMA = SHIPPED.parents[2] / "reports" / "schemas" / "decision.schema.json"
Sides = Mapping[int, float]


def measured(*ratios: float) -> Measured:
    """Matrices at `ratios` of what noise of their shape has."""
    samples = {"energy_rank_95": tuple(REFERENCE * ratio for ratio in ratios)}
    return described(samples, {"energy_rank_95": REFERENCE})


def side(cell: Cell, *ratios: float) -> Measurement:
    if cell.kind == "secondary":
        return Measurement(cell, f"{1000 + (cell.layer or 0):064d}", measured(*ratios), 0.01, of="dense")
    return of(cell, measured(*ratios))


def both(experts: Sides, dense: Sides) -> dict[Cell, Measurement]:
    cells = [(Cell("claim", "narrow_d", layer), value) for layer, value in experts.items()]
    cells += [(Cell("secondary", SECONDARY.name, layer), value) for layer, value in dense.items()]
    return {cell: side(cell, value) for cell, value in cells}


def concluded(experts: Sides, dense: Sides, band: float = 0.0) -> SecondaryOutcome | None:
    return conclude_secondary(replace(SECONDARY, band=band), PREREG, LAYERS, both(experts, dense))


def outcome(experts: Sides, dense: Sides, band: float = 0.0) -> SecondaryOutcome:
    found = concluded(experts, dense, band)
    assert found is not None
    return found


def everywhere(*values: float) -> dict[int, float]:
    return dict(zip(LAYERS, values * (4 // len(values)), strict=True))


@pytest.mark.parametrize(
    ("experts", "dense", "conclusion"),
    [
        (everywhere(0.7), everywhere(0.9), "narrower"),
        (everywhere(0.9), everywhere(0.7), "not narrower"),
        (everywhere(0.8), everywhere(0.8), "unresolved"),
        (everywhere(0.7, 0.9), everywhere(0.8), "unresolved"),
        (everywhere(0.70, 0.90), everywhere(0.71, 0.91), "narrower"),  # layers are paired: what they share cancels
    ],
)
def test_every_conclusion_is_reachable(experts: Sides, dense: Sides, conclusion: str) -> None:
    assert outcome(experts, dense).conclusion == conclusion


@pytest.mark.parametrize("experts", [0.79, 0.81])
def test_a_difference_within_the_band_is_none(experts: float) -> None:
    assert outcome(everywhere(experts), everywhere(0.8)).conclusion != "unresolved"
    assert outcome(everywhere(experts), everywhere(0.8), band=0.02).conclusion == "unresolved"


def test_a_side_is_the_mean_of_its_matrices_each_over_its_own_null() -> None:
    measurements = {
        cell: side(cell, *ratios)
        for layer in LAYERS
        for cell, ratios in (
            (Cell("claim", "narrow_d", layer), (0.5, 0.6, 0.7, 1.0)),
            (Cell("secondary", SECONDARY.name, layer), (0.8, 0.9, 1.0)),
        )
    }
    found = conclude_secondary(SECONDARY, PREREG, LAYERS, measurements)
    assert found is not None
    assert [(layer.experts, layer.dense) for layer in found.layers] == [pytest.approx((0.7, 0.9))] * 4
    assert found.difference == pytest.approx(-0.2)
    assert found.interval == pytest.approx((-0.2, -0.2))


@pytest.mark.parametrize("absent", ["experts", "dense"])
def test_only_layers_measured_on_both_sides_count_and_are_counted(absent: str) -> None:
    some = dict.fromkeys((0, 3), 0.7)
    found = outcome(some, everywhere(0.9)) if absent == "experts" else outcome(everywhere(0.7), some)
    assert [layer.layer for layer in found.layers] == [0, 3]
    assert (len(found.layers), found.registered) == (2, 4)
    assert secondary_line(found).endswith(" over 2 of 4 layers")


def test_fewer_than_two_layers_conclude_nothing() -> None:
    assert concluded(everywhere(0.7), {2: 0.9}) is None
    assert concluded({2: 0.7}, everywhere(0.9)) is None
    assert concluded({0: 0.7, 1: 0.7}, {2: 0.9, 3: 0.9}) is None
    assert concluded({}, {}) is None


ratios = st.lists(st.floats(0.01, 2.0), min_size=4, max_size=4).map(
    lambda values: dict(zip(LAYERS, values, strict=True))
)


@given(ratios, ratios)
def test_swapping_the_sides_flips_the_sign(experts: Sides, dense: Sides) -> None:
    there, back = outcome(experts, dense), outcome(dense, experts)
    low, high = there.interval
    assert back.difference == pytest.approx(-there.difference, abs=1e-9)
    assert back.interval == pytest.approx((-high, -low), abs=1e-9)
    assume(min(abs(low), abs(high)) > 1e-9)
    flipped = {"narrower": "not narrower", "not narrower": "narrower", "unresolved": "unresolved"}
    assert back.conclusion == flipped[there.conclusion]


@given(ratios, ratios, st.floats(0.0, 1.0))
def test_a_shift_of_one_side_shifts_difference_and_interval_of_both_neither(
    experts: Sides, dense: Sides, by: float
) -> None:
    plain, moved = outcome(experts, dense), {layer: value + by for layer, value in experts.items()}
    shifted = outcome(moved, dense)
    assert shifted.difference == pytest.approx(plain.difference + by, abs=1e-9)
    assert shifted.interval == pytest.approx(tuple(bound + by for bound in plain.interval), abs=1e-9)
    alike = outcome(moved, {layer: value + by for layer, value in dense.items()})
    assert alike.interval == pytest.approx(plain.interval, abs=1e-9)


@pytest.mark.fuzz
@given(ratios, ratios)
def test_the_interval_holds_the_difference_and_settles_the_conclusion(experts: Sides, dense: Sides) -> None:
    found = outcome(experts, dense)
    low, high = found.interval
    differences = [experts[layer] - dense[layer] for layer in LAYERS]
    assert (low, high) == pytest.approx(mean_interval(differences, PREREG.interval.level), abs=1e-9)
    assert found.conclusion == ("narrower" if high < 0 else "not narrower" if low > 0 else "unresolved")


def test_its_cells_run_behind_each_gate_of_its_claim_and_are_not_registered() -> None:
    ids = [cell.id for cell in running_order(PREREG, LAYERS)]
    assert ids == [
        "narrow_d[L00]", "narrow_d[L01]", "specialist_narrower[L00]", "specialist_narrower[L01]",
        "narrow_d[L02]", "narrow_d[L03]", "specialist_narrower[L02]", "specialist_narrower[L03]",
        "wide_d[L00]", "wide_d[L01]", "wide_d[L02]", "wide_d[L03]",
    ]  # fmt: skip
    assert not any(cell.kind == "secondary" for cell in registered_cells(PREREG, LAYERS))


@pytest.mark.parametrize(
    ("dense", "subject", "cells"), [(2, LAYERS, [0, 1]), (9, LAYERS, [0, 1, 2, 3]), (3, (1, 2, 5), [1, 2])]
)
def test_its_layers_are_those_that_both_models_have(dense: int, subject: tuple[int, ...], cells: list[int]) -> None:
    prereg = replace(PREREG, secondaries=(a_secondary(dense),))
    assert [cell.layer for cell in running_order(prereg, subject) if cell.kind == "secondary"] == cells


def document(decision: Decision) -> dict[str, object]:
    return decision_json(decision, subject=SUBJECT, seal={}, environment={}, errors=[])


measured_layers = st.lists(st.sampled_from(LAYERS), unique=True)


@pytest.mark.fuzz
@given(ratios, measured_layers, measured_layers)
def test_it_enters_neither_verdict_nor_missing_nor_core(
    experts: Sides, judged: Sequence[int], dense: Sequence[int]
) -> None:
    claimed = both({layer: experts[layer] for layer in judged}, {})
    claimed |= {Cell("claim", "wide_d", layer): side(Cell("claim", "wide_d", layer), 0.7) for layer in judged}
    bare = decide(PREREG, LAYERS, claimed)
    beside = decide(PREREG, LAYERS, claimed | both({}, dict.fromkeys(dense, 0.9)))
    without = decide(replace(PREREG, secondaries=()), LAYERS, claimed)
    for other in (beside, without):
        assert (other.verdict, other.trigger, other.missing) == (bare.verdict, bare.trigger, bare.missing)
        assert other.layer_sha256 == bare.layer_sha256
        assert core_json(other, SUBJECT) == core_json(bare, SUBJECT)
    assert set(bare.unprobed) - set(beside.unprobed) == {Cell("secondary", SECONDARY.name, layer) for layer in dense}
    assert bool(beside.secondaries) == (len(set(judged) & set(dense)) >= 2)


def test_what_was_not_measured_is_said() -> None:
    decision = decide(PREREG, LAYERS, both(everywhere(0.7), {1: 0.9}))
    found = document(decision)
    assert found["secondaries"] == []
    assert [name for name in found["not_measured"] if name.startswith("spec")] == [  # type: ignore[attr-defined]
        f"specialist_narrower[L0{layer}]" for layer in (0, 2, 3)
    ]


def test_the_document_names_both_sides_of_every_layer() -> None:
    found = outcome(everywhere(0.7), everywhere(0.9))
    (row, *_) = rows = json.loads(json.dumps(secondary_json(found)))["by_layer"]
    assert len(rows) == 4
    assert row == {
        "layer": 0,
        "experts": pytest.approx(0.7),
        "dense": pytest.approx(0.9),
        "difference": pytest.approx(-0.2),
        "dense_sha256": f"{1000:064d}",
    }
    schema = json.loads(SCHEMA.read_text())
    contents = {"$ref": "#/$defs/SecondaryRow", "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(contents).validate(secondary_json(found))
    assert "secondaries" in schema["required"]


def test_its_line_and_its_page() -> None:
    found = outcome(everywhere(0.7), everywhere(0.9))
    assert secondary_line(found) == (
        "specialist_narrower: narrower, relative_energy_rank_95 of experts minus that of tiny-dense -0.200 "
        "[-0.200, -0.200] over 4 of 4 layers"
    )
    decision = decide(PREREG, LAYERS, both(everywhere(0.7), everywhere(0.9)))
    written = {
        "subject_location": "x", "code_sha256": None, "settings": None, "python": "3", "platform": "here",
        "started": "now", "ended": "then",
    }  # fmt: skip
    text = postmortem(decision, {**document(decision), "environment": written})
    assert "## Experts beside a dense model\n\nOutside the verdict.\n\nspecialist_narrower: narrower, " in text
    assert "| 3 | 0.700 | 0.900 | -0.200 |\n| mean |  |  | -0.200 |" in text
    nothing = decide(PREREG, LAYERS, both(everywhere(0.7), {}))
    assert "dense model" not in postmortem(nothing, {**document(nothing), "environment": written})


def test_a_store_holds_a_dense_layer_beside_the_subjects(tmp_path: Path) -> None:
    """And another secondary's, of yet another model; only the subject's own cells must agree on a layer's tensors."""
    store = open_store(tmp_path, Identity("0" * 64, {}))
    cells = {Cell("secondary", "specialist_narrower", 2): "dense", Cell("secondary", "another", 2): "dense"}
    for digit, (cell, whose) in enumerate({Cell("claim", "narrow_d", 2): "layer", **cells}.items()):
        store.put(Measurement(cell, f"{digit}" * 64, measured(0.7), 0.01, of=whose))  # type: ignore[arg-type]
    assert len(store.measurements()) == 3
    store.put(Measurement(Cell("claim", "wide_d", 2), "f" * 64, measured(0.7), 0.01))
    with pytest.raises(Tampered, match=r"layer 2: .* were measured on different tensors"):
        store.measurements()


def test_a_dense_layer_is_not_held_to_the_subjects_digests() -> None:
    sealed = replace(SUBJECT, sealed_layer_sha256=("a" * 64,) * 4)
    check_digest(sealed, Cell("secondary", SECONDARY.name, 2), "b" * 64, "dense")
    with pytest.raises(Tampered):
        check_digest(sealed, Cell("claim", "narrow_d", 2), "b" * 64, "layer")


def test_another_dense_model_is_a_deviation() -> None:
    other = replace(SECONDARY, dense=replace(SECONDARY.dense, name="other", exploratory=True))
    found = document(decide(replace(PREREG, secondaries=(other,)), LAYERS, {}))
    assert (
        "exploratory: specialist_narrower compares with other, not with the registered dense model"
        in (
            found["deviations"]  # type: ignore[operator]
        )
    )


def findings(dense: Dense) -> tuple[list[str], bool]:
    prereg = replace(PREREG, secondaries=(replace(SECONDARY, dense=dense),))
    found = tuple(finding for finding in lint(prereg) if finding.about == SECONDARY.name)
    return [finding.line() for finding in found], sealable(found)


def test_lint_shows_that_depth_and_active_width_are_the_subjects() -> None:
    sizes = "has 4 layers, hidden size 8 and FFN width {}; the subject 4, 8 and 1 active experts × 4 = 4"
    twin = SECONDARY.dense
    assert findings(twin) == ([f"specialist_narrower: tiny-dense {sizes.format(4)}"], True)
    wide = findings(replace(twin, intermediate_size=8))
    assert wide == ([f"specialist_narrower: warning: tiny-dense {sizes.format(8)}"], True)


def test_lint_wants_the_weights_of_a_folder_sealed() -> None:
    lines, may = findings(replace(SECONDARY.dense, weights_sha256=None))
    assert lines[0] == (
        "specialist_narrower: refused: fixtures/tiny_dense lies in the repository, but weights_sha256 is absent; "
        "register it"
    )
    assert not may
    lines, may = findings(replace(SECONDARY.dense, config_sha256=None))
    assert "but config_sha256 is absent; register it" in lines[0]
    assert not may
    hub = replace(SECONDARY.dense, source="o/dense", revision="main", weights_sha256=None)
    lines, may = findings(hub)
    assert lines[0] == (
        "specialist_narrower: note: the weights of o/dense are named by revision 'main', not sealed by digests"
    )
    assert may


def test_a_control_of_the_claim_stays_the_claims() -> None:
    prereg = replace(PREREG, controls=(a_control("planted"),))
    cells = running_order(prereg, LAYERS)
    assert cells[0] == Cell("control", "planted")
    assert [cell.kind for cell in cells].count("control") == 1
