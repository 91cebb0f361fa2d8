"""`reports.load`: what a notebook gets, and what it is told where there is nothing to get."""

import doctest
import gzip
import json
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import reports
from reports.base.errors import BadInput, StudyError, Tampered
from reports.published.found_folder import VERDICTS
from reports.published.loading import MeasuredValue, MeasuredValues, load
from reports.store.bundle import read_bundle

NAME = "W-exponent-entropy-v1-olmoe_nano"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A published verdict to be damaged."""
    return shutil.copytree(VERDICTS / NAME, tmp_path / "verdict")


def faults_of(examples: types.ModuleType) -> doctest.TestResults:
    return doctest.testmod(examples, report=False, verbose=False)


def test_the_docstring_says_what_happens() -> None:
    found = faults_of(reports)
    assert found.attempted == 9
    assert found.failed == 0


def test_a_wrong_docstring_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = types.ModuleType("wrong", ">>> 1 + 1\n3\n")
    assert faults_of(wrong).failed == 1
    assert "Expected:\n    3\nGot:\n    2" in capsys.readouterr().out


def test_the_verdict_is_that_of_the_document(copy: Path) -> None:
    document = json.loads((copy / "decision.json").read_text("utf8"))
    found = load(copy)
    assert found.folder == copy
    assert found.verdict.verdict == document["verdict"] == "SURVIVED"
    assert [gate.observed for gate in found.verdict.gates] == [gate["observed"] for gate in document["gates"]]
    assert found.verdict.core_sha256 == document["core_sha256"]


def test_every_number_of_every_cell_is_a_row(copy: Path) -> None:
    found = load(copy).measurements
    bundle = read_bundle(copy / "measurements.jsonl.gz")
    assert len(found) == sum(len(one) for cell in bundle.values() for one in cell.measured.samples.values()) == 7632
    for cell, measurement in bundle.items():
        mine = [row for row in found if row.cell == cell.id]
        for metric, samples in measurement.measured.samples.items():
            rows = [row for row in mine if row.metric == metric]
            assert tuple(row.value for row in rows) == samples.values
            assert {row.unit for row in rows} == {samples.unit}
            for place, row in enumerate(rows[:5]):
                told = measurement.measured.place(metric, place)
                assert all(label in told for axis, label in row.at.items() if len(measurement.measured.axes[axis]) > 1)


def test_a_name_is_that_of_a_published_verdict(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reports.load(NAME).folder == VERDICTS / NAME
    monkeypatch.chdir(copy.parent)
    assert reports.load("verdict").folder == Path("verdict")  # what is here is meant first
    (copy.parent / NAME).mkdir()
    with pytest.raises(BadInput, match=r"decision\.json: cannot be read"):
        reports.load(NAME)


def told(folder: Path | str) -> tuple[type[StudyError], str]:
    with pytest.raises(StudyError) as raised:
        reports.load(folder)
    assert "\n" not in str(raised.value)
    return raised.type, str(raised.value)


def test_no_folder(copy: Path) -> None:
    kind, line = told("W-exponent-entropie-v1-olmoe_nano")
    assert kind is BadInput
    assert line.startswith(
        "W-exponent-entropie-v1-olmoe_nano: no such folder; name what a run wrote, under reports/out"
    )
    assert line.endswith(f"did you mean '{NAME}'?")
    assert "a file, expected a folder that a run wrote" in told(copy / "decision.json")[1]


def test_no_decision(copy: Path) -> None:
    (copy / "decision.json").unlink()
    assert told(copy) == (
        BadInput,
        f"{copy / 'decision.json'}: cannot be read (No such file or directory); name a decision.json",
    )


def test_a_damaged_decision(copy: Path) -> None:
    path = copy / "decision.json"
    whole = path.read_text("utf8")
    path.write_text(whole[:1000])
    kind, line = told(copy)
    assert kind is BadInput
    assert "decision.json: not valid JSON" in line
    path.write_text(whole.replace('"SURVIVED"', '"KILLED"', 1))
    kind, line = told(copy)
    assert kind is Tampered
    assert "decision.json: edited by hand, its core_sha256 does not hold" in line


@pytest.mark.parametrize("schema", [1, 99, "7", None])
def test_another_schema(schema: object, copy: Path) -> None:
    path = copy / "decision.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf8")), "schema": schema}))
    kind, line = told(copy)
    assert kind is BadInput
    assert "decision.json: not a decision.json of schema 7" in line


def test_measurements_of_another_run(copy: Path) -> None:
    bundle = copy / "measurements.jsonl.gz"
    lines = gzip.decompress(bundle.read_bytes()).splitlines(keepends=True)
    bundle.write_bytes(gzip.compress(b"".join(lines[1:])))  # each entry's own digest holds
    kind, line = told(copy)
    assert kind is Tampered
    assert "measurements.jsonl.gz: not the measurements that decision.json was made from" in line
    bundle.unlink()
    assert "measurements.jsonl.gz: cannot be read (No such file or directory)" in told(copy)[1]


def test_neither_torch_nor_pandas_is_loaded() -> None:
    code = f"import sys, reports; reports.load({NAME!r}); print(sorted({{'torch', 'pandas'}} & set(sys.modules)))"
    root = VERDICTS.parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout == "[]\n"


ROWS = MeasuredValues((
    MeasuredValue("claim", "narrow_d[L00]", 0, "rank", 0.5, "-", 0.7, {"projection": "gate_proj", "expert": "3"}),
    MeasuredValue("claim", "nll[L01]", 1, "nll", 2.5, "nats", None, {"prompt": "prose-0"}),
))  # fmt: skip


def test_without_pandas_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BadInput, match=r"^to_pandas: pandas is not installed; pip install pandas, or use the rows"):
        ROWS.to_pandas()


def test_pandas_is_handed_a_column_for_each_field_and_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = types.ModuleType("pandas")
    stand_in.DataFrame = dict  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", stand_in)
    assert dict(ROWS.to_pandas()) == {
        "kind": ["claim", "claim"],
        "cell": ["narrow_d[L00]", "nll[L01]"],
        "layer": [0, 1],
        "metric": ["rank", "nll"],
        "value": [0.5, 2.5],
        "unit": ["-", "nats"],
        "noise": [0.7, None],
        "projection": ["gate_proj", None],
        "expert": ["3", None],
        "prompt": [None, "prose-0"],
    }


def test_pandas_itself_makes_a_table() -> None:
    pd = pytest.importorskip("pandas", reason="no-pandas: it is optional, and not installed here")
    table = load(VERDICTS / NAME).measurements.to_pandas()
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 7632
    saved = table[(table.cell == "lossless_saving[L03]") & (table.metric == "lossless_saving")]
    assert list(saved.groupby("projection").size()) == [16, 16, 16]
