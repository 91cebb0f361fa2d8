"""The ladder's table in `hypotheses/README.md` says what the committed verdicts say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "hypotheses" / "README.md").read_text("utf8")
VERDICTS = ROOT / "reports" / "verdicts"
CELL = re.compile(r"\| `([\w-]+)`, `--prereg=([\w-]+)` \|(?:[^|]*\|){2} \*\*(\w+)\*\*: ([^|]*) \|")
ROWS = {name: (rung, verdict, told) for rung, name, verdict, told in CELL.findall(PAGE)}
NUMBER = re.compile(r"(-?\d+(?:\.(\d+))?)( %)?")


def last_gates(decision: Any) -> list[float]:
    """What each claim's last gate observed, after the kill too."""
    found = {gate["claim"]: gate["observed"] for gate in (*decision["gates"], *decision["after_kill"])}
    return [float(value) for value in found.values()]


def agrees(told: str, observed: list[float]) -> bool:
    """Whether the numbers of a text are these, each rounded to the digits that it has."""
    numbers = NUMBER.findall(told)
    parts = [(float(number), 10.0 ** -len(digits), 100.0 if share else 1.0) for number, digits, share in numbers]
    return len(parts) == len(observed) and all(
        abs(value * unit - number) <= 0.5001 * last for (number, last, unit), value in zip(parts, observed, strict=True)
    )


def test_every_published_rung_of_the_ladder_has_a_row() -> None:
    published = {path.parent.name for path in VERDICTS.glob("*/decision.json")}
    assert set(ROWS) == {name for name in published if not name.startswith("E-ffn-rotation")}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_the_verdict_says(name: str) -> None:
    rung, verdict, told = ROWS[name]
    decision = json.loads((VERDICTS / name / "decision.json").read_bytes())
    assert (decision["rung"], decision["verdict"]) == (rung, verdict)
    assert agrees(told, last_gates(decision)), (told, last_gates(decision))


def test_another_number_is_seen() -> None:
    assert agrees("34.05 % saved, 0.99", [0.34052, 0.9893])
    assert not agrees("34.05 % saved", [0.3406])
    assert not agrees("0.325 and 0.337", [0.325])
