"""What git shows of seals and verdicts, on repositories that were made for it, and on this one."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.artefacts.ledger_entry import Entry
from reports.base.errors import ExitCode
from reports.commands.cli import PREREGISTRATIONS, main
from reports.seals.audit import DECISION, VERDICTS
from reports.testing.repositories import LEDGER_AT, PERSON, Repository, chain, git, lines, repository, verdict


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return repository(tmp_path / "repository")


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    return chain(tmp_path, "first", "second", "third")


Audited = Callable[..., tuple[int, str]]


@pytest.fixture
def audited(repo: Repository, capsys: pytest.CaptureFixture[str]) -> Audited:
    """The exit code of `python -m reports audit`, and all that it says."""

    def run(root: Path = repo.root) -> tuple[int, str]:
        code = main(["audit"], root / "hypotheses" / "preregistrations")
        said = capsys.readouterr()
        assert said.err.count("\n") <= 1
        return code, said.out + said.err

    return run


def test_a_ledger_that_grows_and_verdicts_after_their_seals(
    repo: Repository, entries: list[Entry], audited: Audited
) -> None:
    first = repo.commit(ledger=lines(*entries[:1]))
    published = repo.commit(E=verdict(entries[0]))
    second = repo.commit(ledger=lines(*entries[:2]), other=b"{}")
    repo.commit(other=None)
    assert audited() == (
        ExitCode.SURVIVED,
        f"ledger.jsonl: 2 lines in 2 commits since {first[:12]}; each version begins with the one before\n"
        f"E: sealed as line 1 in {first[:12]}, published in {published[:12]}, which descends from it\n",
    )
    again = repo.commit(E=verdict(entries[1]))
    assert f"E: sealed as line 2 in {second[:12]}, published in {again[:12]}, which descends" in audited()[1]


def test_a_verdict_in_the_commit_of_its_seal_shows_no_order(
    repo: Repository, entries: list[Entry], audited: Audited
) -> None:
    both = repo.commit(ledger=lines(*entries), E=verdict(entries[1]))
    code, said = audited()
    assert code == ExitCode.SURVIVED
    assert f"published in {both[:12]}, the same commit: no order is shown\n" in said


def test_a_cut_tail_is_named_even_where_it_was_put_back(
    repo: Repository, entries: list[Entry], audited: Audited
) -> None:
    repo.commit(ledger=lines(*entries))
    cut = repo.commit(ledger=lines(*entries[:1]))
    told = (
        f"TAMPERED: ledger.jsonl: commit {cut[:12]} cuts it: 1 of 3 lines are left; what was sealed there is no longer "
        "public\n"
    )
    assert audited() == (ExitCode.TAMPERED, told)
    repo.commit(ledger=lines(*entries))
    assert audited() == (ExitCode.TAMPERED, told)


def test_a_new_chain_is_named(repo: Repository, entries: list[Entry], tmp_path: Path, audited: Audited) -> None:
    repo.commit(ledger=lines(*entries))
    new = repo.commit(ledger=lines(*chain(tmp_path, "first", "otherwise", "third", "fourth")))
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert said.startswith(
        f"TAMPERED: ledger.jsonl: commit {new[:12]} rewrites line 2 of 3; what was sealed there is no longer"
    )


def test_a_ledger_that_was_removed_is_named(repo: Repository, entries: list[Entry], audited: Audited) -> None:
    repo.commit(ledger=lines(*entries))
    repo.commit(ledger=None)
    repo.commit(ledger=lines(*entries))
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert "cuts it: 0 of 3 lines are left" in said


def test_lines_that_a_merge_dropped_are_named(repo: Repository, entries: list[Entry], audited: Audited) -> None:
    """git simplifies such a branch away unless it is asked for all of history."""
    repo.commit(ledger=lines(*entries[:1]))
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit(ledger=lines(*entries))
    repo.git("checkout", "--quiet", "main")
    repo.commit(E=verdict(entries[0]))
    assert audited()[0] == ExitCode.SURVIVED
    repo.git(*PERSON, "merge", "--quiet", "--strategy=ours", "--message", "ours", "side")
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert "cuts it: 1 of 3 lines are left" in said


def test_a_branch_that_appends_is_merged_in_peace(repo: Repository, entries: list[Entry], audited: Audited) -> None:
    repo.commit(ledger=lines(*entries[:1]))
    repo.git("checkout", "--quiet", "-b", "side")
    repo.commit(ledger=lines(*entries))
    repo.commit(E=verdict(entries[2]))
    repo.git("checkout", "--quiet", "main")
    repo.commit(other=verdict(entries[0]))
    repo.git(*PERSON, "merge", "--quiet", "--no-ff", "--message", "both", "side")
    assert audited()[0] == ExitCode.SURVIVED


def test_a_verdict_before_its_seal_is_named(repo: Repository, entries: list[Entry], audited: Audited) -> None:
    """Also where it was taken away and published again behind the seal."""
    repo.commit(ledger=lines(*entries[:1]))
    early = repo.commit(E=verdict(entries[1]))
    repo.commit(ledger=lines(*entries))
    told = (
        f"TAMPERED: E: published in {early[:12]}, where ledger.jsonl does not hold line 2, the seal that it names: a "
        "verdict before its seal\n"
    )
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert said.endswith(told)
    repo.commit(E=None)
    repo.commit(E=verdict(entries[1]))
    assert audited()[1].endswith(told)


@pytest.mark.parametrize(
    "decision", [b"[]", b"{", b'{"seal": {"ledger_entry": "x", "file": "E.toml"}}', b'{"seal": 1}']
)
def test_a_verdict_of_no_seal_is_named(
    decision: bytes, repo: Repository, entries: list[Entry], audited: Audited
) -> None:
    repo.commit(ledger=lines(*entries), E=decision)
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert said.endswith("E: names no seal that is in ledger.jsonl; restore both from git history\n")


def test_what_is_not_committed_is_told(repo: Repository, entries: list[Entry], audited: Audited) -> None:
    repo.commit(ledger=lines(*entries[:1]), E=verdict(entries[0]))
    path = repo.root / VERDICTS / "E" / DECISION
    path.write_bytes(verdict(entries[0], "SURVIVED"))
    assert audited()[0] == ExitCode.BAD_INPUT
    assert "E: its decision.json is not the one that HEAD holds; commit it, or restore it" in audited()[1]
    path.write_bytes(verdict(entries[0]))
    (repo.root / LEDGER_AT).write_bytes(lines(*entries))
    code, said = audited()
    assert code == ExitCode.BAD_INPUT
    assert "ledger.jsonl: 2 lines are not committed; commit them before a run" in said
    (repo.root / LEDGER_AT).write_bytes(b"")
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert "ledger.jsonl: the checkout cuts it: 0 of 1 lines are left" in said


def test_a_shallow_clone_is_one_line(repo: Repository, entries: list[Entry], audited: Audited, tmp_path: Path) -> None:
    repo.commit(ledger=lines(*entries[:1]))
    repo.commit(ledger=lines(*entries))
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo.root}", "shallow")
    code, said = audited(tmp_path / "shallow")
    assert code == ExitCode.BAD_INPUT
    assert said.endswith("a shallow clone, expected all of its history; run: git fetch --unshallow\n")


def test_what_is_no_repository_of_its_own_is_one_line(
    repo: Repository, entries: list[Entry], audited: Audited, tmp_path: Path
) -> None:
    code, said = audited()
    assert (code, said.count("\n")) == (ExitCode.BAD_INPUT, 1)
    assert "has no commit yet" in said
    repo.commit(ledger=lines(*entries))
    inner = repo.root / "unpacked"
    shutil.copytree(repo.preregistrations, inner / "hypotheses" / "preregistrations")
    code, said = audited(inner)
    assert code == ExitCode.BAD_INPUT
    assert "lies in a git repository that is not its own; run it from a clone" in said
    shutil.move(inner, tmp_path / "outside")
    code, said = audited(tmp_path / "outside")
    assert (code, said.count("\n")) == (ExitCode.BAD_INPUT, 1)
    assert "not a git repository" in said


def test_without_git_it_is_one_line(repo: Repository, audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo.root))
    assert audited() == (
        ExitCode.BAD_INPUT,
        "error: git: not found, expected it on the path to read history; install it\n",
    )


def test_nothing_that_the_repository_or_the_environment_says_is_believed(
    repo: Repository, entries: list[Entry], audited: Audited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither programs that it configures, nor a history that was replaced or grafted, nor another repository."""
    whole = repo.commit(ledger=lines(*entries))
    cut = repo.commit(ledger=lines(*entries[:1]))
    sound = repository(tmp_path / "sound")
    sound.commit(ledger=lines(*entries[:1]))
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\ncat\n", encoding="utf8")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand", "pager.rev-list"):
        repo.git("config", name, str(program))
    repo.git("config", "log.showSignature", "true")
    repo.git("config", "core.hooksPath", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", str(sound.root / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(program))
    repo.git("replace", "--graft", cut)  # as if nothing had been before it
    (repo.root / ".git" / "info").mkdir(exist_ok=True)
    (repo.root / ".git" / "info" / "grafts").write_text(f"{cut}\n", encoding="utf8")
    code, said = audited()
    assert code == ExitCode.TAMPERED
    assert f"commit {cut[:12]} cuts it: 1 of 3 lines are left" in said
    assert whole != cut
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("partial", [False, True])
def test_an_object_that_git_has_lost_is_one_line_and_is_not_fetched(
    partial: bool, repo: Repository, entries: list[Entry], audited: Audited, tmp_path: Path
) -> None:
    commit = repo.commit(ledger=lines(*entries))
    blob = repo.git("rev-parse", f"{commit}:{LEDGER_AT}").strip()
    (repo.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    if partial:
        for name, value in (
            ("extensions.partialClone", "origin"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.url", f"ext::sh -c touch% {tmp_path}/executed"),
            ("protocol.ext.allow", "always"),
        ):
            repo.git("config", name, value)
    code, said = audited()
    assert code == ExitCode.BAD_INPUT
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "executed").exists()


def test_this_repository(capsys: pytest.CaptureFixture[str]) -> None:
    root = PREREGISTRATIONS.parents[1]
    asked = ["git", "-C", str(root), "rev-parse", "--is-shallow-repository"]
    if subprocess.run(asked, capture_output=True, text=True, check=False).stdout != "false\n":
        pytest.skip("not a whole clone, or another user's")
    assert main(["audit"]) in (ExitCode.SURVIVED, ExitCode.BAD_INPUT)  # what is not committed yet is told, no fault
    said = capsys.readouterr().out
    assert "each version begins with the one before" in said
    assert "E-ffn-rotation-v4-olmoe_nano: " in said
