"""W-delta-rank as it is shipped, on small subjects: a common part survives, noise dies, broken matchings are seen."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

import fixtures.measures.between_experts.delta_cost
import fixtures.measures.between_experts.wrong_mean  # noqa: F401 - imported before a run in this process
from fixtures.checkpoints.index import SINGLE
from fixtures.comparing import expert_deltas
from fixtures.planted.shared_structure import CommonPart, SharingLayer, shared_matrix
from fixtures.testing.shipped_rung import SMALL, small_subject, write_shipped_rung
from kernels.matching.delta_ranks import numbers_over_own
from kernels.matching.neuron_matching import Matching, match_to_medoid
from reports.base.errors import ExitCode

RULE = "W-delta-rank-v1-olmoe_nano"
EXPERT = re.compile(r"model\.layers\.(\d+)\.mlp\.experts\.(\d+)\.(\w+)\.weight")


def run(pytester: pytest.Pytester, subject: Path) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, RULE, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8"))


def with_common_part(folder: Path) -> Path:
    """A small subject whose experts have 70 % of their energy in common, neurons renumbered by each expert."""
    small_subject(folder)
    state = load_file(folder / SINGLE)
    for name in [name for name in state if EXPERT.fullmatch(name)]:
        layer, expert, projection = EXPERT.fullmatch(name).groups()  # type: ignore[union-attr]
        place = SharingLayer(1, "common", int(layer), SMALL.experts, SMALL.hidden_size, SMALL.intermediate_size)
        w = shared_matrix(CommonPart(0.125, 0.3), place, projection, int(expert))
        state[name] = (0.02 * w).to(state[name].dtype)
    save_file(state, folder / SINGLE, {"format": "pt"})
    return folder


def test_noise_dies_and_its_null_subjects_die_as_it_does(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "delta-rank threshold unmet at 2-layer checkpoint"
    (gate,) = decision["gates"]
    assert (gate["observed"], gate["n"], gate["null_subject"]["met"]) == (0.0, 2 * 4, 0)
    assert gate["rule"] == "delta_cost ≤ 0.9 for at least 70% of experts"
    assert 1.05 < gate["median"] < 1.25
    assert {row["name"]: row["obtained"] for row in decision["controls"]} == {
        "planted_delta_rank": "MET",
        "own_delta_rank": "KILLED",
        "null_delta_rank": "KILLED",
        "doubled_delta_rank": "INCONCLUSIVE",
    }
    assert all(row["sound"] for row in (*decision["controls"], *decision["traps"]))
    result.stdout.fnmatch_lines(["*the mean holds 3*% (noise 3*%); cost as stored 1.*"])


def test_a_common_part_survives_though_neurons_are_numbered_otherwise(
    pytester: pytest.Pytester, elsewhere: None
) -> None:
    result, decision = run(pytester, with_common_part(pytester.path / "subject"))
    assert result.ret == ExitCode.SURVIVED
    (gate,) = decision["gates"]
    assert (gate["status"], gate["observed"], gate["null_subject"]["met"]) == ("MET", 1.0, 0)
    assert gate["median"] < 0.5
    assert "noise does not meet it: 0 of 3 draws" in " ".join(result.stdout.str().split())
    result.stdout.fnmatch_lines(["*the mean holds 7*% (noise 3*%); cost as stored 1.0*"])


@pytest.mark.nightly
def test_numbers_that_reward_any_mean_make_it_inconclusive(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap: were the numbers of the mean and half of those of the deltas forgotten, any mean would gain."""

    def forgetful(ranks: Any, own: Any, shapes: Any, experts: int) -> Any:
        return numbers_over_own([rank // 2 for rank in ranks], own, shapes, 10**9)

    monkeypatch.setattr(expert_deltas, "numbers_over_own", forgetful)
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert not any(row["sound"] for row in decision["traps"])


@pytest.mark.nightly
def test_a_matching_that_forgets_signs_is_found_out_by_its_control(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsigned(experts: Any, signed: bool, workers: int = 1) -> tuple[int, Matching]:
        medoid, found = match_to_medoid(experts, signed, workers)
        return medoid, Matching(found.places, found.signs.abs())

    monkeypatch.setattr(expert_deltas, "match_to_medoid", unsigned)
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.INCONCLUSIVE
    (row,) = [row for row in decision["controls"] if row["name"] == "planted_delta_rank"]
    assert not row["sound"]
