"""The list of cells: those that run, in that order, each nameable, and costs that sum to what is told elsewhere."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fixtures.inspecting.inspection import inspect_model, layer_bytes
from fixtures.inspecting.runnable_rungs import runnable_rungs
from fixtures.planted.generated import OLMOE_1B_7B, Recipe, generate
from fixtures.testing.miniature import NAME, write_miniature
from reports.base.errors import ExitCode
from reports.commands.cell_costs import cell_lines, costs, list_cells
from reports.commands.cli import PREREGISTRATIONS, main
from reports.commands.rung_cost import ESTIMATED, NOT_MEASURED, PUBLISHED, published_costs, weights_of
from reports.plugin.asked_cells import asked_cells, spelled
from reports.plugin.effort import claim_seconds
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import registered_cells, running_order

RULES = {path.stem: load_preregistration(path) for path in sorted(PREREGISTRATIONS.glob("*.toml"))}


@pytest.mark.parametrize("name", RULES)
def test_every_cell_is_listed_in_order_and_can_be_named(name: str) -> None:
    prereg = RULES[name]
    layers = range(prereg.subject.layers)
    found = costs(prereg, dict.fromkeys(layers, 1000), {}, 2)
    cells = running_order(prereg, layers)
    assert tuple(cost.cell for cost in found) == cells
    for cell in cells:
        assert asked_cells(spelled(cell), cells) == {cell}
    serving = {cost.cell for cost in found if cost.gates}
    assert serving <= set(registered_cells(prereg, layers))
    assert {cost.gates[0].partition("@")[0] for cost in found if cost.gates} == {claim.name for claim in prereg.claims}


@pytest.mark.parametrize("name", ["E-ffn-rotation-v4", "E-ffn-rotation-v6", "G1-learned-gauge-v1"])
def test_estimates_of_cells_sum_to_those_of_claims(name: str) -> None:
    prereg = RULES[name]
    found = list_cells(PREREGISTRATIONS, name, None, None, 2).costs
    for claim, seconds in claim_seconds(prereg, prereg.subject.layers, 2).items():
        mine = [cost.seconds for cost in found if (cost.cell.kind, cost.cell.name) == ("claim", claim)]
        assert sum(filter(None, mine)) == pytest.approx(seconds)
    assert {cost.basis for cost in found} == {ESTIMATED, NOT_MEASURED}
    assert all((cost.seconds is None) == (cost.basis == NOT_MEASURED) for cost in found)


def test_what_was_published_of_the_sealed_subject_is_taken() -> None:
    name = "W-exponent-entropy-v1-olmoe_nano"
    found = list_cells(PREREGISTRATIONS, name, None, None, 2).costs
    verdicts = PREREGISTRATIONS.parents[1] / "reports" / "verdicts"
    took = published_costs(verdicts, {name: RULES[name]})[name][1].by_cell
    assert {cost.cell: cost.seconds for cost in found} == took
    assert {cost.basis for cost in found} == {PUBLISHED}
    layers = RULES[name].subject.layers
    by_layer = {cost.cell.layer: cost.nbytes for cost in found if cost.cell.layer is not None}
    assert sum(map(int, by_layer.values())) == 2 * weights_of(RULES[name].subject)  # type: ignore[arg-type]
    assert len(by_layer) == layers


def test_a_claim_about_the_model_reads_all_of_it() -> None:
    found = {
        spelled(cost.cell): cost for cost in list_cells(PREREGISTRATIONS, "E-ffn-rotation-v6", None, None, 2).costs
    }
    layer, model = found["claim:narrow_d[L03]"], found["claim:one_bit_nll[L15]"]
    assert (layer.nbytes, model.nbytes) == (64 * 3 * 1024 * 2048 * 2, 16 * 64 * 3 * 1024 * 2048 * 2)
    assert (layer.gates, model.gates) == (
        ("narrow_d@4-layer", "narrow_d@8-layer", "narrow_d@16-layer"), ("one_bit_nll@16-layer",),
    )  # fmt: skip
    assert found["claim:one_bit_nll[L03]"].gates == ()  # only shown
    assert found["control:null_narrow_d"].nbytes == 0


def test_another_model_is_asked_for_its_layers_bytes_and_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In fp32. What the process would print that reads headers is made here: starting it takes seconds."""
    monkeypatch.setattr(
        "reports.commands.cell_costs.ask_model", lambda *asked: json.loads(json.dumps(runnable_rungs(*asked)))
    )
    sizes = replace(
        OLMOE_1B_7B, layers=3, experts=4, experts_per_token=2, hidden_size=64, intermediate_size=32, vocab_size=64
    )
    model = generate(tmp_path / "model", sizes, Recipe(heads=2, dtype=torch.float32))
    listed = list_cells(PREREGISTRATIONS, "E-ffn-rotation-v4", str(model), None, 2)
    assert listed.subject == str(model)
    by_layer = layer_bytes(inspect_model(str(model)).layout)
    assert by_layer == dict.fromkeys(range(3), 4 * 3 * 64 * 32 * 4)
    narrow = [cost for cost in listed.costs if (cost.cell.kind, cost.cell.name) == ("claim", "narrow_d")]
    assert [(cost.cell.layer, cost.nbytes) for cost in narrow] == list(by_layer.items())
    at = replace(RULES["E-ffn-rotation-v4"].subject, hidden_size=64, intermediate_size=32, experts=4)
    expected = claim_seconds(replace(RULES["E-ffn-rotation-v4"], subject=at), 3, 2)["narrow_d"]
    assert sum(filter(None, (cost.seconds for cost in narrow))) == pytest.approx(expected)


def test_the_command_prints_lines_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_miniature(tmp_path).parent
    assert main(["cells", f"--prereg={NAME}"], folder) == ExitCode.SURVIVED
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{NAME} on mini: 8 cells in running order"
    assert lines[2].split() == ["control:planted_narrow_d", "narrow_d@4-layer", "0", "B", "not", "measured"]
    assert lines[4].startswith("claim:narrow_d[L00]       narrow_d@4-layer  49.2 kB  0.")  # 4 · 3 · 64 · 32 · 2 bytes
    assert lines[8].startswith("claim:narrow_d[L04]       narrow_d@6-layer")
    assert lines[10:] == [
        "reads 294.9 kB in all, a layer once for each cell of it", *lines[11:12], "time of 2 cells: not measured",
    ]  # fmt: skip
    assert main(["cells", f"--prereg={NAME}", "--json"], folder) == ExitCode.SURVIVED
    document = json.loads(capsys.readouterr().out)
    assert (document["preregistration"], document["subject"], len(document["cells"])) == (NAME, "mini", 8)
    assert document["cells"][7]["gates"] == ["narrow_d@6-layer"]
    assert main(["cells", "--prereg=nothing"], folder) == ExitCode.BAD_INPUT
    assert "no such preregistration; there are E-mini-v4" in capsys.readouterr().err


def test_a_name_in_a_line_holds_no_control_character() -> None:
    listed = list_cells(PREREGISTRATIONS, "W-exponent-entropy-v1-olmoe_nano", None, None, 2)
    assert "\x1b" not in "".join(cell_lines(replace(listed, subject="a\x1b[31m\nb")))
