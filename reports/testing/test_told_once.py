"""A section is told once: a new file appears on every page, and the pages say a thing in the same words."""

import html
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reports.base.by_file_name import file_names
from reports.base.number_table import Table
from reports.pages import sections as folder
from reports.pages.postmortem import postmortem
from reports.pages.rendering import as_html, as_lines, as_markdown, as_text
from reports.pages.report.page import report_html
from reports.pages.section import Bullets, Quoted, Section
from reports.plugin.artefacts import SessionResult
from reports.plugin.terminal import write_summary
from reports.testing.figured_rung import document_of, measured_rung

NEW = """
from reports.pages.section import Section

ORDER = 85


def section(told):
    verdict = told.decision.verdict
    return Section("Of the moon", (f"It is *full* at **{verdict}**.",), lines=(f"moon: full at {verdict}",))
"""
HOSTILE = "<b>\x1b[2J"


@pytest.fixture
def moon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file among the sections."""
    (tmp_path / "moon.py").write_text(NEW)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    file_names.cache_clear()
    yield
    file_names.cache_clear()
    sys.modules.pop(f"{folder.__name__}.moon", None)


class Terminal:
    """A reporter that keeps what it writes."""

    def __init__(self) -> None:
        self.text = ""

    def section(self, title: str) -> None:
        self.text += f"{title}\n"

    def write(self, text: str, **_: bool) -> None:
        self.text += text

    def write_line(self, text: str, **_: bool) -> None:
        self.text += f"{text}\n"


def told(near: bool = False) -> tuple[str, str, str]:
    """The postmortem, the report and the summary of a small rung, whose first gate may be near its threshold."""
    decision, measurements = measured_rung()
    first = decision.gates[0]
    if near and first.rule is not None:
        turned = replace(first.sensitivity[0], met=True, observed=0.75)
        gate = replace(first, rule=replace(first.rule, borderline=True), sensitivity=(turned,))
        decision = replace(decision, gates=(gate, *decision.gates[1:]))
    document, terminal = document_of(decision), Terminal()
    conclusion = SessionResult(decision, document, 1, (Path("run/decision.json"),), "", measurements)
    write_summary(terminal, conclusion, Path.cwd())  # type: ignore[arg-type]
    report = report_html(decision, document, measurements)
    return postmortem(decision, document, measurements), report, " ".join(terminal.text.split())


@pytest.mark.usefixtures("moon")
def test_a_new_section_is_one_file() -> None:
    page, report, terminal = told()
    assert "\n\n## Of the moon\n\nIt is *full* at **KILLED**.\n\n## Controls\n" in page
    assert '<li><a href="#moon">Of the moon</a></li>' in report
    assert '<h2 id="moon-title">Of the moon</h2>\n<p>It is <em>full</em> at <strong>KILLED</strong>.</p>' in report
    assert "moon: full at KILLED controls: 1 of 1 sound" in terminal


def test_without_its_file_it_is_nowhere() -> None:
    assert not any("moon" in page for page in told())


def test_every_page_has_the_same_words() -> None:
    page, report, terminal = told(near=True)
    (near,) = re.findall(r"^(narrow_d@2-layer is borderline: .+ is not promised)\.$", page, re.M)
    assert near in html.unescape(report)
    assert near in terminal
    for words in ("narrow_d@2-layer is fragile: met under stable_rank (0.750)", "traps: 5 of 5 sound"):
        assert words in report
        assert words in terminal


def test_what_a_section_holds_is_text_in_each_form() -> None:
    rows = ((HOSTILE, 0.123456789, None, (1.0, 2.5)),)
    table = Table(HOSTILE, ("what", "share", "none", "interval"), rows, {"share": "+.1%"})
    section = Section("A `b`", (r"1 \* 2 *x*", Bullets(("a",), ("b",)), Quoted(HOSTILE), table), (HOSTILE,))
    assert as_markdown(section).splitlines()[:6] == ["## A `b`", "", r"1 \* 2 *x*", "", "- a", "  - b"]
    assert as_markdown(section).splitlines()[-1] == r"| <b>\x1b[2J | +12.3% | — | 1.000 to 2.500 |"
    page = as_html("a", section, {})
    assert "<p>1 * 2 <em>x</em></p>\n<ul>\n<li>a<ul>\n<li>b</li>\n</ul></li>\n</ul>" in page
    assert '<td class="n">0.1235</td><td class="n">—</td><td class="n">1.000 to 2.500</td>' in page
    assert page.count(r"&lt;b&gt;\x1b[2J") == 4
    assert "<b>" not in page
    assert as_text(section, 80) == "A b\n  1 * 2 x"
    assert as_lines(section, 80) == [r"<b>\x1b[2J"]
