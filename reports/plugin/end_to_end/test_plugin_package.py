"""A subject in an installed package, from the seal to a reproduced verdict, and the same without the package."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import CHECKPOINT, NAME, artefact, write_miniature
from reports.base.errors import ExitCode
from reports.commands.cli import main
from reports.seals.seal import seal

PACKAGE, VERSION = "mini-weights", "1.0"


@pytest.fixture
def study(pytester: pytest.Pytester, elsewhere: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The miniature with its subject in a package of the folder `site`, which Python looks into."""
    path, site = write_miniature(pytester.path), pytester.path / "site"
    package = site / "mini_weights"
    package.mkdir(parents=True)
    shutil.move(pytester.path / "subject", package / "model")
    (package / "__init__.py").write_text("raise SystemExit('a package of weights was imported')\n")
    info = site / "mini_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n")
    (info / "RECORD").write_text("mini_weights/model/config.json,,\n")
    named = f'source = "package:{PACKAGE}"\nversion = "{VERSION}"\nfolder = "mini_weights/model"'
    text = path.read_text("utf8")
    assert text.count('source = "subject"') == 1
    path.write_text(text.replace('source = "subject"', named), "utf8")
    for beside in (*path.parent.glob("*.seal.json"), path.parent / "ledger.jsonl"):
        beside.unlink()
    seal(path, what="a miniature in a package", why="for a test", results_seen=False, date="2026-01-01")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)  # of other processes
    return site


def run(pytester: pytest.Pytester, *arguments: str) -> Any:
    return pytester.runpytest_inprocess("hypotheses", f"--prereg={NAME}", *arguments)


@pytest.mark.parametrize("mode", [[], ["-n2"]], ids=["serial", "n2"])
def test_it_is_read_where_it_is_installed_and_named_by_what_was_sealed(
    mode: list[str], study: Path, pytester: pytest.Pytester
) -> None:
    # xdist hands its workers the path that Python started with
    start = pytester.runpytest_subprocess if mode else pytester.runpytest_inprocess
    result = start("hypotheses", f"--prereg={NAME}", *mode)
    assert result.ret == ExitCode.KILLED
    document = artefact(pytester.path, "decision.json")
    assert (document["subject"]["name"], document["subject"]["exploratory"]) == ("mini", False)
    assert len(document["subject"]["layer_sha256"]) == CHECKPOINT  # those that the verdict rests on
    where = f"package:{PACKAGE}=={VERSION}/mini_weights/model"
    assert document["environment"]["subject_location"] == where
    folder = pytester.path / "reports" / "out" / NAME
    assert not [path.name for path in folder.glob("*.*") if str(study).encode() in path.read_bytes()]


def test_without_it_the_run_is_refused_and_the_published_measurements_still_decide(
    study: Path, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pytester).ret == ExitCode.KILLED
    shutil.rmtree(study)
    decision = pytester.path / "reports" / "out" / NAME / "decision.json"
    again = run(pytester)
    assert again.ret == ExitCode.BAD_INPUT
    line = f"BAD INPUT: package:{PACKAGE}: the package {PACKAGE} is not installed, expected version {VERSION}, which"
    assert line in again.stdout.str() + again.stderr.str()
    published = pytester.path / "reports" / "verdicts" / NAME
    published.mkdir(parents=True)
    for path in decision.parent.glob("*.*"):
        if path.suffix in (".json", ".md", ".gz"):
            shutil.copy(path, published)
    (published / "attempts.jsonl").unlink(missing_ok=True)
    capsys.readouterr()
    assert main(["reproduce", str(published / "decision.json")], pytester.path / "hypotheses" / "preregistrations") == 0
    assert "reproduced: E-mini, design 4: KILLED" in capsys.readouterr().out
