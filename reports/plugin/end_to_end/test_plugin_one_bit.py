"""The claim about the whole model, its traps and its faults, in miniature and through pytest."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch._dynamo  # noqa: F401 - the first optimiser loads it, and a run in this process must not load it again
from torch import Tensor

from fixtures.planted.generated import Weights
from fixtures.testing.miniature import artefact, measured
from fixtures.testing.rotation_miniature import LAYERS
from reports.base.errors import ExitCode
from reports.seals.seal import seal
from reports.testing.test_schemas import validator

ONE_BIT = ("-k", "one_bit or unrotated or trivial_pass")
RUN = "E-turn-v4"
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def model(pytester: pytest.Pytester, write_rung: Any, elsewhere: None) -> Run:
    """`model("-x", above="5.0")` writes the miniature on first use, a rule of the claim edited, and runs the study."""

    def run(*arguments: str, weights: Weights = "planted", **edits: str) -> pytest.RunResult:
        if not (pytester.path / "hypotheses").exists():
            path = write_rung(4, weights=weights, one_bit=True)
            if edits:
                registered_anew(path, edits)
        return pytester.runpytest_inprocess("hypotheses", "--prereg", RUN, *arguments)

    return run


def registered_anew(path: Path, edits: Mapping[str, str]) -> None:
    text = path.read_text()
    head, _, rest = text.partition('name = "one_bit_nll"')
    for key, value in edits.items():
        lines = rest.splitlines()
        index = next(i for i, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[index] = f"{key} = {value}"
        rest = "\n".join(lines) + "\n"
    path.write_text(f'{head}name = "one_bit_nll"{rest}')
    for sidecar in path.parent.glob("*.json*"):
        sidecar.unlink()
    seal(path, what="another rule", why="for a test", results_seen=True, date="2026-01-01")


def one_bit_gate(pytester: pytest.Pytester) -> Any:
    (gate,) = [
        gate for gate in artefact(pytester.path, "decision.json", RUN)["gates"] if gate["claim"] == "one_bit_nll"
    ]
    return gate


def test_the_model_is_judged_on_its_last_layer(model: Run, finished_rung: Any, pytester: pytest.Pytester) -> None:
    finished_rung(4)
    for entry in (pytester.path / "reports" / "out" / RUN / "measurements").glob("*/*/*.json"):
        if not any(name in entry.name for name in ("one_bit", "unrotated", "trivial_pass")):
            entry.unlink()  # as if the other claims had not been run
    assert model(*ONE_BIT).ret == ExitCode.INCOMPLETE  # the other claims were not run
    gate, document = one_bit_gate(pytester), artefact(pytester.path, "decision.json", RUN)
    assert (gate["status"], gate["n"], [row["layer"] for row in gate["by_layer"]]) == ("MET", 1500, [LAYERS - 1])
    low, high = gate["interval"]
    assert low < gate["observed"] < high < 0.07
    assert gate["sensitivity"][0]["metric"] == "inflation_unbiased"
    told = document["one_bit_damage"]
    assert [scope["layers"] for scope in told["scopes"]] == [2, LAYERS]
    (learned,) = [row for row in told["scopes"][1]["variants"] if row["variant"] == "learned"]
    assert learned["inflation"] == pytest.approx(gate["observed"], rel=1e-9)
    assert [row["layer"] for row in told["by_layer"]] == list(range(LAYERS))
    assert set(told["continuations"][0]) == {"id", "prompt", "unquantised", "learned", "unrotated"}
    validator("decision").validate(document)


@pytest.mark.nightly
def test_what_kills_runs_before_what_only_shows(model: Run, pytester: pytest.Pytester) -> None:
    selected = ("-k", "one_bit_nll or test_unrotated or trivial_pass")
    assert model(*selected, "-x", weights="gaussian").ret == ExitCode.KILLED
    document = artefact(pytester.path, "decision.json", RUN)
    assert document["trigger"] == "1-bit NLL threshold unmet at 3-layer checkpoint"
    assert "claim-one_bit_nll-L02" in measured(pytester.path)
    assert not {"claim-one_bit_nll-L00", "trap-unrotated_one_bit-L00"} & measured(pytester.path)
    first = document["core_sha256"]
    assert model("-k", "test_one_bit_nll").ret == ExitCode.KILLED  # its controls and traps are measured
    again = artefact(pytester.path, "decision.json", RUN)
    assert "claim-one_bit_nll-L00" in measured(pytester.path)
    assert again["core_sha256"] == first


@pytest.mark.nightly
def test_one_bit_that_needs_no_rotation_decides_nothing(model: Run, pytester: pytest.Pytester) -> None:
    result = model(*ONE_BIT, above="50.0")
    assert result.ret == ExitCode.INCONCLUSIVE
    assert one_bit_gate(pytester)["status"] == "INCONCLUSIVE"
    result.stdout.fnmatch_lines(["MISFIRED  unrotated_one_bit*", "*must exceed 50*"])


def test_a_substitution_that_does_something_is_noticed(
    model: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fixtures.models.model_under_test as under_test

    sound = under_test.ModelUnderTest.experts

    def swapped(self: Any, layer: int) -> dict[str, Tensor]:
        experts = sound(self, layer)
        return {**experts, "gate_proj": experts["up_proj"], "up_proj": experts["gate_proj"]}

    monkeypatch.setattr(under_test.ModelUnderTest, "experts", swapped)
    result = model("-k", "trivial_pass")
    assert result.ret != ExitCode.SURVIVED
    result.stdout.fnmatch_lines(["*its experts were not restored to what was loaded*"])


def test_without_prompts_nothing_is_judged(model: Run, pytester: pytest.Pytester) -> None:
    model("--collect-only")
    subject = pytester.path / "subject"
    (subject / "prompts.jsonl").rename(pytester.path / "mine.jsonl")
    other = subject.rename(pytester.path / "other")
    result = model(*ONE_BIT, "--model", str(other))
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["skipped * no prompts for other: name a file with", "*--prompts*"])
    given = model("-k", "test_trivial_pass", "--model", str(other), "--prompts", "mine.jsonl")
    assert given.parseoutcomes()["passed"] == LAYERS


def test_other_prompts_make_a_run_exploratory(model: Run, pytester: pytest.Pytester) -> None:
    model("--collect-only")
    lines = (pytester.path / "subject" / "prompts.jsonl").read_text().splitlines()[:300]
    (pytester.path / "fewer.jsonl").write_text("\n".join(lines) + "\n")
    model("-k", "test_one_bit_nll and L00", "--prompts", "fewer.jsonl")
    (path,) = (pytester.path / "reports" / "out").glob("*/decision.json")
    document = json.loads(path.read_text())
    assert document["subject"]["exploratory"]
    assert document["one_bit_damage"]["prompts"] == 300


@pytest.mark.parametrize(
    ("file", "exit_code"), [("subject/prompts.jsonl", ExitCode.TAMPERED), ("absent", ExitCode.BAD_INPUT)]
)
def test_prompts_that_are_not_the_sealed_ones(
    model: Run, pytester: pytest.Pytester, file: str, exit_code: ExitCode
) -> None:
    model("--collect-only")
    if file == "absent":
        assert model("--prompts", file).ret == exit_code
    else:
        with open(pytester.path / file, "a") as lines:
            lines.write("\n")
        assert model().ret == exit_code


def test_what_was_learned_is_not_learned_again(
    model: Run, finished_rung: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    selected = ("-k", "test_one_bit_nll and L02")
    finished_rung(4)
    store = next((pytester.path / "reports" / "out" / RUN / "measurements").iterdir())
    (entry,) = store.rglob("claim-one_bit_nll-L02.json")
    before = entry.read_bytes()
    entry.unlink()
    from fixtures.quantising import quantised_experts

    def learned_again(*arguments: object) -> None:
        raise AssertionError("a rotation was learned a second time")

    monkeypatch.setattr(quantised_experts, "_quantised_chunk", learned_again)
    model(*selected)
    again, first = json.loads(entry.read_bytes()), json.loads(before)
    assert again["samples"] == first["samples"]

    entry.unlink()
    (kept,) = store.rglob("L01-radam-0.safetensors")
    kept.write_bytes(kept.read_bytes()[:-4] + b"\0\1\2\3")
    result = model(*selected)
    assert result.ret == ExitCode.TAMPERED
    result.stdout.fnmatch_lines(["*L01-radam-0.safetensors: damaged or edited*delete it to learn them again*"])
