"""What one bit does to a model: the numbers by hand, then in the document, on the page and on the terminal."""

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from reports.base.markdown import quoted, table
from reports.judge.bootstrap import bootstrap_over_prompts
from reports.judge.decision import Decision, decide
from reports.judge.document import decision_json
from reports.judge.one_bit_damage import OneBitDamage, one_bit_damage, one_bit_json, one_bit_lines
from reports.judge.test_closing_gates import CLAIM, LAYERS, RUNG, UNROTATED, a_rung, decided, found, states_of
from reports.pages.postmortem import MARKER, postmortem, with_written_part
from reports.pages.rendering import as_markdown
from reports.pages.section import Told
from reports.pages.sections import one_bit_section
from reports.plugin.artefacts import SessionResult
from reports.plugin.terminal import COLUMNS, write_summary
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.store.store import Identity, open_store
from reports.testing.small_rules import SUBJECT, a_claim, a_one_bit, a_preregistration, generated, of_model
from reports.testing.test_schemas import validator

NLL = (1.0, 3.0, 2.0)
DOMAINS = {"domains": "prose\ncode\nprose"}
TEXTS = {
    **DOMAINS,
    "experts_implementation": "eager",
    "prose-00 prompt": "The cat",
    "prose-00 unquantised": " sat on",
    "prose-00 learned": " sat in",
    "code 01 prompt": "def f",
    "code 01 unquantised": "(x):",
    "code 01 learned": "(y):",
}


def claimed(layer: int, quantised: Mapping[str, Sequence[float]], texts: Mapping[str, str] = DOMAINS) -> Measurement:
    return of_model(Cell("claim", "one_bit_nll", layer), generated(NLL, quantised, texts))


def trapped(layer: int, quantised: Mapping[str, Sequence[float]], texts: Mapping[str, str] = DOMAINS) -> Measurement:
    return of_model(Cell("trap", "unrotated_one_bit", layer), generated(NLL, quantised, texts))


CELLS = (
    claimed(0, {"learned": (1.1, 3.0, 2.0), "learned_alone": (1.1, 3.0, 2.0)}),
    claimed(1, {"learned": (1.5, 3.0, 2.0), "learned_alone": (1.0, 3.3, 2.0), "unbiased": (1.0, 3.0, 5.0)}),
    trapped(1, {"unrotated": (2.0, 6.0, 4.0), "unrotated_alone": (1.0, 3.0, 2.6)}),
    claimed(3, {"learned": (1.5, 4.5, 2.0), "learned_alone": (0.7, 3.0, 2.0), "frozen": NLL}, TEXTS),
    trapped(
        3, {"unrotated": (4.0, 12.0, 8.0), "unrotated_alone": NLL}, {**DOMAINS, "prose-00 unrotated": " sat sat sat"}
    ),
)


def told(*cells: Measurement) -> OneBitDamage:
    outcome = one_bit_damage(RUNG, LAYERS, {cell.cell: cell for cell in cells})
    assert outcome is not None
    return outcome


# The numbers.


def test_the_unquantised_model_and_a_uniform_one() -> None:
    outcome = told(*CELLS)
    assert (outcome.claim, outcome.prompts, outcome.nll) == ("one_bit_nll", 3, 2.0)
    assert outcome.uniform == pytest.approx(math.log(1024))


def test_every_variant_of_claim_and_trap_at_each_scope() -> None:
    outcome = told(*CELLS)
    assert [(layers, [damage.variant for damage in damages]) for layers, damages in outcome.scopes] == [
        (2, ["learned", "unbiased", "unrotated"]), (4, ["learned", "frozen", "unrotated"]),
    ]  # fmt: skip
    inflations = [[damage.inflation for damage in damages] for _, damages in outcome.scopes]
    assert inflations == [pytest.approx([0.5 / 6, 0.5, 1.0]), pytest.approx([2.0 / 6, 0.0, 3.0])]
    damage = outcome.scopes[1][1][0]
    assert damage.nll == pytest.approx(8 / 3)
    assert (damage.kl, damage.same_top, damage.overlap) == (0.5, 0.5, 0.75)


def test_domains_by_hand() -> None:
    """prose: (1, 2) becomes (1.5, 2), 3.5/3; code: 3 becomes 4.5."""
    (learned, *_) = told(*CELLS).scopes[1][1]
    assert learned.by_domain == {"prose": pytest.approx(0.5 / 3), "code": pytest.approx(0.5)}


@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(0.1, 9), st.sampled_from("abc")), min_size=1, max_size=9))
def test_domains_make_up_the_whole(rows: list[tuple[float, float, str]]) -> None:
    before, after, domains = zip(*rows, strict=True)
    cell = of_model(
        Cell("claim", "one_bit_nll", 3), generated(before, {"learned": after}, {"domains": "\n".join(domains)})
    )
    ((_, (damage,)),) = told(cell).scopes
    parts = {domain: math.fsum(nll for nll, of in zip(before, domains, strict=True) if of == domain)
             for domain in damage.by_domain}  # fmt: skip
    whole = sum(parts[domain] * damage.by_domain[domain] for domain in parts) / math.fsum(before)
    assert damage.inflation == pytest.approx(whole, rel=1e-9, abs=1e-9)
    assert set(parts) == set(domains)


def test_a_domain_known_by_heart_has_no_inflation_and_breaks_nothing() -> None:
    before, after, domains = [0.0] + [1.0] * 40, [0.5] + [1.5] * 40, ["heart"] + ["prose"] * 40
    cell = of_model(
        Cell("claim", "one_bit_nll", 3), generated(before, {"learned": after}, {"domains": "\n".join(domains)})
    )
    ((_, (damage,)),) = told(cell).scopes
    assert damage.by_domain == {"prose": 0.5}


def test_without_domains_none_are_told() -> None:
    """Texts are for people: a verdict must not need them."""
    cell = claimed(3, {"learned": NLL})
    bare = replace(cell, measured=replace(cell.measured, texts={}))
    outcome = told(bare)
    assert [damage.by_domain for _, damages in outcome.scopes for damage in damages] == [{}]
    assert (outcome.experts_implementation, outcome.continuations) == ("not recorded", ())


def test_the_interval_is_the_paired_one_of_the_rung() -> None:
    (learned, *_) = told(*CELLS).scopes[1][1]
    expected, _ = bootstrap_over_prompts([(1.0, 1.5), (3.0, 4.5), (2.0, 2.0)], RUNG.interval)
    assert learned.interval == expected


def test_depths_are_those_measured_by_layer_alone_and_up_to_it() -> None:
    depths = told(*CELLS).depths
    assert [depth.layer for depth in depths] == [0, 1, 3]
    assert depths[0].upto == depths[0].alone == {"learned": pytest.approx(0.1 / 6)}
    assert depths[1].upto == {"learned": pytest.approx(0.5 / 6), "unrotated": pytest.approx(1.0)}
    assert depths[1].alone == {"learned": pytest.approx(0.3 / 6), "unrotated": pytest.approx(0.6 / 6)}
    assert depths[2].alone == {"learned": pytest.approx(-0.3 / 6), "unrotated": 0.0}


def test_continuations_of_claim_and_trap_stand_side_by_side() -> None:
    assert told(*CELLS).continuations == (
        {"id": "prose-00", "prompt": "The cat", "unquantised": " sat on", "learned": " sat in",
         "unrotated": " sat sat sat"},
        {"id": "code 01", "prompt": "def f", "unquantised": "(x):", "learned": "(y):"},
    )  # fmt: skip


def test_a_store_that_sorts_names_changes_no_order_that_people_read(tmp_path: Path) -> None:
    store = open_store(tmp_path, Identity("0" * 64, {}))
    for cell in CELLS:
        store.put(cell)
    outcome = told(*store.measurements().values())
    assert [list(texts) for texts in outcome.continuations] == [
        ["id", "prompt", "unquantised", "learned"], ["id", "prompt", "unquantised", "learned", "unrotated"],
    ]  # fmt: skip
    assert [[damage.variant for damage in damages] for _, damages in outcome.scopes] == [
        ["learned", "unbiased", "unrotated"], ["learned", "frozen", "unrotated"],
    ]  # fmt: skip


# What was not measured.


def test_without_a_claim_about_the_model_there_is_nothing_to_tell() -> None:
    cells = {cell.cell: cell for cell in CELLS}
    assert one_bit_damage(a_preregistration([a_claim()]), LAYERS, cells) is None
    assert one_bit_damage(replace(RUNG, one_bit=None), LAYERS, cells) is None
    assert one_bit_damage(RUNG, LAYERS, {}) is None


def test_a_control_or_a_trap_that_quantises_nothing_is_not_told_of() -> None:
    states = states_of(RUNG)
    cells = {cell: state for cell, state in states.items() if cell.kind == "control" or cell.name == "trivial_pass"}
    assert one_bit_damage(RUNG, LAYERS, found(cells)) is None


def test_before_a_scope_closes_only_depths_are_told() -> None:
    outcome = told(CELLS[0])
    assert (outcome.scopes, outcome.continuations, len(outcome.depths)) == ((), (), 1)
    assert len(one_bit_lines(outcome)) == 1


def test_a_trap_alone_is_told_under_its_claim() -> None:
    outcome = told(CELLS[2])
    assert (outcome.claim, outcome.nll) == ("one_bit_nll", 2.0)
    assert [(layers, [damage.variant for damage in damages]) for layers, damages in outcome.scopes] == [
        (2, ["unrotated"])
    ]


@pytest.mark.parametrize(("scopes", "told_of"), [((2, 4), [2, 4]), ((1,), [1]), ((4, 16), [4]), ((3, 9, 16), [3, 4])])
def test_a_scope_beyond_the_subject_is_all_of_it(scopes: tuple[int, ...], told_of: list[int]) -> None:
    cells = {cell.cell: cell for cell in (claimed(layer, {"learned": NLL}) for layer in LAYERS)}
    outcome = one_bit_damage(replace(RUNG, one_bit=a_one_bit(scopes=scopes)), LAYERS, cells)
    assert outcome is not None
    assert [layers for layers, _ in outcome.scopes] == told_of


def test_layers_of_a_subject_need_not_be_consecutive() -> None:
    cells = {cell.cell: cell for cell in (claimed(layer, {"learned": NLL}, TEXTS) for layer in (1, 5, 9))}
    outcome = one_bit_damage(replace(RUNG, one_bit=a_one_bit(scopes=(2, 16))), (1, 5, 9), cells)
    assert outcome is not None
    assert [layers for layers, _ in outcome.scopes] == [2, 3]
    assert len(outcome.continuations) == 2


# In the document.


def document_of(decision: Decision) -> dict[str, Any]:
    environment = dict.fromkeys(
        ("subject_location", "code_sha256", "settings", "python", "platform", "started", "ended"), "x"
    )
    document = decision_json(decision, subject=SUBJECT, seal={}, environment=environment, errors=[])
    return dict(json.loads(json.dumps(document, allow_nan=False)))


def decision_on(*cells: Measurement) -> Decision:
    return decide(RUNG, LAYERS, {cell.cell: cell for cell in cells})


@pytest.mark.parametrize("cells", [CELLS, CELLS[:1], CELLS[2:3], ()], ids=["all", "one layer", "a trap", "none"])
def test_the_document_fits_its_schema(cells: tuple[Measurement, ...]) -> None:
    document = document_of(decision_on(*cells))
    validator("decision").validate(document)
    assert (document["one_bit_damage"] is None) is (not cells)


def test_the_scatter_between_starts_is_told() -> None:
    whole = claimed(3, {"learned": (1.5, 4.5, 2.0), "frozen": NLL})
    by_start = {"inflation_learned_by_start": (0.1, 0.2, 0.3)}
    cell = replace(whole, measured=replace(whole.measured, profiles=by_start))
    outcome = told(cell)
    learned, frozen = outcome.scopes[-1][1]
    assert (learned.by_start, frozen.by_start) == ((0.1, 0.2, 0.3), ())
    assert learned.scatter == pytest.approx(0.1)
    assert frozen.scatter is None
    (line,) = one_bit_lines(outcome)[1:]
    assert line == (
        "1 bit in 4 layers: learned +33.3% ± 10.0, frozen +0.0%; ± standard deviation between 3 Haar starts, in points"
    )
    page_section = section(cell)
    assert "| learned | +33.3% |" in page_section
    assert "| 10.0 (3) |" in page_section
    (row,) = document_of(decision_on(cell))["one_bit_damage"]["scopes"][-1]["variants"][:1]
    assert (row["by_start"], row["scatter"]) == ([0.1, 0.2, 0.3], pytest.approx(0.1))


def test_the_document_says_all_of_it() -> None:
    stated = document_of(decision_on(*CELLS))["one_bit_damage"]
    assert [row["layers"] for row in stated["scopes"]] == [2, 4]
    learned = stated["scopes"][1]["variants"][0]
    numbers = {"inflation", "interval", "by_start", "scatter", "nll", "kl", "same_top", "overlap", "by_domain"}
    assert set(learned) == {"variant", *numbers}
    assert (learned["by_start"], learned["scatter"]) == ([], None)  # of one start
    assert learned["by_domain"] == {"prose": pytest.approx(1 / 6), "code": pytest.approx(0.5)}
    assert [row["layer"] for row in stated["by_layer"]] == [0, 1, 3]
    assert stated["continuations"][1]["id"] == "code 01"
    assert stated["experts_implementation"] == "not recorded"  # of the first cell, which was not asked


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found.update(more=1),
        lambda found: found.pop("uniform"),
        lambda found: found.update(nll=0.0),
        lambda found: found.update(prompts=0),
        lambda found: found["scopes"][0].update(more=1),
        lambda found: found["scopes"][0].update(layers=0),
        lambda found: found["scopes"][0]["variants"][0].update(more=1),
        lambda found: found["scopes"][0]["variants"][0].pop("kl"),
        lambda found: found["scopes"][0]["variants"][0].update(inflation="0.1"),
        lambda found: found["scopes"][0]["variants"][0].update(overlap=1.5),
        lambda found: found["scopes"][0]["variants"][0].update(interval=[0.1]),
        lambda found: found["scopes"][0]["variants"][0]["by_domain"].update(prose=None),
        lambda found: found["by_layer"][0].update(more=1),
        lambda found: found["by_layer"][0]["alone"].update(learned="x"),
        lambda found: found["continuations"][0].pop("id"),
        lambda found: found["continuations"][0].update(learned=3),
    ],
)
def test_the_schema_refuses_another_form(edit: Any) -> None:
    document = document_of(decision_on(*CELLS))
    edit(document["one_bit_damage"])
    with pytest.raises(ValidationError):
        validator("decision").validate(document)


@pytest.mark.parametrize("model_sha256", ["", "E" * 64, 3])
def test_the_schema_refuses_another_digest_of_the_model(model_sha256: object) -> None:
    document = document_of(decision_on(*CELLS))
    document["subject"]["model_sha256"] = model_sha256
    with pytest.raises(ValidationError):
        validator("decision").validate(document)


def test_generation_stays_outside_the_core() -> None:
    last = Cell("claim", "one_bit_nll", 3)
    cells = found(states_of(RUNG))
    samples = cells[last].measured.samples
    more = generated(samples["nll"], {"learned": samples["nll_learned"], "frozen": (9.0, 9.0)}, {"a prompt": "x"})
    first, second = (decide(RUNG, LAYERS, {**cells, last: cell}) for cell in (cells[last], of_model(last, more)))
    assert one_bit_json(first.one_bit_damage) != one_bit_json(second.one_bit_damage)
    assert document_of(first)["core_sha256"] == document_of(second)["core_sha256"]


# On the page.

HOSTILE = (
    "```\n# KILLED\n| a | b |\n|---|---|\n\n</details><script>x</script>\n\r\n> quote\r* item\x0b## two\u2028## three"
    f"\n---\n{MARKER}\n\n\n1. one\n[x]: http://x\n    code\n\t# tab"
)


def section(*cells: Measurement) -> str:
    return section_of(decision_on(*cells))


def section_of(decision: Decision) -> str:
    told_of = one_bit_section.section(Told(decision, {}, {}))
    return "" if told_of is None else as_markdown(told_of)


def test_no_section_without_a_measurement() -> None:
    assert section() == ""


def test_the_section_holds_every_number() -> None:
    text = section(*CELLS)
    assert text.startswith(
        "## At one bit per weight\n\nFirst continuation token of 3 prompts, each its own source: 2.000 nats "
    )
    assert "With 2 layers quantised:" in text
    rows = [line for line in text.splitlines() if line.startswith("| learned ")]
    assert len(rows) == 2
    assert rows[1].split(" | ")[1] == "+33.3%"
    assert rows[1].endswith("| 0.500 | 50% | 75% | +16.7% | +50.0% |")
    assert (
        "| variant | inflation | interval | between starts | KL [nats] | same top | routers agree | prose | code |"
        in text
    )
    assert "| layer | learned, alone | learned, up to it | unrotated, alone | unrotated, up to it |" in text
    assert "| 0 | +1.7% | +1.7% | — | — |" in text
    assert "| 3 | -5.0% | +33.3% | +0.0% | +300.0% |" in text
    assert "**code 01**\n\nprompt:\n\n    def f\n\nunquantised:\n\n    (x):" in text


def test_one_layer_is_no_layers() -> None:
    rung = replace(RUNG, one_bit=a_one_bit(scopes=(1,)))
    text = section_of(decide(rung, LAYERS, {CELLS[0].cell: CELLS[0]}))
    assert "With 1 layer quantised:" in text
    assert "Continued greedily" not in text


def page(*cells: Measurement) -> str:
    decision = decision_on(*cells)
    return postmortem(decision, document_of(decision))


@pytest.mark.parametrize(
    "hostile", [HOSTILE, "```", "| a |\n|---|", "\n\n# x", "\r# x", "\x85# x", " " * 9 + "\n#", "# x"]
)
def test_what_a_model_writes_breaks_out_of_no_block(hostile: str) -> None:
    """Outside indented blocks the page is the same whatever the model says; Markdown ends a line at CR, LF or both."""
    tame, wild = (
        page(claimed(3, {"learned": NLL}, {**DOMAINS, "p-0 prompt": text, "p-0 learned": text}))
        for text in ("x", hostile)
    )
    outside = [[line for line in re.split(r"\r\n?|\n", text) if not line.startswith("    ")] for text in (tame, wild)]
    assert outside[0] == outside[1]
    assert "\n\n    x\n\n" in tame


@given(st.text())
def test_whatever_is_quoted_is_one_block_of_code(text: str) -> None:
    assert all(line.startswith("    ") for line in quoted(text).split("\n"))
    assert all(line.startswith("    ") for line in quoted(text).splitlines())
    assert "\r" not in quoted(text)


def test_a_quoted_marker_ends_no_page(tmp_path: Path) -> None:
    path = tmp_path / "postmortem.md"
    generated_part = page(claimed(3, {"learned": NLL}, {**DOMAINS, "p-0 prompt": f"a\n{MARKER}\nb"}))
    path.write_text(with_written_part(generated_part, path) + "\nBy hand.\n")
    again = with_written_part(generated_part, path)
    assert again == path.read_text()
    assert again.endswith("\nBy hand.\n")


@pytest.mark.parametrize(
    ("texts", "prompts", "said"),
    [
        (DOMAINS, "3 prompts, each its own source", "No prompt names a source: each counts as its own source. "),
        ({**DOMAINS, "sources": "a\nb\na"}, "3 prompts from 2 sources", ""),
        ({**DOMAINS, "sources": "a\na\na"}, "3 prompts from 1 source", ""),
    ],
)
def test_the_page_says_where_prompts_come_from(texts: dict[str, str], prompts: str, said: str) -> None:
    text = section(claimed(3, {"learned": NLL}, texts))
    assert f"First continuation token of {prompts}: " in text
    assert f" for a uniform output. {said}Intervals: " in text


def test_the_page_says_that_prompts_name_nothing() -> None:
    cell = claimed(3, {"learned": NLL})
    for texts, said in (
        ({}, "No prompt names a source or a domain: each counts as its own source, all as one domain. "),
        ({"sources": "a\nb\na"}, "No prompt names a domain: they count as one. "),
    ):
        bare = replace(cell, measured=replace(cell.measured, texts=texts))
        assert f" for a uniform output. {said}Intervals: " in section(bare)


def test_a_bar_in_a_domain_adds_no_column() -> None:
    text = section(claimed(3, {"learned": NLL}, {"domains": "a|b\nc\nc"}))
    assert r"| a\|b | c |" in text
    assert r"| x\|y |" in table(["n"], [["x|y"]])


# On the terminal.


class Written:
    """A reporter that keeps its lines."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def section(self, title: str) -> None:
        self.write_line(title)

    def write(self, text: str, **_: bool) -> None:
        self.text.write(text)

    def write_line(self, text: str, **_: bool) -> None:
        self.text.write(f"{text}\n")


def summary(decision: Decision) -> list[str]:
    written = Written()
    conclusion = SessionResult(decision, document_of(decision), 0, (Path("run/decision.json"),), " --model=other")
    write_summary(written, conclusion, Path.cwd())  # type: ignore[arg-type]
    return written.text.getvalue().splitlines()


def test_the_lines_say_the_model_and_each_scope() -> None:
    lines = one_bit_lines(told(*CELLS))
    assert lines[0] == "one_bit_nll: unquantised NLL 2.000 nats over 3 prompts, uniform 6.931"
    assert lines[2] == "1 bit in 4 layers: learned +33.3%, frozen +0.0%, unrotated +300.0%"


def test_no_line_of_the_summary_is_wider_than_a_terminal() -> None:
    """With every variant, inflations of thousands of percent, and the longest names."""
    variants = ("learned", "random", "random_unbiased", "best", "unbiased", "per_tensor", "frozen")
    sensitivity = tuple(f"inflation_{name}" for name in ("unbiased", "per_tensor", "best", "frozen"))
    rung = a_rung(replace(CLAIM, sensitivity=sensitivity))
    cells = found(states_of(rung))
    last = Cell("claim", "one_bit_nll", 3)
    grown = {name: tuple(nll * 40 for nll in NLL) for name in variants}
    cells[last] = of_model(last, generated(NLL, {**grown, "learned": NLL}))
    decision = decide(rung, LAYERS, cells)
    lines = summary(decision)
    said = " ".join(" ".join(lines).split())
    assert "1 bit in 4 layers: learned +0.0%" in said
    assert "random unbiased +3900.0%" in said
    assert (
        "one_bit_nll@4-layer is fragile: missed under inflation_unbiased (39.000), inflation_per_tensor (39.000)"
        in said
    )
    assert max(map(len, lines)) <= COLUMNS
    assert max(len(line) for line in one_bit_lines(told(*CELLS)) if "unquantised" in line) <= COLUMNS


def test_the_summary_of_a_rung_without_such_a_claim_says_nothing_of_it() -> None:
    prereg = a_preregistration([a_claim()])
    decision = decide(prereg, LAYERS, {})
    assert not any("1 bit in" in line or "NLL" in line for line in summary(decision))
    assert any("1 bit in" in line for line in summary(decided(RUNG)))


def test_the_mean_is_that_of_the_first_cell() -> None:
    assert told(*CELLS).nll == fmean(NLL)
    assert UNROTATED.claim == CLAIM.name
