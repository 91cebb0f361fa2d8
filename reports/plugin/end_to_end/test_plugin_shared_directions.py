"""W-shared-directions as it is shipped, on small subjects: what all experts read survives, noise dies."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import fixtures.measures.between_experts.own_overlap
import fixtures.measures.between_experts.shared_directions  # noqa: F401 - imported before a run in this process
from fixtures.comparing import input_overlaps
from fixtures.testing.shipped_rung import small_subject, write_shipped_rung
from kernels.overlap.top_directions import TopDirections, top_directions
from kernels.planted.planted_directions import planted_directions
from reports.base.errors import ExitCode

RULE = "W-shared-directions-v1-olmoe_nano"


def run(pytester: pytest.Pytester, subject: Path) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, RULE, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8"))


def reading_alike(w: Tensor) -> Tensor:
    """In place of `w` a matrix that reads two directions, the same for all of its shape."""
    frame = torch.Generator().manual_seed(8)
    shared = planted_directions((w.shape[0], w.shape[1]), 1 / 16, 0.0, frame)
    noise = torch.randn(w.shape, generator=torch.Generator().manual_seed(int(w.double().square().sum() * 1e9) % 2**31))
    own = 0.3 * noise @ torch.linalg.pinv(shared) @ shared  # other amplitudes in the same directions
    planted: Tensor = 0.02 * (shared + own + 0.3 * noise)
    return planted


def test_noise_dies_and_its_null_subjects_die_as_it_does(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "shared-directions threshold unmet at 2-layer checkpoint"
    (gate,) = decision["gates"]
    assert (gate["observed"], gate["n"], gate["null_subject"]["met"]) == (0.0, 2, 0)
    assert gate["rule"] == "directions_apart ≤ 0.75 for at least 70% of layers"
    assert gate["median"] == pytest.approx(1 - 2 / 64, abs=0.03)
    assert {row["name"]: row["obtained"] for row in decision["controls"]} == {
        "planted_shared_directions": "MET",
        "own_shared_directions": "KILLED",
        "null_shared_directions": "KILLED",
        "sheared_shared_directions": "INCONCLUSIVE",
    }
    assert all(row["sound"] for row in (*decision["controls"], *decision["traps"]))
    result.stdout.fnmatch_lines(["*shared_directions[[]L0?]*directions_apart 0.9*, noise 0.969"])
    result.stdout.fnmatch_lines(["*overlap 0.0*, Haar 0.031, by common column norms alone 0.0*"])


def test_what_every_expert_reads_survives(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, small_subject(pytester.path / "subject", experts=reading_alike))
    assert result.ret == ExitCode.SURVIVED
    (gate,) = decision["gates"]
    assert (gate["status"], gate["observed"], gate["null_subject"]["met"]) == ("MET", 1.0, 0)
    assert gate["median"] < 0.5
    assert "noise does not meet it: 0 of 3 draws of the null subject" in " ".join(result.stdout.str().split())


@pytest.mark.nightly
def test_an_instrument_that_reads_neurons_instead_makes_it_inconclusive(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap: on the side of the neurons an expert whose neurons are numbered otherwise is another one."""

    def other_side(w: Tensor, rank: int, workers: int = 1) -> TopDirections:
        return top_directions(w.mT, rank, workers)

    monkeypatch.setattr(input_overlaps, "top_directions", other_side)
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert not any(row["sound"] for row in decision["traps"])
