"""Proofs are those that a prover checked, or the one that is not is named. No prover is needed here."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.base.errors import BadInput, ExitCode, Tampered
from reports.theorems import coq
from reports.theorems.proof_files import HEAD, PROOFS, RECORD, proof_files, proof_record
from reports.theorems.prove import STAMP, UNCHECKED, check, checked_here, compare, compare_axioms, main, stamp
from reports.theorems.theorem_list import THEOREMS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the proofs and their record."""
    shutil.copytree(PROOFS, tmp_path / "proofs", ignore=shutil.ignore_patterns(STAMP))
    return tmp_path / "proofs"


def edit(path: Path, old: str, new: str, to: Path | None = None) -> None:
    text = path.read_text("utf8")
    assert text.count(old) >= 1
    (to or path).write_text(text.replace(old, new, 1), "utf8")


def test_the_record_holds_every_theorem_of_every_file_and_no_other_axiom() -> None:
    record, files = proof_record(), proof_files()
    assert list(record.files) == list(files)
    assert {name: one.file for name, one in record.theorems.items()} == {
        name: file.name for file in files.values() for name in file.theorems
    }
    assert len(record.theorems) > 80
    assert set(record.axioms) <= set(coq.AXIOMS)
    assert len(coq.AXIOMS) == 4
    known = {axiom.partition(" :")[0] for axiom in coq.AXIOMS}
    assert all(set(one.axioms) <= known for one in record.theorems.values())


def test_no_axiom_but_the_known_ones_will_do() -> None:
    """Nor one of another statement under a known name, nor a check that was switched off."""
    coq.require_only_known(proof_record().axioms)
    for other in ("unused : False", "Classical_Prop.classic : False", "loop is assumed to be guarded."):
        with pytest.raises(BadInput, match=rf"^the proofs rest on {other}, expected no axiom but those of the"):
            coq.require_only_known([*coq.AXIOMS, other])


def test_what_the_tracker_names_is_in_the_record() -> None:
    recorded = proof_record().theorems.keys()
    assert {name for theorem in THEOREMS for name in theorem.formal} <= recorded


def test_a_folder_of_proofs_says_in_each_file_what_it_is_for() -> None:
    for name, file in proof_files().items():
        head = file.text[: file.text.index("*)")]
        assert file.text.startswith("(* "), name
        assert "Matters for: " in head or name == "Sums.v", name
        assert max(map(len, file.text.splitlines())) <= 120, name
        assert len(file.text.splitlines()) < 165, name


CHANGES: list[tuple[str, Callable[[Path], None], str]] = [
    ("a statement", lambda at: edit(at / "RowGauge.v", "<= beta n w <= 1.", "<= beta n w <= 2."),
     "RowGauge.v: gauge_bounds is not what was checked by coqc 8.16.1"),
    ("a proof", lambda at: edit(at / "VerdictOrder.v", "destruct broken, missing", "destruct missing, broken"),
     "VerdictOrder.v: only_sound_and_complete_gates_kill is not what"),
    ("a definition", lambda at: edit(at / "RowGauge.v", "sum n (fun i => Rabs (w i)).", "sum n (fun i => w i)."),
     "RowGauge.v: l1 is not what"),
    ("a goal given up", lambda at: edit(at / "Rope.v", "f_equal; lra.\nQed.", "f_equal; lra.\nAdmitted."),
     "Rope.v: rope_no_mixing is not what"),
    ("an axiom", lambda at: edit(at / "Sums.v", "Open Scope R_scope.", "Open Scope R_scope.\nAxiom bad : False."),
     f"Sums.v: {HEAD} is not what"),
    ("a theorem taken away", lambda at: edit(at / "Sums.v", "Lemma sum_const ", "Lemma sum_consts "),
     "Sums.v: sum_consts is not what"),
    ("a file more", lambda at: edit(at / "Sums.v", "", "", to=at / "More.v"),
     "More.v: no such file was checked by coqc 8.16.1"),
    ("a file less", lambda at: (at / "Rope.v").unlink(), "Rope.v: missing, and it was checked by coqc 8.16.1"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_a_change_without_a_new_record_is_tampered_by_name(
    change: Callable[[Path], None], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proof_record(folder)
    change(folder)
    with pytest.raises(Tampered) as raised:
        proof_record(folder)
    assert str(raised.value).startswith(said)
    assert str(raised.value).endswith("restore it, or check it anew: python -m reports.theorems --write")
    assert main([], folder) == ExitCode.TAMPERED
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_a_record_that_names_a_theorem_that_is_not_there_is_tampered(folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text())
    record["theorems"]["invented"] = dict(record["theorems"]["layer_gauge"])
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(Tampered, match=r"^Rotation\.v: declares no theorem invented, which was checked"):
        proof_record(folder)


def test_another_statement_or_axiom_than_recorded_is_tampered(monkeypatch: pytest.MonkeyPatch) -> None:
    record = proof_record()
    found = {name: one.statement for name, one in record.theorems.items()}
    monkeypatch.setattr(coq, "version", lambda: record.version)
    compare(found, record)
    with pytest.raises(Tampered, match=r"^record\.json: layer_gauge states something else, the record has forall"):
        compare({**found, "layer_gauge": "something else"}, record)
    with pytest.raises(Tampered, match=r"^record\.json: layer_gauge states nothing, the record has forall"):
        compare({name: one for name, one in found.items() if name != "layer_gauge"}, record)
    with pytest.raises(Tampered, match=r"a_kill_stays rests on an\.axiom, not as recorded"):
        compare_axioms({"a_kill_stays": ("an.axiom : False",)}, record)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "record.json: cannot be read (No such file or directory); restore it from git"),
        (b"{}", "record.json: prover is missing; restore it from git"),
        (b"[1", "record.json: not valid JSON"),
    ],
)
def test_a_record_that_cannot_be_read_is_bad_input(raw: bytes | None, said: str, folder: Path) -> None:
    (folder / RECORD).unlink()
    if raw is not None:
        (folder / RECORD).write_bytes(raw)
    with pytest.raises(BadInput) as raised:
        proof_record(folder)
    assert str(raised.value).startswith(said)


def test_without_a_prover_it_says_so_and_is_not_green(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert main([], folder) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == f"error: {coq.ABSENT}\n"
    with pytest.raises(BadInput, match=r"^coqc-absent: "):
        check(folder)
    assert checked_here(folder) == UNCHECKED == "not checked on this machine"
    assert main(["--digests"], folder) == ExitCode.SURVIVED
    assert capsys.readouterr().out.endswith(" theorems as recorded, not checked on this machine\n")


def test_what_this_machine_checked_is_forgotten_with_the_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coq, "version", lambda: "8.16.1")
    stamp(folder, proof_record(folder))
    assert checked_here(folder) == "checked by coqc 8.16.1 on this machine"
    edit(folder / RECORD, "8.16.1", "8.16.2")
    assert checked_here(folder) == UNCHECKED
    (folder / STAMP).write_text("[]")
    assert checked_here(folder) == UNCHECKED
