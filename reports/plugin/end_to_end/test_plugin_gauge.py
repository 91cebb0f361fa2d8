"""G1-learned-gauge as it is shipped, on small subjects: noise dies, a grid behind a gauge survives, faults are seen."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo
from torch import Tensor

import fixtures.measures.integer.gauge_triviality
import fixtures.measures.integer.learned_gauge  # noqa: F401 - imported before a run in this process
import fixtures.quantising.gauge_learning as learning
from fixtures.testing.shipped_rung import SMALL, small_subject, write_shipped_rung
from kernels.integer.gauged_form import GaugeForm
from kernels.planted.gauged_grid import gauged_grid
from reports.base.errors import ExitCode

RULE = "G1-learned-gauge-v1-olmoe_nano"


def subject(pytester: pytest.Pytester, experts: Callable[[Tensor], Tensor] | None = None) -> Path:
    """As many experts as the rule samples."""
    return small_subject(pytester.path / "subject", experts=experts, architecture=replace(SMALL, experts=8))


def run(pytester: pytest.Pytester, folder: Path, *arguments: str) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, RULE, folder)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name, *arguments)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8")) if path.exists() else None


def on_a_grid(w: Tensor) -> Tensor:
    """Every matrix of a shape has the same words and the same gauge."""
    rows, n = w.shape
    book = gauged_grid((8, rows, n), 4, 0.0, torch.Generator().manual_seed(n))
    return book[int(w.double().sum().abs() * 1e6) % 8]


def test_a_subject_of_noise_is_killed_beside_noise(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, subject(pytester), "-x")
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "learned-gauge-int4 threshold unmet at 2-layer checkpoint"
    gate = decision["gates"][0]
    assert (gate["status"], gate["null_subject"]["met"]) == ("KILLED", 0)
    assert 0.25 < gate["observed"] < 0.35  # four rows a coordinate of a gate
    assert gate["observed"] == pytest.approx(gate["null_subject"]["observed"][0], abs=0.03)
    assert gate["reference"] == pytest.approx(sum(gate["null_subject"]["observed"]) / 3, abs=1e-6)
    assert all(trap["sound"] and trap["observed"] <= 1e-12 for trap in decision["traps"])
    broken = [one for one in decision["controls"] if one["expected"] == "INCONCLUSIVE"]
    assert [one["sound"] for one in broken] == [True, True]
    assert "times as far from what a gauge is as allowed" in broken[0]["reason"]
    result.stdout.fnmatch_lines(["*by rotating alone 0.*, on noise 0.*, condition up to 1.*"])


def test_a_grid_behind_a_gauge_survives(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, subject(pytester, on_a_grid))
    assert result.ret == ExitCode.SURVIVED
    assert decision["verdict"] == "SURVIVED"
    for gate in decision["gates"]:
        assert gate["status"] == "MET"
        assert gate["observed"] > 0.7
        assert gate["null_subject"]["met"] == 0
        assert max(gate["null_subject"]["observed"]) < 0.5


def transposed(self: GaugeForm) -> Tensor:
    return self.matrix.mT


def unguarded(gauge: Tensor, inverse: Tensor, most: float) -> Tensor:
    return torch.zeros_like(gauge[:, 0, 0])


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (
            lambda patch: patch.setattr(GaugeForm, "inverse", property(transposed)),
            "*times as far from what a gauge is*",
        ),
        (lambda patch: patch.setattr(learning, "gauge_faults", unguarded), "*expected INCONCLUSIVE*"),
    ],
    ids=["an inverse that is none", "a guard that looks at nothing"],
)
def test_a_broken_instrument_is_inconclusive(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch, break_it: Any, said: str
) -> None:
    break_it(monkeypatch)
    result, decision = run(pytester, subject(pytester, on_a_grid))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert {gate["status"] for gate in decision["gates"]} == {"INCONCLUSIVE"}
    result.stdout.fnmatch_lines([said])


@pytest.mark.nightly
def test_a_trap_that_misfires_is_inconclusive(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kernels.integer.gauged_round_trip as round_trip

    exact = round_trip.round_trip_error

    def off(w: Tensor, gauge: Tensor, inverse: Tensor, bits: int) -> Tensor:
        return exact(w, gauge, inverse, bits) + 1e-6

    monkeypatch.setattr(round_trip, "round_trip_error", off)
    result, decision = run(pytester, subject(pytester, on_a_grid))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert not any(trap["sound"] for trap in decision["traps"])
