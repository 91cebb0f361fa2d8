"""Every JSON artefact fits its schema, which is the one of its type and refuses what the type refuses."""

import gzip
import json
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from reports.artefacts.schemas import FOLDER, TYPES, schemas
from reports.commands.cli import PREREGISTRATIONS
from reports.published.found_folder import VERDICTS
from reports.seals.ledger import LEDGER
from reports.testing.fuzzing import places, with_value
from reports.theorems.proof_files import PROOFS, RECORD

WHOLE = {
    "decision.json": "decision",
    "trap_results.json": "trap_results",
    "theorems.json": "theorems",
    "run.json": "run",
}
PUBLISHED = [(path, schema) for name, schema in WHOLE.items() for path in sorted(VERDICTS.glob(f"*/{name}"))]
SEALS = [(path, "seal") for path in sorted(PREREGISTRATIONS.glob("*.seal.json"))]
RULED = [*SEALS, (PROOFS / RECORD, "proofs")]
FREE = ("seal", "environment")  # tables of a verdict that may hold anything
# Tables whose keys are names: of code, layers, domains, variants and searches
OPEN = {
    "code",
    "layer_sha256",
    "norm_sha256",
    "stored_as",
    "beta",
    "by_domain",
    "upto",
    "alone",
    "continuations",
    "recovered",
    "noise",
}
# Where matrices are measured as stored, where they are plain, where no structure is asked for, in runs of before
ABSENT = {"norm_sha256", "stored_as", "null_subject", "suite", "domains", "undecided"}


def validator(schema: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((FOLDER / f"{schema}.schema.json").read_text()))


@pytest.mark.parametrize("path", sorted(schemas()), ids=lambda path: path.name)
def test_a_schema_is_the_one_of_its_type(path: Path) -> None:
    """If not: `python -m reports.artefacts`."""
    assert path.read_text("utf8") == schemas()[path]
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf8")))


@pytest.mark.parametrize(("path", "schema"), PUBLISHED + RULED, ids=lambda value: getattr(value, "name", value))
def test_what_is_committed_fits(path: Path, schema: str) -> None:
    value = json.loads(path.read_text())
    validator(schema).validate(value)
    TYPES[schema](**value)


def test_every_schema_has_something_committed_that_fits_it() -> None:
    every = {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.json")}
    assert every == {*TYPES, "preregistration"}
    assert {*TYPES} == {*WHOLE.values(), "seal", "ledger", "measurement", "statement", "proofs"}
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
    samples = {
        "values": [1], "label": "a", "unit": "-", "axes": ["expert"], "counted": "matrices", "noise": None,
        "least": None,
        "most": None, "made_of": [],
    }  # fmt: skip
    sound = {
        "kind": "claim", "name": "narrow_d", "layer": 0, "of": "layer", "tensors_sha256": "a" * 64, "seconds": 0.1,
        "axes": {"expert": ["0"]}, "profiles": {}, "samples": {"a": samples}, "texts": {}, "entry_sha256": "b" * 64,
    }  # fmt: skip
    assert validator("measurement").is_valid(sound)
    assert not validator("measurement").is_valid(sound | change)


def thinned(value: Any) -> Any:
    """`value` with at most two members of every list: the others have the same form."""
    if isinstance(value, dict):
        return {key: thinned(inner) for key, inner in value.items()}
    return [thinned(inner) for inner in value[:2]] if isinstance(value, list) else value


def damages(document: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Where, and `document` with a value of another type there, a key too many or a key too few."""
    for place in places(document):
        here = reduce(lambda value, key: value[key], place, document)
        if place and place[0] in FREE and len(place) > 1:
            continue
        if place:
            yield place, with_value(document, place, [] if isinstance(here, dict) else {})
        if place and here is not None:
            yield place, with_value(document, place, 3 if isinstance(here, str) else "x")
        if isinstance(here, dict) and place[:1] not in [(name,) for name in FREE]:
            yield place, with_value(document, (*place, "more"), {})
            if not OPEN & {*place} and (place[:1], place[-1:]) != (("probes",), ("nulls",)):
                for key in here.keys() - ABSENT:
                    yield (*place, key), with_value(document, place, {k: v for k, v in here.items() if k != key})


def refused(schema: str, value: dict[str, Any]) -> bool:
    try:
        TYPES[schema](**value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(("path", "schema"), PUBLISHED + SEALS[:1], ids=lambda value: getattr(value, "name", value))
def test_any_damage_is_refused_by_type_and_schema(path: Path, schema: str) -> None:
    """By the schema in every ninth place, since that takes longer."""
    document, fits = thinned(json.loads(path.read_text())), validator(schema)
    fits.validate(document)
    found = list(damages(document))
    assert [place for place, damaged in found if not refused(schema, damaged)] == []
    assert [place for place, damaged in found[::9] if fits.is_valid(damaged)] == []
