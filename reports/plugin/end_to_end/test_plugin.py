"""The plugin as its user meets it: each behaviour in one process, and with `-n2` where processes matter or nightly."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, REPOSITORY, artefact, measured, write_miniature
from reports.base.errors import ExitCode
from reports.judge.digests import core_sha256_of
from reports.testing.test_schemas import validator


def test_a_true_claim_survives(run: Any, finished: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run(*mode, weights="low_rank") if mode else finished(weights="low_rank")
    assert result.ret == ExitCode.SURVIVED
    decision = artefact(pytester.path, "decision.json")
    assert (decision["verdict"], decision["trigger"]) == ("SURVIVED", None)
    assert [gate["status"] for gate in decision["gates"]] == ["MET", "MET"]
    validator("decision").validate(decision)
    validator("trap_results").validate(artefact(pytester.path, "trap_results.json"))
    result.assert_outcomes(passed=8)


def test_what_this_machine_checked_of_the_proofs_is_in_the_header_and_the_environment_alone(
    run: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines, one with a prover: no other byte of what is published differs."""
    pages = []
    for said in ("checked by coqc 8.16.1 on this machine", "not checked on this machine"):
        monkeypatch.setattr("reports.plugin.artefacts.checked_here", lambda said=said: said)
        monkeypatch.setattr("reports.plugin.terminal.checked_here", lambda said=said: said)
        run("--layers=0-3", "-x").stdout.fnmatch_lines([f"proofs    {said}"])
        decision = artefact(pytester.path, "decision.json")
        assert decision["environment"].pop("proofs") == said
        decision["environment"].pop("started"), decision["environment"].pop("ended")
        pages.append([decision, *(artefact(pytester.path, name) for name in ("theorems.json", "trap_results.json"))])
    assert pages[0] == pages[1]
    assert pages[0][1]["prover"]["version"] == "8.16.1"


def test_a_dead_claim_is_a_failing_test(run: Any, finished: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run(*mode) if mode else finished()
    assert result.ret == ExitCode.KILLED
    decision = artefact(pytester.path, "decision.json")
    assert [decision[key] for key in ("rung", "verdict", "round", "trigger")] == [
        "E-mini", "KILLED", 1, "narrow-d threshold unmet at 4-layer checkpoint",
    ]  # fmt: skip
    assert [(gate["checkpoint"], gate["status"]) for gate in decision["gates"]] == [(4, "KILLED")]
    assert [(gate["checkpoint"], gate["status"]) for gate in decision["after_kill"]] == [(6, "KILLED")]
    assert core_sha256_of(decision) == decision["core_sha256"]
    validator("decision").validate(decision)
    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(["KILLED    narrow_d[[]L03[]]*"])


def test_x_stops_at_the_kill_and_reads_no_later_layer(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run("-x", *mode)
    assert result.ret == ExitCode.KILLED
    assert artefact(pytester.path, "decision.json")["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"
    if not mode:  # another worker may have begun a later layer before the kill was known
        assert measured(pytester.path) == {
            "control-planted_narrow_d", "control-null_narrow_d", *(f"claim-narrow_d-L0{layer}" for layer in range(4)),
        }  # fmt: skip


def test_core_is_the_same_with_and_without_x_resumed_and_under_n(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished()
    cores = [artefact(pytester.path, "decision.json")["core_sha256"]]
    for out, *arguments in (("a", "-x"), ("a",), ("b", "-n2"), ("c", "-n2", "-x")):
        run(*arguments, "--out", out)
        cores.append(json.loads((pytester.path / out / NAME / "decision.json").read_text())["core_sha256"])
    assert len(set(cores)) == 1


def test_n0_is_one_process(run: Any, finished: Any, pytester: pytest.Pytester) -> None:
    finished()
    core = artefact(pytester.path, "decision.json")["core_sha256"]
    result = run("-n0", "--out", "n0")
    assert result.ret == ExitCode.KILLED
    result.assert_outcomes(passed=6, failed=2)
    assert json.loads((pytester.path / "n0" / NAME / "decision.json").read_text())["core_sha256"] == core


SHUFFLING = """
import pytest

@pytest.hookimpl({when})
def pytest_collection_modifyitems(items):
    {before}
    items.reverse()
"""


@pytest.mark.parametrize(
    ("when", "before"), [("tryfirst=True", ""), ("trylast=True", ""), ("wrapper=True", "yield")], ids=str
)
def test_no_plugin_changes_the_registered_order(when: str, before: str, run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    conftest = pytester.path / "conftest.py"
    conftest.write_text(conftest.read_text() + SHUFFLING.format(when=when, before=before))
    assert run("-x").ret == ExitCode.KILLED
    assert artefact(pytester.path, "decision.json")["trigger"] == "narrow-d threshold unmet at 4-layer checkpoint"
    assert measured(pytester.path) == {
        "control-planted_narrow_d", "control-null_narrow_d", *(f"claim-narrow_d-L0{layer}" for layer in range(4)),
    }  # fmt: skip


def test_a_second_run_measures_nothing_again(
    run: Any, finished: Any, pytester: pytest.Pytester, mode: list[str]
) -> None:
    finished()
    entries = {
        path: path.stat().st_mtime_ns for path in (pytester.path / "reports/out").rglob("measurements/*/*/*.json")
    }
    assert len(entries) == 8
    assert run(*mode).ret == ExitCode.KILLED
    assert {path: path.stat().st_mtime_ns for path in entries} == entries


def test_a_control_out_of_line_makes_it_inconclusive(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run(*mode, null_expected="MET")
    assert result.ret == ExitCode.INCONCLUSIVE
    decision = artefact(pytester.path, "decision.json")
    assert (decision["verdict"], decision["trigger"]) == ("INCONCLUSIVE", None)
    assert {gate["status"] for gate in decision["gates"]} == {"INCONCLUSIVE"}
    assert artefact(pytester.path, "trap_results.json")["all_sound"] is False
    result.stdout.fnmatch_lines(["MISFIRED  null_narrow_d*", "*null_narrow_d: obtained KILLED*"])


def test_a_claim_without_its_controls_is_not_run(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run("-k", "not control", *mode)
    assert result.ret == ExitCode.INCOMPLETE
    decision = artefact(pytester.path, "decision.json")
    assert decision["verdict"] == "INCOMPLETE"
    assert {gate["status"] for gate in decision["gates"]} == {"NOT_RUN"}
    assert decision["missing"] == ["planted_narrow_d", "null_narrow_d"]


def test_layers_restricts_the_run_and_cannot_survive(run: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    result = run("--layers", "0-3", *mode, weights="low_rank")
    assert result.ret == ExitCode.INCOMPLETE
    decision = artefact(pytester.path, "decision.json")
    assert [gate["status"] for gate in decision["gates"]] == ["MET", "NOT_RUN"]
    assert decision["missing"] == ["narrow_d[L04]", "narrow_d[L05]"]


def test_another_subject_is_exploratory(run: Any, pytester: pytest.Pytester) -> None:
    write_miniature(pytester.path)
    os.rename(pytester.path / "subject", pytester.path / "copy")
    result = run("-x", "--model", "copy")
    assert result.ret == ExitCode.KILLED
    (run,) = (pytester.path / "reports" / "out").iterdir()
    decision = artefact(pytester.path, "decision.json", run.name)
    assert decision["subject"]["exploratory"] is True
    assert any(line.startswith("exploratory") for line in decision["deviations"])
    assert "**exploratory**" in (run / "postmortem.md").read_text()
    result.stdout.fnmatch_lines(["subject*EXPLORATORY*"])


def test_notes_by_hand_survive_regeneration(run: Any, pytester: pytest.Pytester) -> None:
    run("-x")
    page = pytester.path / "reports" / "out" / NAME / "postmortem.md"
    page.write_text(page.read_text() + "\nLayer 2 looks odd.\n")
    run()
    assert page.read_text().endswith("\nLayer 2 looks odd.\n")
    assert page.read_text().count("## What fired") == 1


def test_collect_only_writes_nothing(run: Any, pytester: pytest.Pytester) -> None:
    result = run("--collect-only", "-q")
    assert result.ret == 0
    assert not (pytester.path / "reports").exists()
    lines = [line for line in result.outlines if "::" in line]
    assert lines[0].endswith("test_control[planted_narrow_d]")
    assert lines[2].endswith("test_narrow_d[L00]")


def test_help_shows_one_group_and_imports_no_torch(pytester: pytest.Pytester) -> None:
    code = "import sys, pytest; status = pytest.main(['--help']); assert 'torch' not in sys.modules; sys.exit(status)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert result.stdout.count("pre-registered claims about mixture-of-experts weights:") == 1
    assert "--prereg=NAME" in result.stdout
