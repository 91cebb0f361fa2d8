"""What the verdict does not say."""

from reports.judge.decision import unsaid
from reports.pages.section import Section, Told

ORDER = 130


def section(told: Told) -> Section:
    """The sentence that belongs to the verdict."""
    return Section("What this does not say", (unsaid(told.decision),))
