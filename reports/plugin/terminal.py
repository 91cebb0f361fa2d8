"""What a person sees while the study runs: the rule above, numbers on every cell, the verdict below."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reports.base.printing import as_word, one_line
from reports.base.spans import listed
from reports.base.version import suite_version
from reports.judge.compare.reproduce import difference_table, outcome_line
from reports.judge.decision import rule_text, unsaid
from reports.judge.gates import GateOutcome
from reports.pages.rendering import as_lines
from reports.pages.section import Told, sections
from reports.pages.sections.fired_section import OUTSIDE
from reports.pages.sections.verdict_section import cause, of
from reports.plugin.artefacts import SessionResult
from reports.plugin.effort import effort_lines
from reports.plugin.job import JobResult
from reports.plugin.plan import Plan
from reports.plugin.reproduction import Comparison
from reports.prereg.prefilter import prefilter_lines
from reports.prereg.preregistration import Claim, gates
from reports.theorems.prove import checked_here

COLOURS: Mapping[str, dict[str, bool]] = {
    "measured": {"green": True},
    "sound": {"green": True},
    "skipped": {"yellow": True},
    "KILLED": {"red": True, "bold": True},
    "MISFIRED": {"yellow": True, "bold": True},
}
NUMBERS_AT = 37  # column where a cell's numbers begin
COLUMNS = 80  # a terminal's least usual width, and a CI log's
DOUBTS = ("is fragile:", "is borderline:")  # of a gate: in yellow
FAULT = {"red": True, "bold": True}


def prepare(config: pytest.Config) -> None:
    """Cells write their own lines, so pytest's file names and dots would only stand between them."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.verbosity <= 0:
        reporter.showfspath = False
        reporter._show_progress_info = False


def header(plan: Plan, options: Mapping[str, object]) -> list[str]:
    """Version, rung, rules, seal, subject, its storage where it is quantised, folder, every option as given,
    and whether this machine checked the proofs."""
    prereg, subject = plan.prereg, plan.subject
    layers = len(plan.layers or subject.layers)
    lines = [
        f"suite     {suite_version()}",
        f"rung      {prereg.rung}, design {prereg.design}{' (draft)' if prereg.draft else ''}",
        *(f"claim     {_rule_line(plan, claim)}" for claim in prereg.claims),
        *(f"prefilter {line}" for line in prefilter_lines(prereg)),
        *(f"effort    {line}" for line in effort_lines(prereg, layers, sample=bool(options["sample"]))),
        f"seal      {plan.seal.describe()}",
        f"subject   {subject.name}, {len(subject.layers)} layers"
        + (f", commit {subject.revision}" if subject.revision else "")
        + (", EXPLORATORY: not the sealed subject" if subject.exploratory else ""),
        *([] if subject.stored_as is None else [f"storage   {subject.stored_as}"]),
        f"proofs    {checked_here()}",
        f"store     {_short(plan.run_folder, Path.cwd())}",
        *([] if plan.asked is None else [f"job       {len(plan.asked)} of {len(plan.cells())} cells; judges nothing"]),
        "options   " + ", ".join(f"{name} {value}" for name, value in options.items() if value not in (None, False)),
    ]
    return [part for line in lines for part in textwrap.wrap(one_line(line), COLUMNS, subsequent_indent=" " * 10)]


def status(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, Any] | None:
    """KILLED, MISFIRED and faults in their own words; no letters, since each cell has a line of its own."""
    if isinstance(report, pytest.CollectReport):
        return None
    properties = dict(report.user_properties)
    if "cell" not in properties or (report.when != "call" and report.outcome == "passed"):
        return None
    word = _word(report, properties)
    return report.outcome, "", (word, COLOURS.get(word, FAULT))


def write_cell(config: pytest.Config, report: pytest.TestReport) -> None:
    """One line per cell: what became of it, which it is, and its numbers."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    properties = dict(report.user_properties)
    if reporter is None or "cell" not in properties or reporter.verbosity < 0:
        return
    word = _word(report, properties)
    said = [one_line(str(value)) for name, value in report.user_properties if name == "said"]
    if "exploratory" in properties:
        said.append("after the kill, exploratory")
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        said.append(one_line(report.longrepr[2].removeprefix("Skipped: ")))
    elif report.outcome == "failed" and "outcome" in properties:
        said.append(one_line(str(report.longrepr).split("\n", 1)[0]))
    reporter.ensure_newline()
    reporter.write(f"{word:<9} ", **COLOURS.get(word, FAULT))
    first, *rest = said or [""]
    numbers = textwrap.wrap(first, max(40, reporter._tw.fullwidth - NUMBERS_AT)) or [""]
    reporter.write_line(f"{properties['cell']:<26} {numbers[0]}".rstrip())
    for line in numbers[1:]:
        reporter.write_line(f"{'':<{NUMBERS_AT}}{line}")
    for text in rest:
        for line in textwrap.wrap(text, max(40, reporter._tw.fullwidth - 10)):
            reporter.write_line(f"{'':<10}{line}")


def write_summary(reporter: pytest.TerminalReporter, conclusion: SessionResult, here: Path) -> None:
    """Gates, controls, verdict, trigger, artefacts, and what the verdict does not say."""
    decision = conclusion.decision
    reporter.section(f"{of(decision)}: {decision.verdict}")
    wide = max(22, *(len(outcome.gate.id) + 2 for outcome in decision.gates))
    reporter.write_line(f"{'gate':<{wide}}{'status':<14}{'observed':>9}{'needed':>9}{'95 % interval':>17}{'n':>7}")
    for outcome in decision.gates:
        mark = "*" if outcome in decision.exploratory_gates else ""
        reporter.write(f"{outcome.gate.id + mark:<{wide}}")
        reporter.write(f"{outcome.status:<14}", **COLOURS.get(outcome.status, {}))
        reporter.write_line(_figures(outcome))
    if decision.exploratory_gates:
        reporter.write_line(f"* after the kill: exploratory, {OUTSIDE}")
    told = sections(Told(decision, conclusion.document, conclusion.measurements))
    for section in told.values():
        for line in as_lines(section, COLUMNS):
            reporter.write_line(line, yellow=any(doubt in line for doubt in DOUBTS))
    reporter.write("verdict: ")
    reporter.write(decision.verdict, **COLOURS.get(decision.verdict, {"bold": True}))
    reporter.write_line(f", {cause(decision)}")
    reporter.write_line(f"outcome sha256 {conclusion.document['outcome_sha256']}")
    reporter.write_line(f"core sha256 {conclusion.document['core_sha256']}")
    folder = conclusion.files[0].parent
    reporter.write_line(f"written to {_short(folder, here)}:")
    _write_wrapped(reporter, "  " + ", ".join(path.name for path in conclusion.files))
    for line in next_commands(conclusion, here):
        reporter.write_line(line)
    for line in textwrap.wrap(unsaid(decision), COLUMNS):
        reporter.write_line(line)


def write_job(reporter: pytest.TerminalReporter, job: JobResult, here: Path) -> None:
    """Whether the job's cells are measured, and which command judges them when all are."""
    reporter.section("job of --cells", green=not job.exit_code, red=bool(job.exit_code), bold=True)
    for line in job.lines(here):
        reporter.write_line(line)


def next_commands(conclusion: SessionResult, here: Path) -> list[str]:
    """What to type to reproduce the verdict, to have its deciding cell explained, and to see it drawn."""
    decision, folder = conclusion.decision, as_word(_short(conclusion.files[0].parent, here))
    killed = [] if decision.killed_at is None else [decision.gates[decision.killed_at].gate.claim_cells[-1].id]
    commands = [
        ("reproduce: ", f"pytest hypotheses/{conclusion.given}", f"--reproduce={folder}/decision.json"),
        *(("explain: ", f"python -m reports why '{cell}'", f"--in {folder}") for cell in killed),
        ("draw: ", "python -m reports report", folder),
    ]
    return [line for label, *parts in commands for line in _typed(label, *parts)]


def _typed(label: str, command: str, last: str) -> list[str]:
    """A command on one line, or on two that a shell takes as one."""
    line = f"{label}{command} {last}"
    return [line] if len(line) <= COLUMNS else [f"{label}{command} \\", f"    {last}"]


def write_comparison(reporter: pytest.TerminalReporter, comparison: Comparison) -> None:
    """Reproduced or not: every difference as a row, and what the two runs were made with."""
    found = comparison.differences
    reporter.section("NOT REPRODUCED" if found else "reproduced", red=bool(found), green=not found, bold=True)
    for line in difference_table(found):
        reporter.write_line(line)
    for line in comparison.notes:
        _write_wrapped(reporter, f"note: {line}")
    _write_wrapped(reporter, outcome_line(comparison.expected, reproduced=not found))


def _rule_line(plan: Plan, claim: Claim) -> str:
    counts = [len(gate.layers) for gate in gates(plan.prereg, plan.subject.layers) if gate.claim == claim]
    return f"{claim.name}: {rule_text(claim.rule)}, judged at {listed(counts)} layers"


def _word(report: pytest.TestReport, properties: Mapping[str, object]) -> str:
    if report.outcome == "skipped":
        return "skipped"
    if report.outcome == "failed" or "outcome" in properties:
        return str(properties.get("outcome", "ERROR"))
    return "sound" if properties.get("kind") in ("control", "trap") else "measured"


def _figures(outcome: GateOutcome) -> str:
    rule = outcome.rule
    if rule is None:
        return f"{len(outcome.missing)} cells not measured"
    spread = "census" if outcome.gate.census else "-"
    if outcome.interval is not None:
        low, high = outcome.interval
        spread = f"[{low:.3f}, {high:.3f}]"
    return f"{rule.observed:>9.3f}{rule.threshold:>9.3f}{spread:>17}{rule.n:>7}"


def _write_wrapped(reporter: pytest.TerminalReporter, line: str) -> None:
    for part in textwrap.wrap(one_line(line), COLUMNS, subsequent_indent="  ", break_on_hyphens=False):
        reporter.write_line(part)


def _short(path: Path, here: Path) -> str:
    return one_line(str(path.relative_to(here)) if path.is_relative_to(here) else str(path))
