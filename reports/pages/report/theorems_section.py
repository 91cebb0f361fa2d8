"""Which of the theorems behind a rung a prover has checked, and what this run checked of them: in the report alone.

`theorems.md` has them in full, so no other page tells them, and the sections of all pages need not know the tracker.
"""

from reports.base.number_table import Table
from reports.pages.section import Section, Told
from reports.theorems.proof_files import proof_record
from reports.theorems.theorems import proof_status, track

MEANT = (
    "Machine-checked theorems are about real numbers, not about floating-point code; what covers the step is said in "
    "reports/README.md. theorems.md tells each in full."
)


def theorems_section(told: Told) -> Section:
    """Every theorem with both of its statuses."""
    record = proof_record()
    rows = tuple(
        (outcome.theorem.name, proof_status(outcome.theorem, record), outcome.status, str(outcome.checks))
        for outcome in track(told.decision, told.measurements)
    )
    title = f"Theorems, as {record.prover} {record.version} and this run found them"
    return Section("Theorems", details=(Table(title, ("theorem", "proof", "in this run", "checks"), rows), MEANT))
