"""The board shows every verdict, says of one that does not hold why, and is the same bytes every time."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.judge.decision import Decision, decide
from reports.judge.document import decision_json
from reports.prereg.measurement import Measurement
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell, NullSubject, Preregistration
from reports.prereg.rules import MeanAtLeast, MeanAtMost
from reports.prereg.samples import OF_NULL, Measured, Samples
from reports.published.published import DECISION
from reports.published.scoreboard import (
    GATES,
    VERDICTS,
    Standing,
    in_order,
    null_text,
    scoreboard_html,
    scoreboard_markdown,
    standing_of,
    standings,
    with_foundations,
)
from reports.testing.publication_specimens import edit_decision, edit_measurement, edit_text, killed, publish
from reports.testing.small_rules import (
    SHIPPED,
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_preregistration,
    a_trap,
    of,
    sampled,
)

TRAP = a_trap("off_rotation", MeanAtMost("off_gain", 1.03), claim="narrow_d")
BARE = a_preregistration([a_claim(sensitivity=("stable_rank",))], [a_control("planted")], traps=[TRAP])
PREREG = replace(BARE, subject=replace(BARE.subject, layer_sha256=("a" * 64,) * 4))
KILLED, MET = [0.3, 0.9], [0.3, 0.3]


Held = tuple[Decision, dict[str, Any]]  # and its document


def document(
    values: list[float] = KILLED, prereg: Preregistration = PREREG, gain: float = 1.0, exploratory: bool = False
) -> Held:
    cells = {Cell("control", "planted"): [0.1, 0.1]}
    cells |= {Cell("claim", "narrow_d", layer): values for layer in range(4)}
    found: dict[Cell, Measurement] = {
        cell: a_measurement(cell, measured, stable_rank=[0.1, 0.1]) for cell, measured in cells.items()
    }
    for layer in range(4):
        cell = Cell("trap", "off_rotation", layer)
        found[cell] = of(cell, sampled({"off_gain": (gain,)}))
    decision = decide(prereg, range(4), found)
    return decision, decision_json(
        decision,
        subject=replace(SUBJECT, exploratory=exploratory),
        seal={},
        environment={"ended": "2026-11-25T20:46:00+00:00"},
        errors=[],
    )


def board(**documents: Held) -> tuple[Standing, ...]:
    """`board(name=document, …)`: the board of verdicts that hold."""
    return in_order([standing_of(name, *held) for name, held in documents.items()])


class Page(HTMLParser):
    """What a reader of the page gets: cells by table, ids and links, and whatever is fetched from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())


def test_a_verdict_stands_with_its_numbers() -> None:
    (one,) = board(a=document())
    assert one.cells[:5] == ("E-test", "4", "tiny", "KILLED", "narrow-d threshold unmet at 2-layer checkpoint")
    assert one.cells[5:7] == ("—", "controls: 1 of 1 sound; traps: 2 of 2 sound")
    assert one.cells[7:10] == ("narrow_d@2-layer", "0.0", "2026-11-25")
    first, second = one.gates
    assert first.cells == (
        "narrow_d@2-layer",
        "KILLED",
        "energy_rank_95 < 0.4 for at least 70% of matrices",
        "0.5000",
        "0.7000",
        "0.7770, median 0.6000",
        "0.1466 to 0.8534",
        "4",
        "fragile: met under stable_rank (1.000)",
    )
    assert second.remarks == "after the kill, exploratory; fragile: met under stable_rank (1.000)"


def test_draft_exploratory_and_misfired_are_marked() -> None:
    (one,) = board(a=document(MET, replace(PREREG, draft=True), gain=1.2, exploratory=True))
    assert one.subject == "tiny (draft, exploratory)"
    assert (one.verdict, one.trigger) == ("INCONCLUSIVE", "—")
    out = "".join(
        f"; off_rotation[L{layer:02d}] is OUT OF LINE: mean off_gain 1.2000, at most 1.03" for layer in range(4)
    )
    assert one.instruments.endswith(f"traps: 0 of 4 sound{out}")
    assert one.fragile == "no"


def test_digests_that_were_not_sealed_are_marked() -> None:
    (one,) = board(a=document(prereg=BARE))
    assert one.subject == "tiny (digests not sealed)"


def test_a_gate_that_was_not_judged_has_dashes() -> None:
    prereg = replace(PREREG, controls=(*PREREG.controls, a_control("absent")))
    (one,) = board(a=document(MET, prereg))
    assert one.verdict == "INCOMPLETE"
    assert one.gates[0].cells[1] == "NOT_RUN"
    assert one.gates[0].remarks == "—"


def test_what_a_rung_rests_on_is_told_with_its_verdict_on_the_same_subject() -> None:
    """By the latest design on the board; another subject's verdict is none of this one."""
    above = replace(PREREG, rung="G-above", rests_on=("E-test", "W-absent"))
    found = board(a=document(prereg=replace(PREREG, design=3), values=MET), b=document(), d=document(MET, above))
    (one,) = [one for one in found if one.rung == "G-above"]
    assert one.rests_on == "E-test: KILLED; W-absent: no verdict here"
    assert "| SURVIVED | — | E-test: KILLED; W-absent: no verdict here |" in scoreboard_markdown(found)
    assert ("td", {"class": "KILLED"}) in Page(scoreboard_html(found)).tags
    assert {one.rests_on for one in found if one.rung == "E-test"} == {"—"}
    elsewhere = [replace(other, subject="another") if other.rung == "E-test" else other for other in found]
    (one,) = [one for one in with_foundations(elsewhere) if one.rung == "G-above"]
    assert one.rests_on == "E-test: no verdict here; W-absent: no verdict here"


def test_what_noise_has_stands_beside_what_is_observed() -> None:
    """Of a rung of structure its null subject, draw by draw; else the metric's value on noise, and if that suffices."""
    rule = MeanAtLeast("gain", 1.05)
    prereg = a_preregistration([a_claim("gain", rule, checkpoints=(4,))], [a_control("planted", "gain")])
    prereg = replace(prereg, asks="structure", null_subject=NullSubject(3, seed=1), tolerances={"gain": 0.0})
    drawn = Samples((1.0, 1.0, 1.1, 1.1, 1.2, 1.2), "gain", "-", ("draw", "expert"))
    own = Samples((1.3, 1.3), "gain", "-", ("expert",))
    measured = Measured({"gain": own, OF_NULL + "gain": drawn}, {"expert": ("0", "1"), "draw": ("0", "1", "2")})
    found = {cell: of(cell, measured) for cell in (Cell("claim", "gain", layer) for layer in range(4))}
    found[Cell("control", "planted")] = of(Cell("control", "planted"), sampled({"gain": (1.3,)}))
    (gate,) = decide(prereg, range(4), found).gates
    assert null_text(gate) == "1.0000 to 1.2000, met by 2 of 3"
    noisy = {cell: replace(one, measured=sampled({"gain": (1.3,)}, {"gain": 1.1})) for cell, one in found.items()}
    (gate,) = decide(replace(prereg, asks=None, null_subject=None), range(4), noisy).gates
    assert null_text(gate) == "1.1000, meets it"


def test_the_cost_is_that_of_the_measured_cells(sealed: Path, tmp_path: Path) -> None:
    prereg = load_preregistration(sealed)
    measurements = killed(prereg, lambda layer: f"{layer:064d}")
    publish(tmp_path / "one", sealed, measurements)
    (one,) = standings(tmp_path, sealed.parent)
    assert one.error is None
    assert one.seconds == pytest.approx(sum(measurement.seconds for measurement in measurements.values()))
    assert one.seconds > 0.0


def test_a_borderline_gate_is_marked() -> None:
    near = replace(PREREG, tolerances={"energy_rank_95": 0.11, "stable_rank": 0.11})
    (one,) = board(a=document([0.3, 0.3], near))
    assert one.gates[0].remarks.startswith("borderline: within the registered tolerances it may be 0.000 to 1.000 and ")


def test_what_does_not_hold_stays_on_the_board_and_says_why(sealed: Path, tmp_path: Path) -> None:
    prereg, verdicts = load_preregistration(sealed), tmp_path / "verdicts"
    verdicts.mkdir()

    def committed(name: str) -> Path:
        publish(verdicts / name, sealed, killed(prereg, lambda layer: f"{layer:064d}"))
        return verdicts / name / DECISION

    committed("z")
    edit_text(committed("e_edited"), '"KILLED"', '"SURVIVED"')
    edit_decision(committed("d_stale").parent, lambda document: document.update(rule_sha256="f" * 64))
    edit_text(committed("c_old"), '"schema": 7', '"schema": 1')
    (verdicts / "b_empty").mkdir()
    committed("a_cut").write_text("{")
    (committed("f_forged").parent / "report.html").write_text("SURVIVED")
    edit_measurement(committed("g\x1b[2J").parent, "narrow_d[L00]", lambda entry: entry.update(samples={}))
    found = standings(verdicts, sealed.parent)
    names = ["z", "a_cut", "b_empty", "c_old", "d_stale", "e_edited", "f_forged", "g\\x1b[2J"]
    assert [one.folder for one in found] == names
    cut, empty, old, rule, edit, forged, samples = (one.error or "" for one in found[1:])
    assert cut.startswith("a_cut/decision.json: not valid JSON (Expecting property name")
    assert empty.startswith("b_empty/decision.json: cannot be read (No such file or directory)")
    assert old.startswith("c_old/decision.json: not a decision.json of schema")
    assert rule.startswith("d_stale: decision.json: its rule is ffffffffffff…")
    assert edit.startswith("e_edited/decision.json: edited by hand, its core_sha256 does not hold")
    assert forged.startswith("f_forged/report.html: not published")
    assert samples.startswith("g\\x1b[2J/measurements.jsonl.gz line ")
    assert all(one.error in Page(scoreboard_html(found)).text for one in found if one.error is not None)
    for text in (scoreboard_markdown(found), scoreboard_html(found)):
        assert str(tmp_path) not in text
        assert "\x1b" not in text


def test_an_exploratory_subject_is_no_markup() -> None:
    hostile = document(exploratory=True)
    hostile[1]["subject"]["name"] = "<b>[x](http://y)`*"
    text = scoreboard_markdown(board(a=hostile))
    assert text.count(r"\<b\>\[x\](http://y)\`\* (exploratory)") == 2
    assert "`*" not in text.replace(r"\`\*", "")


def test_an_empty_board_says_so(tmp_path: Path) -> None:
    found = standings(tmp_path / "absent", SHIPPED.parent)
    assert found == ()
    assert "No verdict here holds." in scoreboard_markdown(found)
    assert "No verdict here holds." in scoreboard_html(found)


def test_a_preregistration_that_cannot_be_read_is_not_passed_over(path: Path, tmp_path: Path) -> None:
    path.write_text("rung = ")
    with pytest.raises(BadInput):
        standings(tmp_path, path.parent)


@given(st.permutations(range(5)))
def test_order_is_by_rung_design_and_subject_whatever_order_they_are_read_in(order: list[int]) -> None:
    sorts = [("A-test", 5, "tiny"), ("E-test", 4, "tiny"), ("E-test", 4, "tiny (exploratory)"), ("E-test", 10, "tiny")]
    expected = [Standing("z", None, rung, design, subject) for rung, design, subject in sorts]
    expected.append(Standing("a", "edited"))
    assert list(in_order([expected[index] for index in order])) == expected


def test_the_same_verdicts_are_the_same_bytes_in_the_same_order() -> None:
    def pages(**documents: Held) -> tuple[str, str, list[tuple[str, int]]]:
        found = board(**documents)
        return scoreboard_markdown(found), scoreboard_html(found), [(one.rung, one.design) for one in found]

    later = document(prereg=replace(PREREG, design=5))
    assert pages(a=document(), b=later) == pages(b=later, a=document())
    assert pages(a=later, b=document())[2] == [("E-test", 4), ("E-test", 5)]


def test_the_page_is_accessible_and_needs_nothing_else() -> None:
    page = Page(scoreboard_html(board(a=document(), b=document(MET))))
    assert ("html", {"lang": "en"}) in page.tags
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") == 3
    assert tags.count("h1") == tags.count("main") == 1
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")
    assert tags.count("th") == len(VERDICTS) + 2 * len(GATES) + 2 + 4  # headers, then verdicts and gates
    regions = [attributes for _, attributes in page.tags if attributes.get("role") == "region"]
    assert all(region["aria-label"] and region["tabindex"] == "0" for region in regions)
    assert len(regions) == 3
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {str(attributes["href"]) for tag, attributes in page.tags if tag == "a"}
    assert {link.removeprefix("#") for link in links} <= ids
    assert re.search(r"https?:|url\(", scoreboard_html(board(a=document()))) is None


def test_every_text_is_escaped() -> None:
    hostile = "<script>alert('1 | 2')</script>"
    (one,) = board(a=document(prereg=replace(PREREG, rung=hostile)))
    assert "<script>" not in scoreboard_html([one])
    assert hostile in Page(scoreboard_html([one])).text
    (row,) = [line for line in scoreboard_markdown([one]).splitlines() if line.startswith("| <script>")]
    assert "1 \\| 2" in row
