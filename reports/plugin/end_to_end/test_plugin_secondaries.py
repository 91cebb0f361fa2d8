"""Experts beside a dense model, from weights to artefacts in miniature: in one process and in several."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.checkpoints.layout import read_layout
from fixtures.testing.dense_miniature import add_secondary, write_dense
from fixtures.testing.miniature import LAYERS, NAME, artefact, measured, write_miniature
from fixtures.testing.tiny import edit_json, put_bytes
from reports.base.errors import ExitCode
from reports.judge.digests import core_sha256_of
from reports.published.publication import PUBLISHED, read_publication
from reports.testing.test_schemas import validator

CELLS = {f"secondary-specialist_narrower-L0{layer}" for layer in range(LAYERS)}
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def beside(pytester: pytest.Pytester, elsewhere: None) -> Run:
    """`beside("-x", weights="low_rank", dense="gaussian")` writes the study on first use and runs it."""

    def run(*arguments: str, weights: str = "low_rank", dense: Any = "gaussian") -> pytest.RunResult:
        if not (pytester.path / "hypotheses").exists():
            add_secondary(write_miniature(pytester.path, weights), LAYERS, dense)
        return pytester.runpytest_inprocess("hypotheses", "--prereg", NAME, *arguments)

    return run


def the_run(root: Path, out: str = "reports/out") -> Path:
    (folder,) = (root / out).iterdir()
    return folder


def decision(root: Path, out: str = "reports/out") -> Any:
    return json.loads((the_run(root, out) / "decision.json").read_text())


def test_narrow_experts_beside_a_dense_model_that_is_not(
    beside: Run, pytester: pytest.Pytester, mode: list[str]
) -> None:
    result = beside(*mode)
    assert result.ret == ExitCode.SURVIVED
    result.assert_outcomes(passed=8 + LAYERS)
    document = artefact(pytester.path, "decision.json")
    (found,) = document["secondaries"]
    assert (found["conclusion"], found["layers_registered"], len(found["by_layer"])) == ("narrower", LAYERS, LAYERS)
    assert found["interval"][0] <= found["difference"] <= found["interval"][1] < -0.5
    assert found["dense"] == {"name": "mini-dense", "source": "dense", "revision": None, "exploratory": False}
    for row in found["by_layer"]:
        assert row["experts"] < 0.4
        assert row["dense"] == pytest.approx(1.0, abs=0.05)  # structureless: each side is relative to its own null
    assert (document["not_measured"], document["deviations"]) == ([], [])
    assert not {row["dense_sha256"] for row in found["by_layer"]} & set(document["subject"]["layer_sha256"].values())
    validator("decision").validate(document)
    result.stdout.fnmatch_lines(
        [
            "measured  specialist_narrower[[]L00[]]*dense relative_energy_rank_95 1.0*",
            "specialist_narrower: narrower, relative_energy_rank_95 of experts minus that*",
        ]
    )
    assert "## Experts beside a dense model\n" in (the_run(pytester.path) / "postmortem.md").read_text()


def test_each_cell_says_both_sides(beside: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    result = beside("-k", "L00")
    result.stdout.re_match_lines([r".*dense relative_energy_rank_95 \d\.\d{3} \(experts 0\.\d{3}\)$"])
    assert decision(pytester.path)["secondaries"] == []  # one layer has no spread
    alone = beside("-k", "test_specialist_narrower and L01")
    alone.stdout.re_match_lines([r".*dense relative_energy_rank_95 \d\.\d{3}$"])


def test_structureless_experts_beside_a_narrow_dense_model(beside: Run, pytester: pytest.Pytester) -> None:
    assert beside(weights="gaussian", dense="low_rank").ret == ExitCode.KILLED
    document = artefact(pytester.path, "decision.json")
    (found,) = document["secondaries"]
    assert found["conclusion"] == "not narrower"
    validator("decision").validate(document)


def test_after_a_kill_x_reads_no_dense_layer(beside: Run, pytester: pytest.Pytester) -> None:
    assert beside("-x", weights="gaussian").ret == ExitCode.KILLED
    assert not measured(pytester.path) & CELLS
    assert artefact(pytester.path, "decision.json")["secondaries"] == []


def test_measured_skipped_or_broken_the_core_is_the_same(beside: Run, pytester: pytest.Pytester) -> None:
    """Whatever becomes of the dense model, verdict and core are those of the run without it."""
    root, documents = pytester.path, []
    codes = [beside("--out", "measured").ret, beside("-k", "not specialist", "--out", "deselected").ret]
    (root / "dense").rename(root / "away")
    codes += [beside("--out", "absent").ret]
    (root / "away").rename(root / "dense")
    address = read_layout(root / "dense").matrices[0, "down_proj"][0]
    put_bytes(address.file, address.offset, b"\x00\x00\x00\x3f")
    codes += [beside("--out", "edited").ret, beside("-n2", "--out", "edited too").ret]
    assert codes == [ExitCode.SURVIVED] * 3 + [ExitCode.TAMPERED] * 2
    for out in ("measured", "deselected", "absent", "edited", "edited too"):
        documents.append(decision(root, out))
        validator("decision").validate(documents[-1])
    assert {document["verdict"] for document in documents} == {"SURVIVED"}
    assert len({document["core_sha256"] for document in documents}) == 1
    assert core_sha256_of(documents[0]) == documents[0]["core_sha256"]
    assert [bool(document["secondaries"]) for document in documents] == [True] + [False] * 4
    assert [len(document["errors"]) for document in documents] == [0, 0, 0, LAYERS, LAYERS]
    assert documents[1]["not_measured"] == [f"specialist_narrower[L0{layer}]" for layer in range(LAYERS)]


def test_without_a_dense_model_its_cells_are_skipped(beside: Run, pytester: pytest.Pytester, mode: list[str]) -> None:
    add_secondary(write_miniature(pytester.path, "low_rank"), LAYERS)
    shutil.rmtree(pytester.path / "dense")
    result = beside(*mode)
    assert result.ret == ExitCode.SURVIVED
    result.assert_outcomes(passed=8, skipped=LAYERS)
    text = " ".join(result.stdout.str().split())
    assert "dense is not here; restore it, or name a dense model with --dense-model" in text
    assert not measured(pytester.path) & CELLS


def test_another_subject_has_no_registered_twin(beside: Run, pytester: pytest.Pytester) -> None:
    root = pytester.path
    add_secondary(write_miniature(root, "low_rank"), LAYERS)
    shutil.copytree(root / "subject", root / "copy")
    result = beside("--model", "copy")
    result.assert_outcomes(passed=8, skipped=LAYERS)
    assert "no twin of copy; name a dense model with" in " ".join(result.stdout.str().split())
    named = beside("--model", "copy", "--dense-model", "dense", "--out", "named")
    assert named.ret == ExitCode.SURVIVED
    (found,) = decision(root, "named")["secondaries"]
    assert (found["conclusion"], found["dense"]["exploratory"]) == ("narrower", False)


def test_another_dense_model_is_exploratory_and_kept_apart(
    beside: Run, pytester: pytest.Pytester, mode: list[str]
) -> None:
    root = pytester.path
    write_dense(root / "other", layers=4, sizes=(64, 32), weights="low_rank")
    result = beside("--dense-model", "other", *mode)
    assert result.ret == ExitCode.SURVIVED
    assert the_run(root).name.startswith(f"{NAME}--beside-other-")
    document = decision(root)
    (found,) = document["secondaries"]
    assert (found["layers_registered"], found["dense"]["name"], found["dense"]["exploratory"]) == (4, "other", True)
    assert document["deviations"] == [
        "exploratory: specialist_narrower compares with other, not with the registered dense model"
    ]
    validator("decision").validate(document)
    result.stdout.fnmatch_lines(
        [
            "options*dense_model other*",
            "specialist_narrower: unresolved, *",
            "  of other +0.000 [[]+0.000, +0.000[]] over 4 of 4 layers",
        ]
    )
    folder = root / "published"
    folder.mkdir()
    for name in PUBLISHED:
        shutil.copy(the_run(root) / name, folder)
    assert str(root) not in "".join(path.read_text() for path in folder.glob("*.json"))
    rules = root / "hypotheses" / "preregistrations"
    assert read_publication(folder, rules).drift == ()
    edit_json(folder / "run.json", lambda stated: stated.update(dense=None))  # as if of the registered model
    assert "decision.json: secondaries does not follow from the measurements" in read_publication(folder, rules).drift


def test_a_named_model_that_cannot_be_used_is_one_line(beside: Run, pytester: pytest.Pytester) -> None:
    """One fault of many: what each of them is told is tested where dense models are read."""
    experts = {"model_type": "olmoe", "num_experts": 4, "num_experts_per_tok": 2, "norm_topk_prob": False}
    edit_json(write_dense(pytester.path / "other") / "config.json", lambda config: config.update(experts))
    result = beside("--dense-model", "other")
    assert result.ret == ExitCode.BAD_INPUT
    (line,) = [line for line in result.errlines if line.startswith("Exit: BAD INPUT: ")]
    assert "has experts, expected a dense model" in line
    assert not (pytester.path / "reports").exists()


def test_a_dense_model_that_nothing_compares_with_is_refused(run: Any) -> None:
    result = run("--dense-model", "anywhere")
    assert result.ret == ExitCode.BAD_INPUT
    assert "nothing registered here compares with a dense model; leave it out" in result.stdout.str() + (
        result.stderr.str()
    )


def test_a_dense_model_is_a_subject_that_is_compared_with_none(beside: Run) -> None:
    result = beside("--model", "dense", "-rs")
    assert result.ret == ExitCode.KILLED
    text = result.stdout.str()
    assert "subject   dense, 6 layers, EXPLORATORY" in text
    assert "0/3 below 0.40, median 0." in text
    assert text.count("no twin") == 0
    assert "dense is dense: it has no experts to compare with a dense model" in " ".join(text.split())


def test_not_a_number_in_a_dense_layer_costs_that_layer_alone(beside: Run, pytester: pytest.Pytester) -> None:
    root = pytester.path
    other = write_dense(root / "other", layers=LAYERS, sizes=(64, 64))
    address = read_layout(other).matrices[2, "gate_proj"][0]
    put_bytes(address.file, address.offset, b"\x00\x00\xc0\x7f")
    result = beside("--dense-model", "other")
    assert result.ret == ExitCode.BAD_INPUT
    document = decision(root)
    assert (document["verdict"], [error["cell"] for error in document["errors"]]) == (
        "SURVIVED", ["specialist_narrower[L02]"],
    )  # fmt: skip
    (found,) = document["secondaries"]
    assert (len(found["by_layer"]), found["layers_registered"]) == (LAYERS - 1, LAYERS)


def test_a_second_run_measures_nothing_again(beside: Run, pytester: pytest.Pytester) -> None:
    beside()
    entries = {
        path: path.stat().st_mtime_ns for path in (pytester.path / "reports/out").rglob("measurements/*/*/*.json")
    }
    assert {path.stem for path in entries} >= CELLS
    assert beside().ret == ExitCode.SURVIVED
    assert {path: path.stat().st_mtime_ns for path in entries} == entries


def test_the_marker_and_the_option_are_told_of(pytester: pytest.Pytester) -> None:
    found = pytester.runpytest_inprocess("--markers", "-p", "reports.plugin.session")
    found.stdout.fnmatch_lines(["@pytest.mark.secondary(name): *"])
    told = pytester.runpytest_inprocess("--help", "-p", "reports.plugin.session")
    told.stdout.fnmatch_lines(["*--dense-model=PATH_OR_HUB_ID*"])
