"""The schema of a preregistration is that of its types, and the shipped rules fit it."""

import tomllib
from typing import Any

import jsonschema
import pytest

from reports.prereg.parsing.preregistration_schema import SCHEMA, preregistration_schema, schema_text
from reports.prereg.parsing.test_parse import TEXTS, with_value, without

FITS = jsonschema.Draft202012Validator(preregistration_schema())


def test_the_committed_schema_is_that_of_the_types() -> None:
    """After a change of the types: python -m reports.prereg.parsing.preregistration_schema."""
    assert SCHEMA.read_text("utf8").splitlines() == schema_text().splitlines()


@pytest.mark.parametrize("name", TEXTS)
def test_the_shipped_rules_fit(name: str) -> None:
    FITS.validate(tomllib.loads(TEXTS[name]))


REFUSED: list[tuple[str, object]] = [
    ("design", 0),
    ("draft", 1),
    ("canonical_sha256", "0f" * 32),
    ("claims.0.rule", "mean_at_least"),  # its bounds are others
    ("claims.0.below", 1.5),
    ("claims.0.beloww", 0.4),
    ("traps.0.rule", "share_below"),  # a claim's
    ("traps.2.at_most", -1),
    ("secondaries.0.dense.exploratory", True),
    ("rotations.radam.moment_decay", [0.9]),
    ("rotations.optimiser", "adam"),
]


@pytest.mark.parametrize(("path", "value"), REFUSED)
def test_what_no_type_allows_does_not_fit(path: str, value: object) -> None:
    damaged: dict[str, Any] = with_value(path, value)
    assert not FITS.is_valid(damaged)


@pytest.mark.parametrize("path", ["rung", "claims.0.rule", "claims.0.metric", "claims.0.at_least", "subject.layers"])
def test_what_is_required_cannot_be_absent(path: str) -> None:
    assert not FITS.is_valid(without(path))
