"""A rung of held-out lifts from weights to verdict: what is shared survives, noise dies, instruments are checked."""

import json
from statistics import fmean
from typing import Any

import pytest

from fixtures.rotating import across_halves as crosswise  # before a run in this process can load it for itself
from fixtures.rotating import held_out_traps
from fixtures.testing.dense_miniature import write_dense
from fixtures.testing.held_out_rung import NAME, write_held_out_rung
from reports.base.errors import ExitCode


@pytest.fixture
def run(pytester: pytest.Pytester, elsewhere: None) -> Any:
    def started(*arguments: str, **rung: Any) -> tuple[pytest.RunResult, Any]:
        write_held_out_rung(pytester.path, **rung)
        result = pytester.runpytest_inprocess("hypotheses", f"--prereg={NAME}", *arguments)
        (path,) = (pytester.path / "reports" / "out").rglob("decision.json")
        return result, json.loads(path.read_text("utf8"))

    return started


def test_what_all_experts_share_survives(run: Any) -> None:
    result, document = run()
    assert result.ret == ExitCode.SURVIVED
    (gate,) = document["gates"]
    assert (gate["status"], gate["metric"], len(gate["by_layer"])) == ("MET", "held_out_lift", 3)
    assert gate["observed"] == pytest.approx(fmean(row["observed"] for row in gate["by_layer"]), rel=1e-9)
    assert gate["observed"] > 1.05
    assert {row["name"]: row["obtained"] for row in document["controls"]} == {
        "planted_beta_lift": "MET",
        "single_beta_lift": "KILLED",
        "null_beta_lift": "KILLED",
        "sheared_beta_lift": "INCONCLUSIVE",
        "lattice_graduated": "MET",
    }
    assert all(row["sound"] for row in (*document["controls"], *document["traps"]))
    result.stdout.fnmatch_lines(["*learned on 4 rows per dimension; in sample*", "*covariance twin*"])


def test_noise_dies_though_in_sample_it_gains(run: Any) -> None:
    """What any search fits on noise is in the in-sample lift alone."""
    result, document = run(weights="gaussian")
    assert result.ret == ExitCode.KILLED
    (gate,) = document["gates"]
    assert gate["status"] == "KILLED"
    assert gate["observed"] == pytest.approx(1.0, abs=0.02)
    result.stdout.fnmatch_lines(["KILLED hypotheses/test_beta_lift.py*"])


def test_a_guard_that_does_not_notice_makes_the_claim_inconclusive(run: Any) -> None:
    """The control of a broken rotation, with a sound one: it is measured where it should be refused."""
    result, document = run(sheared=0.0)
    assert result.ret == ExitCode.INCONCLUSIVE
    (row,) = [row for row in document["controls"] if row["name"] == "sheared_beta_lift"]
    assert not row["sound"]


def test_an_instrument_that_learns_on_what_it_measures_is_found_out(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trap of the null twin: learned on the twin itself, its β is above the Haar level."""
    honest = crosswise.both_ways

    def cheating(optimise: Any, start: Any, matrices: Any, split: Any, measured: Any) -> Any:
        return honest(optimise, start, measured, [(half, half) for half, _ in split], measured)

    monkeypatch.setattr(held_out_traps, "both_ways", cheating)
    result, document = run()
    assert result.ret == ExitCode.INCONCLUSIVE
    assert {row["name"]: row["sound"] for row in document["traps"] if row["name"] == "off_rotation"} == {
        "off_rotation": False
    }


def test_a_sample_of_experts_is_told_as_what_it_is(run: Any) -> None:
    """Four of eight experts, so half of the rows: it decides nothing."""
    result, document = run("--sample")
    assert result.ret == ExitCode.SURVIVED
    assert document["subject"]["exploratory"]
    (gate,) = document["gates"]
    assert (gate["n"], gate["status"]) == (3 * 2 * 4, "MET")
    result.stdout.fnmatch_lines(["*learned on 2 rows per dimension, a sample where 4 are*"])


def test_of_a_dense_model_every_cell_is_refused_with_that_sentence(run: Any, pytester: pytest.Pytester) -> None:
    """Before any of its controls is measured; what needs no second expert runs, but decides nothing alone."""
    write_dense(pytester.path / "dense", layers=3, sizes=(64, 32))
    result, document = run("--model", "dense", "-k", "not test_random_rotation")
    assert result.ret == ExitCode.BAD_INPUT
    said = " ".join(result.stdout.str().split())
    sentence = "the cross-validated claim needs two experts, and dense has one in each layer; pass a model with more"
    for cell in ("planted_beta_lift", "off_rotation[L00]", "neuron_shuffle[L02]", "beta_lift[L01]"):
        assert f"{cell}: {sentence}, or choose a rule without it with --prereg" in said
    assert document["gates"][0]["status"] == "NOT_RUN"
    assert document["subject"]["exploratory"]
    assert result.parseoutcomes() == {"failed": 6 + 3 * 3 - 1, "deselected": 3}
