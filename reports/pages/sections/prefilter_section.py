"""What is known before any weight is read."""

from reports.base.number_table import Table
from reports.pages.section import Bullets, Section, Told
from reports.prereg.prefilter import prefilter_lines

ORDER = 110


def section(told: Told) -> Section | None:
    """The bytes and the random floor; in HTML also what theorems say of each rule."""
    lines = tuple(prefilter_lines(told.decision.prereg))
    gates = (*told.document["gates"], *told.document["after_kill"])
    attainable = {gate["claim"]: gate["attainable"] for gate in gates}
    table = Table("What theorems say of meeting each rule", ("claim", "met is"), tuple(attainable.items()))
    return Section("Before any weight was read", (Bullets(lines),) if lines else (), details=(table,))
