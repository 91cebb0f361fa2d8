"""`report.html`: one file for a person who looks before reading and one who reads every number.

No script, no network: figures are inlined as SVG in the page's own colours, and each stands beside its numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.base.printing import printable_lines
from reports.figures.all_figures import figures
from reports.figures.render import Drawing, drawn, inlined
from reports.figures.shown import Shown, Value
from reports.figures.theme import css_variables
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.report.view import view

HERE = Path(__file__).parent


def report_html(decision: Decision, document: Mapping[str, Any], measurements: Measurements) -> str:
    """The page; `document` is the content of `decision.json`. The same arguments give the same bytes."""
    shown = figures(decision, measurements)
    return page(decision, document, shown, {figure.name: drawn(figure) for figure in shown})


def page(
    decision: Decision,
    document: Mapping[str, Any],
    shown: Sequence[Shown],
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
    environment.filters |= {"number": number, "is_number": is_number}
    # Ours and safe: the style sheet, and SVG in which matplotlib and `render` escaped every text
    svgs = {
        (figure, panel): Markup(inlined(drawing))  # noqa: S704
        for figure, panels in drawings.items()
        for panel, drawing in panels.items()
    }
    return environment.get_template("page.html").render(
        view=view(decision, document),
        shown=shown,
        svgs=svgs,
        style=Markup((HERE / "style.css").read_text("utf8")),  # noqa: S704
        light=Markup(css_variables(dark=False)),  # noqa: S704
        dark=Markup(css_variables(dark=True)),  # noqa: S704
    )


def shown_text(value: object) -> object:
    """Whatever a page prints, without control characters; what is markup of ours is left as it is."""
    return printable_lines(value) if type(value) is str else value


def number(value: Value) -> str:
    """Six significant digits, whole numbers as they are, a dash for what was not measured."""
    if value is None:
        return "—"
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else f"{value:.6g}"


def is_number(value: Value) -> bool:
    return not isinstance(value, str)
