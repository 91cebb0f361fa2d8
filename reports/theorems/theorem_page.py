"""The page of the theorem tracker, in Markdown."""

from collections.abc import Sequence

from reports.base.markdown import plain, table
from reports.judge.decision import Decision
from reports.store.subject_facts import SubjectFacts
from reports.theorems.theorem_checks import Check
from reports.theorems.theorems import TheoremOutcome


def theorems_markdown(decision: Decision, subject: SubjectFacts, outcomes: Sequence[TheoremOutcome]) -> str:
    """A table of all, then each theorem with its statement, its status at the source and its numbers."""
    prereg = decision.prereg
    mark = " (exploratory: not the sealed subject)" if subject.exploratory else ""
    head = f"# Theorems behind {prereg.rung}, design {prereg.design}, on {plain(subject.name)}{mark}"
    said = (
        "A run proves no theorem. What it can do is refute one, or more likely show that an instrument is broken: a "
        "residual beyond its tolerance is VIOLATED. Statuses are computed from the measurements, never typed. All "
        "residuals are ratios [-]; of a bound, a negative one is what is left to it."
    )
    columns = ("theorem", "kind", "status", "checks", "worst residual", "tolerance", "where")
    parts = [head, said, table(columns, [_row(outcome) for outcome in outcomes])]
    return "\n\n".join([*parts, *(_section(outcome) for outcome in outcomes)]) + "\n"


def _row(outcome: TheoremOutcome) -> list[str]:
    worst, theorem = outcome.worst, outcome.theorem
    numbers = ["—", "—", "—"] if worst is None else [f"{worst.residual:.2e}", f"{worst.tolerance:.2e}", worst.where]
    return [f"`{theorem.name}`", theorem.kind, outcome.status, str(outcome.checks), *numbers]


def _section(outcome: TheoremOutcome) -> str:
    theorem = outcome.theorem
    lines = [
        f"At the source: {theorem.at_source}.",
        f"Proof: {theorem.proof} ({theorem.reference}).",
        f"Checked: {theorem.checks}.",
        f"Tolerance: {theorem.tolerance}.",
        f"In this run: **{outcome.status}**{_numbers(outcome)}.",
        *(f"Nearest to the bound {_tight(check)}." for check in outcome.tight),
    ]
    return f"## {theorem.name}\n\n{theorem.statement}\n\n" + "\n".join(f"- {line}" for line in lines)


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
