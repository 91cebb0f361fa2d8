"""Two verdicts side by side, as a terminal's lines and as one self-contained page. Pure."""

import textwrap
from collections.abc import Iterator
from dataclasses import replace

from reports.base.number_table import Table
from reports.base.printing import one_line
from reports.base.text_table import text_table
from reports.pages.beside import factors_beside, gates_beside, layers_beside, spectra_beside
from reports.pages.beside.side import Side, heading
from reports.pages.figures.figure import Figure
from reports.pages.figures.render import drawn
from reports.pages.rendering import as_html, number, unmarked
from reports.pages.report.page import drawn_figure, environment, looks
from reports.pages.section import Bullets, Section

COLUMNS = 80
NAMED = {"gates": gates_beside, "factors": factors_beside, "layers": layers_beside, "spectra": spectra_beside}


def beside(a: Side, b: Side) -> dict[str, Section]:
    """By name, every section that has something to tell of both."""
    found = {name: file.section(a, b) for name, file in NAMED.items()}
    return {"verdicts": heading(a, b), **{name: section for name, section in found.items() if section is not None}}


def beside_text(a: Side, b: Side, columns: int = COLUMNS) -> str:
    """What a terminal shows: no line is longer than `columns`."""
    return "\n\n".join("\n".join(_lines(section, columns)) for section in beside(a, b).values()) + "\n"


def _lines(section: Section, columns: int) -> Iterator[str]:
    yield from textwrap.wrap(unmarked(section.title), columns)
    for part in section.parts:
        match part:
            case str():
                yield from _wrapped(part, columns)
            case Bullets(lines=lines):
                for line in lines:
                    yield from _wrapped(line, columns)
            case Table():
                rows = [[one_line(number(value)) for value in row] for row in part.rows]
                yield from ("", *textwrap.wrap(one_line(part.caption), columns))
                yield from text_table([one_line(head) for head in part.heads], rows, columns)


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(one_line(unmarked(text)), columns, initial_indent="  ", subsequent_indent="    ")


def as_drawn(figure: Figure) -> Figure:
    """The figure with its tables under names of their own: the page has the same numbers in its sections."""
    return replace(figure, tables=tuple(replace(one, caption=f"{one.caption}, as drawn") for one in figure.tables))


def beside_html(a: Side, b: Side) -> str:
    """The same as a page, with figures and their numbers as CSV: no script, nothing fetched, every text escaped."""
    from markupsafe import Markup  # noqa: PLC0415 - loaded when a page is written

    jinja = environment()
    shown = [as_drawn(figure) for figure in (*layers_beside.figures(a, b), *spectra_beside.figures(a, b))]
    figures = [drawn_figure(jinja, figure, drawn(figure), "compare") for figure in shown]
    found = beside(a, b)
    title = f"{a.name} beside {b.name}"
    return jinja.get_template("beside.html").render(
        title=title,
        sections={
            name: (section.title, Markup(as_html(name, section, {})))  # noqa: S704 - every text of it is escaped
            for name, section in found.items()
        },
        figures=[Markup(figure) for figure in figures],  # noqa: S704 - as above
        **looks(),
    )
