"""A run counts what it has checked: measurements of weights that are no longer there decide nothing."""

import os
from pathlib import Path
from typing import Any

import pytest

from fixtures.checkpoints.layout import read_layout
from fixtures.testing.miniature import NAME, write_miniature
from reports.base.errors import BadInput, ExitCode
from reports.prereg.preregistration import Cell
from reports.store.checked_cells import Checked, counted
from reports.testing.small_rules import a_measurement


def flip(model: Path, layer: int) -> None:
    """Changes the last bit of one weight of `layer`."""
    address = read_layout(model).matrices[layer, "up_proj"][0]
    with open(address.file, "r+b") as file:
        file.seek(address.offset)
        (byte,) = file.read(1)
        file.seek(address.offset)
        file.write(bytes([byte ^ 1]))


@pytest.fixture
def killed(run: Any, pytester: pytest.Pytester) -> Path:
    """An exploratory model, whose digests nothing has sealed, that a run with -x has just killed at layer 3."""
    write_miniature(pytester.path)
    os.rename(pytester.path / "subject", pytester.path / "copy")
    assert run("--model=copy", "-x").ret == ExitCode.KILLED
    return pytester.path / "copy"


def test_a_kill_of_weights_that_changed_is_not_told_again(run: Any, killed: Path) -> None:
    flip(killed, 3)
    result = run("--model=copy", "-k", "narrow_d and L00")
    assert result.ret == ExitCode.INCOMPLETE
    result.stdout.fnmatch_lines(["narrow_d@4-layer * 5 cells not measured", "verdict: INCOMPLETE, *"])
    assert run("--model=copy", "-x").ret == ExitCode.TAMPERED


@pytest.mark.parametrize("changed", [0, 3])
def test_a_selected_checkpoint_looks_at_the_weights_of_all_its_layers(changed: int, run: Any, killed: Path) -> None:
    assert run("--model=copy", "-k", "narrow_d and L03").ret == ExitCode.KILLED
    flip(killed, changed)
    assert run("--model=copy", "-k", "narrow_d and L03").ret == ExitCode.TAMPERED


def test_what_a_run_checked_is_forgotten_with_it(run: Any, killed: Path, pytester: pytest.Pytester) -> None:
    (folder,) = (pytester.path / "reports" / "out").glob(f"{NAME}--copy-*")
    assert [path.name for path in folder.glob(".*")] == []


def test_processes_meet_in_one_file(tmp_path: Path) -> None:
    ours, theirs = Checked(tmp_path / "run" / "checked"), Checked(tmp_path / "run" / "checked")
    first, second, other = Cell("claim", "narrow_d", 0), Cell("control", "null"), Cell("trap", "narrow_d", 0)
    assert first not in ours
    ours.add(first)
    theirs.add(second)
    assert first in theirs
    assert second in ours
    assert other not in ours  # of the same name as the first
    found = {cell: a_measurement(cell, [0.5]) for cell in (first, second, other)}
    assert set(counted(found, ours.cells())) == {first, second}
    ours.forget()
    assert theirs.cells() == frozenset()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    checked = Checked(tmp_path / "run" / "checked")
    assert checked.cells() == frozenset()
    with pytest.raises(BadInput, match=r"checked: cannot be written \(.*\); free the disk or choose another --out"):
        checked.add(Cell("control", "null"))
