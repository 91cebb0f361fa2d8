"""How a gauge is learned, and the controls that break one: read, or refused in one line."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.prereg.parsing.parse import load_preregistration, parse_values

RULES = Path(__file__).parents[3] / "hypotheses" / "preregistrations"
PATH = RULES / "G1-learned-gauge-v1-olmoe_nano.toml"


def values() -> dict[str, Any]:
    return tomllib.loads(PATH.read_text("utf8"))


def said(found: dict[str, Any]) -> str:
    try:
        parse_values(found, "rule.toml")
    except BadInput as error:
        return str(error)
    return ""


def test_it_is_read() -> None:
    prereg = load_preregistration(PATH)
    assert prereg.gauge is not None
    assert (prereg.gauge.scope, prereg.gauge.condition, prereg.gauge.experts) == ("per_projection", 4.0, 8)
    assert prereg.rotations is None
    broken = {control.name: (control.sheared, control.stretched) for control in prereg.controls}
    assert broken["sheared_gauge_int4"] == (0.01, None)
    assert broken["stretched_gauge_int2"] == (None, 0.05)
    assert said(values()) == ""


@pytest.mark.parametrize(
    ("table", "key", "value", "message"),
    [
        (None, "gauge", None, "gauge: missing, expected how the gauge of learned_gauge_int4 is learned; add it"),
        ("gauge", "condition", 0.5, "gauge.condition: obtained 0.5, expected a number from 1 to 1e+06"),
        (
            "gauge",
            "scope",
            "per_layer",
            "gauge.scope: obtained the text 'per_layer', expected one of per_",
        ),
        ("gauge", "experts", 17, "gauge.experts: obtained 17, expected an integer from 1 to 16"),
        ("gauge", "iterate", "last", "gauge.iterate: obtained the text 'last', expected one of best"),
        ("gauge", "gauge_steps", 0, "gauge.gauge_steps: obtained 0, expected an integer from 1"),
        ("gauge", "momentum", 1.0, "gauge.momentum: obtained 1.0, expected a number from 0 to 1"),
        ("gauge", "draws", None, "gauge.draws: missing"),
        ("gauge", "length", 1.0, "gauge.length: unknown key"),
    ],
)
def test_a_value_that_cannot_be_is_refused(table: str | None, key: str, value: object, message: str) -> None:
    found = values()
    changed = found if table is None else found[table]
    if value is None:
        del changed[key]
    else:
        changed[key] = value
    assert said(found).startswith(f"rule.toml: {message}")


def test_a_table_that_nothing_reads_is_refused() -> None:
    found = tomllib.loads((RULES / "W-universal-beta-v1-olmoe_nano.toml").read_text("utf8"))
    found["gauge"] = values()["gauge"]
    assert (
        said(found) == "rule.toml: gauge: obtained a table, expected no table where no claim and no trap needs a gauge"
    )


def test_a_control_breaks_what_its_claim_learns_and_nothing_else() -> None:
    found = values()
    found["controls"][0] |= {"landing_at_least": 0.9}
    assert "controls[0].landing_at_least: unknown key" in said(found)
    found = tomllib.loads((RULES / "W-universal-beta-v1-olmoe_nano.toml").read_text("utf8"))
    found["controls"][-1]["stretched"] = found["controls"][-1].pop("sheared")
    assert "controls[4].stretched: unknown key" in said(found)
    found = values()
    del found["controls"][0]["distinct"]
    assert "controls[0].distinct: missing" in said(found)
