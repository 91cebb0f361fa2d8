"""What was registered before the run."""

from reports.base.spans import listed
from reports.judge.decision import rule_text
from reports.pages.section import Bullets, Section, Told

ORDER = 10


def section(told: Told) -> Section:
    """The claims with their rules, and the world in which they are dead."""
    prereg = told.decision.prereg
    rules = Bullets(
        tuple(
            f"`{claim.name}`: {rule_text(claim.rule)}, judged at {listed(claim.checkpoints)} layers. "
            + claim.statement.strip()
            for claim in prereg.claims
        )
    )
    said = "The world in which the claims are dead, described before the run:"
    return Section("What was registered", (rules, said, prereg.prediction.strip()))
