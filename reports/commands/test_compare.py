"""`python -m reports compare A B`: two published verdicts side by side, by name or by path."""

from pathlib import Path

import pytest

from reports.base.errors import ExitCode
from reports.commands.cli import main
from reports.published.found_folder import VERDICTS

ONE, OTHER = "W-delta-rank-v1-olmoe_nano", "W-shared-directions-v1-olmoe_nano"


def test_two_published_verdicts_by_name_and_by_path(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code = main(["compare", ONE, str(VERDICTS / OTHER), f"--page={page}"])
    text = capsys.readouterr().out
    assert code == ExitCode.SURVIVED
    assert text.startswith("Side by side\n  A is W-delta-rank, design 1, on olmoe_nano: ")
    assert f"({OTHER})" in " ".join(text.split())
    assert max(map(len, text.replace(str(page), "").splitlines())) <= 80
    assert f"<h1>{ONE} beside {OTHER}</h1>" in page.read_text("utf8")


def test_the_numbers_are_those_that_were_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", ONE, ONE]) == ExitCode.SURVIVED
    lines = capsys.readouterr().out.splitlines()
    (row,) = (line.split() for line in lines if line.startswith("delta_rank@all "))
    assert row[1] == row[2]
    assert row[3:5] == ["0", "—"]
    assert "  Both were judged by the same rule." in lines


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("W-delta-rang-v1-olmoe_nano", "no such folder"),
        (str(VERDICTS), "run.json: cannot be read"),
        (str(VERDICTS / "README.md"), "a file, expected a folder"),
    ],
)
def test_what_is_not_a_run_is_one_line(named: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", ONE, named]) == ExitCode.BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line
