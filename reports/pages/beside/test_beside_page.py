"""Two verdicts side by side: the numbers are those of the decisions, and no line is wider than a terminal."""

import re
from statistics import fmean

import pytest
from scipy import stats

from reports.base.number_table import Table, Value
from reports.pages.beside.beside_page import beside, beside_html, beside_text
from reports.pages.beside.conftest import side
from reports.pages.beside.side import Side
from reports.pages.beside.spectra_beside import at_shares
from reports.pages.report.test_page import outline
from reports.prereg.preregistration import Cell
from reports.testing.small_rules import of


def tables(a: Side, b: Side, section: str) -> dict[str, dict[Value, tuple[Value, ...]]]:
    """Caption -> row by its name, of one section."""
    parts = beside(a, b)[section].parts
    return {part.caption: {row[0]: row for row in part.rows} for part in parts if isinstance(part, Table)}


def test_gates_are_beside_those_of_the_same_claim(a: Side, b: Side) -> None:
    (rows,) = tables(a, b, "gates").values()
    observed = [{gate.gate.id: gate.rule.observed for gate in one.judged.decision.gates if gate.rule} for one in (a, b)]
    name, ours, theirs, change, errors, statuses = rows["narrow_d@2-layer"]
    assert (ours, theirs) == (observed[0]["narrow_d@2-layer"], observed[1]["narrow_d@2-layer"])
    assert change == pytest.approx(observed[1][str(name)] - observed[0][str(name)])
    assert isinstance(errors, float)
    assert errors > 0.0
    assert statuses == "KILLED / MET"
    assert rows["narrow_d@all"][4] is None  # two censuses
    assert rows["narrow_d@all"][3] == pytest.approx(observed[1]["narrow_d@4-layer"] - observed[0]["narrow_d@4-layer"])


def test_of_the_same_weights_nothing_is_apart(a: Side) -> None:
    again = side("again")
    (rows,) = tables(a, again, "gates").values()
    assert {row[3] for row in rows.values()} == {0.0}
    assert {row[4] for row in rows.values()} == {None}


def test_layers_are_apart_by_welch(a: Side, b: Side) -> None:
    rows = tables(a, b, "layers")["narrow_d: mean energy_rank_95 by layer"]
    for layer, (_, ours, theirs, change, errors) in rows.items():
        values = [
            one.judged.measurements[Cell("claim", "narrow_d", int(str(layer)))].measured.samples["energy_rank_95"]
            for one in (a, b)
        ]
        assert (ours, theirs) == (fmean(values[0]), fmean(values[1]))
        assert change == pytest.approx(fmean(values[1]) - fmean(values[0]))
        wanted = stats.ttest_ind(list(values[1]), list(values[0]), equal_var=False).statistic
        assert errors == pytest.approx(wanted)


def test_the_factors_are_those_of_the_decisions(a: Side, b: Side) -> None:
    (rows,) = tables(a, b, "factors").values()
    pooled = next(one.decomposition for one in reversed(a.judged.decision.gates) if one.decompositions)
    assert pooled is not None
    assert [row[1] for row in rows.values()] == [pooled.lift, pooled.random, pooled.noise_fit, pooled.structure]
    assert {row[3] for row in rows.values()} == {0.0}


def test_spectra_are_means_over_layers(a: Side, b: Side) -> None:
    found = tables(a, b, "spectra")
    assert list(found) == [f"{name}: singular value over RMS" for name in ("gate_proj", "up_proj", "down_proj")]
    rows = found["gate_proj: singular value over RMS"]
    assert rows[0.5][1:] == pytest.approx((0.8, 0.8, 0.0, 0.95, 0.95))  # between 0.6 and 1.0, 0.8 and 1.1
    assert rows[0.01][1:4] == pytest.approx((0.2, 0.2, 0.0))  # flat below the first point


def test_a_curve_between_its_points() -> None:
    assert at_shares((1.0, 3.0), (0.0, 0.25, 0.5, 0.75, 1.0)) == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_what_one_of_them_lacks_is_a_dash(a: Side) -> None:
    less = side("less", lambda cell, one: None if cell.name == "narrow_d" and cell.layer == 3 else one)
    assert tables(a, less, "layers")["narrow_d: mean energy_rank_95 by layer"][3][2:] == (None, None, None)
    (rows,) = tables(a, less, "gates").values()
    assert rows["narrow_d@all"][2:] == (None, None, None, "KILLED / NOT RUN")


def test_rules_that_ask_otherwise_are_named(a: Side) -> None:
    from reports.judge.decision import decide
    from reports.judge.judged_verdict import Judged
    from reports.testing.figured_rung import a_rung, measured_rung
    from reports.testing.small_rules import SUBJECT

    _, measurements = measured_rung(structural=True)
    other = Side(
        "structural", Judged(decide(a_rung(structural=True), SUBJECT.layers, measurements), SUBJECT, measurements)
    )
    text = " ".join(beside_text(a, other).split())
    assert "beta_lift: A asks mean lift ≥ 1.5" in text
    assert "B asks mean structure ≥ 1.05" in text
    (rows,) = tables(a, other, "gates").values()
    assert rows["beta_lift@all"][3:5] == (None, None)  # not the same number
    assert not any("beta_lift" in caption for caption in tables(a, other, "layers"))


def test_a_terminal_of_80_columns_holds_it(a: Side, b: Side) -> None:
    text = beside_text(a, b)
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^narrow_d@2-layer +0\.4167 +\S+ +\S+ +\S+ +KILLED / MET$", text, re.MULTILINE)
    assert max(map(len, beside_text(a, b, 40).splitlines())) <= 40


def test_the_page_is_one_file_and_well_formed(a: Side, b: Side) -> None:
    html = beside_html(a, Side("<script>", b.judged))
    found = outline(html)
    assert (found.faults, found.open) == ([], [])
    assert len(found.ids) == len(set(found.ids))
    assert "<script" not in html
    assert set(re.findall(r"https?:[^\"'\s)]*", html)) <= {"http://www.w3.org/2000/svg"}
    assert html.count("<svg") == 2 + 3  # two claims by layer, three projections
    assert 'download="compare-layers_narrow_d.csv"' in html


def test_where_nothing_was_measured_only_the_gates_are_told(a: Side) -> None:
    empty = side("empty", lambda cell, one: of(cell, one.measured) if cell.kind == "control" else None)
    assert set(beside(a, empty)) == {"verdicts", "gates"}
    assert "<svg" not in beside_html(a, empty)
