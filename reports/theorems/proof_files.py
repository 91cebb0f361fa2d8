"""The files of proofs: what each declares, and whether they are still those that a prover checked. Needs no prover."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reports.artefacts.forms import typed
from reports.artefacts.proofs_document import ProofsDocument
from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, Tampered
from reports.base.files import read_regular
from reports.base.strict_json import parse_object

PROOFS = Path(__file__).resolve().parent / "proofs"
RECORD = "record.json"
ANEW = "restore it, or check it anew: python -m reports.theorems --write"
HEAD = "what is above its first declaration"
DECLARED = re.compile(r"^(Theorem|Lemma|Definition|Fixpoint|Inductive|Record)\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class ProofFile:
    """A file of proofs as it is now."""

    name: str
    raw: bytes

    @property
    def sha256(self) -> str:
        return sha256_hex(self.raw)

    @cached_property
    def text(self) -> str:
        try:
            return self.raw.decode("utf8")
        except UnicodeDecodeError:
            raise BadInput(f"{self.name}: not UTF-8, expected the text of proofs; {ANEW}") from None

    @property
    def theorems(self) -> tuple[str, ...]:
        return tuple(name for kind, name in DECLARED.findall(self.text) if kind == "Theorem")

    @cached_property
    def parts(self) -> dict[str, str]:
        """By what is declared: 16 hexadecimal digits of the SHA-256 of its text, to the next declaration."""
        starts = [(HEAD, 0), *((found[2], found.start()) for found in DECLARED.finditer(self.text))]
        ends = [*(start for _, start in starts[1:]), len(self.text)]
        spans = zip(starts, ends, strict=True)
        return {name: hashlib.sha256(self.text[at:end].encode()).hexdigest()[:16] for (name, at), end in spans}

    def declared_at(self, line: int) -> str:
        """What is declared around the `line`, counted from 1."""
        before = "".join(self.text.splitlines(keepends=True)[:line])
        return next((name for _, name in reversed(DECLARED.findall(before))), HEAD)


def proof_files(folder: Path = PROOFS) -> dict[str, ProofFile]:
    return {path.name: ProofFile(path.name, read_regular(path)) for path in sorted(folder.glob("*.v"))}


def proof_record(folder: Path = PROOFS) -> ProofsDocument:
    """What a prover found of the proofs in `folder`, which are those that it checked.

    Raises `Tampered`, naming file and theorem, where one is not, and `BadInput` where the record cannot be read.
    """
    path = folder / RECORD
    try:
        raw = read_regular(path)
    except OSError as error:
        raise BadInput(f"{RECORD}: cannot be read ({error.strerror}); restore it from git") from None
    try:
        record = typed(ProofsDocument, parse_object(raw, RECORD, "restore it from git"))
    except ValueError as error:
        raise BadInput(f"{RECORD}: {error}; restore it from git") from None
    wrong = next(departures(proof_files(folder), record), None)
    if wrong is not None:
        raise Tampered(f"{wrong}; {ANEW}")
    return record


def departures(files: Mapping[str, ProofFile], record: ProofsDocument) -> Iterator[str]:
    """What of the proofs is not what `record` says was checked: a phrase for each, by name."""
    checked = f"was checked by {record.prover} {record.version}"
    for name in sorted(files.keys() | record.files.keys()):
        now, then = files.get(name), record.files.get(name)
        if then is None:
            yield f"{name}: no such file {checked}"
        elif now is None:
            yield f"{name}: missing, and it {checked}"
        elif now.sha256 != then.sha256:
            changed = [part for part in [*now.parts, *then.parts] if now.parts.get(part) != then.parts.get(part)]
            yield f"{name}: {changed[0] if changed else 'its text'} is not what {checked}"
    for name, theorem in record.theorems.items():
        if theorem.file in files and name not in files[theorem.file].theorems:
            yield f"{theorem.file}: declares no theorem {name}, which {checked}"
