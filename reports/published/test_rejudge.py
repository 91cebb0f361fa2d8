"""A verdict judged again from what a run left, and every way in which that must be refused."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput, ExitCode, Tampered
from reports.base.version import suite_version
from reports.commands.cli import main
from reports.judge.digests import digests
from reports.prereg.preregistration import Cell, registered_cells
from reports.published.publication import rebuilt
from reports.published.published import artefacts, pretty
from reports.published.rejudge import RUN, rejudge, remember
from reports.seals.seal import verify
from reports.store.bundle import BUNDLE, pack
from reports.store.store import Identity, open_store
from reports.store.subject_facts import SubjectFacts
from reports.testing.small_rules import ENVIRONMENT, a_measurement


@pytest.fixture
def run_folder(sealed: Path, tmp_path: Path) -> Path:
    """A run killed at the first checkpoint, every matrix as wide as noise but for the controls that must pass."""
    prereg = verify(sealed).prereg
    subject = SubjectFacts("other", str(tmp_path / "weights"), None, tuple(range(16)), True, None)
    store = open_store(tmp_path / "run", Identity(prereg.canonical_sha256, {}))
    controls = {control.name: control for control in prereg.controls}
    for cell in registered_cells(prereg, subject.layers):
        control = controls.get(cell.name)
        if (control and control.claim == "narrow_d") or (cell.name == "narrow_d" and cell.layer in range(4)):
            value = 0.777 if control is None or control.level is None else control.level
            names = ("energy_rank_95", *prereg.claim("narrow_d").sensitivity)
            store.put(a_measurement(cell, [value], **{name: [value] for name in names[1:]}))
    remember(tmp_path / "run", sealed.name, subject, store, code={})
    return tmp_path / "run"


def test_the_command_tells_verdict_and_core(run_folder: Path, sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = rejudge(run_folder, sealed.parent)
    assert main(["decide", str(run_folder)], sealed.parent) == ExitCode.KILLED
    told = capsys.readouterr().out
    assert "KILLED, narrow-d threshold unmet at 4-layer checkpoint" in told
    assert f"outcome sha256 {judged.outcome_sha256}\ncore sha256 {judged.core_sha256}" in told
    assert judged.decision.verdict == "KILLED"


def test_it_can_be_judged_after_it_was_moved(run_folder: Path, sealed: Path, tmp_path: Path) -> None:
    expected = rejudge(run_folder, sealed.parent).core_sha256
    shutil.move(run_folder, tmp_path / "elsewhere")
    assert rejudge(tmp_path / "elsewhere", sealed.parent).core_sha256 == expected


def test_without_a_control_nothing_is_killed(run_folder: Path, sealed: Path) -> None:
    (entry,) = run_folder.rglob("control-null_narrow_d.json")
    entry.unlink()
    decision = rejudge(run_folder, sealed.parent).decision
    assert decision.verdict == "INCOMPLETE"
    assert Cell("control", "null_narrow_d") in decision.missing


def test_edits_are_noticed(run_folder: Path, sealed: Path) -> None:
    (entry,) = run_folder.rglob("claim-narrow_d-L02.json")
    entry.write_text(entry.read_text().replace("0.777", "0.111"))
    with pytest.raises(Tampered, match=r"claim-narrow_d-L02\.json: corrupt or edited"):
        rejudge(run_folder, sealed.parent)


def test_a_broken_seal_is_noticed(run_folder: Path, sealed: Path) -> None:
    sealed.write_text(sealed.read_text().replace("below = 0.4", "below = 0.9"))
    with pytest.raises(Tampered, match="edited since it was sealed, the content of the rule differs"):
        rejudge(run_folder, sealed.parent)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"preregistration": "x.toml", "store": null, "exploratory": {}, "dense": null}', "[" * 100_000],
)
def test_what_is_no_run_is_bad_input(text: str, sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"run\.json: cannot be read .*; name a folder that a run wrote"):
        rejudge(tmp_path, sealed.parent)
    (tmp_path / RUN).write_text(text)
    with pytest.raises(BadInput, match=r"run\.json: does not describe a run"):
        rejudge(tmp_path, sealed.parent)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"layers": []}, r"layers is \[\], expected whole numbers that ascend\)"),
        ({"layers": [1, 0]}, r"layers is \[1, 0\], expected whole numbers that ascend\)"),
        ({"layers": [-1, 0]}, r"layers is \[-1, 0\], expected whole numbers that ascend\)"),
        ({"layers": [0, 0]}, r"layers is \[0, 0\], expected whole numbers that ascend\)"),
        ({"layers": ["0"]}, r"layers is \['0'\], expected whole numbers that ascend\)"),
        ({"layers": [True]}, r"layers is \[True\], expected whole numbers that ascend\)"),
        ({"name": "\x1b[2J"}, r"name is '\\x1b\[2J', expected text on one line of at most 200 characters\)"),
        ({"name": ""}, r"name is '', expected text on one line"),
        ({"name": "x" * 201}, r"name is 'x{79}, expected text on one line of at most 200 characters\)"),
        ({"sealed_layer_sha256": ["f" * 64] * 16}, r"sealed_layer_sha256 is not a known key\)"),
    ],
)
def test_a_subject_that_no_run_can_have_is_bad_input(
    facts: dict[str, Any], fault: str, run_folder: Path, sealed: Path
) -> None:
    path = run_folder / RUN
    entry: dict[str, Any] = json.loads(path.read_text())
    entry["exploratory"] |= facts
    path.write_text(json.dumps(entry))
    with pytest.raises(BadInput, match=rf"run\.json: does not describe a run \(exploratory.{fault}"):
        rejudge(run_folder, sealed.parent)


def test_a_folder_is_not_the_hub_model_that_was_sealed(run_folder: Path, sealed: Path) -> None:
    """The commit that was read is all that ties a run to a subject without sealed digests."""
    path = run_folder / RUN
    entry: dict[str, Any] = json.loads(path.read_text())
    path.write_text(json.dumps({**entry, "exploratory": None, "revision": None}))
    with pytest.raises(BadInput, match=r"^run\.json: revision is null, expected the commit of OLMoE-1B-7B-0924"):
        rejudge(run_folder, sealed.parent)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"store": []}, r"store is \[\], expected 16 hexadecimal digits or null"),
        ({"store": "a\nb"}, r"store is 'a\\nb', expected 16 hexadecimal digits or null"),
        ({"store": ".."}, r"store is '\.\.', expected 16 hexadecimal digits or null"),
        ({"preregistration": 4}, "preregistration is 4, expected the name of a preregistration, .toml"),
        ({"preregistration": "\x1b.toml"}, "preregistration is .*, expected the name of a preregistration, .toml"),
        ({"revision": "main"}, "revision is 'main', expected a commit or null"),
        ({"subject": "olmoe_nano"}, "subject is not a known key"),
        ({"dense": {"name": "other"}}, "dense.layers is missing"),
        ({"dense": []}, r"dense is \[\], expected a table"),
        (
            {"dense": {"name": "other", "layers": 0, "revision": None}},
            "dense.layers is 0, expected a whole number",
        ),
        (
            {"dense": {"name": "a\nb", "layers": 4, "revision": None}},
            r"dense.name is .a\\nb., expected text",
        ),
        ({"dense": {"name": "other", "layers": 4, "revision": "main"}}, "dense.revision is 'main', expected a commit"),
    ],
)
def test_names_that_no_run_can_have_are_bad_input(
    changed: dict[str, Any], fault: str, run_folder: Path, sealed: Path
) -> None:
    path = run_folder / RUN
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    with pytest.raises(BadInput, match=rf"run\.json: does not describe a run \({fault}"):
        rejudge(run_folder, sealed.parent)


def test_measurements_that_lack_what_the_rule_reads_are_tampered(run_folder: Path, sealed: Path) -> None:
    """Their digests hold: whoever can write an entry can digest it."""
    for path in run_folder.rglob("*-*narrow_d*.json"):
        entry = {key: value for key, value in json.loads(path.read_text()).items() if key != "entry_sha256"}
        entry |= {"samples": {}}
        path.write_bytes(canonical_json({**entry, "entry_sha256": sha256_hex(canonical_json(entry))}))
    with pytest.raises(
        Tampered, match=r"run: its measurements do not hold what the rule reads \(.*; measure again elsewhere"
    ):
        rejudge(run_folder, sealed.parent)


@pytest.fixture
def published(run_folder: Path, sealed: Path, tmp_path: Path) -> Path:
    """The run, published: its document, the files beside it, and its measurements in one file instead of a store."""
    folder = tmp_path / "verdict"
    folder.mkdir()
    judged = rejudge(run_folder, sealed.parent)
    document = rebuilt(judged, {"environment": ENVIRONMENT, "errors": []}, verify(sealed))
    for name, data in artefacts(judged, document, folder).items():
        (folder / name).write_bytes(data)
    (folder / BUNDLE).write_bytes(pack(judged.measurements))
    shutil.copy(run_folder / RUN, folder)
    return folder


def test_a_published_verdict_is_decided_again_from_its_measurements(
    published: Path, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", str(published / "decision.json")], sealed.parent) == ExitCode.SURVIVED
    assert "reproduced: E-ffn-rotation, design 4: KILLED, narrow-d threshold" in capsys.readouterr().out
    assert main(["decide", str(published)], sealed.parent) == ExitCode.KILLED


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d.update(verdict="SURVIVED"), "verdict: obtained KILLED, expected SURVIVED"),
        (lambda d: d["gates"][0].update(observed=0.9), "decision.json: gates does not follow from the measurements"),
        (lambda d: d.update(not_measured=[]), "decision.json: not_measured does not follow from the measurements"),
        (lambda d: d.update(deviations=["none"]), "decision.json: deviations does not follow from the measurements"),
        (lambda d: d.update(praise="excellent"), "decision.json: praise does not follow from the measurements"),
        (lambda d: d.update(measurements_sha256="f" * 64), "decision.json: measurements_sha256 does not follow"),
    ],
)
def test_a_document_that_does_not_follow_is_a_mismatch(
    published: Path, sealed: Path, change: Callable[[Any], object], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even where whoever edited it made its core digest hold again."""
    path = published / "decision.json"
    document = json.loads(path.read_text())
    change(document)
    document |= digests(document)
    path.write_bytes(pretty(document))
    assert main(["reproduce", str(path)], sealed.parent) == ExitCode.MISMATCH
    assert named in capsys.readouterr().out


def test_a_verdict_of_an_older_schema_is_written_anew_from_its_measurements(
    published: Path, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = published / "decision.json"
    whole = path.read_bytes()
    old = {key: value for key, value in json.loads(whole).items() if key != "outcome_sha256"}
    path.write_text(json.dumps({**old, "schema": 4}))
    assert main(["reproduce", str(path)], sealed.parent) == ExitCode.BAD_INPUT
    assert "decide FOLDER --write" in capsys.readouterr().err
    assert main(["decide", str(published), "--write"], sealed.parent) == ExitCode.KILLED
    assert path.read_bytes() == whole
    path.write_text(json.dumps({key: value for key, value in old.items() if key != "environment"}))
    assert main(["decide", str(published), "--write"], sealed.parent) == ExitCode.BAD_INPUT
    assert "decision.json: environment is missing, or not short printable text" in capsys.readouterr().err


def test_a_page_that_does_not_follow_is_a_mismatch_but_notes_are_free(
    published: Path, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = published / "postmortem.md"
    page.write_text(page.read_text() + "\nA note by hand.\n")
    assert main(["reproduce", str(published / "decision.json")], sealed.parent) == ExitCode.SURVIVED
    page.write_text(page.read_text().replace("KILLED", "SURVIVED", 1))
    assert main(["reproduce", str(published / "decision.json")], sealed.parent) == ExitCode.MISMATCH
    assert "postmortem.md: line 1 is not what the measurements give" in capsys.readouterr().out


def test_published_measurements_that_were_edited_are_tampered(
    published: Path, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = published / BUNDLE
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"0.777", b"0.111", 1)))
    assert main(["reproduce", str(published / "decision.json")], sealed.parent) == ExitCode.TAMPERED
    assert "corrupt or edited by hand" in capsys.readouterr().err


def test_without_its_measurements_a_verdict_cannot_be_decided_again(published: Path, sealed: Path) -> None:
    (published / BUNDLE).unlink()
    assert main(["reproduce", str(published / "decision.json")], sealed.parent) == ExitCode.BAD_INPUT


def test_what_is_published_names_no_path_of_this_machine(tmp_path: Path) -> None:
    subject = SubjectFacts("other", str(tmp_path / "weights"), None, (0,), True, None, None, str(tmp_path / "p.jsonl"))
    remember(tmp_path, "rule.toml", subject, None, code={})
    assert str(tmp_path) not in (tmp_path / RUN).read_text()
    assert json.loads((tmp_path / RUN).read_text()) == {
        "preregistration": "rule.toml",
        "store": None,
        "code": {},
        "revision": None,
        "exploratory": {"name": "other", "layers": [0]},
        "dense": None,
        "suite": suite_version(),
    }
