"""The page's example of a rung of structure with a measure of its own: followed word for word in a copy of the code."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from fixtures.planted.generated import Recipe, generate
from fixtures.testing.miniature import subject_toml
from fixtures.testing.shipped_rung import SMALL
from fixtures.testing.test_extension import LEFT, PACKAGES
from reports.base.errors import ExitCode
from reports.prereg import known_metrics
from reports.prereg.lint import lint, sealable
from reports.prereg.parsing.parse import parse_preregistration
from reports.prereg.preregistration import Cell
from reports.testing.test_worked_example import ROOT, SHIPPED, example

FLAT, OVERLAP = "E-flat-spectrum-v1", "W-row-overlap-v1"
MEASURE = "fixtures/measures/row_overlap.py"
RULES = {name: f"hypotheses/preregistrations/{name}.toml" for name in (FLAT, OVERLAP)}
OTHERS = (MEASURE, "hypotheses/W-row-overlap/test_row_overlap.py", "hypotheses/E-flat-spectrum/test_flat_spectrum.py")


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's measure beside those that are here."""
    module = ModuleType("fixtures.measures.row_overlap")
    exec(compile(example(MEASURE), MEASURE, "exec"), module.__dict__)  # noqa: S102 - of our own page
    every: Mapping[str, Any] = {**known_metrics.measures(), "row_overlap": module}
    monkeypatch.setattr(known_metrics, "measures", lambda: every)
    return module


def test_the_rules_may_be_sealed(measure: Any) -> None:
    text = SHIPPED.read_text("utf8")
    subject = text[text.index("[subject]\n") : text.index("# -----", text.index("[subject]\n"))]
    prereg = parse_preregistration(f"{example(RULES[OVERLAP])}\n{subject}".encode(), OVERLAP)
    assert (prereg.asks, prereg.rests_on) == ("structure", ("E-flat-spectrum",))
    findings = lint(prereg)
    assert sealable(findings)
    assert "MET attainable: rows that are all alike have 128 ≥ 2 [-]" in [finding.text for finding in findings]
    beyond = example(RULES[OVERLAP]).replace("at_least = 2.0", "at_least = 129.0")
    assert not sealable(lint(parse_preregistration(f"{beyond}\n{subject}".encode(), OVERLAP)))


def test_the_measure_has_noise_at_one_and_draws_it_anew(measure: Any) -> None:
    generator = torch.Generator().manual_seed(3)
    shape, names = (2, 64, 128), ("gate_proj", "up_proj", "down_proj")
    layer = [(name, torch.randn(shape, dtype=torch.float64, generator=generator)) for name in names]
    null = SimpleNamespace(draws=3, seed=4)
    numbers = measure.measure(SimpleNamespace(prereg=SimpleNamespace(null_subject=null)))
    found = numbers(Cell("claim", "row_overlap", 0), iter(layer))
    assert list(found.samples["row_overlap"]) == pytest.approx([1.0] * 4, abs=0.15)
    draws = found.null_draws("row_overlap")
    assert len(draws) == 3
    assert all(draw == pytest.approx((1.0,) * 4, abs=0.15) for draw in draws)
    assert len({draw[0] for draw in draws}) == 3
    alike = [("gate_proj", torch.ones(1, 64, 128))]
    assert list(numbers(Cell("control", "c"), iter(alike)).samples["row_overlap"]) == pytest.approx([128.0])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code with the page's files, and in place of the embedded model one of noise of as many layers."""
    root = tmp_path / "checkout"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=LEFT)
    shutil.copytree(ROOT / "hypotheses", root / "hypotheses")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    shutil.rmtree(root / "fixtures" / "olmoe_nano")
    subject = generate(root / "fixtures" / "olmoe_nano", replace(SMALL, layers=16), Recipe(heads=2, shards=1))
    table = subject_toml(subject).replace('source = "subject"', 'source = "fixtures/olmoe_nano"')
    for path in RULES.values():
        (root / path).write_text(f"{example(path)}\n{table}", "utf8")
    for path in OTHERS:
        (root / path).parent.mkdir(exist_ok=True)
        assert not (root / path).exists()
        (root / path).write_text(example(path) + "\n", "utf8")
    return root


@pytest.mark.nightly
def test_it_is_followed_word_for_word(checkout: Path, elsewhere: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH")  # the copy's own code, from the folder that a command is given in

    def given(line: str) -> tuple[int, str]:
        command = [sys.executable if word == "python" else word for word in shlex.split(line)]
        done = subprocess.run(command, cwd=checkout, env=os.environ, capture_output=True, encoding="utf8", check=False)
        return done.returncode, done.stdout + done.stderr

    for line in example("commands").splitlines()[:2]:  # the first rung of the page, up to its seal
        assert given(line)[0] == ExitCode.SURVIVED
    lint_it, seal_it, climb_it = example("commands of structure").splitlines()
    code, said = given(lint_it)
    assert code == ExitCode.SURVIVED, said
    assert "VACUOUS if 2 or more of 3 draws do" in said
    assert given(seal_it)[0] == ExitCode.SURVIVED
    code, said = given(climb_it)
    assert code == ExitCode.SURVIVED, said
    decision = json.loads((checkout / "reports" / "out" / OVERLAP / "decision.json").read_text("utf8"))
    (gate,) = decision["gates"]
    assert decision["verdict"] == "KILLED"  # the subject is noise
    assert gate["n"] == 16 * 2 * 4
    assert gate["null_subject"]["met"] == 0
    assert gate["observed"] == pytest.approx(1.0, abs=0.05)
    assert gate["null_subject"]["observed"] == pytest.approx([1.0] * 3, abs=0.05)
    assert [control["sound"] for control in decision["controls"]] == [True, True]
    assert "  rests on E-flat-spectrum: KILLED" in said
