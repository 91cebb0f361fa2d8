"""The page that writes itself, and the part of it that people write."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from reports.base.errors import BadInput
from reports.judge.decision import decide
from reports.judge.document import decision_json
from reports.pages.postmortem import MARKER, postmortem, with_written_part
from reports.pages.rendering import as_markdown
from reports.pages.section import Told
from reports.pages.sections import cost_section as cost
from reports.pages.sections.deviations_section import cell_ranges
from reports.prereg.preregistration import Cell
from reports.testing.small_rules import SUBJECT, a_claim, a_control, a_measurement, a_preregistration


def page(values: list[float], within: float = 0.0) -> str:
    prereg = a_preregistration(
        [a_claim(sensitivity=("stable_rank",)), a_claim("wide_d")], [a_control("planted_narrow_d")], layers=4
    )
    prereg = replace(prereg, tolerances={"energy_rank_95": within})
    cells = {Cell("control", "planted_narrow_d"): [0.1, 0.1]}
    cells |= {Cell("claim", "narrow_d", layer): values for layer in range(2)}
    measurements = {cell: a_measurement(cell, found, stable_rank=[0.2, 0.2]) for cell, found in cells.items()}
    decision = decide(prereg, SUBJECT.layers, measurements)
    seal = {"raw_sha256": "2" * 64, "canonical_sha256": "1" * 64}
    environment = {
        "subject_location": "fixtures/tiny",
        "code_sha256": None,
        "settings": None,
        "python": "3",
        "platform": "here",
        "started": "now",
        "ended": "then",
    }
    document = decision_json(decision, subject=SUBJECT, seal=seal, environment=environment, errors=[])
    return postmortem(decision, document)


def test_a_kill_is_told_with_its_numbers() -> None:
    text = page([0.3, 0.9])
    assert text.startswith("# E-test, design 4: KILLED\n")
    assert "Trigger: **narrow-d threshold unmet at 2-layer checkpoint**." in text
    assert "| narrow_d@2-layer | KILLED | 0.500 | 0.700 | -0.200 | 0.500 to 0.500 | 0.147 to 0.853 |" in text
    assert "| wide_d@2-layer | NOT_RUN (after the kill) |" in text
    assert "| 0 | 0.600 | 0.500 |" in text
    assert "Nothing is narrow." in text  # the prediction, as registered
    assert "- not measured: wide_d[L00-L03], narrow_d[L02-L03]" in text


def test_a_borderline_gate_is_named_and_no_other() -> None:
    near = page([0.3, 0.4005], within=0.001)
    reach = "within the registered tolerances it may be 0.500 to 1.000 and come out otherwise"
    assert f"narrow_d@2-layer is borderline: {reach}, so that agreement is not promised." in near
    assert near.count("borderline") == 1
    assert "borderline" not in page([0.3, 0.9], within=0.001)


def test_the_cost_is_summed_by_what_was_measured() -> None:
    cells = [Cell("claim", "narrow_d", 0), Cell("claim", "narrow_d", 1), Cell("control", "a"), Cell("control", "b")]
    found = {cell: replace(a_measurement(cell, [0.1]), seconds=2.0 + (cell.layer or 0)) for cell in cells}
    decision = decide(a_preregistration([a_claim()]), SUBJECT.layers, {})
    told = cost.section(Told(decision, {}, found))
    assert told is not None
    text = as_markdown(told)
    assert "| claim | `narrow_d` | 2 | 5.0 |\n| control | `every control` | 2 | 4.0 |" in text
    assert "9 s in all" in text
    assert cost.section(Told(decision, {}, {})) is None


def test_sensitivity_shows_an_estimator_that_disagrees() -> None:
    text = page([0.3, 0.9])
    assert "| narrow_d@2-layer | energy_rank_95 | missed | 0.500 | 0.600 | 0.777 |" in text
    assert "| narrow_d@2-layer | stable_rank | met | 1.000 | 0.200 | 0.777 |" in text


def test_without_a_kill_no_trigger_is_told() -> None:
    text = page([0.1, 0.1])
    assert text.startswith("# E-test, design 4: INCOMPLETE\n")
    assert "No registered kill rule fired: 6 registered cells were not measured, first wide_d[L00]." in text
    assert "Trigger" not in text


def test_runs_of_layers_are_shortened() -> None:
    cells = [Cell("claim", "narrow_d", layer) for layer in (0, 1, 2, 5, 7, 8)] + [Cell("control", "null")]
    assert cell_ranges(cells) == ["narrow_d[L00-L02, L05, L07-L08]", "null"]


def test_what_people_wrote_survives(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.md"
    first = with_written_part("generated\n", path)
    assert first.startswith(f"generated\n\n{MARKER}")
    path.write_text(first + "\nLayer 2 is odd.\n")
    second = with_written_part("generated anew\n", path)
    assert second.startswith("generated anew\n")
    assert second.endswith("\nLayer 2 is odd.\n")
    assert second.count(MARKER) == 1


def test_a_page_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.md"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(BadInput, match=r"postmortem\.md: cannot be read \(more than 67108864 bytes\); move it away"):
        with_written_part("generated", path)


def test_a_page_that_is_no_text_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.md"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput, match=r"postmortem\.md: cannot be read .*; move it away"):
        with_written_part("generated", path)
