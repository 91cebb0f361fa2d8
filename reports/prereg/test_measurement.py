"""What was measured comes back from JSON as it was, or is refused."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.canonical import canonical_json
from reports.base.errors import Tampered
from reports.prereg.measurement import Measurement, Of, measurement_from_json
from reports.prereg.preregistration import Cell
from reports.prereg.samples import Measured, Samples
from reports.testing.small_rules import generated, of_model

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
curves = st.dictionaries(names, st.lists(numbers, max_size=4).map(tuple), max_size=4)
printed = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
axes = st.dictionaries(printed, st.lists(printed, max_size=3).map(tuple), min_size=1, max_size=3)


@st.composite
def measureds(draw: st.DrawFn) -> Measured:
    """Samples along some of the axes, with noise and a certificate or without."""
    named = draw(axes)

    def samples() -> Samples:
        along = tuple(draw(st.lists(st.sampled_from(sorted(named)), unique=True)))
        size = math.prod(len(named[axis]) for axis in along)
        values = st.lists(numbers, min_size=size, max_size=size).map(tuple)
        noise, least, most = (draw(st.none() | values) for _ in range(3))
        words = [draw(printed) for _ in range(3)]
        made_of = tuple(draw(st.lists(printed, max_size=2)))
        return Samples(draw(values), words[0], words[1], along, words[2], noise, least, most, made_of)

    return Measured(
        samples={name: samples() for name in draw(st.lists(names, unique=True, max_size=3))},
        axes=named,
        profiles=draw(curves),
        texts=draw(st.dictionaries(names, st.text(st.characters(codec="utf-8")), max_size=3)),
    )


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
    measured=measureds(),
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
    assert Measurement(Cell("claim", "narrow_d", 0), "0" * 64, Measured({}, {}), 0.0).of == "layer"
    assert Measured({}, {}).texts == {}


def an_entry(**fields: object) -> dict[str, Any]:
    return {**of_model(Cell("claim", "one_bit_nll", 3), generated((1.0,), {"learned": (2.0,)})).to_json(), **fields}


def a_sample(**changed: object) -> dict[str, object]:
    whole = an_entry()["samples"]["nll"]
    return {**whole, **changed}


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
        {"samples": {"nll": [1.0]}},
        *(
            {"samples": {"nll": a_sample(**changed)}}
            for changed in (
                {"values": "12"},
                {"values": ["inf"]},
                {"values": [float("nan")]},
                {"values": [True]},
                {"values": [1.0, 2.0]},
                {"noise": [1.0, 2.0]},
                {"noise": 1.0},
                {"least": [True]},
                {"most": [1.0, 2.0]},
                {"axes": ["expert"]},
                {"axes": "prompt"},
                {"label": "a\nb"},
                {"unit": 3},
                {"counted": None},
                {"made_of": "nll"},
                {"median": 1.0},
            )
        ),
        {"axes": []},
        {"axes": {"prompt": "0"}},
        {"axes": {"prompt": ["0", "1"]}},
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
    "key", ["kind", "name", "layer", "tensors_sha256", "samples", "axes", "profiles", "texts", "of", "seconds"]
)
def test_every_key_is_needed(key: str) -> None:
    entry = an_entry()
    del entry[key]
    with pytest.raises(Tampered, match=rf"^entry\.json: not a measurement \({key} is missing\)"):
        measurement_from_json(entry, "entry.json")


@pytest.mark.parametrize(
    "changed",
    [{"note": "excellent"}, {"tensors_sha256": 7}, {"tensors_sha256": "f"}, {"texts": {"domains": 3}}, {"texts": []}],
)
def test_nothing_is_taken_for_what_it_is_not(changed: dict[str, object]) -> None:
    with pytest.raises(Tampered, match=r"^entry\.json: not a measurement \("):
        measurement_from_json({**an_entry(), **changed}, "entry.json")
