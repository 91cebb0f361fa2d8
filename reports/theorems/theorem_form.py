"""What the tracker knows of one theorem: what it says, what the source claims of it, and what proves or refutes it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["bound", "identity", "law"]  # of every matrix; of every matrix; of a distribution
UNNAMED = "not named in what the source published"


@dataclass(frozen=True)
class Theorem:
    """`formal` names what in `reports/theorems/proofs/` proves it as a whole, or refutes it. A part is not enough."""

    name: str
    kind: Kind
    statement: str
    at_source: str  # what the source study claims of it
    reference: str
    checks: str  # what a run can check of it, and what the residual is
    needs: str  # what a run has to hold for it to be checked
    tolerance: str = "none"  # how large a residual may be, and why
    proof: str = ""  # in one line, where no prover has checked one
    formal: tuple[str, ...] = ()
    refuted: bool = False  # what `formal` proves is that the statement cannot hold
