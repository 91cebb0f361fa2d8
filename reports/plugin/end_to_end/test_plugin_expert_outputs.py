"""G10-expert-output-int4 as it is shipped: noise whose outputs matter survives, and dies, is empty or undecided."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

import fixtures.measures.integer.expert_output_int4
import fixtures.measures.integer.outputs_changed
import fixtures.measures.integer.outputs_untouched  # noqa: F401 - imported before a run in this process
from fixtures.models.self_prompts import sample_prompts
from fixtures.planted.generated import Recipe
from fixtures.testing.shipped_rung import small_subject, write_shipped_rung
from reports.base.errors import ExitCode

RULE = "G10-expert-output-int4-v1-olmoe_nano"
DOMAINS = ("code", "maths", "prose")
PROMPTS, TOKENS = 512, 12


def a_subject(root: Path, scale: float, domains: Sequence[str] = DOMAINS) -> Path:
    """Gaussian experts of standard deviation `scale`, and prompts sampled from the model in three domains, each with
    prompts from as many sources as it has, a quarter of them."""
    recipe = Recipe(heads=2, shards=1, scale=scale, seed=9, dtype=torch.float32)
    folder = small_subject(root / "subject", recipe)
    path = sample_prompts(folder, PROMPTS, TOKENS, seed=9)
    lines = [json.loads(line) for line in path.read_text("utf8").splitlines()]
    for number, line in enumerate(lines):
        line |= {"domain": domains[number % len(domains)], "source": f"s{number % (len(lines) // 4)}"}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    return folder


def run(pytester: pytest.Pytester, subject: Path, *options: str) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, RULE, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name, *options)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8")) if path.exists() else None


def test_noise_whose_outputs_matter_survives(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, a_subject(pytester.path, 0.05))
    assert result.ret == ExitCode.SURVIVED
    (gate,) = decision["gates"]
    assert sorted(row["domain"] for row in gate["domains"]) == list(DOMAINS)
    assert gate["observed"] == max(row["observed"] for row in gate["domains"])
    assert gate["interval"][1] == max(row["interval"][1] for row in gate["domains"]) < 0.05
    assert gate["undecided"] is False
    assert {row["sources"] for row in gate["domains"]} == {64}
    traps = {(trap["name"], trap["layer"]) for trap in decision["traps"]}
    assert traps == {("untouched_outputs", 0), ("untouched_outputs", 1), ("zeroed_outputs", 1), ("int8_outputs", 1)}
    assert all(trap["sound"] for trap in decision["traps"])
    obtained = {control["name"]: control["obtained"] for control in decision["controls"]}
    assert obtained == {
        "planted_expert_output": "MET", "loud_expert_output": "KILLED", "clipped_expert_output": "INCONCLUSIVE",
    }  # fmt: skip
    result.stdout.fnmatch_lines(["*at most in any domain: int2 +*, permuted +*"])


@pytest.mark.nightly
def test_loud_noise_is_killed_or_its_traps_misfire(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, a_subject(pytester.path, 0.07))
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "expert-output-INT4 threshold unmet at 2-layer checkpoint"
    (gate,) = decision["gates"]
    assert gate["interval"][0] == max(row["interval"][0] for row in gate["domains"]) > 0.05


@pytest.mark.nightly
def test_noise_whose_outputs_do_not_matter_is_empty(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, a_subject(pytester.path, 0.015))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert decision["gates"][0]["status"] == "INCONCLUSIVE"
    (zeroed,) = (trap for trap in decision["traps"] if trap["name"] == "zeroed_outputs")
    assert zeroed["sound"] is False
    assert "matters too little, and expert_output_int4 is empty here" in zeroed["reason"]
    result.stdout.fnmatch_lines(["MISFIRED*test_zeroed_outputs*"])


@pytest.mark.nightly
def test_an_interval_on_both_sides_is_undecided_and_said(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, a_subject(pytester.path, 0.057))
    assert result.ret == ExitCode.INCONCLUSIVE
    (gate,) = decision["gates"]
    assert gate["undecided"] is True
    assert gate["interval"][0] <= 0.05 < gate["interval"][1]
    assert all(trap["sound"] for trap in decision["traps"])
    result.stdout.fnmatch_lines(["*undecided: the interval of *straddles 0.05*"])


@pytest.mark.nightly
def test_a_sample_of_experts_is_refused_with_its_reason(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, _ = run(pytester, a_subject(pytester.path, 0.05), "--sample", "-rs")
    result.stdout.fnmatch_lines(["*--sample: no sample of experts is registered here; leave it out*"])
