"""Secondaries of a preregistration: what is read, and what is refused with file, key, obtained and allowed."""

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.testing.dense_miniature import TOML as SECONDARY
from fixtures.testing.miniature import SUBJECT, TOML
from reports.base.errors import BadInput
from reports.prereg.parsing.parse import parse_values
from reports.prereg.preregistration import Dense, Preregistration, Secondary

DIGEST = "0f" * 32
HEAD = SUBJECT.format(layers=6, experts=4, config=DIGEST, digests=[DIGEST] * 6, weights=DIGEST, prompts="")
TEXT = TOML.format(layers=6, checkpoint=4, subject=HEAD, null_expected="KILLED")
BARE: dict[str, Any] = tomllib.loads(TEXT)
VALUES: dict[str, Any] = tomllib.loads(TEXT + SECONDARY.format(layers=6, weights=DIGEST, config=DIGEST))
LIFT = {"rule": "mean_at_least", "metric": "structure", "at_least": 1.05}


def parse(values: dict[str, Any]) -> Preregistration:
    return parse_values(values, "rule.toml")


def changed(key: str, value: object) -> dict[str, Any]:
    """`VALUES` with a key of its secondary set, or of `dense.…`; None leaves it out."""
    values = copy.deepcopy(VALUES)
    inner = values["secondaries"][0]
    *parents, last = key.split(".")
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    if value is None:
        del inner[last]
    return values


def said(values: dict[str, Any]) -> str:
    try:
        parse(values)
    except BadInput as error:
        return str(error)
    return ""


def test_every_key_is_read() -> None:
    assert parse(VALUES).secondaries == (
        Secondary(
            name="specialist_narrower",
            claim="narrow_d",
            metric="relative_energy_rank_95",
            band=0.005,
            statement="Experts are narrower than the FFN of a dense model of the same depth and active width.",
            dense=Dense("mini-dense", "dense", "olmo", 6, 64, 64, None, DIGEST, DIGEST),
        ),
    )
    assert parse(VALUES).secondary("specialist_narrower").dense.name == "mini-dense"


def test_there_need_be_none() -> None:
    assert parse(BARE).secondaries == ()
    assert parse({**BARE, "secondaries": []}).secondaries == ()
    assert parse(BARE).canonical_sha256 != parse(VALUES).canonical_sha256


def test_a_hub_model_is_named_by_its_revision_alone() -> None:
    values = changed("dense.weights_sha256", None)
    values["secondaries"][0]["dense"] |= {"source": "allenai/OLMo-1B-hf", "revision": "main"}
    dense = parse(values).secondaries[0].dense
    assert (dense.source, dense.revision, dense.weights_sha256) == ("allenai/OLMo-1B-hf", "main", None)
    values["secondaries"][0]["dense"]["weights_sha256"] = DIGEST
    assert said(values).startswith("rule.toml: secondaries[0].dense.weights_sha256: obtained the text '0f0f")
    assert said(values).endswith("expected none beside a revision; leave one out")


def test_weights_may_be_sealed_later_but_only_by_a_draft() -> None:
    assert parse(changed("dense.weights_sha256", None)).secondaries[0].dense.weights_sha256 is None  # lint refuses it


REFUSED = [
    ("name", "Narrower", "name: obtained the text 'Narrower', expected a name of a-z, 0-9 and _"),
    ("claim", "narrow", "claim: obtained the text 'narrow', expected one of narrow_d; did you mean 'narrow_d'?"),
    (
        "metric",
        "energy_rank_95",
        "metric: obtained the text 'energy_rank_95', expected one of relative_energy_rank_90, ",
    ),
    ("band", 1.5, "band: obtained 1.5, expected a number from 0 to 1"),
    ("metric", "structure", "metric: obtained the text 'structure', expected one of relative_energy_rank_90, "),
    ("statement", " ", "statement: obtained the text ' ', expected text of 1 to 10000 characters"),
    ("rule", "share_below", "rule: unknown key, expected one of name, claim, metric, band, statement, dense"),
    ("dense", [], "dense: obtained an array, expected a table, written [secondaries[0].dense]"),
    (
        "dense.source",
        "../dense",
        "dense.source: obtained the text '../dense', expected a relative path inside the repo",
    ),
    (
        "dense.revision",
        "main",
        "dense.source: obtained the text 'dense', expected a hub id owner/name, to have a revis",
    ),
    ("dense.model_type", "OLMo", "dense.model_type: obtained the text 'OLMo', expected a name of a-z, 0-9 and _"),
    ("dense.layers", 0, "dense.layers: obtained 0, expected an integer from 1 to 1000"),
    ("dense.hidden_size", 64.0, "dense.hidden_size: obtained 64.0, expected an integer from 1 to 1000000"),
    ("dense.intermediate_size", True, "dense.intermediate_size: obtained the boolean true, expected an integer from 1"),
    ("dense.config_sha256", "0F" * 32, "dense.config_sha256: obtained the text '0F0F"),
    ("dense.weights_sha256", "0F" * 32, "expected 64 lowercase hexadecimal digits (a SHA-256)"),
    ("dense.experts", 1, "dense.experts: unknown key, expected one of name, source, model_type, layers"),
]


@pytest.mark.parametrize(("key", "value", "message"), REFUSED)
def test_what_cannot_be_is_refused(key: str, value: object, message: str) -> None:
    found = said(changed(key, value))
    assert found.startswith("rule.toml: secondaries[0].")
    assert message in found


REQUIRED = ["name", "claim", "metric", "band", "statement", "dense"]
REQUIRED += [f"dense.{key}" for key in ("name", "source", "model_type", "layers", "hidden_size", "intermediate_size")]


@pytest.mark.parametrize("key", REQUIRED)
def test_no_key_has_a_default(key: str) -> None:
    assert said(changed(key, None)) == (
        f"rule.toml: secondaries[0].{key}: missing, expected one of the required keys; add it"
    )


def test_a_name_stands_once() -> None:
    values = copy.deepcopy(VALUES)
    values["secondaries"] *= 2
    assert said(values) == (
        "rule.toml: secondaries[1].name: obtained the text 'specialist_narrower', expected a name that no other has"
    )


@pytest.mark.parametrize("others", [True, False])
def test_its_claim_is_about_effective_dimensions(others: bool) -> None:
    values = copy.deepcopy(VALUES)
    lift = {**values["claims"][0], "name": "beta_lift", **LIFT, "sensitivity": []}
    del lift["below"]
    values["claims"] = [values["claims"][0], lift] if others else [lift]
    values["controls"], values["secondaries"][0]["claim"] = [], "beta_lift"
    allowed = "one of narrow_d" if others else "a claim about effective dimensions, of which there is none here"
    assert said(values) == f"rule.toml: secondaries[0].claim: obtained the text 'beta_lift', expected {allowed}"


ANYWHERE = [*REQUIRED, "dense.revision", "dense.weights_sha256"]


@given(st.sampled_from(ANYWHERE), st.integers() | st.text() | st.lists(st.text(), max_size=2))
def test_any_value_anywhere_raises_bad_input_alone(key: str, value: object) -> None:
    found = said(changed(key, value))
    assert found.isprintable()
    assert not found or found.startswith("rule.toml: secondaries[0].")
