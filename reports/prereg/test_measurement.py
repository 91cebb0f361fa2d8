"""What was measured comes back from JSON as it was, or is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.canonical import canonical_json
from reports.base.errors import Tampered
from reports.prereg.measurement import Measured, Measurement, Of, measurement_from_json
from reports.prereg.preregistration import Cell
from reports.testing.small_rules import generated, of_model

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.dictionaries(names, st.lists(numbers, max_size=4).map(tuple), max_size=4)
OF: dict[str, Of] = {"control": "control", "secondary": "dense"}  # of any other cell: layer or model
measurements = st.builds(
    Measurement,
    cell=st.builds(
        Cell,
        st.sampled_from(["claim", "trap", "control", "probe", "secondary"]),
        names.filter(str.isprintable),
        st.none() | st.integers(0, 99),
    ),
    tensors_sha256=st.just("0f" * 32),
    measured=st.builds(
        Measured,
        samples=curves,
        reference=st.dictionaries(names, numbers, max_size=3),
        profiles=curves,
        texts=st.dictionaries(names, st.text(st.characters(codec="utf-8")), max_size=3),
    ),
    seconds=st.floats(0, 1e6),
    of=st.sampled_from(["layer", "model"]),
).map(lambda measurement: replace(measurement, of=OF.get(measurement.cell.kind, measurement.of)))


@pytest.mark.fuzz
@given(measurements)
def test_a_measurement_survives_its_spelling(measurement: Measurement) -> None:
    """Through canonical JSON, which sorts keys and writes `1.0` as `1`."""
    assert measurement_from_json(json.loads(canonical_json(measurement.to_json())), "entry.json") == measurement


def test_texts_and_what_it_is_of_are_kept() -> None:
    cell = Cell("claim", "one_bit_nll", 3)
    entry = of_model(cell, generated((1.0,), {"learned": (2.0,)}, {"prose-00 learned": "a\nb | ```"})).to_json()
    assert entry["of"] == "model"
    assert entry["texts"] == {"domains": "prose", "prose-00 learned": "a\nb | ```"}


def test_unless_it_is_said_a_layer_was_measured() -> None:
    assert Measurement(Cell("claim", "narrow_d", 0), "0" * 64, Measured({}, {}, {}), 0.0).of == "layer"
    assert Measured({}, {}, {}).texts == {}


def an_entry(**fields: object) -> dict[str, Any]:
    return {**of_model(Cell("claim", "one_bit_nll", 3), generated((1.0,), {"learned": (2.0,)})).to_json(), **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"of": "subject"},
        {"of": None},
        {"of": ["model"]},
        {"of": "Layer"},
        {"of": "control"},
        {"of": "dense"},
        {"kind": "verdict"},
        {"kind": ["claim"]},
        {"name": 7},
        {"layer": "3"},
        {"layer": True},
        {"texts": []},
        {"texts": None},
        {"texts": "domains"},
        {"texts": {"domains": "prose\ncode"}},
        {"texts": {"sources": "a\nb"}},
        {"samples": []},
        {"samples": {"nll": "12"}},
        {"samples": {"nll": ["inf"]}},
        {"samples": {"nll": [float("nan")]}},
        {"samples": {"nll": [True]}},
        {"reference": {"nll": "low"}},
        {"reference": [1.0]},
        {"profiles": {"curve": 3}},
        {"seconds": "soon"},
    ],
    ids=str,
)
def test_another_form_is_refused(fields: dict[str, object]) -> None:
    measurement_from_json(an_entry(), "entry.json")
    with pytest.raises(
        Tampered, match=r"^entry\.json: not a measurement \(.*\); delete it to measure that cell again$"
    ):
        measurement_from_json(an_entry(**fields), "entry.json")


@pytest.mark.parametrize(
    "key", ["kind", "name", "layer", "tensors_sha256", "samples", "reference", "profiles", "texts", "of", "seconds"]
)
def test_every_key_is_needed(key: str) -> None:
    entry = an_entry()
    del entry[key]
    with pytest.raises(Tampered, match=rf"^entry\.json: not a measurement \(KeyError\('{key}'\)\)"):
        measurement_from_json(entry, "entry.json")


@pytest.mark.parametrize(
    "changed",
    [{"note": "excellent"}, {"tensors_sha256": 7}, {"tensors_sha256": "f"}, {"texts": {"domains": 3}}, {"texts": []}],
)
def test_nothing_is_taken_for_what_it_is_not(changed: dict[str, object]) -> None:
    with pytest.raises(Tampered, match=r"^entry\.json: not a measurement \(TypeError"):
        measurement_from_json({**an_entry(), **changed}, "entry.json")
