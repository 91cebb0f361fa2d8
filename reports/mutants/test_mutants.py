"""The driver can tell a mutant that nobody notices, and one that breaks nothing any more."""

from collections import Counter
from dataclasses import replace

import pytest

from reports.mutants.driver import Result, all_tried, closing_lines, judged, result_table
from reports.mutants.every import MUTANTS
from reports.mutants.mutant import Mutant

SPANS = Mutant(
    "a span counts its end twice",
    "base/spans.py",
    "number + 1 not in numbers",
    "number + 2 not in numbers",
    ("base/test_spans.py",),
)
HARMLESS = replace(SPANS, name="a docstring is reworded", old="as people write them", new="as they are written")


def test_each_name_is_given_once_and_every_part_of_the_decision_is_broken() -> None:
    assert [name for name, count in Counter(mutant.name for mutant in MUTANTS).items() if count > 1] == []
    assert {
        "judge/gates.py", "judge/controls.py", "prereg/metrics.py", "judge/decision.py", "judge/document.py",
        "compare/reproduce.py", "published/rejudge.py", "prereg/preregistration.py", "judge/conclusion.py",
        "judge/secondary.py", "study.py", "seals/seal.py", "seals/ledger.py", "store/store.py",
    } <= {mutant.file for mutant in MUTANTS}  # fmt: skip


def test_a_broken_rule_is_noticed_by_name_and_a_harmless_change_survives() -> None:
    broken, result = all_tried([SPANS, HARMLESS])
    assert (broken.dead, broken.fault) == (True, None)
    assert str(broken.noticed_by).startswith("test_")
    assert (result.dead, result.noticed_by, result.fault) == (False, None, None)
    assert "| base/spans.py | a docstring is reworded | **survives** |" in result_table([result])
    assert closing_lines([result], 3.0) == [
        "0 of 1 broken rules are noticed, 3 s", "not noticed: base/spans.py: a docstring is reworded",
    ]  # fmt: skip


def test_a_mutant_whose_text_is_gone_is_no_mutant() -> None:
    gone, often = all_tried([replace(SPANS, old="a text that stands nowhere"), replace(SPANS, old="numbers")])
    assert (gone.dead, gone.fault) == (False, "its old text stands 0 times in base/spans.py, expected once")
    assert not often.dead
    assert str(often.fault).startswith("its old text stands ")


@pytest.mark.parametrize(
    ("code", "output", "expected"),
    [
        (1, "FAILED reports/test_a.py::test_b[x 1] - Error: a - b\n1 failed", ("test_b[x 1]", None)),
        (1, "FAILED reports/test_a.py::test_b\n1 failed", ("test_b", None)),
        (0, "3 passed", (None, None)),
        (1, "ERROR reports/test_a.py::test_b\n1 error", (None, "pytest ended with 1: 1 error")),
        (2, "ERROR reports/test_a.py - SyntaxError\n1 error\n", (None, "pytest ended with 2: 1 error")),
        (4, "", (None, "pytest ended with 4: nothing")),
    ],
)
def test_only_a_test_that_fails_notices(code: int, output: str, expected: tuple[str | None, str | None]) -> None:
    assert judged(SPANS, code, output, 1.0) == Result(SPANS, *expected, 1.0)
