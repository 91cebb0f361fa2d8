"""The README's table says what the committed verdicts say."""

from pathlib import Path

import pytest

from reports.base.errors import BadInput
from reports.commands.cli import PREREGISTRATIONS
from reports.commands.cli_verdicts import SCOREBOARD
from reports.published.claims_table import BEGIN, EMBEDDED, END, RUNG, claims_table, with_claims
from reports.published.found_folder import VERDICTS
from reports.published.scoreboard import GateStanding, Standing, scoreboard_html, scoreboard_markdown, standings

README = Path(__file__).resolve().parents[2] / "README.md"
GATE = GateStanding("narrow_d@4-layer", "KILLED", "d < 0.4", "0.3490", "0.7000", "0.1 to 0.6", "192", "—")
LATER = GateStanding("beta_lift@16-layer", "MET", "lift", "1.6", "1.5", "1 to 2", "192", "after the kill, exploratory")
LOOK = GateStanding("narrow_d@8-layer", "KILLED", "d", "0.1", "0.3", "0 to 0.2", "384", "after the kill, exploratory")
OTHER = Standing("d", None, RUNG, 4, "another", gates=(GATE,))  # on the scoreboard alone, and so is another rung
FOUND = [
    OTHER,
    Standing("e", None, "W-another", 1, EMBEDDED, gates=(GATE,)),
    Standing("a", None, RUNG, 4, EMBEDDED, gates=(GATE, LATER)),
    Standing("b", None, RUNG, 5, EMBEDDED, gates=(GATE, LOOK)),
]


def test_each_gate_stands_beside_its_rule_in_every_design() -> None:
    lines = claims_table([*FOUND, Standing("c", "edited by hand")]).splitlines()
    assert lines[0] == "| gate | design 4 | design 5 |"
    killed = "d < 0.4: **KILLED**, 0.3490 (0.1 to 0.6)"
    assert lines[2:] == [
        f"| `narrow_d@4-layer` | {killed} | {killed} |",
        "| `narrow_d@8-layer` | — | d: **KILLED** (after the kill), 0.1 (0 to 0.2) |",
        "| `beta_lift@16-layer` | lift: **MET** (after the kill), 1.6 (1 to 2) | — |",
    ]


def test_only_what_stands_between_the_markers_changes() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_claims(page, FOUND) == f"before\n{BEGIN}\n{claims_table(FOUND)}\n{END}\nafter\n"
    for broken in ("no markers", f"{BEGIN}\nno end", f"no begin\n{END}"):
        with pytest.raises(BadInput, match="expected both markers"):
            with_claims(broken, FOUND)


def test_what_is_committed_is_what_the_verdicts_give() -> None:
    """`python -m reports scoreboard --write` writes all three."""
    found = standings(VERDICTS, PREREGISTRATIONS)
    assert [standing.error for standing in found] == [None] * len(found) != []
    assert README.read_text("utf8") == with_claims(README.read_text("utf8"), found)
    assert (VERDICTS / SCOREBOARD).read_text("utf8") == scoreboard_markdown(found)
    assert (VERDICTS / "scoreboard.html").read_text("utf8") == scoreboard_html(found)
