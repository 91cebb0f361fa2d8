"""C-key-cache as it is shipped, on small subjects: noise and a constant key die, sign words survive, faults are seen.

Whole models with prompts sampled from themselves. Each run makes three controls and learns on seven models, a minute or
two: nightly, but for what is judged on the kernels and the measures themselves (`fixtures/keys`).
"""

import json
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch._dynamo

import fixtures.measures.keys.key_cosine  # noqa: F401 - imported before a run in this process
from fixtures.keys import key_bases
from fixtures.keys.cached_keys import LayerKeys
from fixtures.models.self_prompts import sample_prompts
from fixtures.planted.generated import Recipe
from fixtures.planted.olmoe import generator_for
from fixtures.planted.planted_keys import ConstantKey, KeyStructure, SignKeys
from fixtures.testing.shipped_rung import small_subject, write_shipped_rung
from kernels.keys.gaussian_keys import gaussian_keys
from reports.base.errors import ExitCode

RULE = "C-key-cache-v1-olmoe_nano"
CLAIMS = ("key_cosine", "key_lift", "key_inflation")

pytestmark = pytest.mark.nightly


def run(pytester: pytest.Pytester, keys: KeyStructure | None, *arguments: str) -> tuple[pytest.RunResult, Any]:
    recipe = Recipe(heads=2, shards=1, dtype=torch.float32, seed=77, keys=keys)
    subject = small_subject(pytester.path / "subject", recipe)
    sample_prompts(subject, 192, 24, 7)
    name = write_shipped_rung(pytester.path, RULE, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name, *arguments)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8")) if path.exists() else None


def of_claim(decision: Any, name: str) -> Any:
    return next(gate for gate in decision["gates"] if gate["claim"] == name)


def test_sign_words_survive_and_their_gaussian_null_does_not(pytester: pytest.Pytester, elsewhere: None) -> None:
    result, decision = run(pytester, SignKeys(8, 0.001))

    assert result.ret == ExitCode.SURVIVED
    assert (decision["verdict"], decision["trigger"]) == ("SURVIVED", None)
    assert [of_claim(decision, name)["status"] for name in CLAIMS] == ["MET"] * 3
    assert all(control["sound"] for control in decision["controls"])
    assert all(trap["sound"] for trap in decision["traps"])
    for name in ("key_cosine", "key_lift"):
        assert of_claim(decision, name)["null_subject"]["met"] == 0
    assert len(of_claim(decision, "key_inflation")["null_subject"]["observed"]) == 3
    again = pytester.path / "published.json"
    again.write_text(json.dumps(decision))
    assert pytester.runpytest_inprocess("hypotheses", f"--reproduce={again}").ret == ExitCode.SURVIVED


@pytest.mark.parametrize("keys", [None, ConstantKey(0.05)], ids=["gaussian", "constant"])
def test_noise_and_one_key_with_a_little_noise_are_killed(
    pytester: pytest.Pytester, elsewhere: None, keys: KeyStructure | None
) -> None:
    result, decision = run(pytester, keys, "-x")

    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "key cosine threshold unmet at 2-layer checkpoint"
    assert of_claim(decision, "key_cosine")["null_subject"]["met"] == 0


def test_a_null_drawn_after_rope_is_noticed(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It forgets circles: the control of one key and 5 % noise then lifts above what is registered."""

    def after(self: key_bases.KeyLearning, keys: LayerKeys, index: int, *where: object) -> LayerKeys:
        generator = generator_for(self.null.seed, "null keys", index, *where)
        drawn = gaussian_keys(keys.keys, generator).to(keys.keys.dtype)
        return replace(keys, keys=drawn)

    monkeypatch.setattr(key_bases.KeyLearning, "draw", after)

    result, decision = run(pytester, SignKeys(8, 0.001), "-k", "key_lift or constant_key_lift")

    assert result.ret != ExitCode.SURVIVED
    (control,) = [one for one in decision["controls"] if one["name"] == "constant_key_lift"]
    assert control["sound"] is False
    assert of_claim(decision, "key_lift")["status"] == "INCONCLUSIVE"
