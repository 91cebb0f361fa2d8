"""What a CI is told of a run: the summary of a step, and the properties of `--junitxml`."""

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from _pytest.junitxml import LogXML, xml_key

from fixtures.testing.miniature import artefact
from reports.base.errors import ExitCode
from reports.judge.compare.differences import Difference
from reports.pages.step_summary import step_summary
from reports.plugin.artefacts import SessionResult
from reports.plugin.reproduction import Comparison
from reports.plugin.told_elsewhere import STEP_SUMMARY, properties, summary, tell_elsewhere
from reports.testing.figured_rung import document_of, first_kill, measured_rung


def test_a_killed_run_is_told_to_both(
    run: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, mode: list[str]
) -> None:
    page = pytester.path / "summary.md"
    page.write_text("what another step wrote\n")
    monkeypatch.setenv(STEP_SUMMARY, str(page))
    assert run("--layers=0-3", "-x", "--junitxml=verdict.xml", *mode).ret == ExitCode.KILLED
    document = artefact(pytester.path, "decision.json")

    first, _, text = page.read_text("utf8").partition("\n")
    assert first == "what another step wrote"
    assert "### E-mini, design 4: KILLED" in text
    assert "narrow-d threshold unmet at 4-layer checkpoint." in text
    assert "| narrow_d@4-layer | KILLED | 0 | 0.7000 |" in text
    assert document["core_sha256"] in text

    tree = ElementTree.parse(pytester.path / "verdict.xml")  # noqa: S314 - pytest wrote it
    suite = {node.get("name"): node.get("value") for node in tree.findall("./testsuite/properties/property")}
    assert (suite["verdict"], suite["trigger"]) == ("KILLED", document["trigger"])
    assert suite["gate.narrow_d@4-layer.status"] == "KILLED"
    assert float(str(suite["gate.narrow_d@4-layer.observed"])) == document["gates"][0]["observed"]
    assert suite["core_sha256"] == document["core_sha256"]
    cells = {
        told["cell"]: told
        for case in tree.findall("./testsuite/testcase")
        if "cell" in (told := {str(one.get("name")): one.get("value") for one in case.findall("./properties/property")})
    }
    assert cells["narrow_d[L03]"]["gate"] == "narrow_d@4-layer: KILLED, observed 0.0, needed 0.7, n 48"
    assert "gate" not in cells["narrow_d[L02]"]
    assert int(str(tree.getroot()[0].get("failures"))) == 1


class Told:
    """As much of pytest's configuration as is asked for."""

    def __init__(self, xml: Any = None) -> None:
        self.stash = pytest.Stash()
        if xml is not None:
            self.stash[xml_key] = xml


def test_what_cannot_be_written_is_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decision, _ = measured_rung()
    ended = SessionResult(decision, document_of(decision), 1, (), "")
    page, nowhere = tmp_path / "summary.md", tmp_path / "nowhere" / "summary.md"
    monkeypatch.setenv(STEP_SUMMARY, str(page))
    config: Any = Told()
    assert tell_elsewhere(config, ended, None, None) == []
    assert page.read_text("utf8") == step_summary(decision, ended.document) + "\n"
    monkeypatch.setenv(STEP_SUMMARY, str(nowhere))
    (line,) = tell_elsewhere(config, ended, None, None)
    assert line.startswith(f"step summary: not written ({nowhere}: cannot be used (No such file or directory)")
    monkeypatch.delenv(STEP_SUMMARY)
    changed: Any = Told(xml=object())  # another pytest than this one
    (line,) = tell_elsewhere(changed, ended, None, None)
    assert line.startswith("--junitxml: not written (AttributeError: 'object' object has no attribute")


@pytest.mark.nightly
def test_what_cannot_be_written_changes_no_verdict(
    run: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STEP_SUMMARY, str(pytester.path / "nowhere" / "summary.md"))
    result = run("--layers=0-3", "-x")
    assert result.ret == ExitCode.KILLED
    result.stdout.fnmatch_lines(["step summary: not written (*nowhere/summary.md: cannot be used (No such file*"])


def test_the_suites_own_tests_tell_no_job() -> None:
    assert STEP_SUMMARY not in os.environ


def test_the_summary_holds_every_gate_and_instrument() -> None:
    decision, _ = measured_rung()
    text = step_summary(decision, document_of(decision))
    for outcome in decision.gates:
        assert f"| {outcome.gate.id} | {outcome.status}" in text
    assert "| beta_lift@2-layer | KILLED (after the kill, exploratory) | 1.200 | 1.500 |" in text
    assert "- controls: 1 of 1 sound" in text
    assert "It does not say that weights or keys cannot be compressed" in text
    assert len(text) < 4000
    stopped, _ = measured_rung(first_kill)
    assert "| narrow_d@4-layer | NOT RUN (after the kill, exploratory) | — | — | — | 2 cells missing |" in step_summary(
        stopped, document_of(stopped)
    )


def test_without_a_verdict_the_reason_is_told() -> None:
    assert summary(None, None, "TAMPERED: *x*: edited") == "**No verdict.** TAMPERED: \\*x\\*: edited\n"
    decision, _ = measured_rung()
    expected = {**document_of(decision), "trigger": None}
    found = Comparison(expected, (Difference("narrow_d@2-layer observed", 0.3, 0.4, (0.39, 0.41)),), ())
    lines = summary(None, found, None).splitlines()
    assert lines[0] == "**NOT REPRODUCED: E-test, design 4: KILLED**"
    assert lines[1] == "- narrow_d@2-layer observed: obtained 0.3, expected 0.4 (0.39 to 0.41 allowed)"


def test_a_property_for_each_number_of_each_gate() -> None:
    decision, _ = measured_rung()
    document = document_of(decision)
    found = dict(properties(document))
    for prefix, gates in (("gate", document["gates"]), ("after_kill", document["after_kill"])):
        for gate in gates:
            name = f"{prefix}.{gate['claim']}@{gate['checkpoint']}-layer"
            assert float(found[f"{name}.observed"]) == gate["observed"]
            assert float(found[f"{name}.threshold"]) == gate["threshold"]
            assert (found[f"{name}.status"], found[f"{name}.n"]) == (gate["status"], str(gate["n"]))
    assert found["exploratory"] == "false"
    stopped, _ = measured_rung(first_kill)
    assert dict(properties(document_of(stopped)))["after_kill.narrow_d@4-layer.observed"] == ""


def test_the_file_is_written_once_more_and_stays_xml(tmp_path: Path) -> None:
    """A property may hold what XML cannot: pytest escapes it."""
    xml = LogXML(tmp_path / "v.xml", None)
    xml.pytest_sessionstart()
    xml.pytest_sessionfinish()
    xml.add_global_property("subject", "a\x1b<b>")
    xml.pytest_sessionfinish()
    (told,) = ElementTree.parse(tmp_path / "v.xml").findall("./testsuite/properties/property")  # noqa: S314 - ours
    assert told.get("value") == "a#x1B<b>"
