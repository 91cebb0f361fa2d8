"""`report.html`: one file for a person who looks before reading and one who reads every number.

No script, no network: figures are inlined as SVG in the page's own colours, and each is beside its numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.base.printing import printable_lines
from reports.base.version import SUITE, suite_version
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.all_figures import figures
from reports.pages.figures.figure import Figure
from reports.pages.figures.render import Drawing, drawn, inlined
from reports.pages.figures.theme import css_variables
from reports.pages.rendering import as_html, part_html, table_html
from reports.pages.report.cells_section import cells_section
from reports.pages.report.downloads import downloads
from reports.pages.report.theorems_section import theorems_section
from reports.pages.section import Told, sections
from reports.pages.sections.sensitivity_section import fragile_lines
from reports.pages.sections.verdict_section import cause, of

if TYPE_CHECKING:  # loaded when a report is written
    from jinja2 import Environment
    from markupsafe import Markup

HERE = Path(__file__).parent
# Who looks before reading sees these and the gates; the other sections follow as in `postmortem.md`
HEAD, FIRST = ("verdict", "unsaid"), "fired"
OWN = ("main", "figures", "cells")  # addresses of the page beside those of its sections


def report_html(decision: Decision, document: Mapping[str, Any], measurements: Measurements) -> str:
    """The page; `document` is the content of `decision.json`. The same arguments and suite give the same bytes."""
    shown = figures(decision, measurements)
    return page(decision, document, measurements, shown, {figure.name: drawn(figure) for figure in shown})


def page(
    decision: Decision,
    document: Mapping[str, Any],
    measurements: Measurements,
    shown: Sequence[Figure],
    drawings: Mapping[str, Mapping[str, Drawing]],
) -> str:
    """`report_html` of figures that are drawn already."""
    from markupsafe import Markup  # noqa: PLC0415 - loaded when a report is written, not when pytest starts

    jinja = environment()
    prefix = f"{decision.prereg.rung}-v{decision.prereg.design}"
    drawn_figures = {one.name: drawn_figure(jinja, one, drawings[one.name], prefix) for one in shown}
    told = Told(decision, document, measurements)
    found = {**sections(told), "theorems": theorems_section(told)}
    cells = cells_section(told, {*found, *OWN})
    head = [part for name in HEAD for part in found.pop(name).parts]
    placed = {name for section in found.values() for name in section.figures}
    return jinja.get_template("page.html").render(
        title=of(decision),
        verdict=decision.verdict,
        cause=cause(decision),
        head=[Markup(part_html(part)) for part in head],  # noqa: S704 - as above
        document=document,
        written_by=f"{SUITE} {suite_version()}",
        fragile=fragile_lines(decision),
        sections={
            name: (section.title, Markup(as_html(name, section, drawn_figures)))  # noqa: S704 - as above
            for name, section in sorted(found.items(), key=lambda one: one[0] != FIRST)
        },
        cells=Markup(as_html("cells", cells, {})),  # noqa: S704 - as above
        figures=[Markup(drawn_figures[one.name]) for one in shown if one.name not in placed],  # noqa: S704 - as above
        **looks(),
    )


def environment() -> "Environment":
    """The templates of pages: whatever is put into one is escaped, and a name that is missing is an error."""
    import jinja2  # noqa: PLC0415 - as above
    from markupsafe import Markup  # noqa: PLC0415

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        finalize=shown_text,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["table"] = lambda found: Markup(table_html(found))  # noqa: S704 - every text in it is escaped
    return made


def drawn_figure(jinja: "Environment", figure: Figure, drawings: Mapping[str, Drawing], prefix: str) -> str:
    """A figure with its reading, its panels and its numbers; the files of those are named after `prefix`."""
    from markupsafe import Markup  # noqa: PLC0415 - as above

    # Ours and safe: SVG in which matplotlib and `render` escaped every text
    svgs = {name: Markup(inlined(drawing)) for name, drawing in drawings.items()}  # noqa: S704
    return jinja.get_template("figure.html").render(
        figure=figure, svgs=svgs, downloads=downloads(prefix, figure.name, figure.tables)
    )


def looks() -> dict[str, "Markup"]:
    """The style sheet and the colours of both grounds, for the head of a page."""
    from markupsafe import Markup  # noqa: PLC0415 - as above

    texts = {
        "style": (HERE / "style.css").read_text("utf8"),
        "light": css_variables(dark=False),
        "dark": css_variables(dark=True),
    }
    return {name: Markup(text) for name, text in texts.items()}  # noqa: S704 - ours


def shown_text(value: object) -> object:
    """Whatever a page prints, without control characters; what is markup of ours is left as it is."""
    return printable_lines(value) if type(value) is str else value
