"""Every JSON artefact fits its schema, and a schema refuses what is none."""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from reports.cli import PREREGISTRATIONS
from reports.cli_verdicts import VERDICTS
from reports.seals.ledger import LEDGER

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
WHOLE = {
    "decision.json": "decision",
    "trap_results.json": "trap_results",
    "theorems.json": "theorems",
    "run.json": "run",
}
PUBLISHED = [(path, schema) for name, schema in WHOLE.items() for path in sorted(VERDICTS.glob(f"*/{name}"))]
SEALS = [(path, "seal") for path in sorted(PREREGISTRATIONS.glob("*.seal.json"))]


def validator(schema: str) -> jsonschema.Draft202012Validator:
    resources = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    contents = json.loads((SCHEMAS / f"{schema}.schema.json").read_text())
    return jsonschema.Draft202012Validator(contents, registry=Registry().with_resources(resources))


@pytest.mark.parametrize(("path", "schema"), PUBLISHED + SEALS, ids=lambda value: getattr(value, "name", value))
def test_what_is_committed_fits(path: Path, schema: str) -> None:
    validator(schema).validate(json.loads(path.read_text()))


def test_every_schema_has_something_committed_that_fits_it() -> None:
    assert {path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.json")} == {
        *WHOLE.values(), "seal", "ledger", "measurement", "statement", "preregistration",
    }  # fmt: skip
    assert {schema for _, schema in PUBLISHED} == set(WHOLE.values())


def test_the_lines_of_the_ledger_fit() -> None:
    lines = [json.loads(line) for line in (PREREGISTRATIONS / LEDGER).read_text().splitlines()]
    assert lines
    for line in lines:
        validator("ledger").validate(line)


@pytest.mark.parametrize("path", sorted(VERDICTS.glob("*/measurements.jsonl.gz")), ids=lambda path: path.parent.name)
def test_published_measurements_fit(path: Path) -> None:
    fits = validator("measurement")
    for line in gzip.decompress(path.read_bytes()).splitlines():
        fits.validate(json.loads(line))


@pytest.mark.parametrize(
    "change", [{"layer": -1}, {"kind": "gate"}, {"seconds": None}, {"more": 1}, {"samples": {"a": 1}}]
)
def test_a_schema_can_refuse(change: dict[str, Any]) -> None:
    sound = {
        "kind": "claim", "name": "narrow_d", "layer": 0, "of": "layer", "tensors_sha256": "a" * 64,
        "samples": {"a": [1]}, "reference": {}, "profiles": {}, "texts": {}, "seconds": 0.1, "entry_sha256": "b" * 64,
    }  # fmt: skip
    assert validator("measurement").is_valid(sound)
    assert not validator("measurement").is_valid(sound | change)
