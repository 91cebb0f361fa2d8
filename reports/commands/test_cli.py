import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from reports.base.errors import ExitCode
from reports.commands.cli import main
from reports.seals.ledger import LEDGER, START, read_ledger
from reports.seals.seal import sidecar_path

ROOT = Path(__file__).parents[2]
STEM = "E-ffn-rotation-v4"
REASON = ("--what", "design 4", "--why", "before any run")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One preregistration, not sealed; a draft, so that what is said of one is seen."""
    source = ROOT / "hypotheses" / "preregistrations" / f"{STEM}.toml"
    (tmp_path / source.name).write_bytes(source.read_bytes())
    edit(tmp_path, "draft = false", "draft = true")
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / f"{STEM}.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err.removeprefix("error: ").rstrip("\n")


def test_lint_prints_each_gate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint"], folder) == ExitCode.SURVIVED
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{STEM}: may be sealed"
    assert any(
        line.startswith("  beta_lift@4-layer: MET forbidden by theorem unless unrotated β ≤ 0.667") for line in lines
    )


def test_lint_prints_how_often_noise_is_called_vacuous(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stem = "W-universal-beta-v1"
    (tmp_path / f"{stem}.toml").write_bytes((ROOT / "hypotheses" / "preregistrations" / f"{stem}.toml").read_bytes())
    assert main(["lint", stem], tmp_path) == ExitCode.SURVIVED
    out = capsys.readouterr().out
    assert "  null subject: a subject that meets every gate is VACUOUS if 2 or more of 3 draws do" in out
    assert "    0.5: VACUOUS 50.0%, SURVIVED 50.0%\n" in out


def test_lint_refuses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(folder, "below = 0.4", "below = 0.0")
    assert main(["lint", STEM], folder) == ExitCode.BAD_INPUT
    out = capsys.readouterr().out
    assert out.startswith(f"{STEM}: REFUSED\n")
    assert "narrow_d@4-layer: refused: MET unreachable: energy_rank_95 ≥ 0.0009766 at d = 1024" in out


def test_one_refusal_among_several_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Z.toml").write_bytes((folder / f"{STEM}.toml").read_bytes())
    edit(folder, "below = 0.4", "below = 0.0")
    assert main(["lint"], folder) == ExitCode.BAD_INPUT
    assert "\nZ: may be sealed\n" in capsys.readouterr().out


def test_life_of_a_preregistration(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    today = "2026-01-02"
    monkeypatch.setattr(
        "reports.commands.cli.datetime", SimpleNamespace(now=lambda zone: datetime(2026, 1, 2, tzinfo=zone))
    )
    assert main(["status"], folder) == 0
    assert capsys.readouterr().out == f"{STEM}: not sealed, draft\n"
    assert main(["log"], folder) == 0
    assert capsys.readouterr().out.startswith(f"head {START}, 0 entries")

    assert main(["seal", STEM, *REASON], folder) == 0
    head = read_ledger(folder / LEDGER).head
    sealed, printed_head = capsys.readouterr().out.splitlines()
    assert sealed.startswith(f"{STEM}: sealed {today}, draft; rule ")
    assert printed_head == f"ledger head {head}"

    edit(folder, "below = 0.4", "below = 0.3")
    assert main(["status", STEM], folder) == ExitCode.TAMPERED
    assert capsys.readouterr().out.startswith(f"{STEM}: TAMPERED: {STEM}.toml: edited since it was sealed, the content")
    assert main(["seal", STEM, *REASON], folder) == ExitCode.BAD_INPUT
    assert "already sealed with another content" in error_line(capsys)

    assert main(["amend", STEM, "--what", "0.3", "--why", "an error", "--results-seen", "yes"], folder) == 0
    assert f"{STEM}: sealed {today}, amended once after results had been seen, draft" in capsys.readouterr().out
    assert main(["status"], folder) == 0
    capsys.readouterr()
    assert main(["log"], folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        f"1 {today} seal {STEM}.toml (no results had been seen)", "  what: design 4", "  why: before any run"
    ]  # fmt: skip
    assert lines[4] == f"2 {today} amend {STEM}.toml (results had been seen)"
    assert lines[-1].startswith(f"head {read_ledger(folder / LEDGER).head}, 2 entries; a cut tail shows only against")


def test_seal_can_say_that_results_had_been_seen(folder: Path) -> None:
    assert main(["seal", STEM, *REASON, "--results-seen", "yes"], folder) == 0
    assert read_ledger(folder / LEDGER).entries[0].results_seen


def test_sealing_again_adds_nothing_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seal", STEM, *REASON], folder) == 0
    assert "nothing was added" not in capsys.readouterr().out
    assert main(["seal", str(folder / f"{STEM}.toml"), *REASON], folder) == 0
    assert f"{STEM}: this content was sealed before; nothing was added to the ledger" in capsys.readouterr().out


def test_unknown_name_lists_what_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "E-ffn-rotation-v5"], folder) == ExitCode.BAD_INPUT
    expected = f"'E-ffn-rotation-v5': no such preregistration; there are {STEM}; did you mean '{STEM}'?"
    assert error_line(capsys) == expected


def test_empty_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"], tmp_path) == ExitCode.BAD_INPUT
    assert "no preregistrations here, expected *.toml" in error_line(capsys)


def test_path_needs_no_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert main(["status", str(folder / f"{STEM}.toml")], tmp_path_factory.mktemp("empty")) == ExitCode.SURVIVED


def test_status_goes_on_past_an_invalid_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "A.toml").write_text("rung = 1")
    assert main(["status"], folder) == ExitCode.BAD_INPUT
    assert capsys.readouterr().out.splitlines() == [
        "A: INVALID: A.toml: design: missing, expected one of the required keys; add it",
        f"{STEM}: not sealed, draft",
    ]
    sidecar_path(folder / f"{STEM}.toml").write_text("{}")
    assert main(["status"], folder) == ExitCode.TAMPERED


def test_broken_ledger_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / LEDGER).write_text("{}\n")
    assert main(["log"], folder) == ExitCode.TAMPERED
    assert error_line(capsys).startswith("ledger.jsonl: line 1 is no ledger entry: it was edited")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["judge"],
        ["seal", STEM],
        ["seal", STEM, "--what", "x"],
        ["amend", STEM, *REASON],
        ["amend", STEM, *REASON, "--results-seen", "maybe"],
    ],
)
def test_incomplete_command_is_a_usage_error(arguments: list[str], folder: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, folder)
    assert caught.value.code == 2  # argparse's own
    assert not (folder / LEDGER).exists()


def test_module_runs_and_sees_the_shipped_preregistrations() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "reports", "lint", STEM], cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode().startswith(f"{STEM}: may be sealed\n")


def test_no_heavy_import() -> None:
    """The commands that guard the rule start in milliseconds and need neither weights nor torch."""
    code = (
        "import sys; from reports.commands.cli import parser; parser(); heavy = {'torch', 'numpy', 'transformers', "
        "'fixtures'}; print({name.partition('.')[0] for name in sys.modules} & heavy)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert run.stdout == "set()\n"


def test_a_defect_of_ours_is_one_line_and_no_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def defect(_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("reports.commands.cli.read_ledger", defect)
    assert main(["log"], tmp_path) == ExitCode.INCOMPLETE
    assert capsys.readouterr().err == "error: ZeroDivisionError: a defect; please report it\n"
