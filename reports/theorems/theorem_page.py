"""The page of the theorem tracker, in Markdown."""

from collections.abc import Sequence

from reports.artefacts.proofs_document import ProofsDocument
from reports.base.markdown import plain, table
from reports.judge.decision import Decision
from reports.store.subject_facts import SubjectFacts
from reports.theorems.theorem_checks import Check
from reports.theorems.theorem_form import Theorem
from reports.theorems.theorems import TheoremOutcome, proof_status


def theorems_markdown(
    decision: Decision, subject: SubjectFacts, outcomes: Sequence[TheoremOutcome], record: ProofsDocument
) -> str:
    """A table of all, then each theorem with its statement, what the source claims, its proof and its numbers."""
    prereg = decision.prereg
    mark = " (exploratory: not the sealed subject)" if subject.exploratory else ""
    head = f"# Theorems behind {prereg.rung}, design {prereg.design}, on {plain(subject.name)}{mark}"
    said = (
        f"*Machine-checked* means: {record.prover} {record.version} has compiled a proof, which rests on no more than "
        "the axioms of the classical real numbers. It is a theorem about real numbers, not about floating-point code. "
        "*Cited* means: proved in print, not here. *Refuted* means: a checked proof shows that it cannot hold. A run "
        "proves no theorem. What it can do is refute one, or more likely show that an instrument is broken: a residual "
        "beyond its tolerance is VIOLATED. No status is typed: they come from the record of the proofs and from the "
        "measurements. All residuals are ratios [-]; of a bound, a negative one is what is left to it."
    )
    columns = ("theorem", "kind", "proof", "in this run", "checks", "worst residual", "tolerance", "where")
    parts = [head, said, table(columns, [_row(outcome, record) for outcome in outcomes])]
    return "\n\n".join([*parts, *(_section(outcome, record) for outcome in outcomes)]) + "\n"


def _row(outcome: TheoremOutcome, record: ProofsDocument) -> list[str]:
    worst, theorem = outcome.worst, outcome.theorem
    numbers = ["—", "—", "—"] if worst is None else [f"{worst.residual:.2e}", f"{worst.tolerance:.2e}", worst.where]
    return [
        f"`{theorem.name}`",
        theorem.kind,
        proof_status(theorem, record),
        outcome.status,
        str(outcome.checks),
        *numbers,
    ]


def _section(outcome: TheoremOutcome, record: ProofsDocument) -> str:
    theorem = outcome.theorem
    lines = [
        f"At the source: {theorem.at_source}.",
        f"{proof_status(theorem, record).capitalize()}: {_proof(theorem, record)}.",
        f"Checked: {theorem.checks}.",
        f"Tolerance: {theorem.tolerance}.",
        f"In this run: **{outcome.status}**{_numbers(outcome)}.",
        *(f"Nearest to the bound {_tight(check)}." for check in outcome.tight),
    ]
    return f"## {theorem.name}\n\n{theorem.statement}\n\n" + "\n".join(f"- {line}" for line in lines)


def _proof(theorem: Theorem, record: ProofsDocument) -> str:
    """Where it is proved or refuted: theorems by file, with the file's digest; or the one line and the citation."""
    names = [name for name in theorem.formal if name in record.theorems]
    files = dict.fromkeys(record.theorems[name].file for name in names)
    parts = [
        f"{', '.join(f'`{name}`' for name in names if record.theorems[name].file == file)} in `{file}` "
        f"(sha256 {record.files[file].sha256[:12]}…)"
        for file in files
    ]
    axioms = {axiom for name in names for axiom in record.theorems[name].axioms}
    on = [f"on {len(axioms)} axioms" if axioms else "on no axiom"] if names else []
    return ", ".join([*([theorem.proof] if theorem.proof else []), *parts, *on, f"after {theorem.reference}"])


def _numbers(outcome: TheoremOutcome) -> str:
    worst = outcome.worst
    if worst is None:
        return f"; it needs {outcome.theorem.needs}"
    beyond = f"{outcome.violated} of {outcome.checks} checks beyond tolerance"
    return f", {beyond}; worst residual {worst.residual:.3e}, at most {worst.tolerance:.3e}, at {_at(worst)}"


def _tight(check: Check) -> str:
    whose = "matrices made for a control" if check.made else "the subject's"
    return f"among {whose}, residual {check.residual:.3e} at {_at(check)}"


def _at(check: Check) -> str:
    return f"{check.where} ({check.detail})" if check.detail else check.where
