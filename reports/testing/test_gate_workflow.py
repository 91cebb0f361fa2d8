"""The workflow that others call, by running its script, and the gate behind it, by what it refuses."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from reports.base.errors import ExitCode
from reports.testing.test_readme import options
from reports.testing.test_workflows import steps

ROOT = Path(__file__).resolve().parents[2]
GATE = ROOT / ".github" / "workflows" / "gate.yml"
SCRIPT = ROOT / ".ci" / "require_verdict.py"
WORKFLOWS = sorted(GATE.parent.glob("*.yml"))
DOCUMENT: dict[Any, Any] = yaml.safe_load(GATE.read_text("utf8"))
INPUTS = DOCUMENT[True]["workflow_call"]["inputs"]  # YAML's `on`
PROGRAM = re.compile(r"\bpython3? +(?:-m +(?P<module>[\w.]+)(?: +(?P<command>[a-z]+))?|(?P<file>[\w./-]+\.py))")
PYTESTS_OWN = {"--junit-xml", "--hypothesis-profile", "--kills"}  # pytest's, and of plugins that are tests' own


def not_there(script: str) -> list[str]:
    """What `script` runs that is not in this checkout or among its dependencies."""
    found = []
    for program in PROGRAM.finditer(script):
        module, command, file = program["module"], program["command"], program["file"]
        if file and not (ROOT / file).is_file():
            found.append(file)
        elif module and find_spec(module) is None:
            found.append(module)
        elif module == "reports" and command is not None:
            listed = (ROOT / "README.md").read_text("utf8")
            found += [] if re.search(rf"^python -m reports .*\b{command}\b", listed, re.MULTILINE) else [command]
    given = set(re.findall(r"--[a-z][a-z-]+", " ".join(re.findall(r"\bpytest .*|^given.*", script, re.MULTILINE))))
    return found + sorted(given - options() - PYTESTS_OWN)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_each_command_of_a_workflow_exists(workflow: Path) -> None:
    scripts = [step["run"] for step in steps(workflow) if "run" in step]
    assert scripts
    assert [fault for script in scripts for fault in not_there(script)] == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("python .ci/require_virtue.py a b", [".ci/require_virtue.py"]),
        ("python -m no_such_module", ["no_such_module"]),
        ("if x; then python -m reports reprove; fi", ["reprove"]),
        ('pytest hypotheses/ --modle="$MODEL" || true', ["--modle"]),
        ('given+=(--preregg="$MODEL")', ["--preregg"]),
        ("python -m reports audit && pytest hypotheses/ --report", []),
    ],
)
def test_the_check_of_commands_can_fail(script: str, said: list[str]) -> None:
    assert not_there(script) == said


def test_others_can_call_it_with_these_inputs() -> None:
    assert list(DOCUMENT[True]) == ["workflow_call"]
    required = {name for name, one in INPUTS.items() if one.get("required")}
    assert required == {"suite", "suite-commit", "prereg"}
    assert {"model", "gate", "python-version"} <= INPUTS.keys()
    used = set(re.findall(r"inputs\.([\w-]+)", GATE.read_text("utf8")))
    assert used == INPUTS.keys()
    (example,) = re.findall(r"<!-- gate -->\n```yaml\n(.+?)```", (ROOT / "reports/README.md").read_text("utf8"), re.S)
    (job,) = yaml.safe_load(example)["jobs"].values()
    assert job["uses"].partition("@")[0].endswith(str(GATE.relative_to(ROOT)))
    assert required <= job["with"].keys() <= INPUTS.keys()
    assert (ROOT / "hypotheses" / "preregistrations" / f"{job['with']['prereg']}.toml").is_file()
    assert refusal(job["with"]["gate"].split()) is None


def refusal(accepted: list[str], status: int = 15, verdict: str | None = "VACUOUS") -> str | None:
    """What the gate says of such a run; None where it accepts."""
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from require_verdict import fault  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(SCRIPT.parent))
    folder = Path(os.environ["GATE_OUT"])
    if verdict is not None:
        (folder / "run").mkdir(exist_ok=True)
        (folder / "run" / "decision.json").write_text(json.dumps({"verdict": verdict}))
    said: str | None = fault(folder, status, accepted)
    return said


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the run of a test wrote."""
    folder = tmp_path / "verdict"
    folder.mkdir()
    monkeypatch.setenv("GATE_OUT", str(folder))
    return folder


def test_the_gate_accepts_what_it_is_told_to() -> None:
    assert refusal(["SURVIVED"], 0, "SURVIVED") is None
    assert refusal(["SURVIVED", "KILLED"], 1, "KILLED") is None
    assert refusal(["any"], 10, "INCONCLUSIVE") is None


@pytest.mark.parametrize(
    ("accepted", "status", "verdict", "said"),
    [
        (["SURVIVED"], 1, "KILLED", "verdict KILLED, accepted SURVIVED"),
        (["SURVIVED"], 15, "VACUOUS", "verdict VACUOUS, accepted SURVIVED"),
        (["any"], 1, "SURVIVED", "verdict 'SURVIVED', but pytest ended with exit code 1, which is another one"),
        (["any"], 0, "KILLED", "verdict 'KILLED', but pytest ended with exit code 0, which is another one"),
        (["any"], 14, "MISMATCH", "verdict 'MISMATCH', but pytest ended with exit code 14, which is another one"),
        (["any"], 1, None, "holds 0 verdicts, expected one of this run; pytest ended with exit code 1"),
        (["ALIVE"], 0, "SURVIVED", "accepts 'ALIVE', expected some of SURVIVED, KILLED, "),
        ([], 0, "SURVIVED", "accepts nothing, expected some of SURVIVED, KILLED, "),
    ],
)
def test_the_gate_refuses_everything_else(accepted: list[str], status: int, verdict: str | None, said: str) -> None:
    assert said in str(refusal(accepted, status, verdict))


@pytest.mark.parametrize(
    ("verdict", "gate", "model", "code"),
    [("SURVIVED", "SURVIVED", "", 0), ("KILLED", "VACUOUS KILLED", "weights", 0), ("KILLED", "SURVIVED", "a/b", 2)],
)
def test_its_script_runs_the_study_and_asks_the_gate(
    verdict: str, gate: str, model: str, code: int, tmp_path: Path, out: Path
) -> None:
    """The step as a shell runs it, with a `pytest` that writes down how it was called, in place of the study."""
    (study,) = (step for step in steps(GATE) if step.get("id") == "study")
    (tmp_path / "weights").mkdir()
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "pytest"
    wrote = f"mkdir -p {out}/run; echo '{json.dumps({'verdict': verdict})}' > {out}/run/decision.json"
    stand_in.write_text(
        f"#!/bin/bash\nprintf '%s\\n' \"$@\" > {tmp_path}/called; {wrote}; exit {int(ExitCode[verdict])}\n"
    )
    stand_in.chmod(0o755)
    told = {"PREREG": "E-x", "MODEL": model, "GATE": gate, "GITHUB_WORKSPACE": str(tmp_path)}
    told |= {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output")}
    path = os.pathsep.join([str(stand_in.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", study["run"]], cwd=ROOT, capture_output=True,
        text=True, env={**os.environ, **told, "PATH": path}, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    model_given = {"": [], "weights": [f"--model={tmp_path}/weights"], "a/b": ["--model=a/b"]}[model]
    assert (tmp_path / "called").read_text().splitlines() == [
        "hypotheses/", "-x", "--prereg=E-x", f"--out={out}", f"--junit-xml={tmp_path}/verdict.xml", *model_given,
    ]  # fmt: skip
    if code:
        assert done.stderr == f"{out}/run/decision.json: verdict KILLED, accepted SURVIVED\n"
        assert not (tmp_path / "output").exists()
    else:
        assert (tmp_path / "output").read_text() == f"verdict={verdict}\n"
