"""A checkout as others have it: line ends turned by git, a folder whose name is not ASCII, the C locale.

The clone is of HEAD: what is not committed yet is not in it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.checkpoints.provenance import file_sha256
from fixtures.subjects.find_subject import subject_facts
from fixtures.subjects.installed_package import INSTALL, is_installed
from reports.base.errors import ExitCode
from reports.commands.cli import PREREGISTRATIONS
from reports.seals.seal import verify

ROOT = Path(__file__).resolve().parents[2]
RUN = "E-ffn-rotation-v4-olmoe_nano"
VERDICT = ROOT / "reports" / "verdicts" / RUN
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`git clone -c core.autocrlf=true` of this repository, in a folder called Füße σ."""
    folder = tmp_path_factory.mktemp("clone") / "Füße σ"
    settings = folder.with_name("gitconfig")  # this repository may be another user's, as where CI runs in a container
    settings.write_text(f"[safe]\n\tdirectory = {ROOT}\n\tdirectory = {ROOT}/.git\n", encoding="utf8")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    outside["GIT_CONFIG_GLOBAL"] = str(settings)
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    clone = ["git", "clone", "--quiet", "-c", "core.autocrlf=true", str(ROOT), str(folder)]
    subprocess.run(clone, env=outside, check=True)
    return folder


def in_c_locale(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **C_LOCALE}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, check=False)


def test_no_line_end_was_turned(checkout: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "--eol"], cwd=checkout, capture_output=True, text=True, check=True)
    lines = listed.stdout.splitlines()
    assert len(lines) > 400
    assert [line for line in lines if "w/crlf" in line or "w/mixed" in line] == []


@pytest.mark.parametrize("path", sorted(PREREGISTRATIONS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_seal_and_sealed_subject_holds(path: Path, checkout: Path) -> None:
    prereg = verify(checkout / path.relative_to(ROOT)).prereg
    if not is_installed(prereg.subject):
        pytest.skip(f"{prereg.subject.package} is not installed: {INSTALL}")
    if prereg.subject.revision is None:  # in the repository or a package: what was sealed is digested here
        facts = subject_facts(prereg, None, None, checkout)
        assert not facts.exploratory
        if prereg.subject.package is not None:
            return
        assert facts.sealed_model_sha256 is not None
        assert facts.prompts is not None
        assert file_sha256(Path(facts.prompts)) == prereg.subject.prompts_sha256


def test_commands_work_in_the_c_locale(checkout: Path) -> None:
    status = in_c_locale(checkout, "reports", "status")
    assert (status.returncode, status.stderr) == (0, b"")
    assert status.stdout.count(b": sealed ") == len(list(PREREGISTRATIONS.glob("*.toml")))
    collected = in_c_locale(checkout, "pytest", "hypotheses/", "--co", "-p", "no:cacheprovider")
    assert (collected.returncode, collected.stderr) == (0, b"")
    assert b"160/162 tests collected (2 deselected)" in collected.stdout


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["decide", str(VERDICT)], ExitCode.KILLED, b": KILLED, narrow-d threshold unmet"),
        (["lint"], ExitCode.SURVIVED, rb"active experts \xd7 1024"),
        (["log"], ExitCode.SURVIVED, b"head "),
        (["why", "narrow_d[L03]", "--in", str(VERDICT)], ExitCode.SURVIVED, b"narrow_d[L03]"),
        (["scoreboard"], ExitCode.SURVIVED, b"KILLED"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_every_command_works_in_the_c_locale(command: list[str], code: int, said: bytes, checkout: Path) -> None:
    done = in_c_locale(checkout, "reports", *command)
    assert (done.returncode, done.stderr) == (code, b"")
    assert said in done.stdout


@pytest.mark.nightly
@pytest.mark.parametrize("option", ["--model", "--out", "--prompts", "--dense-model"])
def test_a_cell_is_measured_whatever_a_folder_is_called(option: str, checkout: Path, tmp_path: Path) -> None:
    """JSON cannot hold a name that Python could not decode: this was `ERROR: no verdict (UnicodeEncodeError …)`."""
    nano = checkout / "fixtures" / "olmoe_nano"
    folders = {"--out": tmp_path / "ö", "--prompts": nano / "prompts.jsonl", "--model": tmp_path / "é"}
    if option == "--model":
        folders[option].symlink_to(nano)
    given = folders.get(option, checkout / "fixtures" / "olmo_nano")
    done = in_c_locale(checkout, "pytest", "hypotheses/", "-k", "narrow_d and L00", f"{option}={given}", "--report")
    assert (done.returncode, done.stderr) == (ExitCode.INCOMPLETE, b"")
    assert b"1 passed" in done.stdout
    assert b"verdict: INCOMPLETE" in done.stdout


@pytest.mark.nightly
def test_what_cannot_work_in_the_c_locale_is_one_line(checkout: Path) -> None:
    """Workers are told of folders as UTF-8; transformers and safetensors open only what is UTF-8."""
    spread = in_c_locale(checkout, "pytest", "hypotheses/", "-n1")
    assert spread.returncode == ExitCode.BAD_INPUT
    assert b"BAD INPUT: -n: '" in spread.stderr
    assert b"set PYTHONUTF8=1, rename it, or leave out -n" in spread.stderr
    whole = in_c_locale(checkout, "pytest", "hypotheses/", "-k", "trivial_pass and L00")
    assert whole.returncode == ExitCode.BAD_INPUT
    assert b"not text in this locale, and transformers and safetensors open only what is" in whole.stdout
