"""One of two verdicts that are put side by side."""

from dataclasses import dataclass

from reports.base.markdown import plain
from reports.judge.gates import GateOutcome
from reports.judge.judged_verdict import Judged
from reports.pages.section import Bullets, Section
from reports.pages.sections.verdict_section import cause
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Claim

A, B, CHANGE, ERRORS = "A", "B", "B - A", "B - A [SE]"  # SE: standard errors


@dataclass(frozen=True)
class Side:
    name: str  # of its folder
    judged: Judged

    @property
    def claims(self) -> dict[str, Claim]:
        return {claim.name: claim for claim in self.judged.decision.prereg.claims}

    @property
    def gates(self) -> dict[str, GateOutcome]:
        """By name; `@all` is over every layer, so that subjects of unlike depths meet there."""
        return {
            f"{one.gate.claim.name}@all" if one.gate.census else one.gate.id: one for one in self.judged.decision.gates
        }

    def layers(self, claim: str) -> dict[int, Measurement]:
        """What a claim measured, by layer."""
        cells = (Cell("claim", claim, layer) for layer in self.judged.decision.layers)
        found = self.judged.measurements
        return {cell.layer: found[cell] for cell in cells if cell in found and cell.layer is not None}


def heading(a: Side, b: Side) -> Section:
    """Which two verdicts these are, and what is not alike in what they were asked."""
    rules = [side.judged.decision.prereg.canonical_sha256 for side in (a, b)]
    alike = "Both were judged by the same rule." if rules[0] == rules[1] else "They were judged by different rules."
    lines = tuple(f"**{letter}** is {_said(side)}" for letter, side in ((A, a), (B, b)))
    return Section("Side by side", (Bullets(lines), alike))


def _said(side: Side) -> str:
    decision, subject = side.judged.decision, side.judged.subject
    mark = ", exploratory: not the sealed subject" if subject.exploratory else ""
    rung = f"{decision.prereg.rung}, design {decision.prereg.design}"
    return f"{rung}, on {plain(subject.name)}{mark}: **{decision.verdict}**, {cause(decision)} ({plain(side.name)})"
