"""What the page says, to whom, and that it says the same every time."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from reports.base.number_table import Table, as_csv
from reports.judge.decision import decide
from reports.pages.figures.all_figures import figures
from reports.pages.rendering import as_markdown, number, table_html
from reports.pages.report import write_report
from reports.pages.report.cells_section import anchor, cells_section
from reports.pages.report.page import report_html
from reports.pages.section import Section, Told, sections
from reports.prereg.preregistration import Cell, running_order
from reports.testing.figured_rung import ENVIRONMENT, document_of, measured_rung, narrow
from reports.testing.small_rules import of
from reports.theorems.proof_files import proof_record
from reports.theorems.theorem_list import THEOREMS
from reports.theorems.theorems import proof_status

HOSTILE = '<script>alert("$x$")</script> & co'
VOID = {"meta", "path", "use", "rect", "br", "stop"}


class Outline(HTMLParser):
    """Headings, ids, and whether every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [str(value) for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [str(value) for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def outline(html: str) -> Outline:
    found = Outline()
    found.feed(html)
    return found


def text(path: Path) -> str:
    return path.read_text("utf8")


@pytest.mark.parametrize("run", ["complete", "stopped"])
def test_the_page_is_well_formed(run: str, request: pytest.FixtureRequest) -> None:
    found = outline(text(request.getfixturevalue(run)[0]))
    assert (found.faults, found.open) == ([], [])
    assert len(found.ids) == len(set(found.ids))
    assert found.headings[0] == 1
    steps = [after - before for before, after in zip(found.headings, found.headings[1:], strict=False)]
    assert max(steps) == 1  # no level is skipped


def test_the_outline_can_fail() -> None:
    found = outline('<h1 id="a"></h1><h3 id="a"></h2>')
    assert (found.faults, found.headings, found.ids) == (["h2"], [1, 3], ["a", "a"])


@pytest.mark.parametrize("run", ["complete", "stopped"])
def test_nothing_is_loaded_from_elsewhere(run: str, request: pytest.FixtureRequest) -> None:
    html = text(request.getfixturevalue(run)[0])
    assert set(re.findall(r"https?:[^\"'\s)]*", html)) <= {"http://www.w3.org/2000/svg"}
    assert "<script" not in html
    assert not re.search(r"@import|<link|<img|\bsrc=", html)
    assert set(re.findall(r"(?:href=\"|url\()(#|data:text/csv;charset=utf-8,|[^\"]*)", html)) == {
        "#",
        "data:text/csv;charset=utf-8,",
    }


def test_the_verdict_comes_first(complete: tuple[Path, ...]) -> None:
    html = text(complete[0])
    decision, _ = measured_rung()
    document = document_of(decision)
    assert "<title>KILLED: E-test, design 4</title>" in html
    said = [
        "KILLED</span> narrow-d threshold unmet at 2-layer checkpoint</h1>",
        "It does not say that weights or keys cannot be compressed",
        str(document["core_sha256"]),
        ">narrow_d@2-layer</th>",
        "Nothing is narrow.",
        "controls: 1 of 1 sound",
        "traps: 5 of 5 sound",
        "sealed subject <code>",
        "Figures</h2>",
        "Cells</h2>",
    ]
    places = [html.index(part) for part in said]
    assert places == sorted(places)


def test_the_report_says_of_each_theorem_whether_a_prover_and_this_run_checked_it(complete: tuple[Path, ...]) -> None:
    html = text(complete[0])
    for theorem in THEOREMS:
        (row,) = re.findall(rf'<tr><th scope="row">{theorem.name}</th>(.+?)</tr>', html)
        assert f">{proof_status(theorem, proof_record())}</td>" in row
    assert re.search(r">rank_order</th><td[^>]*>machine-checked</td><td[^>]*>(held|not checked in this run)</td>", html)


def test_the_gate_table_holds_the_numbers_of_the_document(complete: tuple[Path, ...]) -> None:
    html = text(complete[0])
    decision, _ = measured_rung()
    document = document_of(decision)
    for gate in (*document["gates"], *document["after_kill"]):
        (row,) = re.findall(rf"<tr><th scope=\"row\">{gate['claim']}@{gate['checkpoint']}-layer</th>(.+?)</tr>", html)[
            :1
        ]
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        assert cells[1:3] == [number(gate["observed"]), number(gate["threshold"])]
        assert cells[4:6] == [
            number(tuple(gate["reach"])),
            "census" if gate["interval"] is None else number(tuple(gate["interval"])),
        ]
        assert cells[-1] == str(gate["n"])


def test_what_was_not_measured_is_said(stopped: tuple[Path, ...]) -> None:
    html = text(stopped[0])
    assert "narrow_d was not measured at layers 2-3, so nothing is drawn there." in html
    for what in ("a lift", "a decomposition of the lift", "a convergence curve", "the model at one bit per weight"):
        assert f"Nothing to draw: {what} was not measured in this run." in html
    assert "not measured: " in html  # among the deviations


def test_instruments_that_did_not_run_are_not_called_unsound(stopped: tuple[Path, ...]) -> None:
    html = text(stopped[0])
    assert "controls: 1 of 1 sound" in html
    assert "traps: none of 5 ran" in html
    assert "OUT OF LINE" not in html


def test_without_a_kill_the_page_says_what_is_missing() -> None:
    decision, measurements = measured_rung(lambda _: False)
    html = report_html(decision, document_of(decision), measurements)
    count = len(decision.missing)
    assert f"INCOMPLETE</span> {count} registered cells were not measured, first planted_narrow_d</h1>" in html
    assert "Nothing is decided: registered cells were not measured" in html


def test_what_another_estimator_turns_is_said_before_the_gates() -> None:
    decision, measurements = measured_rung()
    gate = decision.gates[0]
    turned = replace(gate.sensitivity[0], met=True, observed=0.75, noise_meets=False)
    fragile = replace(decision, gates=(replace(gate, sensitivity=(turned,)), *decision.gates[1:]))
    html = report_html(fragile, document_of(fragile), measurements)
    said = '<p class="fragile">narrow_d@2-layer is fragile: met under stable_rank (0.750)</p>'
    assert html.index(said) < html.index("What fired</h2>")
    noisy = replace(
        decision, gates=(replace(gate, sensitivity=(replace(turned, noise_meets=True),)), *decision.gates[1:])
    )
    html = report_html(noisy, document_of(noisy), measurements)
    assert "narrow_d@2-layer is fragile" not in html
    assert "narrow_d@2-layer: uninformative, noise itself meets the rule under stable_rank (noise 0.500)." in html


def test_a_control_out_of_line_is_inconclusive() -> None:
    decision, measurements = measured_rung()
    cell = Cell("control", "planted_narrow_d")
    wrong = {**measurements, cell: of(cell, narrow(0.9))}
    again = decide(decision.prereg, decision.layers, wrong)
    html = report_html(again, document_of(again), wrong)
    assert "controls: 0 of 1 sound; planted_narrow_d is OUT OF LINE: obtained KILLED" in html


def test_names_are_text_and_nothing_else() -> None:
    decision, measurements = measured_rung()
    prereg = decision.prereg
    claims = tuple(replace(claim, statement=HOSTILE) for claim in prereg.claims)
    (secondary,) = prereg.secondaries
    renamed = replace(secondary, dense=replace(secondary.dense, name=HOSTILE))
    hostile = replace(
        decision,
        prereg=replace(prereg, title=HOSTILE, prediction=HOSTILE, claims=claims, secondaries=(renamed,)),
        secondaries=tuple(replace(one, secondary=renamed) for one in decision.secondaries),
    )
    document = document_of(hostile, {**ENVIRONMENT, "subject_location": HOSTILE})
    document["subject"]["name"] = HOSTILE
    html = report_html(hostile, document, measurements)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(") > 5
    assert (outline(html).faults, outline(html).open) == ([], [])


def test_the_same_inputs_give_the_same_bytes(complete: tuple[Path, ...], tmp_path: Path) -> None:
    decision, measurements = measured_rung()
    again = write_report(tmp_path, decision, document_of(decision), dict(reversed(measurements.items())))
    assert [path.name for path in again] == [path.name for path in complete]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in complete]


def test_other_inputs_give_other_bytes(complete: tuple[Path, ...], stopped: tuple[Path, ...]) -> None:
    assert complete[0].read_bytes() != stopped[0].read_bytes()


def test_every_panel_is_a_file_of_each_kind(complete: tuple[Path, ...]) -> None:
    decision, measurements = measured_rung()
    panels = [f"{figure.name}-{panel.name}" for figure in figures(decision, measurements) for panel in figure.panels]
    assert {path.name for path in complete[1:]} == {f"{panel}.{kind}" for panel in panels for kind in ("svg", "png")}
    assert {path.parent.name for path in complete[1:]} == {"figures"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in complete if path.suffix == ".png")


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "—"), (3, "3"), (0.3489583333, "0.3490"), ("layer 1", "layer 1"), (2.5e-7, "2.500e-07")],
)
def test_numbers_as_they_are_written(value: float | str | None, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.4, "0.4000"),
        (1.0, "1.000"),
        (-12.346, "-12.35"),
        (1234.4, "1234"),
        (9999.6, "10000"),
        (123456.0, "123500"),
        (9_999_600.0, "1.000e+07"),
        (0.00012346, "0.0001235"),
        (-0.0, "0"),
        ((0.25, 1.5), "0.2500 to 1.500"),
    ],
)
def test_four_digits_whatever_the_size(value: float | tuple[float, float], said: str) -> None:
    assert number(value) == said


def unnamed_units(tables: Iterable[Table]) -> list[str]:
    """Heads of numbers that are not whole, without a unit."""
    return [
        f"{one.caption}: {head}"
        for one in tables
        for place, head in enumerate(one.heads)
        if any(isinstance(row[place], float | tuple) for row in one.rows) and not head.endswith("]")
    ]


def every_table() -> Iterator[Table]:
    decision, measurements = measured_rung()
    told = Told(decision, document_of(decision), measurements)
    shown = [*sections(told).values(), cells_section(told, ())]
    yield from (part for section in shown for part in (*section.parts, *section.details) if isinstance(part, Table))
    yield from (one for figure in figures(decision, measurements) for one in figure.tables)


def test_every_number_has_its_unit_in_the_head_of_its_column() -> None:
    found = list(every_table())
    assert len(found) > 20
    assert unnamed_units(found) == []
    assert "KL [nats]" in {head for one in found for head in one.heads}


def test_a_unit_that_is_missing_is_found() -> None:
    bare = Table("a table", ("layer", "β"), ((0, 0.8),))
    assert unnamed_units([bare]) == ["a table: β"]
    assert unnamed_units([replace(bare, unit="-")]) == []


def test_markdown_has_the_columns_and_digits_that_it_had() -> None:
    """Published pages are compared by the byte: units and four digits are HTML's alone."""
    table = Table("a table", ("layer", "β"), ((0, 0.81234),), unit="-", anchors=("narrow_d-L00",))
    assert as_markdown(Section("A", (table,))).endswith("| layer | β |\n| --- | --- |\n| 0 | 0.812 |")
    assert '<tr id="narrow_d-L00"><th scope="row"><a href="#narrow_d-L00">0</a></th><td class="n">0.8123</td></tr>' in (
        table_html(table)
    )


@pytest.mark.parametrize("run", ["complete", "stopped"])
def test_every_registered_cell_has_an_address(run: str, request: pytest.FixtureRequest) -> None:
    html = text(request.getfixturevalue(run)[0])
    decision, _ = measured_rung()
    found = outline(html).ids
    for cell in running_order(decision.prereg, decision.layers):
        assert anchor(cell) in found
    assert "narrow_d-L03" in found
    assert "narrow_d-L04" not in found


def test_the_numbers_of_a_figure_are_in_the_page_as_csv(complete: tuple[Path, ...]) -> None:
    decision, measurements = measured_rung()
    html = text(complete[0])
    links = re.findall(r'<a download="([^"]+)"[^>]*href="data:text/csv;charset=utf-8,([^"]*)">', html)
    tables = [table for figure in figures(decision, measurements) for table in figure.tables]
    assert len(links) == len(tables) == len({name for name, _ in links})
    wanted = {as_csv(table) for table in tables}
    assert {unquote(unescape(data)) for _, data in links} == wanted
    assert "E-test-v4-gates.csv" in {name for name, _ in links}
