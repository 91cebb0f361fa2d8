"""A card that huggingface_hub reads, with the names and values of decision.json."""

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index

from reports.base.errors import BadInput, ExitCode
from reports.commands.cli import main
from reports.published.found_folder import VERDICTS
from reports.published.model_card import model_card, model_index
from reports.testing.figured_rung import document_of, first_kill, measured_rung

PUBLISHED = sorted(path.parent.name for path in VERDICTS.glob("*/decision.json"))
KILLED = "E-ffn-rotation-v4-olmoe_nano"


def read(text: str) -> Any:
    """The card as the hub's own client reads it, which refuses what is not one."""
    return ModelCard(text, ignore_metadata_errors=False)


def document(name: str) -> dict[str, Any]:
    return dict(json.loads((VERDICTS / name / "decision.json").read_text("utf8")))


def test_there_are_verdicts_to_export() -> None:
    assert KILLED in PUBLISHED
    assert len(PUBLISHED) > 5


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_verdict_makes_a_card_that_the_hub_reads(name: str) -> None:
    stated = document(name)
    card = read(model_card(stated))
    results = card.data.eval_results
    assert results is not None
    assert card.data.model_name == stated["subject"]["name"]
    assert eval_results_to_model_index(card.data.model_name, results) == model_index(stated)
    measured = [gate for gate in (*stated["gates"], *stated["after_kill"]) if gate["observed"] is not None]
    assert [one.metric_value for one in results] == [gate["observed"] for gate in measured]
    assert {one.task_name for one in results} == {f"{stated['rung']}, design {stated['design']}: {stated['verdict']}"}
    assert {one.dataset_revision for one in results} == {stated["rule_sha256"]}
    again = read(str(card))  # as it would be uploaded
    assert again.data.to_dict() == card.data.to_dict()


def test_a_card_that_lacks_a_part_is_refused() -> None:
    broken = model_card(document(KILLED)).replace("    dataset:", "    data_set:", 1)
    with pytest.raises(ValueError, match="dataset"):
        read(broken)


def test_what_a_number_is_stands_beside_it() -> None:
    (entry,) = model_index(document(KILLED))
    (result,) = entry["results"]
    first, second = result["metrics"][0], result["metrics"][1]
    assert (first["type"], first["value"]) == ("energy_rank_95_share", 0.3489583333)  # of matrices, not a rank
    assert first["name"] == "narrow_d@4-layer: KILLED"
    assert first["args"]["rule"] == "energy_rank_95 < 0.4 for at least 70% of matrices"
    assert (first["args"]["threshold"], first["args"]["n"]) == (0.7, 192)
    assert second["name"] == "beta_lift@4-layer: KILLED (after the kill, exploratory)"
    assert second["type"] == "lift"
    assert result["dataset"]["args"]["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"


def test_what_was_not_measured_has_no_value() -> None:
    decision, _ = measured_rung(first_kill)
    (entry,) = model_index(document_of(decision))
    assert [metric["name"] for metric in entry["results"][0]["metrics"]] == ["narrow_d@2-layer: KILLED"]


def test_without_any_value_there_is_no_index() -> None:
    decision, _ = measured_rung(lambda _: False)
    with pytest.raises(BadInput, match="E-test, design 4: no gate was measured, so there is no value to export"):
        model_card(document_of(decision))


def test_a_name_is_text_and_not_yaml() -> None:
    decision, _ = measured_rung()
    hostile = document_of(decision)
    hostile["subject"]["name"] = "a: [b]\u2028--- # {c} '\"<script>"
    card = read(model_card(hostile))
    assert card.data.model_name == hostile["subject"]["name"]
    assert list(card.data.to_dict()) == ["model-index"]


def test_the_command_prints_or_writes_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["export", KILLED]) == ExitCode.SURVIVED
    printed = capsys.readouterr().out
    assert printed == model_card(document(KILLED))
    to = tmp_path / "card.md"
    assert main(["export", str(VERDICTS / KILLED), f"--to={to}"]) == ExitCode.SURVIVED
    assert to.read_text("utf8") == printed
    assert capsys.readouterr().out == f"written to {to}\n"


def test_what_was_edited_is_not_exported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = (VERDICTS / KILLED / "decision.json").read_text("utf8")
    (tmp_path / "decision.json").write_text(text.replace('"verdict": "KILLED"', '"verdict": "SURVIVED"', 1))
    assert main(["export", str(tmp_path)]) == ExitCode.TAMPERED
    assert "edited by hand" in capsys.readouterr().err
