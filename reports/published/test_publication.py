"""A published folder is not believed: every forgery ends in one line that names it, with its documented code."""

import gzip
import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.testing.made_once import once
from reports.base.errors import ExitCode, Incomplete, StudyError
from reports.commands.cli import main
from reports.pages.postmortem import MARKER
from reports.plugin.reproduction import reproduction
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell, Preregistration, registered_cells
from reports.published.publication import PUBLISHED, read_publication
from reports.published.published import DECISION
from reports.published.scoreboard import standings
from reports.seals.seal import amend, sidecar_path
from reports.store.bundle import BUNDLE
from reports.store.subject_facts import SubjectFacts
from reports.testing.fuzzing import damaged
from reports.testing.publication_specimens import (
    FORGERIES,
    OTHER,
    VERDICT,
    WIDE,
    Forgery,
    edit_decision,
    edit_text,
    killed,
    publish,
    publish_killed,
)
from reports.testing.small_rules import SHIPPED, a_measurement, first_seal


@dataclass(frozen=True)
class Verdict:
    """A published verdict, and the sealed rule that it is of."""

    folder: Path
    rule: Path

    @property
    def rules(self) -> Path:
        return self.rule.parent

    @property
    def prereg(self) -> Preregistration:
        return load_preregistration(self.rule)

    def beside(self, name: str) -> Path:
        """Another folder of verdicts' folder."""
        return self.folder.with_name(name)

    def digest(self, layer: int) -> str:
        sealed = self.prereg.subject.layer_sha256
        assert sealed is not None
        return sealed[layer]

    def command(self, *arguments: str) -> int:
        return main(arguments, self.rules)


@pytest.fixture
def verdict(shared: Path, tmp_path: Path) -> Verdict:
    """The verdict of the embedded model, killed at four layers."""
    root = Path(shutil.copytree(once(shared, "published", publish_killed), tmp_path / "root"))
    (rule,) = root.rglob("*.toml")
    return Verdict(root / VERDICT, rule)


Reproduce = Callable[[Path], tuple[int, list[str]]]


@pytest.fixture
def reproduce(verdict: Verdict, capsys: pytest.CaptureFixture[str]) -> Reproduce:
    """The exit code and the lines of `python -m reports reproduce` on a published folder."""

    def run(folder: Path) -> tuple[int, list[str]]:
        code = verdict.command("reproduce", str(folder / DECISION))
        told = capsys.readouterr()
        return code, [*told.out.splitlines(), *told.err.splitlines()]

    return run


def test_what_a_run_published_is_reproduced(verdict: Verdict, reproduce: Reproduce) -> None:
    assert reproduce(verdict.folder) == (
        ExitCode.SURVIVED,
        ["reproduced: E-ffn-rotation, design 4: KILLED, narrow-d threshold unmet at 4-layer checkpoint"],
    )
    (standing,) = standings(verdict.folder.parent, verdict.rules)
    assert (standing.error, standing.subject, standing.verdict) == (None, "olmoe_nano", "KILLED")


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_a_forgery_is_refused_by_name(forgery: Forgery, verdict: Verdict, reproduce: Reproduce) -> None:
    forgery.forge(verdict.folder)
    code, lines = reproduce(verdict.folder)
    assert code == forgery.code, lines
    assert len([line for line in lines if forgery.said in line]) == 1, lines
    assert not any(line.startswith("reproduced") for line in lines)
    assert all(line.isprintable() and "please report it" not in line for line in lines)
    (standing,) = standings(verdict.folder.parent, verdict.rules)
    assert str(standing.error).startswith("nano")


def test_a_seal_that_says_two_things_is_tampered(verdict: Verdict, reproduce: Reproduce) -> None:
    edit_text(sidecar_path(verdict.rule), '"draft": false', '"draft": true,\n  "draft": false')
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.TAMPERED
    assert "malformed, no seal has this form (a key stands twice)" in lines[0]


def test_a_store_beside_the_bundle_is_read_by_decide_alone_which_says_so(
    verdict: Verdict, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(verdict.folder)
    assert verdict.command("decide", folder) == ExitCode.KILLED
    assert "subject olmoe_nano\nweights not checked: judged from measurements.jsonl.gz\n" in capsys.readouterr().out
    assert verdict.command("why", "narrow_d[L02]", "--in", folder) == 0
    assert capsys.readouterr().out.startswith("subject olmoe_nano; weights not checked\n")
    store = verdict.folder / "measurements" / ("0" * 16)
    store.mkdir(parents=True)
    (store / "identity").write_text(json.dumps({"rule_sha256": verdict.prereg.canonical_sha256}))
    assert verdict.command("decide", folder) == ExitCode.INCOMPLETE
    assert "weights not checked: judged from the store of this run" in capsys.readouterr().out
    (store / "identity").write_text(json.dumps({"rule_sha256": OTHER}))
    assert verdict.command("decide", folder) == ExitCode.MISMATCH
    assert "measured under rule ffffffffffff…, the sealed one is" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "sealed_weights", "why"),
    [
        ("other", False, "not the sealed subject, olmoe_nano"),
        ("olmoe_nano", False, "its weights are not the sealed ones"),
        ("olmoe_nano", True, "its prompts are not the sealed ones"),
    ],
)
def test_another_subject_says_so_everywhere(
    name: str, sealed_weights: bool, why: str, verdict: Verdict, reproduce: Reproduce, capsys: Any
) -> None:
    """A run may say that it is exploratory, whatever it measured; it may even take the sealed name."""
    subject = SubjectFacts(name, "anywhere", None, tuple(range(16)), exploratory=True, sealed_layer_sha256=None)
    folder = verdict.beside("exploratory")
    digest = verdict.digest if sealed_weights else lambda _: OTHER
    publish(folder, verdict.rule, killed(verdict.prereg, digest), subject)
    code, lines = reproduce(folder)
    assert code == ExitCode.SURVIVED
    assert lines[0] == f"note: digests as recorded, not sealed: {name} is exploratory, not the sealed subject"
    assert lines[-1].endswith(f"(exploratory: {name} is not as it was sealed)")
    assert "This run is **exploratory**" in (folder / "postmortem.md").read_text()
    assert "(exploratory: not the sealed subject)" in (folder / "theorems.md").read_text()
    for page in ("theorems.json", "trap_results.json", DECISION):
        assert json.loads((folder / page).read_text())["subject"]["exploratory"] is True
    assert json.loads((folder / DECISION).read_text())["deviations"] == [f"exploratory: {name}, {why}"]
    assert verdict.command("decide", str(folder)) == ExitCode.KILLED
    assert f"subject {name}, EXPLORATORY: not the sealed subject\n" in capsys.readouterr().out


def test_of_a_hub_model_nothing_is_sealed_but_its_revision(verdict: Verdict, reproduce: Reproduce) -> None:
    rule = verdict.rules / SHIPPED.name
    rule.write_bytes(SHIPPED.read_bytes())
    publish(verdict.beside("hub"), rule, killed(first_seal(rule).prereg, lambda layer: f"{layer:064d}"))
    code, lines = reproduce(verdict.beside("hub"))
    assert (code, lines[0]) == (
        ExitCode.SURVIVED,
        "note: digests as recorded, not sealed: of OLMoE-1B-7B-0924 the rule seals repository and revision main, "
        f"commit {'c' * 40}",
    )
    (standing,) = [one for one in standings(verdict.folder.parent, verdict.rules) if one.folder == "hub"]
    assert standing.subject == "OLMoE-1B-7B-0924 (digests not sealed)"
    assert "- digests as recorded, not sealed: of OLMoE" in (verdict.beside("hub") / "postmortem.md").read_text()


def amended(rule: Path, date: str) -> None:
    amend(rule, what="a change", why="for a test", results_seen=True, date=date)


def test_a_verdict_under_an_earlier_spelling_of_the_rule_holds_with_the_history_up_to_then(
    verdict: Verdict, reproduce: Reproduce
) -> None:
    """A comment that is amended is another file and the same rule."""
    verdict.rule.write_text(verdict.rule.read_text() + "\n# A comment.\n")
    amended(verdict.rule, "2026-12-01")
    assert reproduce(verdict.folder)[0] == ExitCode.SURVIVED
    edit_decision(verdict.folder, lambda document: document["seal"].update(results_seen=True, amendments=1))
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.MISMATCH
    assert "decision.json: seal does not follow from the ledger" in lines


def test_a_verdict_under_an_earlier_rule_is_told_so(verdict: Verdict, reproduce: Reproduce) -> None:
    """Its text is gone, so nothing can be judged by it, and old measurements are no verdict of a new rule."""
    edit_text(verdict.rule, "below = 0.4", "below = 0.3")
    amended(verdict.rule, "2026-12-02")
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.MISMATCH
    assert lines[0].startswith("error: decision.json: its rule is ")
    for command in (["report"], ["decide", "--write"]):
        assert verdict.command(*command, str(verdict.folder)) == ExitCode.MISMATCH
    now = verdict.prereg.canonical_sha256
    edit_decision(verdict.folder, lambda document: document.update(rule_sha256=now))
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.MISMATCH
    assert "the verdict is of the rule of ledger line 1 (2026-11-23), which line 2 has changed" in lines[-1]


def test_what_a_folder_says_of_itself_names_no_subject(verdict: Verdict, reproduce: Reproduce) -> None:
    recorded = {"subject_location": "OLMoE-1B-7B", "platform": "**[x](y)** `z"}
    edit_decision(verdict.folder, lambda document: document["environment"].update(recorded))
    assert verdict.command("decide", str(verdict.folder), "--write") == ExitCode.KILLED
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.SURVIVED
    assert not any("OLMoE-1B-7B" in line for line in lines)
    page = (verdict.folder / "postmortem.md").read_text()
    assert "Subject: olmoe_nano." in page
    assert "- as the run recorded it, which nothing here can check:\n" in page
    assert "  - platform `**[x](y)** 'z`\n" in page
    assert page.count("OLMoE-1B-7B") == 1


@pytest.mark.nightly
def test_a_report_is_drawn_from_the_published_measurements_alone(verdict: Verdict, reproduce: Reproduce) -> None:
    """A page that says otherwise is written anew, a store is not read, and what was drawn is not published."""
    edit_text(verdict.folder / "postmortem.md", "KILLED", "SURVIVED")
    store = verdict.folder / "measurements" / ("0" * 16)
    store.mkdir(parents=True)
    (store / "claim-narrow_d-L00.json").write_text("{}")
    assert verdict.command("report", str(verdict.folder)) == ExitCode.SURVIVED
    assert "KILLED" in (verdict.folder / "report.html").read_text()
    code, lines = reproduce(verdict.folder)
    assert code == ExitCode.MISMATCH
    assert [line.partition(": ")[0] for line in lines[-4:-1]] == ["figures", "measurements", "report.html"]


@pytest.mark.nightly
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_done_to_one_file_is_refused_or_changes_nothing(verdict: Verdict, data: st.DataObject) -> None:
    """Bytes cut out or put in anywhere, with digests that hold or do not."""
    path = verdict.folder / data.draw(st.sampled_from(sorted(PUBLISHED)))
    whole = path.read_bytes()
    sound = read_publication(verdict.folder, verdict.rules).document
    packed = path.name == BUNDLE
    changed = data.draw(damaged(gzip.decompress(whole) if packed else whole))
    try:
        path.write_bytes(gzip.compress(changed) if packed else changed)
        if path.name == DECISION and data.draw(st.booleans()):
            with suppress(ValueError, KeyError, TypeError, AttributeError, StudyError):
                edit_decision(verdict.folder, lambda document: None)
            changed = path.read_bytes()  # it may be whole again
        with suppress(StudyError):
            found = read_publication(verdict.folder, verdict.rules)
            same = {key: value for key, value in found.document.items() if key not in ("environment", "errors")}
            kept = {key: value for key, value in sound.items() if key not in ("environment", "errors")}
            assert found.drift or same == kept
            by_hand = MARKER.encode() in changed and changed.startswith(whole.partition(MARKER.encode())[0])
            recorded = path.name == DECISION and found.expected["environment"] != sound["environment"]
            assert found.drift or changed == (gzip.decompress(whole) if packed else whole) or by_hand or recorded
    finally:
        path.write_bytes(whole)


def test_nothing_measured_is_no_verdict(verdict: Verdict, reproduce: Reproduce) -> None:
    empty = verdict.beside("empty")
    judged = publish(empty, verdict.rule, {})
    assert judged.decision.verdict == "INCOMPLETE"
    code, lines = reproduce(empty)
    assert code == ExitCode.INCOMPLETE
    assert lines[0].endswith("empty: not one cell was measured, so there is no verdict to reproduce; run the study")
    with pytest.raises(Incomplete, match="not one cell of that verdict was measured"):
        reproduction(json.loads((empty / DECISION).read_text()), judged.decision.prereg, range(16))


def test_a_trigger_behind_what_was_not_measured_is_refused_by_name(verdict: Verdict, reproduce: Reproduce) -> None:
    """As `-k narrow_d` leaves it: killed at full scope, behind a claim that was to be judged before."""
    prereg, folder = verdict.prereg, verdict.beside("late")
    claim, found = prereg.claim("narrow_d"), killed(prereg, verdict.digest)
    for layer in range(16):
        value = [0.1 if layer < 4 else WIDE]
        beside = {metric: value for metric in claim.sensitivity}  # noqa: C420
        measurement = a_measurement(Cell("claim", claim.name, layer), value, **beside)
        found[measurement.cell] = replace(measurement, tensors_sha256=verdict.digest(layer))
    judged = publish(folder, verdict.rule, found)
    assert judged.decision.verdict == "KILLED"  # it stays what it is in the run itself
    assert verdict.command("decide", str(folder)) == ExitCode.KILLED
    first = next(cell for cell in registered_cells(prereg, range(16)) if cell not in found)
    assert judged.decision.overtaken == first
    said = f"{first.id} was not measured, though it is registered before the trigger"
    code, lines = reproduce(folder)
    assert code == ExitCode.INCOMPLETE
    assert said in lines[-1]
    assert [said in str(one.error) for one in standings(folder.parent, verdict.rules)] == [False, True]
    with pytest.raises(Incomplete, match=re.escape(f"--reproduce: {said}")):
        reproduction(json.loads((folder / DECISION).read_text()), prereg, range(16))
    whole = json.loads((verdict.folder / DECISION).read_text())
    assert reproduction(whole, prereg, range(16)).fired == {"narrow_d[L03]"}
