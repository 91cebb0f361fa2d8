"""What CI does around the suite: pinned actions, hashed packages, a matrix of what is there, a ledger that grows."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from reports.artefacts.ledger_entry import Entry
from reports.testing.repositories import LEDGER_AT, Repository, chain, lines, repository

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / ".ci"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"- uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
HASHED = [CI / "rejudge.txt", CI / "another_order.txt"]


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text("utf8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_pinned_by_commit(workflow: Path) -> None:
    used = [line.strip() for line in workflow.read_text("utf8").splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.match(line)] == []


def test_the_check_of_pins_can_fail() -> None:
    commit = "34e114876b0b11c390a56381ad16ebd13914f8d5"
    assert PINNED.match(f"- uses: actions/checkout@{commit} # v4.3.1")
    for other in (
        "- uses: actions/checkout@v4",
        f"- uses: actions/checkout@{commit}",
        f"- uses: a/b@{commit[:7]} # v1.0.0",
    ):
        assert not PINNED.match(other)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_no_step_puts_what_others_wrote_into_a_script(workflow: Path) -> None:
    """`${{ … }}` in a script is text of a shell before it is a value: the name of a folder could be a command."""
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_nothing_else(workflow: Path) -> None:
    document = yaml.safe_load(workflow.read_text("utf8"))
    assert document["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in document["jobs"].values())


def test_the_check_of_the_ledger_runs_nothing_of_a_pull_request() -> None:
    """With pull_request_target workflow and checkout are those of the base branch; `ref:` would change the checkout."""
    workflow = ROOT / ".github" / "workflows" / "ledger.yml"
    document = yaml.safe_load(workflow.read_text("utf8"))
    types = ["opened", "synchronize", "reopened", "edited"]  # edited: another base branch has another ledger
    assert document[True] == {"pull_request_target": {"types": types}}  # YAML's `on`
    checkout, check = steps(workflow)
    assert "with" not in checkout
    assert [line.split()[0] for line in check["run"].splitlines()] == [
        "#", "git", "merged=$(git", "base=$(git", "python3",
    ]  # fmt: skip
    others = [path for path in WORKFLOWS if path != workflow]
    assert not any("pull_request_target" in path.read_text("utf8") for path in others)


def test_each_published_verdict_is_measured_afresh() -> None:
    """The matrix is what the script finds."""
    text = (ROOT / ".github" / "workflows" / "verdicts.yml").read_text("utf8")
    assert "verdict: ${{ fromJSON(needs.decided-again.outputs.verdicts) }}" in text
    assert '--reproduce="reports/verdicts/$VERDICT/decision.json"' in text
    done = script("verdict_folders", str(ROOT / "reports" / "verdicts"))
    assert json.loads(done.stdout) == sorted(path.parent.name for path in ROOT.glob("reports/verdicts/*/decision.json"))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no verdicts here, expected at least one"),
        (["E/decision.json", "F/run.json"], "F: holds no decision.json"),
        (["E;id/decision.json"], "'E;id': no name for a verdict"),
        (["E/decision.json", "E/conftest.py"], "conftest.py': is not published, and Python or pytest might execute it"),
        (["E/decision.json", "E/a/pytest.ini"], "/E/a': is not published"),
        (["E/decision.json", "E/run.json/x.json"], "run.json': is not published"),
        (["E/decision.json", "E/torch.so"], "torch.so': is not published"),
        (["E/decision.json", "E/CONFTEST.PY"], "CONFTEST.PY': is not published"),
        (["E/decision.json", 'a"b.py'], "a\"b.py': is not published"),
        (["E/decision.json", "é/conftest.py"], r"xe9/conftest.py': is not published"),
        (["E/decision.json", "E/link"], "link': is a link, expected files of its own"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) and value else None,
)
def test_what_makes_no_matrix_is_refused(files: list[str], said: str, tmp_path: Path) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to("/dev/zero") if name.endswith("link") else (tmp_path / name).touch()
    done = script("verdict_folders", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("requirements", HASHED, ids=lambda path: path.name)
def test_packages_are_named_by_digest(requirements: Path) -> None:
    text = requirements.read_text("utf8")
    packages = re.findall(r"^([\w-]+)==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[\w-]", text, re.MULTILINE))
    known = (ROOT / "constraints.txt").read_text("utf8").splitlines()
    others = [f"{name}=={version}" for name, version, _ in packages if f"{name}=={version}" not in known]
    assert others == ([] if requirements.name == "rejudge.txt" else ["pytest-randomly==5.1.0"])
    installs = [step["run"] for path in WORKFLOWS for step in steps(path) if requirements.name in step.get("run", "")]
    assert installs
    assert all("--require-hashes" in run for run in installs)


def script(name: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CI / f"{name}.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf8", check=False)


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path / "repository")


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    return chain(tmp_path, "first", "second")


def grew(repo: Repository, base: str, merged: str) -> str | None:
    """What `.ci/ledger_grew.py` says; None where it is content."""
    done = script("ledger_grew", base, merged, cwd=repo.root)
    assert done.stdout == ""
    assert done.returncode == (2 if done.stderr else 0)
    assert done.stderr.count("\n") <= 1
    return done.stderr.rstrip("\n") or None


def test_a_pull_request_may_append_to_the_ledger_and_do_nothing_else_to_it(
    repo: Repository, entries: list[Entry], tmp_path: Path
) -> None:
    none = repo.commit(E=b"{}")
    one, two = (repo.commit(ledger=lines(*entries[:count])) for count in (1, 2))
    other = repo.commit(ledger=lines(*chain(tmp_path, "first", "otherwise", "third")))
    removed = repo.commit(ledger=None)
    assert [grew(repo, *pair) for pair in ((none, one), (one, two), (two, two), (none, none))] == [None] * 4
    where = f"{LEDGER_AT}: "
    assert grew(repo, two, one) == f"{where}1 of 2 lines are left, expected all, and new ones behind; restore them"
    assert grew(repo, two, removed) == f"{where}0 of 2 lines are left, expected all, and new ones behind; restore them"
    assert grew(repo, two, other) == (
        f"{where}line 2 differs, expected all 2 lines as they were; restore them and append"
    )


def test_what_is_no_plain_file_is_no_ledger(repo: Repository, entries: list[Entry], tmp_path: Path) -> None:
    before = repo.commit(ledger=lines(*entries))
    (tmp_path / "elsewhere").write_bytes(lines(*entries))
    (repo.root / LEDGER_AT).unlink()
    (repo.root / LEDGER_AT).symlink_to(tmp_path / "elsewhere")
    said = grew(repo, before, repo.commit())
    assert said is not None
    assert "has mode 120000" in said


def test_a_commit_that_is_not_there_is_red(repo: Repository, entries: list[Entry]) -> None:
    said = grew(repo, repo.commit(ledger=lines(*entries)), "f" * 40)
    assert said is not None
    assert said.startswith("git ls-tree: fatal: not a tree object")
