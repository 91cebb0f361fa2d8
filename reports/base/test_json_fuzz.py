"""Whatever stands in a JSON file that the suite reads: what was written there, or one line saying what is wrong.

Damage is noticed by digests; so every file is also forged, with digests that hold.
"""

import copy
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput
from reports.judge.compare.circumstances import circumstances
from reports.judge.compare.differences import differences
from reports.judge.compare.reproduce import outcome_line, read_decision
from reports.judge.decision import Decision, decide
from reports.judge.digests import digests
from reports.judge.document import decision_json
from reports.prereg.preregistration import Cell, registered_cells
from reports.prereg.rules import MeanAtMost
from reports.published.rejudge import RUN, rejudge, remember
from reports.published.scoreboard import in_order, scoreboard_html, scoreboard_markdown, standing_of
from reports.seals.ledger import LEDGER, verified
from reports.seals.seal import sidecar_path, verify
from reports.seals.test_ledger import an_event, append
from reports.store.bundle import BUNDLE, bundle_lines, read_bundle
from reports.store.store import Identity, Store, encode_entry, open_store
from reports.store.subject_facts import SubjectFacts
from reports.testing.fuzzing import damaged, json_values, places, said, with_value
from reports.testing.small_rules import (
    ENVIRONMENT,
    SHIPPED,
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_preregistration,
    a_trap,
    first_seal,
    of,
    sampled,
)

pytestmark = pytest.mark.fuzz


def spelled(value: object) -> bytes:
    return json.dumps(value).encode()


def rechained(lines: list[dict[str, Any]]) -> bytes:
    """A ledger in which every digest holds, whatever its lines say."""
    previous, written = "0" * 64, b""
    for line in lines:
        unsigned = {key: value for key, value in line.items() if key != "sha256"} | {"previous": previous}
        previous = sha256_hex(canonical_json(unsigned))
        written += canonical_json({**unsigned, "sha256": previous}) + b"\n"
    return written


def redigested(entry: Any) -> bytes:
    """A store entry whose digest holds, whatever it says."""
    unsigned = {key: value for key, value in entry.items() if key != "entry_sha256"}
    return canonical_json({**unsigned, "entry_sha256": sha256_hex(canonical_json(unsigned))})


def a_decision() -> tuple[Decision, dict[str, Any]]:
    """A decision, and its document, with a control, traps, a kill, a gate after it, and another estimator."""
    trap = a_trap("off_rotation", MeanAtMost("off_gain", 1.03), claim="narrow_d")
    claim = a_claim(sensitivity=("participation_ratio",))
    prereg = a_preregistration([claim], [a_control("planted_narrow_d")], traps=[trap])
    found = {}
    for cell in registered_cells(prereg, range(4)):
        wide = [0.1, 0.1] if cell.kind == "control" else [0.3, 0.9]
        found[cell] = (
            of(cell, sampled({"off_gain": (1.0,)}))
            if cell.kind == "trap"
            else a_measurement(cell, wide, participation_ratio=wide)
        )
    decision = decide(prereg, range(4), found)
    document = decision_json(decision, subject=SUBJECT, seal={"file": "a.toml"}, environment=ENVIRONMENT, errors=[])
    return decision, dict(json.loads(json.dumps(document)))


DECISION, DOCUMENT = a_decision()
ENTRY = json.loads(encode_entry(a_measurement(Cell("claim", "narrow_d", 3), [0.25, 0.5], stable_rank=[0.1, 0.2])))


@dataclass(frozen=True)
class Folder:
    """A sealed preregistration with its ledger, and a run of it beside them."""

    path: Path

    @property
    def prereg(self) -> Path:
        return self.path / SHIPPED.name

    @property
    def run(self) -> Path:
        return self.path / "run"

    def write(self, name: str, data: bytes) -> Path:
        path = self.path / name
        path.write_bytes(data)
        return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("fuzz"))
    folder.prereg.write_bytes(SHIPPED.read_bytes())
    prereg = first_seal(folder.prereg).prereg
    claim = prereg.claim("narrow_d")
    subject = SubjectFacts("other", "weights", None, tuple(range(16)), True, None)
    store = open_store(folder.run, Identity(prereg.canonical_sha256, {}))
    for cell in registered_cells(prereg, subject.layers):
        if cell.name == claim.name and cell.layer in range(4):
            store.put(a_measurement(cell, [0.7], **{name: [0.7] for name in claim.sensitivity}))
    remember(folder.run, folder.prereg.name, subject, store, code={})
    return folder


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("ledger") / LEDGER
    for number in range(1, 4):
        append(path, an_event(number))
    return [json.loads(line) for line in path.read_text().splitlines()]


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")) | json_values.map(spelled))
def test_arbitrary_bytes_are_nothing_that_was_written(folder: Folder, data: bytes) -> None:
    path = folder.write("arbitrary", data)
    assert said(read_decision, path)
    assert said(read_bundle, path) or not data
    assert said(verified, data, LEDGER) or not data
    for packed in (gzip.compress(data), gzip.compress(data) + data):
        said(read_bundle, folder.write("packed", packed))


# Decision documents.


def compare(path: Path) -> None:
    """All that is done with a document: compared with itself and both ways with a sound one, put on the scoreboard."""
    document = read_decision(path)
    assert list(differences(document, document, {})) == [] or document["errors"]
    for obtained, expected in ((document, DOCUMENT), (DOCUMENT, document)):
        assert all(found.line() for found in differences(obtained, expected, {"energy_rank_95": 0.01}))
        circumstances(obtained, expected)
    outcome_line(document, reproduced=False)
    found = in_order([standing_of("a", DECISION, document), standing_of("b", DECISION, DOCUMENT)])
    assert scoreboard_markdown(found)
    assert scoreboard_html(found)


@given(damaged(json.dumps(DOCUMENT).encode()))
def test_a_damaged_decision(folder: Folder, data: bytes) -> None:
    said(compare, folder.write("decision.json", data))


@given(st.sampled_from(list(places(DOCUMENT))), json_values)
def test_any_value_anywhere_in_a_decision(folder: Folder, place: tuple[Any, ...], value: object) -> None:
    document = with_value(DOCUMENT, place, value)
    path = folder.write("decision.json", json.dumps(document).encode())
    edited = said(compare, path)
    try:
        forged = {**document, **digests(document)}
    except (BadInput, KeyError, TypeError):
        assert edited
        return
    said(compare, folder.write("decision.json", json.dumps(forged).encode()))


# Store entries and bundles.


@given(damaged(encode_entry(a_measurement(Cell("claim", "narrow_d", 3), [0.25, 0.5]))))
def test_a_damaged_entry(folder: Folder, data: bytes) -> None:
    store, cell = Store(folder.path / "entries"), Cell("claim", "narrow_d", 3)
    (store.folder / "000000000000").mkdir(parents=True, exist_ok=True)
    path = folder.write("entries/000000000000/claim-narrow_d-L03.json", data)
    whole = encode_entry(a_measurement(cell, [0.25, 0.5]))
    assert said(store.get, cell) or store.get(cell) == a_measurement(cell, [0.25, 0.5])
    assert said(store.measurements) or json.loads(path.read_bytes()) == json.loads(whole)


@given(st.sampled_from([place for place in places(ENTRY) if place]), json_values)
def test_any_value_anywhere_in_an_entry(folder: Folder, place: tuple[Any, ...], value: object) -> None:
    try:
        data = redigested(with_value(ENTRY, place, value))
    except BadInput:  # what canonical JSON cannot say, no entry can hold
        return
    store = Store(folder.path / "entries")
    (store.folder / "000000000000").mkdir(parents=True, exist_ok=True)
    folder.write("entries/000000000000/claim-narrow_d-L03.json", data)
    said(store.get, Cell("claim", "narrow_d", 3))
    said(store.measurements)
    said(read_bundle, folder.write(BUNDLE, gzip.compress(data + b"\n")))


LINES = bundle_lines({cell: a_measurement(cell, [0.25]) for cell in (Cell("claim", "a", 3), Cell("control", "b"))})


@given(damaged(LINES) | damaged(gzip.compress(LINES, mtime=0)))
def test_a_damaged_bundle(folder: Folder, data: bytes) -> None:
    for packed in (data, gzip.compress(data)):
        said(read_bundle, folder.write(BUNDLE, packed))


# Ledger and sidecar.


@given(st.data())
def test_a_damaged_ledger(ledger: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = rechained(ledger)
    found = data.draw(damaged(whole))
    assert said(verified, found, LEDGER) or whole.startswith(found)  # a cut tail is a sound chain


@given(st.data())
def test_any_value_anywhere_in_a_ledger(ledger: list[dict[str, Any]], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([place for place in places(ledger) if len(place) > 1]))
    forged: Any = with_value(ledger, place, data.draw(json_values))
    try:
        said(verified, rechained(forged), LEDGER)
    except BadInput:
        return


@given(st.data())
def test_a_sidecar_with_any_value_or_any_damage(folder: Folder, data: st.DataObject) -> None:
    path = sidecar_path(folder.prereg)
    whole = path.read_bytes()
    sound = json.loads(whole)
    place = data.draw(st.sampled_from(list(places(sound))))
    changed = data.draw(damaged(whole) | json_values.map(lambda value: spelled(with_value(sound, place, value))))
    try:
        path.write_bytes(changed)
        assert said(verify, folder.prereg) or json.loads(changed) == sound
    finally:
        path.write_bytes(whole)


# What a run left.


@given(st.data())
def test_a_run_with_any_value_or_any_damage(folder: Folder, data: st.DataObject) -> None:
    path = folder.run / RUN
    whole = path.read_bytes()
    sound = json.loads(whole)
    place = data.draw(st.sampled_from(list(places(sound))))
    changed = data.draw(damaged(whole) | json_values.map(lambda value: spelled(with_value(sound, place, value))))
    try:
        path.write_bytes(changed)
        said(lambda: rejudge(folder.run, folder.path).core_sha256)
    finally:
        path.write_bytes(whole)


@given(st.data())
def test_a_run_with_any_value_in_its_measurements(folder: Folder, data: st.DataObject) -> None:
    path = next(folder.run.rglob("claim-narrow_d-L02.json"))
    whole = path.read_bytes()
    sound = json.loads(whole)
    place = data.draw(st.sampled_from([place for place in places(sound) if place]))
    changed: Any = with_value(copy.deepcopy(sound), place, data.draw(json_values))
    try:
        path.write_bytes(redigested(changed))
        said(lambda: rejudge(folder.run, folder.path).core_sha256)
    except BadInput:
        return
    finally:
        path.write_bytes(whole)
