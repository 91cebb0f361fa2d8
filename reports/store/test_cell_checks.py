"""What jobs record of what they checked: once, whole, of one subject, and believed only where it fits."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput, Tampered
from reports.prereg.preregistration import Cell
from reports.store.cell_checks import CellChecks, read_checks
from reports.testing.small_rules import a_measurement

CELL = Cell("claim", "narrow_d", 3)
MEASURED = a_measurement(CELL, [0.25])
ENVIRONMENT: dict[str, Any] = {"started": "2026-01-01T00:00:00+00:00", "options": {"cells": "0/2"}, "cores": 2}


@pytest.fixture
def checks(tmp_path: Path) -> CellChecks:
    return CellChecks(tmp_path / "checked", "mini", "a" * 40, ENVIRONMENT)


def test_what_was_recorded_is_read(checks: CellChecks) -> None:
    control = Cell("control", "planted")
    checks.add(MEASURED)
    checks.add(replace(a_measurement(control, [0.1]), norm_sha256="b" * 64))
    found = read_checks(checks.folder)
    assert set(found) == {CELL, control}
    assert (found[CELL].tensors_sha256, found[CELL].norm_sha256) == (MEASURED.tensors_sha256, None)
    assert found[control].norm_sha256 == "b" * 64
    assert (found[CELL].subject, found[CELL].revision, found[CELL].environment) == ("mini", "a" * 40, ENVIRONMENT)
    assert sorted(path.name for path in checks.folder.iterdir()) == ["claim-narrow_d-L03.json", "control-planted.json"]


def test_a_cell_is_recorded_once(checks: CellChecks) -> None:
    checks.add(MEASURED)
    before = (checks.folder / "claim-narrow_d-L03.json").read_bytes()
    replace(checks, environment={**ENVIRONMENT, "cores": 64}).add(MEASURED)
    assert (checks.folder / "claim-narrow_d-L03.json").read_bytes() == before


@pytest.mark.parametrize(
    ("other", "measured", "said"),
    [
        ({"subject": "other"}, {}, r"a job checked mini at a{40}, expected other at a{40}; give every job the same"),
        ({"revision": None}, {}, r"a job checked mini at a{40}, expected mini; give every job"),
        ({}, {"tensors_sha256": "f" * 64}, r"a job checked tensors of sha256 0{12}…, the measurement is of f{12}…"),
        ({}, {"norm_sha256": "f" * 64}, r"a job checked norm of sha256 None…, the measurement is of f{12}…"),
    ],
    ids=["subject", "revision", "tensors", "norm"],
)
def test_a_job_that_found_something_else_is_tampered(
    checks: CellChecks, other: dict[str, Any], measured: dict[str, Any], said: str
) -> None:
    checks.add(MEASURED)
    with pytest.raises(Tampered, match=said):
        replace(checks, **other).add(replace(MEASURED, **measured))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:20], "not what a job records"),
        (lambda data: b"[]", "found a JSON list, expected an object"),
        (lambda data: data.replace(b'"layer":3', b'"layer":-3'), r"layer is -3, expected a whole number"),
        (
            lambda data: data.replace(b'"layer":3', b'"layer":2'),
            r"records claim narrow_d\[L02\], expected the cell of its",
        ),
        (lambda data: data.replace(b'"subject"', b'"subjekt"'), "subject is missing"),
        (lambda data: data.replace(b'"started":"', b'"started":"<b>'), "not what a job records"),
    ],
    ids=["cut", "list", "no layer", "another layer", "unknown key", "markup"],
)
def test_what_no_job_can_have_written_is_tampered(
    checks: CellChecks, damage: Callable[[bytes], bytes], said: str
) -> None:
    checks.add(MEASURED)
    path = checks.folder / "claim-narrow_d-L03.json"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Tampered, match=rf"^{path}: .*{said}.*; delete it and run that cell's job again$"):
        read_checks(checks.folder)


def test_a_record_that_is_no_file_is_one_line(checks: CellChecks) -> None:
    checks.folder.mkdir()
    (checks.folder / "claim-narrow_d-L03.json").symlink_to("nowhere")
    with pytest.raises(BadInput, match=r"L03\.json: cannot be read \(No such file or directory\); delete it"):
        read_checks(checks.folder)


def test_a_full_disk_is_one_line(checks: CellChecks) -> None:
    checks.folder.write_text("a file where the folder should be")
    with pytest.raises(BadInput, match=r"cannot be written \(.*\); free the disk or choose another folder"):
        checks.add(MEASURED)


def test_a_record_is_text_for_people_too(checks: CellChecks) -> None:
    checks.add(MEASURED)
    record = json.loads((checks.folder / "claim-narrow_d-L03.json").read_text())
    assert (record["kind"], record["name"], record["layer"]) == ("claim", "narrow_d", 3)
