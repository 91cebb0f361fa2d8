"""`python -m reports.theorems`: has the prover check every proof, and keeps the record of what it found."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.artefacts.proofs_document import ProofsDocument
from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, ExitCode, StudyError, Tampered, unusable
from reports.base.files import read_regular
from reports.theorems import coq
from reports.theorems.proof_files import ANEW, PROOFS, RECORD, ProofFile, proof_files, proof_record

STAMP = ".checked_here.json"  # ignored by git: what this machine checked is no part of any verdict
UNCHECKED = "not checked on this machine"


def main(arguments: Sequence[str], folder: Path = PROOFS) -> ExitCode:
    parser = argparse.ArgumentParser(prog="python -m reports.theorems", description=(__doc__ or "").partition(": ")[2])
    parser.add_argument("--deep", action="store_true", help="the axioms of each theorem by itself, and coqchk: minutes")
    parser.add_argument("--digests", action="store_true", help="no more than that they are those of the record")
    parser.add_argument("--write", action="store_true", help=f"write {RECORD} anew, after a proof was changed: minutes")
    options = parser.parse_args(arguments)
    try:
        if options.digests:
            print(f"{len(proof_record(folder).theorems)} theorems as recorded, {checked_here(folder)}")
        else:
            print(write(folder) if options.write else check(folder, deep=options.deep))
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {unusable(error)}", file=sys.stderr)
        return ExitCode.BAD_INPUT
    return ExitCode.SURVIVED


def check(folder: Path, *, deep: bool = False) -> str:
    """Whether the proofs are those of the record, and are what it says of them. Returns what was checked, in a line.

    Raises `Tampered` where they are not, and `BadInput` where the prover refuses one or is not installed.
    """
    record, files = proof_record(folder), proof_files(folder)
    with tempfile.TemporaryDirectory() as name:
        scratch = coq.compiled(files, Path(name))
        found = found_by_coq(files, scratch)
        compare(found, record)
        if deep:
            by_theorem = coq.assumed_by({name: one.file for name, one in record.theorems.items()}, scratch)
            compare_axioms(by_theorem, record)
            if (again := coq.checked_again(files, scratch)) != named(record.axioms):
                raise Tampered(f"coqchk finds the axioms {', '.join(again)}, not those of {RECORD}; {ANEW}")
    stamp(folder, record)
    how = "each theorem's axioms and coqchk too" if deep else "coqchk and each theorem's own axioms: --deep"
    return f"{len(record.theorems)} theorems in {len(files)} files checked by coqc {coq.version()} ({how})"


def found_by_coq(files: Mapping[str, ProofFile], scratch: Path) -> dict[str, str]:
    """By theorem its statement, of compiled proofs that rest on no axiom but the known ones."""
    declared = coq.stated(files, scratch)
    coq.require_only_known(coq.assumed(declared, scratch))
    names = [(file.name, name) for file in files.values() for name in file.theorems]
    lost = next((name for file, name in names if name not in declared[file]), None)
    twice = next((name for _, name in names if [other for _, other in names].count(name) > 1), None)
    if lost or twice:
        raise BadInput(f"theorem {lost or twice}: {'not known to coqc' if lost else 'declared twice'}; rename it")
    return {name: declared[file][name] for file, name in names}


def compare(found: Mapping[str, str], record: ProofsDocument) -> None:
    """Raises `Tampered` where a theorem states something else than recorded; other versions print otherwise."""
    if coq.version() != record.version:
        return
    for name in [*found, *record.theorems]:
        stated = record.theorems[name].statement if name in record.theorems else "nothing"
        if found.get(name) != stated:
            raise Tampered(f"{RECORD}: {name} states {found.get(name, 'nothing')}, the record has {stated}; {ANEW}")


def compare_axioms(found: Mapping[str, Sequence[str]], record: ProofsDocument) -> None:
    for name, axioms in found.items():
        if named(axioms) != record.theorems[name].axioms:
            raise Tampered(
                f"{RECORD}: {name} rests on {', '.join(named(axioms)) or 'no axiom'}, not as recorded; {ANEW}"
            )


def write(folder: Path) -> str:
    """Checks everything and writes what was found to the record."""
    files = proof_files(folder)
    with tempfile.TemporaryDirectory() as name:
        scratch = coq.compiled(files, Path(name))
        statements = found_by_coq(files, scratch)
        of_file = {name: file.name for file in files.values() for name in file.theorems}
        axioms = coq.assumed_by(of_file, scratch)
    theorems = {
        name: {"file": of_file[name], "statement": statement, "axioms": list(named(axioms[name]))}
        for name, statement in statements.items()
    }
    document = {
        "prover": "coqc",
        "version": coq.version(),
        "axioms": sorted({axiom for found in axioms.values() for axiom in found}),
        "files": {name: {"sha256": file.sha256, "parts": file.parts} for name, file in files.items()},
        "theorems": theorems,
        "schema": 1,
    }
    (folder / RECORD).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf8")
    stamp(folder, proof_record(folder))
    return f"{RECORD}: {len(theorems)} theorems in {len(files)} files, checked by coqc {coq.version()}"


def named(axioms: Sequence[str]) -> tuple[str, ...]:
    return tuple(axiom.partition(" :")[0] for axiom in axioms)


def stamp(folder: Path, record: ProofsDocument) -> None:
    """Remembers that this machine checked these very proofs; where nothing can be written it does not."""
    said = {"record": sha256_hex(read_regular(folder / RECORD)), "by": f"{record.prover} {coq.version()}"}
    try:
        (folder / STAMP).write_text(json.dumps(said), encoding="utf8")
    except OSError:
        return


def checked_here(folder: Path = PROOFS) -> str:
    """What of the proofs this machine has checked itself: the prover, or that it has not."""
    try:
        said = json.loads(read_regular(folder / STAMP))
        same = said["record"] == sha256_hex(read_regular(folder / RECORD))
        return f"checked by {said['by']} on this machine" if same else UNCHECKED
    except (OSError, ValueError, KeyError, TypeError):
        return UNCHECKED
