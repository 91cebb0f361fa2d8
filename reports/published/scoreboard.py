"""The scoreboard: every committed verdict over rungs, designs and subjects, each judged again from its measurements.

A verdict that `python -m reports reproduce` would not confirm is on the board with what is wrong with it: nothing
is dropped. The date alone is shown as the run recorded it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.base.errors import StudyError
from reports.base.markdown import code, plain, table
from reports.base.printing import one_line
from reports.judge.decision import Decision, controls_once, rule_text, traps_once
from reports.judge.gates import GateOutcome
from reports.judge.judged_verdict import Judged
from reports.pages.rendering import number
from reports.pages.sections.controls_section import controls_line
from reports.pages.sections.fired_section import borderline
from reports.pages.sections.sensitivity_section import fragile, uninformative
from reports.pages.sections.traps_section import traps_line
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.rules import ShareRule
from reports.published.publication import read_publication
from reports.published.published import DECISION
from reports.store.subject_facts import NOT_SEALED

TITLE = "Scoreboard"
COMMITTED = "Every committed verdict, judged again from its published measurements."
LEGEND = (
    "KILLED means that a registered rule fired on a gate whose controls and traps are sound; gates after a rung's "
    "first kill are exploratory. VACUOUS: the rules are met, and noise meets them too. Fragile: another registered "
    "metric would have turned the gate. Borderline: a value within the registered tolerances would, so that agreement "
    "is not promised. Null: what the rule compares on draws of the null subject, or the metric's value on noise, of a "
    "share of matrices beside the median here. Rests "
    "on: rungs whose claims this one takes for granted, with their verdicts on the same subject; where one is KILLED, "
    "this one may survive and still build on nothing. Seconds: of its cells, one after the other. The outcome sha256 "
    "is the same on every machine. All other numbers are ratios [-]."
)
VERDICTS = (
    "rung", "design", "subject", "verdict", "trigger", "rests on", "instruments", "fragile", "seconds", "date",
    "outcome sha256",
)  # fmt: skip
AFTER_KILL = "after the kill, exploratory"
GATES = ("gate", "status", "rule", "observed", "threshold", "null", "interval", "n", "remarks")


@dataclass(frozen=True)
class GateStanding:
    """One gate, as text; — where it was not judged."""

    name: str
    status: str
    rule: str
    observed: str
    threshold: str
    interval: str
    n: str
    remarks: str
    null: str = "—"

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            self.status,
            self.rule,
            self.observed,
            self.threshold,
            self.null,
            self.interval,
            self.n,
            self.remarks,
        )


@dataclass(frozen=True)
class Standing:
    """One verdict, as text, or what is wrong with it."""

    folder: str
    error: str | None
    rung: str = ""
    design: int = 0
    subject: str = ""
    verdict: str = ""
    trigger: str = ""
    instruments: str = ""
    fragile: str = ""
    date: str = ""
    outcome_sha256: str = ""
    core_sha256: str = ""
    gates: tuple[GateStanding, ...] = ()
    seconds: float = 0.0  # of all its cells
    foundations: tuple[str, ...] = ()  # the rungs that it rests on
    rests_on: str = "—"  # the same with what they came to on this board

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.rung,
            str(self.design),
            self.subject,
            self.verdict,
            self.trigger,
            self.rests_on,
            self.instruments,
            self.fragile,
            seconds_text(self.seconds),
            self.date,
            self.outcome_sha256,
        )


def standings(verdicts: Path, preregistrations: Path) -> tuple[Standing, ...]:
    """Every folder under `verdicts`, `in_order`.

    Raises `BadInput` where a preregistration cannot be read.
    """
    for path in sorted(preregistrations.glob("*.toml")):
        load_preregistration(path)
    folders = sorted(path for path in verdicts.iterdir() if path.is_dir()) if verdicts.is_dir() else []
    return in_order([_standing(folder, preregistrations) for folder in folders])


def in_order(found: Sequence[Standing]) -> tuple[Standing, ...]:
    """By rung, design, subject and folder; those that do not hold last."""
    found = sorted(found, key=lambda one: (one.error is not None, one.rung, one.design, one.subject, one.folder))
    return with_foundations(found)


def with_foundations(found: Sequence[Standing]) -> tuple[Standing, ...]:
    """The same, each told what the rungs that it rests on came to on its own subject, by their latest design here."""
    latest = {(one.rung, one.subject): one.verdict for one in sorted(found, key=lambda one: one.design)}

    def told(one: Standing) -> str:
        verdicts = [f"{rung}: {latest.get((rung, one.subject), 'no verdict here')}" for rung in one.foundations]
        return "; ".join(verdicts) or "—"

    return tuple(replace(one, rests_on=told(one)) for one in found)


def _standing(folder: Path, preregistrations: Path) -> Standing:
    """The verdict as its measurements give it, or the first thing in the folder that does not hold."""
    name = one_line(folder.name)
    try:
        found = read_publication(folder, preregistrations)
    except StudyError as error:
        place = one_line(str(folder))  # as the message has it
        said = str(error).replace(f"{place}/", f"{name}/").replace(place, name)
        return Standing(name, said if said.startswith(name) else f"{name}: {said}")
    if found.drift:
        return Standing(name, f"{name}/{found.drift[0]}")
    return standing_of(name, found.judged.decision, found.document, cell_seconds(found.judged))


def cell_seconds(judged: Judged) -> float:
    """What measuring its cells took, each once, one after the other [s]."""
    return sum(measurement.seconds for measurement in judged.measurements.values())


def standing_of(folder: str, decision: Decision, document: Mapping[str, Any], seconds: float = 0.0) -> Standing:
    """The standing of a decision that holds; `document` is the content of its `decision.json`."""
    subject = document["subject"]
    marks = ["draft"] * bool(document["draft"]) + ["exploratory"] * bool(subject["exploratory"])
    marks += ["digests not sealed"] * any(line.startswith(NOT_SEALED) for line in document["deviations"])
    core = decision.core_gates
    turned = [outcome.gate.id for outcome in core if fragile(outcome) is not None]
    return Standing(
        folder=folder,
        error=None,
        rung=document["rung"],
        design=document["design"],
        subject=subject["name"] + (f" ({', '.join(marks)})" if marks else ""),
        verdict=document["verdict"],
        trigger=document["trigger"] or "—",
        instruments="; ".join((controls_line(controls_once(core)), traps_line(traps_once(core)))),
        fragile=", ".join(turned) or "no",
        date=str(document["environment"].get("ended", ""))[:10] or "—",
        outcome_sha256=document["outcome_sha256"],
        core_sha256=document["core_sha256"],
        gates=tuple(_gate(outcome, outcome in decision.exploratory_gates) for outcome in decision.gates),
        seconds=seconds,
        foundations=decision.prereg.rests_on,
    )


def _gate(outcome: GateOutcome, after_kill: bool) -> GateStanding:
    rule, remarks = outcome.rule, [AFTER_KILL] * after_kill
    remarks += [words for words in (fragile(outcome), uninformative(outcome), borderline(rule)) if words is not None]
    return GateStanding(
        name=outcome.gate.id,
        status=outcome.status,
        rule=rule_text(outcome.gate.claim.rule, outcome.gate.cut_off),
        observed=number(None if rule is None else rule.observed, ".4f"),
        threshold=number(None if rule is None else rule.threshold, ".4f"),
        null=null_text(outcome),
        interval="census"
        if outcome.rule and outcome.gate.census and not outcome.pairs
        else number(outcome.interval, ".4f"),
        n=str(0 if rule is None else rule.n),
        remarks="; ".join(remarks) or "—",
    )


def null_text(outcome: GateOutcome) -> str:
    """What draws of the null subject come to at the gate, or what the metric is on noise; a dash where neither is.

    A share of matrices is no value of the metric: there the metric's median stands beside what noise has.
    """
    if outcome.null:
        observed = sorted(draw.observed for draw in outcome.null)
        return f"{number((observed[0], observed[-1]), '.4f')}, met by {outcome.null_meets} of {len(observed)}"
    rule = outcome.rule
    if rule is None or rule.reference is None:
        return "—"
    medians = f", median {rule.median:.4f}" if isinstance(outcome.gate.claim.rule, ShareRule) else ""
    return f"{rule.reference:.4f}{medians}" + (", meets it" if rule.noise_meets else "")


def seconds_text(seconds: float) -> str:
    """`0.4`, `57`."""
    return f"{seconds:.0f}" if seconds >= 9.95 else f"{seconds:.1f}"  # noqa: PLR2004 - two digits say enough


def scoreboard_markdown(found: Sequence[Standing], about: str = COMMITTED) -> str:
    """The board in Markdown: verdicts, what does not hold, and each verdict's gates. `about` says what is on it."""
    rows = [
        [one.rung, str(one.design), plain(one.subject), *one.cells[3:-1], f"`{one.outcome_sha256[:12]}…`"]
        for one in found
        if one.error is None
    ]
    parts = [f"# {TITLE}", f"{about} {LEGEND}", table(VERDICTS, rows) if rows else "No verdict here holds."]
    errors = [f"- {plain(one.error)}" for one in found if one.error is not None]
    parts += ["## Not counted", "\n".join(errors)] if errors else []
    for one in found:
        if one.error is None:
            parts.append(f"## {heading(replace(one, subject=plain(one.subject)))}")
            parts.append(table(GATES, [gate.cells for gate in one.gates]))
            digests = f"Outcome sha256 `{one.outcome_sha256}`, core sha256 `{one.core_sha256}`"
            parts.append(f"{digests}, from {code(f'{one.folder}/{DECISION}')}.")
    return "\n\n".join(parts) + "\n"


def heading(one: Standing) -> str:
    return f"{one.rung}, design {one.design}, {one.subject}: {one.verdict}"


def scoreboard_html(found: Sequence[Standing], about: str = COMMITTED) -> str:
    """The same as one self-contained page: no script, nothing fetched, every text escaped."""
    import jinja2  # noqa: PLC0415 - loaded when a page is written, not when pytest starts

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("scoreboard.html").render(
        title=TITLE,
        about=about,
        legend=LEGEND,
        seconds=seconds_text,
        columns=VERDICTS,
        gate_columns=GATES,
        standings=[one for one in found if one.error is None],
        errors=[one.error for one in found if one.error is not None],
        heading=heading,
        decision=DECISION,
    )
