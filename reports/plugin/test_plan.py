"""Where a run is written: a rule from elsewhere never replaces the run of a sealed one."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from fixtures.testing.miniature import NAME, write_miniature
from reports.base.errors import ExitCode
from reports.plugin.plan import rule_name, run_name
from reports.store.subject_facts import SubjectFacts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where preregistrations are."""
    (tmp_path / "sealed").mkdir()
    (tmp_path / "x").mkdir()
    return tmp_path / "sealed"


def test_a_sealed_rule_is_called_by_its_stem_however_it_is_named(folder: Path) -> None:
    assert rule_name(folder / "E-v4.toml", folder) == "E-v4"
    assert rule_name(folder.parent / "x" / ".." / "sealed" / "E-v4.toml", folder) == "E-v4"
    (folder.parent / "link").symlink_to(folder)
    assert rule_name(folder.parent / "link" / "E-v4.toml", folder) == "E-v4"


def test_the_same_stem_elsewhere_is_another_run(folder: Path) -> None:
    other, third = (rule_name(folder.parent / name / "E-v4.toml", folder) for name in ("x", "y"))
    assert other.startswith("E-v4-")
    assert len({"E-v4", other, third}) == 3
    assert rule_name(folder.parent / "x" / "..\n.toml", folder).startswith("..-")


def test_the_folder_of_a_subject_whose_name_is_not_decoded_is_that_of_its_bytes() -> None:
    def named(location: str) -> str:
        return run_name("E-v4", SubjectFacts(Path(location).name, location, None, (0,), True, None))

    assert named("/x/F\udcc3\udcbc\udcc3\udc9fe") == named("/x/Füße")
    assert named("/x/caf\udce9") != named("/x/caf\udce8")


def test_a_rule_from_elsewhere_has_a_run_of_its_own(run: Any, pytester: pytest.Pytester) -> None:
    sealed = write_miniature(pytester.path)
    shutil.copytree(sealed.parent, pytester.path / "x")
    result = run("-q", "--layers=0", f"--prereg=x/{NAME}.toml", "-k", "L00")
    assert result.ret == ExitCode.INCOMPLETE
    (folder,) = (pytester.path / "reports" / "out").iterdir()
    assert folder.name.startswith(f"{NAME}-")
