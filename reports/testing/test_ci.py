"""CI's own gate: green for a kill that this very run came to, and for nothing else that ends with exit code 1."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fixtures.code_digest import codes
from reports.commands.cli import PREREGISTRATIONS
from reports.prereg.parsing.parse import load_preregistration

CI = Path(__file__).resolve().parents[2] / ".ci"
GATE = CI / "require_kill.py"
TRIGGER = "narrow-d threshold unmet at 4-layer checkpoint"


def killed(root: Path) -> None:
    """What a killed run leaves behind, a moment after the marker."""
    (root / "marker").touch()
    (root / "decision.json").write_text(json.dumps({"verdict": "KILLED", "trigger": TRIGGER}))
    (root / "attempts.jsonl").write_text('{"exit_code": 0}\n{"exit_code": 1}\n')


def gate(root: Path, status: int = 1) -> subprocess.CompletedProcess[str]:
    arguments = [str(root), str(root / "marker"), str(status), TRIGGER]
    return subprocess.run([sys.executable, str(GATE), *arguments], capture_output=True, text=True, check=False)


def rewrite(root: Path, **changed: object) -> None:
    document = json.loads((root / "decision.json").read_text())
    (root / "decision.json").write_text(json.dumps({**document, **changed}))


def test_a_kill_that_this_run_came_to_is_green(tmp_path: Path) -> None:
    killed(tmp_path)
    done = gate(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("status", [0, 2, 10, 11, 137])
def test_another_exit_code_is_red(status: int, tmp_path: Path) -> None:
    killed(tmp_path)
    done = gate(tmp_path, status)
    assert done.returncode == 2
    assert done.stderr == f"the study ended with exit code {status}, expected 1 (KILLED)\n"


def test_a_failing_pip_is_red(tmp_path: Path) -> None:
    """Exit code 1, and no decision, or one of an earlier run."""
    (tmp_path / "marker").touch()
    assert "not written by this run" in gate(tmp_path).stderr
    killed(tmp_path)
    later = (tmp_path / "decision.json").stat().st_mtime_ns + 10**9
    os.utime(tmp_path / "marker", ns=(later, later))
    done = gate(tmp_path)
    assert done.returncode == 2
    assert "not written by this run" in done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "INCOMPLETE"}, "verdict 'INCOMPLETE', expected 'KILLED'"),
        ({"trigger": "narrow-d threshold unmet at 16-layer checkpoint"}, "trigger 'narrow-d threshold unmet at 16-"),
    ],
)
def test_another_verdict_or_trigger_is_red(changed: dict[str, object], said: str, tmp_path: Path) -> None:
    killed(tmp_path)
    rewrite(tmp_path, **changed)
    done = gate(tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_kill_that_pytest_did_not_end_with_is_red(tmp_path: Path) -> None:
    killed(tmp_path)
    (tmp_path / "attempts.jsonl").write_text('{"exit_code": 1}\n{"exit_code": 12}\n')
    done = gate(tmp_path)
    assert done.returncode == 2
    assert "exit code of pytest 12, expected 1" in done.stderr


def published(root: Path, name: str, subject: str, cost: float = 1.0) -> Path:
    """A verdict that names its rule, in a copy of the layout that the script is in."""
    rules, folder = root / "hypotheses" / "preregistrations", root / "reports" / "verdicts" / name
    for made in (rules, folder, root / ".ci"):
        made.mkdir(parents=True, exist_ok=True)
    shutil.copy(CI / "measured_here.py", root / ".ci")
    (rules / f"{name}.toml").write_text(f"[subject]\n{subject}\n")
    (folder / "decision.json").write_text(json.dumps({"seal": {"file": f"{name}.toml"}}))
    with gzip.open(folder / "measurements.jsonl.gz", "wt") as lines:
        lines.write("".join(json.dumps({"seconds": cell}) + "\n" for cell in (cost, cost)))  # on two cores: cost
    return folder / "decision.json"


def measurable(root: Path, *decisions: Path, first: Sequence[Path] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / ".ci" / "measured_here.py"), "100", *map(str, decisions), "--first"]
    command += map(str, first)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_verdict_on_a_package_that_is_not_installed_is_left_out_and_said(tmp_path: Path) -> None:
    folder = published(tmp_path, "folder", 'source = "fixtures/olmoe_nano"')
    pytest_is = published(tmp_path, "here", f'source = "package:pytest"\nversion = "{pytest.__version__}"')
    older = published(tmp_path, "older", 'source = "package:pytest"\nversion = "0.0.1"')
    absent = published(tmp_path, "absent", 'source = "package:no-such-weights"\nversion = "1.0"')
    done = measurable(tmp_path, folder, pytest_is, older, absent)
    assert (done.returncode, done.stdout.splitlines()) == (0, [str(folder), str(pytest_is)])
    assert done.stderr.splitlines() == [
        "left out: absent, measured on no-such-weights==1.0, which is not installed",
        "left out: older, measured on pytest==0.0.1, which is not installed",
    ]


def test_the_cheapest_come_first_and_what_takes_too_long_is_left_to_the_night(tmp_path: Path) -> None:
    source = 'source = "fixtures/olmoe_nano"'
    costs = {"dear": 60.0, "cheap": 2.0, "longer": 90.0, "middling": 30.0}
    decisions = {name: published(tmp_path, name, source, cost) for name, cost in costs.items()}
    done = measurable(tmp_path, *decisions.values())
    assert done.stdout.splitlines() == [str(decisions[name]) for name in ("cheap", "middling", "dear")]
    assert done.stderr.splitlines() == ["left out: longer, about 90 s beyond the 100 s that there are"]
    done = measurable(tmp_path, *decisions.values(), first=[decisions["longer"], decisions["cheap"]])
    assert done.stdout.splitlines() == [str(decisions[name]) for name in ("cheap", "longer")]
    (decisions["dear"].parent / "measurements.jsonl.gz").write_bytes(b"no gzip")
    done = measurable(tmp_path, *decisions.values())
    assert (done.returncode, done.stdout) == (2, "")


def test_a_verdict_measured_by_other_code_is_named(tmp_path: Path) -> None:
    name = "W-exponent-entropy-v1-olmoe_nano"
    prereg = load_preregistration(PREREGISTRATIONS / f"{name}.toml")
    said = {"preregistration": f"{name}.toml", "code": codes(prereg)}
    same, other, torn = (tmp_path / folder / "decision.json" for folder in ("same", "other", "torn"))
    for decision, text in ((same, json.dumps(said)), (other, json.dumps(said | {"code": {"lift": "0"}})), (torn, "{")):
        decision.parent.mkdir()
        (decision.parent / "run.json").write_text(text)

    def named(*decisions: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(CI / "changed_code.py"), *map(str, decisions)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = named(same, other)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, [str(other)], "")
    done = named(same, torn)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{torn}: JSONDecodeError: ")


@pytest.mark.parametrize("damage", ["decision", "rule", "seal", "version"])
def test_a_verdict_that_names_no_rule_is_red(damage: str, tmp_path: Path) -> None:
    decision = published(tmp_path, "E", 'source = "package:pytest"' + ('\nversion = "1"' * (damage != "version")))
    if damage == "rule":
        (tmp_path / "hypotheses" / "preregistrations" / "E.toml").unlink()
    elif damage != "version":
        decision.write_text("{" if damage == "decision" else '{"seal": null}')
    done = measurable(tmp_path, decision)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{decision}: ")
    assert done.stderr.count("\n") == 1


def test_ci_measures_what_can_be_measured_and_decides_everything_again() -> None:
    text = (CI / "run").read_text("utf8")
    assert '.ci/measured_here.py "$AFRESH_SECONDS" reports/verdicts/*/decision.json --first $changed)' in text
    assert "-e '.[dev,third-party]'\"" in text
    assert text.index("reports reproduce") < text.index("measured_here.py") < text.index("--reproduce=")


def fragment(command: str) -> str:
    """The lines of `.ci/run` from `if ! command -v COMMAND` to the next `fi`."""
    lines = (CI / "run").read_text("utf8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"if ! command -v {command} "))
    return "\n".join(lines[start : lines.index("fi", start) + 1])


def installing(folder: Path, apt: str, *there: str) -> subprocess.CompletedProcess[str]:
    """That fragment about coqc where nothing is on the path but `apt-get`, `id`, `sudo` and what is `there`."""
    called = folder / "called"
    scripts = {"apt-get": f'echo "$@" >> "{called}"\n{apt}', "id": "echo 1000", "sudo": '"$@"'}
    for name, script in {**scripts, **dict.fromkeys(there, ":")}.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    script = f'set -euo pipefail\nstage() {{ echo "== $*"; }}\n{fragment("coqc")}'
    done = subprocess.run(
        ["/bin/bash", "-c", script], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )
    done.stderr += called.read_text() if called.exists() else ""
    return done


def test_ci_installs_a_prover_where_there_is_none(tmp_path: Path) -> None:
    done = installing(tmp_path, ":")
    assert (done.returncode, done.stderr.splitlines()) == (0, ["update", "install -y --no-install-recommends coq"])
    assert done.stdout.startswith("== a prover, ")


def test_ci_goes_on_where_no_prover_can_be_installed_and_says_so(tmp_path: Path) -> None:
    done = installing(tmp_path, "exit 100")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["coqc could not be installed: the proofs are not checked on this machine"]


def test_ci_installs_nothing_where_the_prover_is(tmp_path: Path) -> None:
    done = installing(tmp_path, ":", "coqc")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_ci_has_the_prover_check_the_proofs_before_it_decides_again() -> None:
    text = (CI / "run").read_text("utf8")
    commands = ("-m reports.theorems\n", "-m reports.theorems --digests", "reports reproduce")
    places = [text.index(command) for command in commands]
    assert places == sorted(places)
