"""How expert outputs are rounded, rules in each domain, and controls that are models without a basis."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.prereg.lint import lint, sealable
from reports.prereg.measures import needs
from reports.prereg.parsing.parse import load_preregistration, parse_values
from reports.prereg.rules import EachDomainAbove, EachDomainAtMost, EachDomainWithin, LargestAtMost

RULES = Path(__file__).parents[3] / "hypotheses" / "preregistrations"
NAMES = ("G10-expert-output-int4-v1-olmoe_nano", "G10-expert-output-int4-v1")


def values() -> dict[str, Any]:
    return tomllib.loads((RULES / f"{NAMES[0]}.toml").read_text("utf8"))


def said(found: dict[str, Any]) -> str:
    try:
        parse_values(found, "rule.toml")
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_and_can_be_sealed(name: str) -> None:
    prereg = load_preregistration(RULES / f"{name}.toml")
    (claim,) = prereg.claims
    assert claim.rule == EachDomainAtMost("output_inflation", 0.05)
    assert (claim.closing, claim.of_model, claim.checkpoints) == (True, True, (16,))
    assert {trap.name: trap.rule for trap in prereg.traps} == {
        "untouched_outputs": LargestAtMost("outputs_moved", 1e-4 if "nano" in name else 0.05),
        "zeroed_outputs": EachDomainAbove("zeroed_inflation", 0.05),
        "int8_outputs": EachDomainWithin("int8_inflation", 0.01),
    }
    assert prereg.expert_outputs is not None
    assert (prereg.expert_outputs.calibration, prereg.expert_outputs.fewest_tokens) == ("prose", 1000)
    assert prereg.expert_outputs.outliers == (8, 16)
    assert prereg.activations is not None
    assert prereg.activations.dtype == ("float32" if "nano" in name else "bfloat16")
    assert (prereg.asks, prereg.one_bit, prereg.rotations) == ("fact", None, None)
    assert needs("output_inflation") == needs("zeroed_inflation") == ("activations", "expert_outputs")
    expected = {control.name: (control.expected, control.misscaled) for control in prereg.controls}
    assert expected == {
        "planted_expert_output": ("MET", None),
        "loud_expert_output": ("KILLED", None),
        "clipped_expert_output": ("INCONCLUSIVE", 0.5),
    }
    assert all(control.model is not None and control.model.basis is None for control in prereg.controls)
    findings = lint(prereg)
    assert sealable(findings)
    assert {one.severity for one in findings if "expert_output_int4" in one.about} == {"proved"}


@pytest.mark.parametrize(
    ("table", "key", "value", "message"),
    [
        (None, "expert_outputs", None, "expert_outputs: missing, expected how outputs are rounded, which output_infla"),
        (None, "activations", None, "activations: missing, expected how the model is run on text, which output_infla"),
        ("expert_outputs", "fewest_tokens", 0, "expert_outputs.fewest_tokens: obtained 0, expected an integer from 1"),
        ("expert_outputs", "fewest_routed", 0, "expert_outputs.fewest_routed: obtained 0, expected an integer from 1"),
        ("expert_outputs", "scopes", [16, 4], "expert_outputs.scopes: obtained [16, 4], expected numbers of layers in"),
        ("expert_outputs", "scopes", [17], "expert_outputs.scopes[0]: obtained 17, expected an integer from 1 to 16"),
        ("expert_outputs", "outliers", [8, 8], "expert_outputs.outliers"),
        ("expert_outputs", "calibration", "", "expert_outputs.calibration: obtained "),
        ("expert_outputs", "levels", 7, "expert_outputs.levels: unknown key"),
        ("claims", "metric", "zeroed_inflation", "claims[0].metric: obtained the text 'zeroed_inflation', expected "),
        ("claims", "at_most", "5 %", "claims[0].at_most: obtained the text '5 %', expected a number"),
        ("traps", "metric", "zeroed_inflation", "traps[0].metric: obtained the text 'zeroed_inflation', expected one"),
        ("controls", "model", None, "controls[0].model: missing"),
        ("controls", "generator", "identity", "controls[0].generator: obtained the text 'identity', expected one of "),
        ("controls", "misscaled", 2.0, "controls[0].misscaled: obtained 2.0, expected a number from 0 to 1"),
    ],
)
def test_a_value_that_cannot_be_is_refused(table: str | None, key: str, value: object, message: str) -> None:
    found = values()
    changed = found if table is None else found[table]
    changed = changed[0] if isinstance(changed, list) else changed
    if value is None:
        del changed[key]
    else:
        changed[key] = value
    assert said(found).removeprefix("rule.toml: ").startswith(message)


def test_a_basis_is_named_where_weights_are_quantised_and_nowhere_else() -> None:
    found = values()
    found["controls"][0]["model"]["basis"] = "haar"
    assert said(found).removeprefix("rule.toml: ").startswith(
        "controls[0].model.basis: obtained the text 'haar', expected none, since nothing of it is quantised in a basis"
    )  # fmt: skip
    one_bit = tomllib.loads((RULES / "E-ffn-rotation-v6-olmoe_nano.toml").read_text("utf8"))
    (place,) = [i for i, one in enumerate(one_bit["controls"]) if one["name"] == "null_one_bit"]
    del one_bit["controls"][place]["model"]["basis"]
    assert f"controls[{place}].model.basis: missing, expected in which basis it is quantised" in said(one_bit)


def test_a_table_that_nothing_reads_is_refused() -> None:
    found = tomllib.loads((RULES / "W-universal-beta-v1-olmoe_nano.toml").read_text("utf8"))
    found["expert_outputs"] = values()["expert_outputs"]
    assert "expert_outputs: obtained a table, expected none where no claim and no trap reads it" in said(found)
