"""`--reproduce` as its user meets it: green for the verdict that it was given, red for anything else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, artefact, measured
from reports.base.errors import ExitCode
from reports.judge.digests import digests


def edited(root: Path, change: Callable[[Any], object]) -> str:
    """A copy of the verdict under `root` that was changed, with digests that hold."""
    document = artefact(root, "decision.json")
    change(document)
    document |= digests(document)
    (root / "expected.json").write_text(json.dumps(document))
    return "expected.json"


def published(root: Path) -> str:
    """The verdict under `root` kept elsewhere, and its store gone."""
    shutil.copy(root / "reports" / "out" / NAME / "decision.json", root / "expected.json")
    shutil.rmtree(root / "reports" / "out")
    return "expected.json"


def test_a_reproduced_kill_is_green(run: Any, finished: Any, pytester: pytest.Pytester, mode_daily: list[str]) -> None:
    finished()
    result = run("--reproduce", published(pytester.path), "-x", *mode_daily)
    assert result.ret == ExitCode.SURVIVED
    result.assert_outcomes(passed=8)  # -x is ignored
    result.stdout.fnmatch_lines(
        ["KILLED    narrow_d[[]L03[]]*", "*reproduced: E-mini, design 4: KILLED, narrow-d thresh*"]
    )
    result.stdout.no_fnmatch_line("*NOT REPRODUCED*")


def test_a_survivor_and_an_inconclusive_verdict_are_reproduced_too(run: Any, pytester: pytest.Pytester) -> None:
    run(null_expected="MET")
    result = run("--reproduce", published(pytester.path))
    assert result.ret == ExitCode.SURVIVED
    result.stdout.fnmatch_lines(["MISFIRED  null_narrow_d*", "reproduced: E-mini, design 4: INCONCLUSIVE"])


def test_it_measures_afresh_and_leaves_other_stores_alone(run: Any, finished: Any, pytester: pytest.Pytester) -> None:
    finished()
    before = {path: path.read_bytes() for path in (pytester.path / "reports" / "out" / NAME).rglob("*.json")}
    run("--reproduce", f"reports/out/{NAME}/decision.json")
    folders = sorted(path.name for path in (pytester.path / "reports" / "out").iterdir())
    assert folders[0] == NAME
    assert folders[1].startswith(f"{NAME}--reproduced-")
    assert {path: path.read_bytes() for path in before} == before
    assert len(list((pytester.path / "reports" / "out" / folders[1]).rglob("measurements/*/*/*.json"))) == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(verdict="SURVIVED", trigger=None), "verdict *KILLED *SURVIVED"),
        (lambda d: d["gates"][0].update(median=0.5), "narrow_d@4-layer median *0.5000 *0.5 to 0.5"),
        (lambda d: d["controls"][0].update(sound=False), "control planted_narrow_d sound"),
        (lambda d: d["subject"]["layer_sha256"].update({"0": "f" * 64}), "subject layer_sha256 0"),
    ],
    ids=["verdict", "value", "control", "weights"],
)
def test_another_verdict_is_red_and_says_in_what(
    run: Any, finished: Any, pytester: pytest.Pytester, change: Callable[[Any], object], said: str, mode: list[str]
) -> None:
    finished()
    result = run("--reproduce", edited(pytester.path, change), *mode)
    assert result.ret == ExitCode.MISMATCH
    result.stdout.fnmatch_lines(["*NOT REPRODUCED*", said.replace("[", "[[]") + "*"])


def test_a_kill_that_does_not_come_is_a_red_line_of_its_cell(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished(weights="low_rank")

    def killed(document: Any) -> None:
        document["verdict"], document["gates"][0]["status"] = "KILLED", "KILLED"

    result = run("--reproduce", edited(pytester.path, killed))
    assert result.ret == ExitCode.MISMATCH
    result.stdout.fnmatch_lines(
        ["MISMATCH  narrow_d[[]L03[]]*", "*fired in the verdict to be reproduced, and does not here*"]
    )


def test_half_a_run_reproduces_nothing(run: Any, finished: Any, pytester: pytest.Pytester, mode: list[str]) -> None:
    finished()
    for part in (["--layers", "0-3"], ["-k", "not control"], ["-k", "L00"]):
        assert run("--reproduce", f"reports/out/{NAME}/decision.json", *part, *mode).ret == ExitCode.MISMATCH


def test_an_amended_rule_is_told_before_anything_is_measured(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished()
    result = run("--reproduce", edited(pytester.path, lambda d: d.update(rule_sha256="f" * 64)))
    assert result.ret == ExitCode.MISMATCH
    result.stderr.fnmatch_lines(
        ["Exit: MISMATCH: --reproduce: its rule is ffffffffffff*check out the commit of that verdict*"]
    )
    assert len(list((pytester.path / "reports" / "out").iterdir())) == 1


def test_another_subject_is_told_before_anything_is_measured(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished()
    (pytester.path / "subject").rename(pytester.path / "copy")
    result = run("--reproduce", f"reports/out/{NAME}/decision.json", "--model", "copy")
    assert result.ret == ExitCode.MISMATCH
    result.stderr.fnmatch_lines(["*its subject is mini, obtained copy, exploratory; name the same --model*"])


def test_an_edited_verdict_is_tampered_and_no_verdict_is_bad_input(
    run: Any, finished: Any, pytester: pytest.Pytester
) -> None:
    finished()
    document = artefact(pytester.path, "decision.json")
    (pytester.path / "edited.json").write_text(json.dumps({**document, "verdict": "SURVIVED"}))
    assert run("--reproduce", "edited.json").ret == ExitCode.TAMPERED
    assert run("--reproduce", "absent.json").ret == ExitCode.BAD_INPUT
    late = edited(pytester.path, lambda d: d.update(not_measured=["null_narrow_d"]))
    result = run("--reproduce", late)
    assert result.ret == ExitCode.INCOMPLETE
    result.stderr.fnmatch_lines(
        ["Exit: INCOMPLETE: --reproduce: null_narrow_d was not measured, though it is registe*"]
    )
    document["seal"] = {}
    (pytester.path / "ruleless.json").write_text(json.dumps(document))
    assert run("--reproduce", "ruleless.json").ret == ExitCode.BAD_INPUT
    assert len(measured(pytester.path)) == 8
