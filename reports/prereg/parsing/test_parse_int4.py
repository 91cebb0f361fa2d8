"""How weights are rounded and numbers permuted: read where a claim or a trap asks for it, or refused in one line."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.prereg.parsing.parse import parse_values
from reports.prereg.preregistration import Int4, Permutations

FOLDER = Path(__file__).parents[3] / "hypotheses" / "preregistrations"
VALUES = tomllib.loads((FOLDER / "W-kurtosis-int4-v1-olmoe_nano.toml").read_text("utf8"))
OTHER = tomllib.loads((FOLDER / "W-universal-beta-v1-olmoe_nano.toml").read_text("utf8"))


def said(values: dict[str, Any]) -> str:
    try:
        parse_values(values, "rule.toml")
    except BadInput as error:
        return str(error)
    return ""


def changed(**changes: Any) -> dict[str, Any]:
    """A change of None leaves its table out."""
    return {key: value for key, value in (copy.deepcopy(VALUES) | changes).items() if value is not None}


def with_control(index: int, **changes: Any) -> dict[str, Any]:
    values = changed()
    values["controls"][index] |= changes
    return values


@pytest.mark.parametrize(("name", "group"), [("W-kurtosis-int4-v1-olmoe_nano", 32), ("W-kurtosis-int4-v1", 128)])
def test_it_is_read(name: str, group: int) -> None:
    prereg = parse_values(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf8")), "rule.toml")
    assert prereg.int4 == Int4(group=group)
    assert prereg.permutations == Permutations(draws=256, seed=2026112820)
    assert {control.name: control.expected for control in prereg.controls} == {
        "planted_kurtosis_predicts": "MET", "null_kurtosis_predicts": "KILLED",
        "misscaled_kurtosis_predicts": "INCONCLUSIVE", "planted_hadamard_lowers": "MET",
        "null_hadamard_lowers": "KILLED", "sheared_hadamard_lowers": "INCONCLUSIVE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (changed(int4=None), "int4: missing, expected how weights are rounded, which excess_spearman reads; add it"),
        (
            changed(permutations=None),
            "permutations: missing, expected how many orders are drawn, which permuted_spearman reads; add it",
        ),
        (
            copy.deepcopy(OTHER) | {"int4": {"group": 32}},
            "int4: obtained a table, expected none where no claim and no trap reads it; remove it",
        ),
        (
            copy.deepcopy(OTHER) | {"permutations": {"draws": 3, "seed": 1}},
            "permutations: obtained a table, expected none where no claim and no trap reads it; remove it",
        ),
        (changed(int4={"group": 1}), "int4.group: obtained 1, expected an integer from 2 to 4096"),
        (changed(int4={"group": 32.0}), "int4.group: obtained 32.0, expected an integer from 2 to 4096"),
        (changed(int4={"group": 32, "levels": 8}), "int4.levels: unknown key, expected one of group"),
        (changed(permutations={"draws": 256}), "permutations.seed: missing, expected"),
        (
            changed(null_subject={"draws": 1, "seed": 2}),
            "null_subject.draws: obtained 1, expected 3 or more: excess_spearman puts each draw beside",
        ),
        (with_control(2, sheared=0.1), "controls[2].sheared: unknown key, expected one of name, claim, generator"),
        (with_control(5, misscaled=0.1), "controls[5].misscaled: unknown key, expected one of name, claim, generator"),
        (with_control(1, landing_at_least=0.9), "controls[1].landing_at_least: unknown key, expected one of name"),
        (with_control(1, tail=0.6), "controls[1].tail: unknown key, expected one of name, claim, generator"),
        (with_control(0, tail=0.0), "controls[0].tail: obtained 0.0, expected a standard deviation above 0"),
    ],
)
def test_what_is_not_so_is_refused(values: dict[str, Any], message: str) -> None:
    assert said(values).startswith(f"rule.toml: {message}")
