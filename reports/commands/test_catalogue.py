"""The catalogue of claims says of each rung what its rule says, and never guesses a cost."""

import re
from pathlib import Path

import pytest

from reports.base.errors import BadInput, ExitCode
from reports.commands.catalogue import COLUMNS, catalogue_lines, source_of
from reports.commands.cli import PREREGISTRATIONS, main

SHIPPED = "W-exponent-entropy-v1.toml"


def entries(lines: list[str]) -> dict[str, str]:
    """By rung and design: what is said, unwrapped."""
    blocks = "\n".join(lines).split("\n\n")
    return {block.partition(" (")[0]: re.sub(r"\s+", " ", block) for block in blocks}


def test_every_rung_has_its_claims_source_needs_and_cost() -> None:
    lines = catalogue_lines(PREREGISTRATIONS, all_designs=False, cores=2)
    assert all(len(line) <= COLUMNS for line in lines)
    found = entries(lines)
    exponents = found["W-exponent-entropy, design 1"]
    assert "(asks for a fact)" in exponents
    assert "lossless_saving: mean lossless_saving ≥ 0.3. A perfect code of the exponents" in exponents
    assert "source do the exponents of bf16 weights waste bits? The claim of DFloat11 (arXiv 2504.11651)" in exponents
    assert "needs weights of the experts; stored as BF16 " in exponents
    assert "reads 12.9 GB in all, of OLMoE-1B-7B-0924 in bf16" in exponents  # 16 · 64 · 3 · 1024 · 2048 · 2 bytes
    assert "time lossless_saving, common_exponents: not measured" in exponents
    rotation = found["E-ffn-rotation, design 6"]
    assert "a canonical form of its family; a second expert in each layer; the whole model and prompts" in rotation
    assert "3.2 GB to the first checkpoint (4 layers), 12.9 GB in all" in rotation
    assert re.search(r"narrow_d: about \d+\.\d min on 2 cores, by shapes and budgets", rotation)
    assert "one_bit_nll: not measured" in rotation
    assert "W-universal-beta, design 1 (asks for structure)" in "\n".join(lines)
    assert "E-ffn-rotation, design 4" not in found
    assert "E-ffn-rotation, design 4" in entries(catalogue_lines(PREREGISTRATIONS, all_designs=True, cores=2))


def test_a_rung_that_rests_on_another_and_is_not_sealed_says_so(tmp_path: Path) -> None:
    text = (PREREGISTRATIONS / SHIPPED).read_text("utf8")
    text = text.replace('asks = "fact"', 'asks = "fact"\nrests_on = ["E-ffn"]')
    (tmp_path / SHIPPED).write_text(text, "utf8")
    (found,) = entries(catalogue_lines(tmp_path, all_designs=False)).values()
    assert "W-exponent-entropy, design 1 (asks for a fact, not sealed)" in found
    assert found.endswith("rests on E-ffn")


def test_a_head_that_says_nothing_is_told_as_that() -> None:
    assert source_of('rung = "E"\n') == "not said at the head of the rule"
    assert source_of("# E, design 1: of whom?\n# A paper.\n# Sealed by nobody\n") == "of whom? A paper."


def test_no_rules_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no preregistrations here"):
        catalogue_lines(tmp_path, all_designs=False)


@pytest.mark.parametrize(
    ("given", "named"), [(["--model=x"], "model"), (["-n2"], "n"), (["--out=x"], "out"), (["--prereg=E"], "prereg")]
)
def test_it_reads_no_model_and_refuses_one(given: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ladder", "--claims", *given]) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert error == f"error: --claims: reads no model and runs nothing, obtained --{named} beside it; leave one out\n"
