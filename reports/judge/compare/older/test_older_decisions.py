"""A verdict published once stays readable: documents of every schema in this repository's history, none beyond."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.artefacts.decision_document import SCHEMA, DecisionDocument
from reports.base.errors import BadInput, Tampered
from reports.judge.compare.older import not_stated, upgraded
from reports.judge.compare.older.stated_since import RENAMED, SINCE
from reports.testing.fuzzing import json_values, places, said, with_value

ROOT = Path(__file__).resolve().parents[4]
VERDICTS = ROOT / "reports" / "verdicts"
SAMPLES = {path.stem: json.loads(path.read_text("utf8")) for path in sorted(Path(__file__).parent.glob("samples/*"))}
# Where each sample was published, under which name. Outside the core its lists are cut short
PUBLISHED = {
    "schema_1": ("6324681", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_2": ("f16f863", "E-ffn-rotation-v5-olmoe_nano"),
    "schema_3": ("b559902", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_4": ("d88607c", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_5": ("0f3f9ed", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_5_early": ("50b1470", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_6": ("7ad180f", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_7_intervals": ("7e23867", "E-ffn-rotation-v4-olmoe_nano"),
    "schema_7_probes": ("7e8aa83", "E-ffn-rotation-v4-olmoe_nano"),
}
CORE = ("rung", "verdict", "trigger", "subject", "gates", "controls", "missing", "core_sha256", "rule_sha256")
PAGE = (ROOT / "reports" / "schemas" / "README.md").read_text("utf8")

every_sample = pytest.mark.parametrize("name", SAMPLES)


def leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Dotted key and value of everything that is not a table or a list, or that is an empty one."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inner:
        yield at, value
    for key, one in inner:
        yield from leaves(one, f"{at}[{key}]" if isinstance(value, list) else f"{at}.{key}".removeprefix("."))


def todays(at: str) -> str:
    return at.replace("generation", "one_bit_damage", 1).replace(".close_call", ".borderline")


@every_sample
def test_what_was_published_is_read_in_present_keys_and_nothing_is_made_up(name: str) -> None:
    document = SAMPLES[name]
    kept = deepcopy(document)
    read = upgraded(document)
    assert document == kept
    stated = {todays(at): value for at, value in leaves(document)} | {"schema": SCHEMA}
    found = dict(leaves(read))
    absent = dict.fromkeys(not_stated(document))
    assert absent
    assert found == stated | absent
    assert read.keys() >= {str(field.alias or key) for key, field in DecisionDocument.model_fields.items()}


def test_a_verdict_of_the_first_schema_says_what_it_said() -> None:
    read = upgraded(SAMPLES["schema_1"])
    assert (read["verdict"], read["trigger"]) == ("KILLED", "narrow-d threshold unmet at 4-layer checkpoint")
    (gate,) = read["gates"]
    assert (gate["status"], gate["observed"], gate["n"]) == ("KILLED", 67 / 192, 192)
    assert (gate["census"], gate["certified_count"], read["traps"], read["outcome_sha256"]) == (None,) * 4
    assert len(read["controls"]) == 8
    assert upgraded(SAMPLES["schema_4"])["gates"][0]["borderline"] is False  # close_call
    assert upgraded(SAMPLES["schema_3"])["one_bit_damage"]["prompts"] == SAMPLES["schema_3"]["generation"]["prompts"]
    assert upgraded(SAMPLES["schema_6"])["probes"][0]["conclusion"] == "structural ceiling"


def test_there_is_a_sample_of_each_schema_before_the_present_one() -> None:
    assert {document["schema"] for document in SAMPLES.values()} >= set(range(1, SCHEMA))
    assert SAMPLES.keys() == PUBLISHED.keys()


@pytest.mark.parametrize("path", sorted(VERDICTS.glob("*/decision.json")), ids=lambda path: path.parent.name)
def test_what_is_published_now_is_read_as_it_is(path: Path) -> None:
    document = json.loads(path.read_text("utf8"))
    assert upgraded(document) == document
    assert not_stated(document) == ()


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, -1, "7", 7.0, None, True, [7]])
def test_a_schema_that_is_not_known_is_refused_in_one_line(schema: object) -> None:
    with pytest.raises(BadInput) as refused:
        upgraded({**SAMPLES["schema_6"], "schema": schema}, "old/decision.json")
    assert str(refused.value) == (
        f"old/decision.json: schema is {schema!r}, expected 1 to {SCHEMA}; a newer suite wrote it, or it is not a "
        "decision.json: update the checkout, or name another"
    )


@every_sample
def test_a_number_that_was_edited_is_tampered(name: str) -> None:
    document = deepcopy(SAMPLES[name])
    document["gates"][0]["observed"] = 0.123
    with pytest.raises(Tampered, match="edited by hand, its core_sha256 does not hold; restore the file"):
        upgraded(document)
    document = {**SAMPLES[name], "outcome_sha256": "0" * 64}
    with pytest.raises((Tampered, BadInput), match=r"its outcome_sha256 does not hold|outcome_sha256 is not a key"):
        upgraded(document)


@pytest.mark.parametrize(
    ("name", "at", "key", "value", "said_of_it"),
    [
        ("schema_1", ("gates", 0), "observed", ..., "gates[0].observed is missing, in a document of schema 1"),
        ("schema_4", ("gates", 0), "reach", ..., "gates[0].reach is missing, in a document of schema 4"),
        ("schema_5", (), "outcome_sha256", ..., "outcome_sha256 is missing, in a document of schema 5"),
        ("schema_3", ("gates", 0), "reach", [0.1, 0.2], "gates[0].reach is not a key, in a document of schema 3"),
        ("schema_3", ("gates", 0), "mood", "fine", "gates[0].mood is not a known key"),
        ("schema_2", (), "verdict", "ALIVE", "verdict is 'ALIVE', expected "),
        ("schema_6", (), "trigger", "structural ceiling\n", "trigger is not text on one line"),
        ("schema_6", (), "deviations", ["\x1b[2J"], "deviations[0] is not text on one line"),
        ("schema_6", ("gates", 0), "status", "structural ceiling", "gates[0].status is 'structural ceiling', expected"),
        ("schema_7_probes", ("probes", 0), "conclusion", "structural ceiling", "probes[0].conclusion is "),
    ],
)
def test_a_document_that_is_not_of_its_schema_names_the_key(
    name: str, at: tuple[str | int, ...], key: str, value: object, said_of_it: str
) -> None:
    document = deepcopy(SAMPLES[name])
    table = document
    for step in at:
        table = table[step]
    if value is ...:
        del table[key]
    else:
        table[key] = value
    with pytest.raises(BadInput) as refused:
        upgraded(document)
    assert str(refused.value).startswith(f"decision.json: {said_of_it}")


def test_the_present_schema_lacks_nothing_but_in_its_first_documents() -> None:
    document = json.loads((VERDICTS / "E-ffn-rotation-v4-olmoe_nano" / "decision.json").read_text("utf8"))
    del document["gates"][0]["census"]
    with pytest.raises(BadInput, match=r"gates\[0\].census is missing, in a document of schema 7"):
        upgraded(document)


@pytest.mark.fuzz
@given(st.data())
def test_damage_is_refused_in_one_line_or_read(data: st.DataObject) -> None:
    document = SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))]
    damaged = with_value(document, data.draw(st.sampled_from(list(places(document))[1:])), data.draw(json_values))
    said(upgraded, damaged)


def chapters() -> dict[int, str]:
    parts = re.split(r"^### (\d+)$", PAGE, flags=re.MULTILINE)
    return {int(number): text for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def test_the_page_has_a_chapter_for_each_schema_and_names_its_keys() -> None:
    assert list(chapters()) == list(range(SCHEMA, 0, -1))
    for form, keys in SINCE.items():
        assert keys.keys() <= {str(field.alias or key) for key, field in form.model_fields.items()}
        for key, since in keys.items():
            assert f"`{key}`" in chapters()[since], f"{key} of {form.__name__}"
    for names in RENAMED.values():
        assert all(f"`{old}`" in PAGE for old in names)


def shown(commit: str, path: str) -> Mapping[str, Any]:
    done = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no-history: {commit} is not in this clone")
    return dict(json.loads(done.stdout))


@every_sample
def test_each_sample_is_what_was_published(name: str) -> None:
    commit, folder = PUBLISHED[name]
    document = shown(commit, f"reports/verdicts/{folder}/decision.json")
    assert {key: document.get(key) for key in CORE} == {key: SAMPLES[name].get(key) for key in CORE}
    assert document.keys() == SAMPLES[name].keys()


@pytest.mark.nightly
def test_every_decision_in_the_history_is_read() -> None:
    listed = ["git", "log", "--full-history", "--format=%h", "HEAD", "--", "reports/verdicts"]
    commits = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if len(commits) < 10:
        pytest.skip("no-history: a shallow clone, or not a git checkout")
    seen = set()
    for commit in commits:
        tree = ["git", "ls-tree", "-r", commit, "reports/verdicts"]
        for line in subprocess.run(tree, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
            blob, path = line.split()[2:4]
            if path.endswith("/decision.json") and blob not in seen:
                seen.add(blob)
                upgraded(shown(commit, path), f"{commit}:{path}")
    assert len(seen) > 30
