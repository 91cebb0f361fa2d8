"""`report.html`: one file for a person who looks before reading and one who reads every number.

No script, no network: figures are inlined as SVG in the page's own colours, and each is beside its numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.base.printing import printable_lines
from reports.base.version import SUITE, suite_version
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.all_figures import figures
from reports.pages.figures.figure import Figure
from reports.pages.figures.render import Drawing, drawn, inlined
from reports.pages.figures.theme import css_variables
from reports.pages.rendering import as_html, part_html, table_html
from reports.pages.report.theorems_section import theorems_section
from reports.pages.section import Told, sections
from reports.pages.sections.sensitivity_section import fragile_lines
from reports.pages.sections.verdict_section import cause, of

HERE = Path(__file__).parent
# Who looks before reading sees these and the gates; the other sections follow as in `postmortem.md`
HEAD, FIRST = ("verdict", "unsaid"), "fired"


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
    import jinja2  # noqa: PLC0415 - loaded when a report is written, not when pytest starts
    from markupsafe import Markup  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        finalize=shown_text,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["table"] = lambda found: Markup(table_html(found))  # noqa: S704 - every text in it is escaped
    figure = environment.get_template("figure.html")
    # Ours and safe: the style sheet, and SVG in which matplotlib and `render` escaped every text
    drawn_figures = {
        one.name: figure.render(
            figure=one,
            svgs={name: Markup(inlined(drawing)) for name, drawing in drawings[one.name].items()},  # noqa: S704
        )
        for one in shown
    }
    told = Told(decision, document, measurements)
    found = {**sections(told), "theorems": theorems_section(told)}
    head = [part for name in HEAD for part in found.pop(name).parts]
    placed = {name for section in found.values() for name in section.figures}
    return environment.get_template("page.html").render(
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
        figures=[Markup(drawn_figures[one.name]) for one in shown if one.name not in placed],  # noqa: S704 - as above
        style=Markup((HERE / "style.css").read_text("utf8")),  # noqa: S704
        light=Markup(css_variables(dark=False)),  # noqa: S704
        dark=Markup(css_variables(dark=True)),  # noqa: S704
    )


def shown_text(value: object) -> object:
    """Whatever a page prints, without control characters; what is markup of ours is left as it is."""
    return printable_lines(value) if type(value) is str else value
