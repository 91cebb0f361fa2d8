"""W-exponent-entropy as it is shipped: noise passes, spread exponents fail, and a code that forgets a bit is seen."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import fixtures.measures.stored.exponent_entropy
import fixtures.measures.stored.exponent_round_trip  # noqa: F401 - imported before a run in this process
import kernels.coding.huffman_round_trip as code
from fixtures.planted.generated import Recipe
from fixtures.testing.shipped_rung import small_subject, write_shipped_rung
from kernels.planted.exponents import uniform_exponents
from reports.base.errors import ExitCode

RULE = "W-exponent-entropy-v1-olmoe_nano"


def run(pytester: pytest.Pytester, subject: Path) -> tuple[pytest.RunResult, Any]:
    name = write_shipped_rung(pytester.path, RULE, subject)
    result = pytester.runpytest_inprocess("hypotheses", "--prereg", name)
    path = pytester.path / "reports" / "out" / name / "decision.json"
    return result, json.loads(path.read_text("utf8")) if path.exists() else None


def test_noise_survives_and_stands_beside(pytester: pytest.Pytester, elsewhere: None) -> None:
    """A fact about a number format: a subject of noise has it too, and the rung says so without being VACUOUS."""
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.SURVIVED
    result.stdout.fnmatch_lines(["*exponents 2.5* bits, of a normal law 2.5*"])
    saved, common = decision["gates"]
    assert saved["observed"] == pytest.approx(saved["reference"], abs=0.002)
    assert 0.33 < saved["observed"] < 0.35
    assert common["observed"] > 0.999
    result.stdout.fnmatch_lines(["*They assert a fact that noise of the*"])
    assert "null_subject" not in saved
    assert all(trap["sound"] and trap["observed"] == 0.0 for trap in decision["traps"])


def test_spread_exponents_are_killed(pytester: pytest.Pytester, elsewhere: None) -> None:
    generator = torch.Generator().manual_seed(4)

    def spread(w: Tensor) -> Tensor:
        return uniform_exponents((w.shape[0], w.shape[1]), 64, generator)

    result, decision = run(pytester, small_subject(pytester.path / "subject", experts=spread))
    assert result.ret == ExitCode.KILLED
    assert decision["trigger"] == "lossless-saving threshold unmet at 2-layer checkpoint"
    assert decision["gates"][0]["observed"] == pytest.approx(0.126, abs=0.003)


def test_a_code_that_loses_a_bit_makes_it_inconclusive(
    pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = code.decode

    def forgetful(coded: code.Coded) -> code.Bits:
        bits = whole(coded).copy()
        bits[0] ^= 1
        return bits

    monkeypatch.setattr(code, "decode", forgetful)
    result, decision = run(pytester, small_subject(pytester.path / "subject"))
    assert result.ret == ExitCode.INCONCLUSIVE
    assert {gate["claim"]: gate["status"] for gate in decision["gates"]} == {
        "lossless_saving": "INCONCLUSIVE", "common_exponents": "MET",
    }  # fmt: skip
    result.stdout.fnmatch_lines(["MISFIRED*exponent_round_trip*largest bits_lost 1, at most 0*"])


def test_a_file_that_is_not_bf16_is_refused(pytester: pytest.Pytester, elsewhere: None) -> None:
    subject = small_subject(pytester.path / "subject", Recipe(heads=2, shards=1, dtype=torch.float32))
    result, _ = run(pytester, subject)
    assert result.ret == ExitCode.BAD_INPUT
    result.stdout.fnmatch_lines(["*weights are stored as float32, expected bfloat16*"])
