"""`reports/theorems/proofs/record.json`: what a prover found of every proof, when the proofs were last changed."""

from typing import Annotated, Literal

from pydantic import Field

from reports.artefacts.forms import Expected, Line, Listed, Sha256, Table

ProofFileName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]*\.v$"), Expected("the name of a file of proofs, .v")]
Version = Annotated[str, Field(pattern=r"^[0-9][0-9a-z.+~-]*$"), Expected("the version of the prover")]


class CheckedFile(Table):
    sha256: Sha256
    parts: dict[Line, Annotated[str, Field(pattern="^[0-9a-f]{16}$")]]
    """By what it declares: the first 16 hexadecimal digits of the SHA-256 of that text, so that a change has a name."""


class CheckedTheorem(Table):
    file: ProofFileName
    statement: Line
    """As the prover prints it."""
    axioms: Listed[Line]
    """Those that its proof rests on, by name."""


class ProofsDocument(Table):
    """What a prover found of every proof: the version that compiled them, each theorem's statement and axioms, and the
    digest of each file. Written by python -m reports.theorems --write."""

    prover: Literal["coqc"]
    version: Version
    axioms: Listed[Line]
    """All that any proof rests on, each with what it says."""
    files: dict[ProofFileName, CheckedFile]
    theorems: dict[Line, CheckedTheorem]
    schema_: Literal[1] = Field(alias="schema")
