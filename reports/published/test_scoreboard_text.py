"""The board of a terminal says what the pages say, in 80 plain columns."""

from dataclasses import replace

from reports.published.scoreboard import AFTER_KILL, GateStanding, Standing
from reports.published.scoreboard_text import COLUMNS, scoreboard_text

MET = GateStanding(
    "universal_beta@16-layer", "MET", "mean ≥ 0.92", "0.9784", "0.9200", "census", "128", "—", "0.98 to 0.98"
)
LATER = replace(MET, name="beta_lift@16-layer", status="KILLED", remarks=f"{AFTER_KILL}; fragile")
ONE = Standing("W-v1", None, "W", 1, "tiny", "KILLED", "narrow threshold unmet", seconds=57.4, gates=(MET, LATER))


def test_a_verdict_with_its_cost_and_its_gates() -> None:
    first, trigger, header, met, later, note = scoreboard_text([ONE])
    assert first == "W, design 1, tiny: KILLED, 57 s"
    assert trigger == "  narrow threshold unmet"
    assert header.split() == ["gate", "status", "observed", "needed", "null"]
    assert met.split() == ["universal_beta@16-layer", "MET", "0.9784", "0.9200", "0.98", "to", "0.98"]
    assert met.index("0.98 to") == header.index("null")
    assert later.split()[:2] == ["beta_lift@16-layer*", "KILLED"]
    assert note == "  * after the kill: exploratory"


def test_what_it_rests_on_and_what_was_not_run() -> None:
    above = replace(ONE, foundations=("E",), rests_on="E: KILLED", trigger="—", gates=(MET,))
    lines = scoreboard_text([above, Standing("G-v1", "G-v1: not run, no prompts.jsonl is beside the weights")])
    assert lines[1] == "  rests on E: KILLED"
    assert lines[-2:] == ["not counted", "  G-v1: not run, no prompts.jsonl is beside the weights"]


def test_a_share_with_its_medians_fits_on_a_line() -> None:
    share = replace(MET, name="common_exponents@16-layer", null="0.7769, median 0.2266")
    lines = scoreboard_text([replace(ONE, trigger="—", gates=(share,))])
    assert lines[-1].endswith(" 0.9200  0.7769, median 0.2266")


def test_long_words_are_wrapped_and_nothing_is_markup_of_a_terminal() -> None:
    hostile = replace(ONE, subject="\x1b[2J" + "x" * 100, gates=(replace(MET, null="met by noise " * 9),))
    lines = scoreboard_text([hostile])
    assert "\x1b" not in "".join(lines)
    assert all(len(line) <= COLUMNS for line in lines[1:])
