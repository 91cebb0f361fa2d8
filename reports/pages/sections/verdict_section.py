"""The verdict, and why it is that."""

from reports.base.markdown import plain
from reports.judge.decision import Decision
from reports.pages.section import Section, Told

ORDER = 0  # the page's own title


def section(told: Told) -> Section:
    """What was asked, of which subject, and what came of it."""
    decision = told.decision
    ended = "No registered kill rule fired" + ("." if decision.verdict == "SURVIVED" else f": {cause(decision)}.")
    said = f"Trigger: **{decision.trigger}**." if decision.trigger else ended
    subject = told.document["subject"]
    mark = " This run is **exploratory**: its subject is not the sealed one." if subject["exploratory"] else ""
    text = f"{decision.prereg.title} Subject: {plain(subject['name'])}. {said}{mark}"
    return Section(f"{of(decision)}: {decision.verdict}", (text,))


def of(decision: Decision) -> str:
    """The rung and its design."""
    return f"{decision.prereg.rung}, design {decision.prereg.design}"


def cause(decision: Decision) -> str:
    """Why the verdict is what it is, in a few words."""
    if decision.trigger:
        return decision.trigger
    if decision.verdict == "INCOMPLETE":
        return f"{len(decision.missing)} registered cells were not measured, first {decision.missing[0].id}"
    if decision.verdict == "INCONCLUSIVE" and decision.undecided:
        return f"{decision.undecided[0].gate.id} is {decision.undecided[0].undecided}"
    if decision.verdict == "INCONCLUSIVE":
        return "a control, a trap or a rotation is out of line: redesign and seal again"
    if decision.verdict == "VACUOUS":
        return "the null subject meets every rule as well"
    return "no registered kill rule fired"
