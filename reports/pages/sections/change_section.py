"""What would change the verdict."""

from reports.pages.section import Section, Told

ORDER = 140
SAID = (
    "A run of the same rule on the same weights with another outcome, a control found out of line, or a defect "
    "in the reading of the weights."
)


def section(_: Told) -> Section:
    """The same for every verdict."""
    return Section("What would change our mind", (SAID,))
