"""Draws of noise, the rule that is put over them, and the parametrisation: read, or refused in one line."""

import copy
import tomllib
from typing import Any

import pytest

from fixtures.testing.dense_miniature import TOML as SECONDARY
from fixtures.testing.miniature import SUBJECT, TOML
from reports.base.errors import BadInput
from reports.prereg.parsing.parse import parse_values
from reports.prereg.preregistration import NullDraws
from reports.prereg.rules import ShareAtMost

DIGEST = "0f" * 32
HEAD = SUBJECT.format(layers=6, experts=4, config=DIGEST, digests=[DIGEST] * 6, weights=DIGEST, prompts="")
TEXT = TOML.format(layers=6, checkpoint=4, subject=HEAD, null_expected="KILLED")
METRIC = "over_null_energy_rank_95"


def values(secondary: bool = False, **changes: Any) -> dict[str, Any]:
    """A rule over drawn noise; a change of None leaves its key out."""
    found = tomllib.loads(TEXT + (SECONDARY.format(layers=6, weights=DIGEST, config=DIGEST) if secondary else ""))
    rule = {"rule": "share_at_most", "metric": METRIC, "at_most": 0.6, "at_least": 0.7}
    del found["claims"][0]["below"]
    found["claims"][0] |= rule | {"sensitivity": ["over_null_stable_rank"]}
    found["tolerances"] = {METRIC: 0.0, "over_null_stable_rank": 1e-4}
    found["null_draws"] = {"draws": 101, "seed": 3, "norm_experts": 2}
    found |= changes
    return {key: value for key, value in found.items() if value is not None}


def said(found: dict[str, Any]) -> str:
    try:
        parse_values(found, "rule.toml")
    except BadInput as error:
        return str(error)
    return ""


def test_it_is_read() -> None:
    prereg = parse_values(values(), "rule.toml")
    assert prereg.null_draws == NullDraws(draws=101, seed=3, norm_experts=2)
    assert prereg.claims[0].rule == ShareAtMost(metric=METRIC, at_most=0.6, at_least=0.7)
    assert prereg.parametrisation == "stored"
    assert parse_values(values(parametrisation="canonical"), "rule.toml").parametrisation == "canonical"


def test_a_key_with_a_default_moves_no_digest_of_a_rule_without_it() -> None:
    one, other = (parse_values(found, "rule.toml") for found in (values(), values(parametrisation="stored")))
    assert one.canonical_sha256 != other.canonical_sha256  # of the file: what it leaves out is not in it
    again = parse_values(copy.deepcopy(values()), "rule.toml")
    assert one.canonical_sha256 == again.canonical_sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"null_draws": None}, "null_draws: missing, expected the draws of noise that its claims are put over; add it"),
        (
            {"null_draws": {"draws": 102, "seed": 3, "norm_experts": 2}},
            "null_draws.draws: obtained 102, expected an odd number, so that their median is one of them",
        ),
        (
            {"null_draws": {"draws": 99, "seed": 3, "norm_experts": 2}},
            "null_draws.draws: obtained 99, expected an integer from 101 to 10000",
        ),
        (
            {"null_draws": {"draws": 101, "seed": 3, "norm_experts": 5}},
            "null_draws.norm_experts: obtained 5, expected an integer from 1 to 4",
        ),
        (
            {"parametrisation": "folded"},
            "parametrisation: obtained the text 'folded', expected one of stored, canonical",
        ),
        ({"parametrisation": True}, "parametrisation: obtained the boolean true, expected one of stored, canonical"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    assert message in said(values(**changes))


def test_draws_that_nothing_reads_are_refused() -> None:
    found = tomllib.loads(TEXT) | {"null_draws": {"draws": 101, "seed": 3, "norm_experts": 2}}
    assert "null_draws: registered, but no claim's metric is put over draws of noise; remove it" in said(found)


def test_a_secondary_compares_what_its_claim_measures() -> None:
    found = values(secondary=True)
    assert (
        "secondaries[0].metric: obtained the text 'relative_energy_rank_95', expected a metric that its claim's"
        in said(found)
    )
    found["secondaries"][0]["metric"] = METRIC
    assert parse_values(found, "rule.toml").secondaries[0].metric == METRIC
