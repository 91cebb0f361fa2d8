"""A verdict in a few lines of Markdown, for the page that a CI shows of a job. Pure."""

from collections.abc import Mapping
from typing import Any

from reports.base.markdown import plain, table
from reports.judge.decision import Decision, controls_once, traps_once, unsaid
from reports.judge.gates import GateOutcome
from reports.pages.rendering import number
from reports.pages.sections.controls_section import controls_line
from reports.pages.sections.sensitivity_section import fragile_lines
from reports.pages.sections.traps_section import traps_line
from reports.pages.sections.verdict_section import cause, of

COLUMNS = ("gate", "status", "observed [-]", "needed [-]", "95 % interval [-]", "n")


def step_summary(decision: Decision, document: Mapping[str, Any]) -> str:
    """Verdict, cause, a row for each gate, instruments, doubts, and what the verdict does not say."""
    subject = document["subject"]
    mark = " **Exploratory**: the subject is not the sealed one." if subject["exploratory"] else ""
    core = decision.core_gates
    lines = [
        controls_line(controls_once(core)),
        traps_line(traps_once(core)),
        *fragile_lines(decision),
        *(f"deviation: {line}" for line in document["deviations"]),
    ]
    parts = [
        f"### {plain(of(decision))}: {decision.verdict}",
        f"On {plain(subject['name'])}: {plain(cause(decision))}.{mark}",
        table(COLUMNS, [_row(outcome, outcome in decision.exploratory_gates) for outcome in decision.gates]),
        "\n".join(f"- {plain(line)}" for line in lines),
        plain(unsaid(decision)),
        f"Outcome sha256 `{document['outcome_sha256']}`, core sha256 `{document['core_sha256']}`.",
    ]
    return "\n\n".join(parts) + "\n"


def _row(outcome: GateOutcome, after_kill: bool) -> list[str]:
    rule = outcome.rule
    status = outcome.status.replace("_", " ") + (" (after the kill, exploratory)" if after_kill else "")
    if rule is None:
        return [outcome.gate.id, status, *["—"] * 3, f"{len(outcome.missing)} cells missing"]
    spread = "census" if outcome.interval is None and outcome.gate.census else number(outcome.interval)
    return [outcome.gate.id, status, number(rule.observed), number(rule.threshold), spread, str(rule.n)]
