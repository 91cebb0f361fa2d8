"""W-kurtosis-int4 as it is shipped: noise dies, planted tails survive, broken instruments are noticed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import fixtures.measures.integer.hadamard_error
import fixtures.measures.integer.hadamard_undone
import fixtures.measures.integer.int4_kurtosis
import fixtures.measures.integer.permuted_kurtosis  # noqa: F401 - imported before a run in this process
import kernels.integer.int_groups as rounding
import kernels.integer.walsh_hadamard as rotation
from fixtures.testing.shipped_rung import SMALL, small_subject, write_shipped_rung
from kernels.planted.varied_tails import varied_tails
from reports.base.errors import ExitCode

RULE = "W-kurtosis-int4-v1-olmoe_nano"
SHAPE = replace(SMALL, experts=12)
MATRICES = 3 * SHAPE.experts


def run(pytester: pytest.Pytester, subject: Path, rule: str = RULE) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, rule, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8")) if path.exists() else None


def statuses(decision: Any) -> dict[str, str]:
    return {gate["claim"]: gate["status"] for gate in decision["gates"]}


def test_noise_is_killed_at_the_first_gate(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, small_subject(pytester.path / "subject", architecture=SHAPE))
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "kurtosis-predicts threshold unmet at 2-layer checkpoint"
    assert statuses(decision) == {"kurtosis_predicts": "KILLED"}
    (predicts,) = decision["gates"]
    assert predicts["observed"] == pytest.approx(0.0, abs=0.15)
    assert predicts["null_subject"]["met"] == 0
    assert sum(predicts["null_subject"]["observed"]) == pytest.approx(0.0, abs=1e-9)  # each over the mean of the others
    (lowers,) = decision["after_kill"]
    assert (lowers["claim"], lowers["status"]) == ("hadamard_lowers", "KILLED")
    assert lowers["observed"] == pytest.approx(0.0, abs=0.02)
    assert all(trap["sound"] for trap in decision["traps"])
    result.stdout.fnmatch_lines(["controls: 6 of 6 sound", "traps: 4 of 4 sound"])


def test_planted_tails_survive(pytester: pytest.Pytester, elsewhere: None) -> None:
    generator, made = torch.Generator().manual_seed(5), iter(range(1_000_000))

    def tailed(w: Tensor) -> Tensor:
        share = (next(made) % MATRICES + 1) / MATRICES
        return 0.02 * varied_tails((w.shape[0], w.shape[1]), 0.6 * share, generator)

    subject = small_subject(pytester.path / "subject", experts=tailed, architecture=SHAPE)
    result, decision = run(pytester, subject)
    assert result.ret == ExitCode.SURVIVED
    predicts, lowers = decision["gates"]
    assert 0.15 < predicts["observed"] < 0.35
    assert 0.08 < lowers["observed"] < 0.2
    assert [gate["null_subject"]["met"] for gate in decision["gates"]] == [0, 0]
    result.stdout.fnmatch_lines(["*ρ 0.9*, of Gaussian matrices 0.*within projections 0.9*"])


def by_row(w: Tensor, scaled: float) -> Tensor:
    """Groups `(out, groups, group)` with one scale for all groups of a row."""
    steps = w.abs().amax((-2, -1), keepdim=True) / rounding.LEVELS
    return ((w / steps).round() * steps).flatten(-2)


@pytest.mark.nightly
def test_the_rule_of_the_whole_model_kills_noise_with_sound_controls(
    pytester: pytest.Pytester, elsewhere: None
) -> None:
    """Groups of 128: of rows of 64 and 32 each is a group."""
    result, _ = run(pytester, small_subject(pytester.path / "subject", architecture=SHAPE), "W-kurtosis-int4-v1")
    assert result.ret == ExitCode.KILLED
    result.stdout.fnmatch_lines(["controls: 6 of 6 sound"])


@pytest.mark.nightly
def test_scales_of_a_whole_row_are_noticed(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounding, "_rounded", by_row)
    result, decision = run(pytester, small_subject(pytester.path / "subject", architecture=SHAPE))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert statuses(decision) == {"kurtosis_predicts": "INCONCLUSIVE", "hadamard_lowers": "INCONCLUSIVE"}
    result.stdout.fnmatch_lines(["*a weight is * times as far from what it is rounded to*"])


@pytest.mark.nightly
def test_a_transform_that_is_no_rotation_is_noticed(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rotation.walsh_hadamard
    monkeypatch.setattr(
        rotation, "walsh_hadamard", lambda w: whole(w) * torch.linspace(1.0, 1.01, w.shape[-1]).double()
    )
    result, decision = run(pytester, small_subject(pytester.path / "subject", architecture=SHAPE))
    found = statuses(decision) | {gate["claim"]: gate["status"] for gate in decision.get("after_kill", ())}
    assert result.ret in {ExitCode.KILLED, ExitCode.INCONCLUSIVE}
    assert found["hadamard_lowers"] == "INCONCLUSIVE"
    result.stdout.fnmatch_lines(["*MISFIRED*hadamard_undone*largest undone_change*"])
