"""Some of the proofs, compiled once per session where `coqc` is installed; and what each way of not proving says."""

import shutil
from pathlib import Path

import pytest

from fixtures.testing.made_once import once
from reports.base.errors import BadInput
from reports.theorems import coq
from reports.theorems.proof_files import PROOFS, ProofFile, proof_files, proof_record
from reports.theorems.prove import STAMP, check, compare, compare_axioms, found_by_coq

pytestmark = pytest.mark.skipif(shutil.which("coqc") is None, reason=coq.ABSENT)


# Compiled every day: what takes seconds. All of them are compiled nightly, and by `.ci/run`, which has a stage for them
DAILY = ("SharedRotation.v", "Sums.v", "VerdictOrder.v")


@pytest.fixture(scope="session")
def compiled(shared: Path) -> Path:
    """Those proofs and what the prover made of them."""
    return once(shared, "proofs", lambda scratch: coq.compiled(daily(), scratch))


@pytest.fixture
def scratch(compiled: Path, tmp_path: Path) -> Path:
    """A copy, to ask in."""
    shutil.copytree(compiled, tmp_path / "scratch")
    return tmp_path / "scratch"


def daily() -> dict[str, ProofFile]:
    files = proof_files()
    return {name: files[name] for name in DAILY}


def test_the_prover_finds_what_the_record_says(scratch: Path) -> None:
    """Statements as Coq prints them, axioms, and none beneath anything that is declared but the known four."""
    whole = proof_record()
    theorems = {name: one for name, one in whole.theorems.items() if one.file in DAILY}
    record = whole.model_copy(update={"theorems": theorems})
    found = found_by_coq(daily(), scratch)
    compare(found, record)
    assert found["a_kill_stays"] == (
        "forall (gates more : list status) (missing noise missing' noise' : bool), "
        "decide gates missing noise = KILLED -> decide (gates ++ more) missing' noise' = KILLED"
    )
    axioms = coq.assumed_by({name: theorems[name].file for name in ("a_kill_stays", "pooled_lift_between")}, scratch)
    assert axioms["a_kill_stays"] == ()
    assert set(axioms["pooled_lift_between"]) < set(coq.AXIOMS)
    compare_axioms(axioms, record)


def a_file(text: str) -> dict[str, ProofFile]:
    return {"Bad.v": ProofFile("Bad.v", text.encode())}


ASSUMING = """Axiom unused : False.
Parameter parameter : False.
Conjecture guess : False.
Hypothesis open : False.
Theorem rests : False. Proof. exact open. Qed.
Theorem given_up : False. Proof. Admitted.
Module Inner. Axiom hidden : False. End Inner.
Module Classical_Prop. Axiom classic : False. End Classical_Prop.
Axiom lemma_subproof : False.
Unset Guard Checking.
Fixpoint loop (n : nat) : False := loop n.
Set Guard Checking.
Unset Positivity Checking.
Inductive negative := Negative (f : negative -> False).
Set Positivity Checking.
Unset Universe Checking.
Definition unsafe : Set := Type.
Set Universe Checking.
Section Closed. Variable x : nat. Theorem sound : x = x. Proof. reflexivity. Qed. End Closed.
"""


def test_everything_that_is_assumed_is_found_and_refused(tmp_path: Path) -> None:
    """Whatever it is called, used or not; a variable of a section that was closed is none."""
    files = a_file(ASSUMING)
    declared = coq.stated(files, coq.compiled(files, tmp_path))
    found = coq.assumed(declared, tmp_path)
    assert found == (
        "Bad.open : False",
        "Classical_Prop.classic : False",
        "Inner.hidden : False",
        "given_up : False",
        "guess : False",
        "lemma_subproof : False",
        "loop is assumed to be guarded.",
        "negative is assumed to be positive.",
        "parameter : False",
        "unsafe relies on an unsafe hierarchy.",
        "unused : False",
    )
    for one in found:
        with pytest.raises(BadInput, match=r"^the proofs rest on .*, expected no axiom but those of the"):
            coq.require_only_known([*coq.AXIOMS, one])
    coq.require_only_known(coq.AXIOMS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Theorem one : 1 = 2. Proof. reflexivity. Qed.", "Bad.v: one is refused by coqc ("),
        ("Section open.\nVariable x : nat.", "Bad.v: the file is refused by coqc (The section open needs"),
    ],
)
def test_a_proof_that_the_prover_refuses_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        coq.compiled(a_file(text), tmp_path)
    assert str(raised.value).startswith(said)


def test_a_theorem_in_a_comment_is_not_known(tmp_path: Path) -> None:
    files = a_file("(*\nTheorem one : False.\n*)")
    with pytest.raises(BadInput, match=r"^theorem one: not known to coqc"):
        found_by_coq(files, coq.compiled(files, tmp_path))


@pytest.mark.parametrize(
    ("name", "old", "new", "theorem"),
    [
        ("VerdictOrder.v", "KILLED => 0 | INCONCLUSIVE => 1", "KILLED => 1 | INCONCLUSIVE => 0",
         "verdict_is_the_first_of_its_parts"),
        pytest.param(
            "SharedRotation.v", "lo <= sum m a / sum m b <= hi", "lo < sum m a / sum m b <= hi", "pooled_ratio_between",
            marks=pytest.mark.nightly,
        ),
        pytest.param("DepthBudget.v", "(/ INR 30) < 1 + 17/10000", "(/ INR 30) < 1 + 16/10000", "depth_30",
            marks=pytest.mark.nightly),
    ],
)  # fmt: skip
def test_a_false_statement_is_named(name: str, old: str, new: str, theorem: str, scratch: Path) -> None:
    """Its proof does not go through."""
    text = (PROOFS / name).read_text("utf8")
    assert text.count(old) == 1
    mutant = text.replace(old, new)
    (scratch / name).write_text(mutant, "utf8")
    with pytest.raises(BadInput, match=rf"^{name}: {theorem} is refused by coqc"):
        coq.compile_one(ProofFile(name, mutant.encode()), scratch)


@pytest.mark.nightly
def test_everything_again_each_theorem_by_itself_and_by_coqchk(tmp_path: Path) -> None:
    shutil.copytree(PROOFS, tmp_path / "proofs", ignore=shutil.ignore_patterns(STAMP))
    assert "coqchk too" in check(tmp_path / "proofs", deep=True)


@pytest.mark.nightly
def test_coqchk_refuses_a_check_that_was_switched_off(tmp_path: Path) -> None:
    files = a_file("Unset Guard Checking.\nFixpoint loop (n : nat) : False := loop n.")
    scratch = coq.compiled(files, tmp_path)
    with pytest.raises(BadInput, match=r"^coqchk: a check of the kernel was switched off"):
        coq.checked_again(files, scratch)
