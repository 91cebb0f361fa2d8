"""What the prover itself says of the proofs: that they compile, what each states, and on which axioms they rest.

All of it is read from the output of `coqc` in a scratch folder; nothing is judged by the text of a proof. A goal left
open, an axiom, a parameter, a hypothesis outside of a section, and a kernel check that was switched off are all listed
by `Print Assumptions`, of everything that the files declare, and anything but `AXIOMS` is refused.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.base.errors import BadInput
from reports.theorems.proof_files import ProofFile

AXIOMS = (  # of the classical real numbers in Coq's standard library, as Coq prints them
    "ClassicalDedekindReals.sig_forall_dec : forall P : nat -> Prop, (forall n : nat, {P n} + {~ P n}) -> "
    "{n : nat | ~ P n} + {forall n : nat, P n}",
    "ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}",
    "Classical_Prop.classic : forall P : Prop, P \\/ ~ P",
    "FunctionalExtensionality.functional_extensionality_dep : forall (A : Type) (B : A -> Type) (f g : forall x : A, "
    "B x), (forall x : A, f x = g x) -> f = g",
)
ABSENT = "coqc-absent: coqc is not installed, so the proofs are not checked on this machine; apt-get install coq"
LIBRARY = "Proofs"
PATIENCE = 1800  # seconds for one call; coqchk takes one minute of an idle core, the others less
CLOSED = "Closed under the global context"
MARK = "=== "
SWITCHES = 3  # of the kernel, each of which `coqchk` names: universes, fixpoints, positivity


def version() -> str | None:
    """Of the prover on this machine; None where there is none."""
    if shutil.which("coqc") is None:
        return None
    return _said("coqc", ["--print-version"], Path.cwd()).split()[0]


def compiled(files: Mapping[str, ProofFile], scratch: Path) -> Path:
    """The folder `scratch` with every file and what `coqc` made of it.

    Raises `BadInput`, naming file and theorem, where the prover refuses one, or is not there.
    """
    if version() is None:
        raise BadInput(ABSENT)
    for name, file in files.items():
        (scratch / name).write_bytes(file.raw)
    for name in _said("coqdep", ["-R", ".", LIBRARY, "-sort", *files], scratch).split():
        compile_one(files[Path(name).name], scratch)
    return scratch


def compile_one(file: ProofFile, scratch: Path) -> None:
    done = _run("coqc", ["-q", "-R", ".", LIBRARY, file.name], scratch)
    if done.returncode != 0:
        line = re.search(r"line (\d+), characters", done.stderr)
        where = file.declared_at(int(line[1])) if line else "the file"
        why = " ".join(done.stderr.partition("Error:")[2].split())[:200]
        raise BadInput(f"{file.name}: {where} is refused by coqc ({why}); mend the proof")


def stated(files: Mapping[str, ProofFile], scratch: Path) -> dict[str, dict[str, str]]:
    """By file, everything that it declares, with what `coqc` says that it states."""
    asked = ['Remove Search Blacklist "_subproof" "_subterm" "Private_".']
    for name in files:
        asked += [f'Goal True. idtac "{MARK}{name}". Abort.', f"Search _ inside {Path(name).stem}."]
    found: dict[str, dict[str, str]] = {}
    for name, text in _sections(_asked(files, asked, scratch)).items():
        entries = (entry.partition(":") for entry in _entries(text))
        found[name] = {declared.removeprefix(f"{Path(name).stem}."): said.strip() for declared, _, said in entries}
    return found


def assumed(declared: Mapping[str, Mapping[str, str]], scratch: Path) -> tuple[str, ...]:
    """What everything in `declared`, by file, rests on: axioms as Coq prints them, and whatever else it assumes."""
    names = [f"{LIBRARY}.{Path(file).stem}.{name}" for file, inner in declared.items() for name in inner]
    all_of_it = " ".join(f"let _ := @{name} in" for name in names)
    asked = [f"Definition everything : True := {all_of_it} I.", "Print Assumptions everything."]
    return _axioms(_asked(declared, asked, scratch))


def assumed_by(theorems: Mapping[str, str], scratch: Path) -> dict[str, tuple[str, ...]]:
    """By theorem, of which `theorems` has the file, what it rests on. Takes most of a second for each."""
    files = dict.fromkeys(theorems.values())
    asked = [f'Goal True. idtac "{MARK}{name}". Abort. Print Assumptions {name}.' for name in theorems]
    return {name: _axioms(text) for name, text in _sections(_asked(files, asked, scratch)).items()}


def checked_again(files: Mapping[str, ProofFile], scratch: Path) -> tuple[str, ...]:
    """By name, the axioms that `coqchk` finds: it reads what was compiled, library and all, and believes no `coqc`.

    Raises `BadInput` where it refuses something, or a check of the kernel was switched off.
    """
    modules = [f"{LIBRARY}.{Path(name).stem}" for name in files]
    said = _said("coqchk", ["-silent", "-o", "-R", ".", LIBRARY, *modules], scratch)
    found = re.search(r"\* Axioms:(.*?)\n\* (.*)", said, re.DOTALL)
    if found is None or found[2].count("<none>") != SWITCHES:
        raise BadInput("coqchk: a check of the kernel was switched off, expected none; prove it with all of them")
    return tuple(sorted(".".join(word.split(".")[-2:]) for word in found[1].split() if word != "<none>"))


def require_only_known(axioms: Sequence[str], allowed: Sequence[str] = AXIOMS) -> None:
    """Raises `BadInput` with the first of `axioms` that is none of the allowed."""
    other = next((axiom for axiom in axioms if axiom not in allowed), None)
    if other is not None:
        raise BadInput(
            f"the proofs rest on {other[:200]}, expected no axiom but those of the classical reals; prove it"
        )


def _asked(files: Mapping[str, object], asked: Sequence[str], scratch: Path) -> str:
    """What Coq answers with all `files` imported."""
    modules = " ".join(Path(name).stem for name in files)
    head = ["From Coq Require Import Reals List.", f"From {LIBRARY} Require Import {modules}.", "Open Scope R_scope."]
    (scratch / "Asked.v").write_text("\n".join([*head, "Set Printing Width 1000.", *asked]) + "\n", encoding="utf8")
    return _said("coqc", ["-q", "-R", ".", LIBRARY, "Asked.v"], scratch)


def _sections(said: str) -> dict[str, str]:
    parts = (part.partition("\n") for part in said.split(MARK)[1:])
    return {name: text for name, _, text in parts}


def _entries(text: str) -> list[str]:
    """Lines that begin at the margin, each with the indented ones below it, on one line."""
    whole = re.sub(r"\n[ \t]+", " ", text)
    return [" ".join(line.split()) for line in whole.splitlines() if line.strip()]


def _axioms(said: str) -> tuple[str, ...]:
    if said.strip() == CLOSED:
        return ()
    head, *rest = _entries(said)
    return tuple(sorted(rest if head == "Axioms:" else [head, *rest]))


def _said(command: str, arguments: Sequence[str], folder: Path) -> str:
    done = _run(command, arguments, folder)
    if done.returncode != 0:
        raise BadInput(f"{command}: ended with {done.returncode} ({' '.join(done.stderr.split())[:300]})")
    return done.stdout + done.stderr * (command == "coqchk")  # where that writes its summary


def _run(command: str, arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - the prover, on files of our own
            [command, *arguments], cwd=folder, capture_output=True, encoding="utf8", timeout=PATIENCE, check=False
        )
    except FileNotFoundError:
        raise BadInput(f"{command}: not installed beside coqc; apt-get install coq") from None
    except subprocess.TimeoutExpired:
        raise BadInput(f"{command}: no answer within {PATIENCE} s; try again on an idle machine") from None
