"""A section as Markdown, as HTML, and as a terminal's lines. Pure: the same section gives the same bytes."""

import re
import textwrap
from collections.abc import Iterable, Mapping
from html import escape

from reports.base.markdown import quoted, table
from reports.base.number_table import Table, Value
from reports.base.printing import one_line, printable_lines
from reports.pages.section import Bullets, Part, Quoted, Section

LONG = 12  # rows; HTML folds a longer table away
WHOLE = 1e7  # below it a large number is written without an exponent
INLINE = re.compile(r"\\([!-/:-@\[-`{-~])|`([^`]*)`|\*\*(.+?)\*\*|\*(.+?)\*", re.DOTALL)


def number(value: Value, form: str | None = None) -> str:
    """A float in `form` or at four significant digits, whole numbers and texts as they are, `low to high` of a pair,
    a dash for None."""
    match value:
        case None:
            return "—"
        case float():
            return four_digits(value) if form is None else f"{value:{form}}"
        case (low, high):
            return f"{number(low, form)} to {number(high, form)}"
    return str(value)


def four_digits(value: float) -> str:
    """Four significant digits, zeros at the end too: `0.4000`, `12.35`, `12350`; with exponent below 1e-4, from 1e7."""
    if value == 0.0:
        return "0"
    text = f"{value:#.4g}".removesuffix(".")
    return f"{float(text):.0f}" if "e+" in text and abs(float(text)) < WHOLE else text


def as_markdown(section: Section, level: int = 2) -> str:
    """The section below a heading of `level`, or nothing where it has no parts."""
    parts = [_markdown(part) for part in section.parts]
    return "\n\n".join([f"{'#' * level} {section.title}", *parts]) if parts else ""


def _markdown(part: Part) -> str:
    match part:
        case Bullets(lines, below):
            return "\n".join([*(f"- {line}" for line in lines), *(f"  - {line}" for line in below)])
        case Quoted(text):
            return quoted(text)
        case Table(columns=columns, rows=rows, forms=forms):
            form = [forms.get(column, ".3f") for column in columns]
            return table(columns, [[number(*cell) for cell in zip(row, form, strict=True)] for row in rows])
    return part


def as_html(name: str, section: Section, drawn: Mapping[str, str]) -> str:
    """The section with `name` for its id; `drawn`: figure -> its HTML. Every text of the section is escaped."""
    said = tuple(part for part in section.details if isinstance(part, str))
    return "\n".join(
        [
            f'<section id="{name}" aria-labelledby="{name}-title">',
            f'<h2 id="{name}-title">{_inline(section.title)}</h2>',
            *([part_html(Bullets(said))] if said else []),
            *(part_html(part) for part in section.parts),
            *(drawn[figure] for figure in section.figures),
            *(_folded(part) for part in section.details if isinstance(part, Table)),
            "</section>\n",
        ]
    )


def part_html(part: Part) -> str:
    """A paragraph, list, block or table; a long table is folded away."""
    match part:
        case Bullets(lines, below):
            inner = _list(below) if below else ""
            return _list(lines, inner)
        case Quoted(text):
            return f'<pre tabindex="0" role="region" aria-label="What the model wrote">{_escaped(text)}</pre>'
        case Table():
            return _folded(part) if len(part.rows) > LONG and not part.anchors else table_html(part)
    return f"<p>{_inline(part)}</p>"


def _list(lines: Iterable[str], last: str = "") -> str:
    items = "</li>\n<li>".join(map(_inline, lines))
    return f"<ul>\n<li>{items}{last}</li>\n</ul>"


def _folded(found: Table) -> str:
    return f"<details>\n<summary>{_escaped(found.caption)}</summary>\n{table_html(found)}\n</details>"


def table_html(found: Table) -> str:
    """The table, numbers at four significant digits; one that is wider than the page scrolls by itself.

    A row with an anchor has it for its id, and its name is a link to itself.
    """
    numeric = [not isinstance(value, str) for value in found.rows[0]] if found.rows else [False] * len(found.columns)
    numeric[0] = False
    right = [' class="n"' if one else "" for one in numeric]
    head = "".join(
        f'<th scope="col"{style}>{_inline(column)}</th>' for column, style in zip(found.heads, right, strict=True)
    )
    anchors = found.anchors or (None,) * len(found.rows)
    rows = "\n".join(_row(row, anchor) for row, anchor in zip(found.rows, anchors, strict=True))
    caption = _escaped(found.caption)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="Table: {caption}">\n<table>\n'
        f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(row: tuple[Value, ...], anchor: str | None) -> str:
    name, cells = _inline(number(row[0])), "".join(map(_cell, row[1:]))
    if anchor is None:
        return f'<tr><th scope="row">{name}</th>{cells}</tr>'
    at = escape(anchor)
    return f'<tr id="{at}"><th scope="row"><a href="#{at}">{name}</a></th>{cells}</tr>'


def _cell(value: Value) -> str:
    right = "" if isinstance(value, str) else ' class="n"'
    return f"<td{right}>{_inline(number(value))}</td>"


def as_text(section: Section, columns: int) -> str:
    """Title at the margin; paragraphs indented by two and wrapped. What a terminal needs of the parts: texts alone."""
    texts = [part for part in section.parts if isinstance(part, str)]
    wrapped = [
        line
        for text in texts
        for line in textwrap.wrap(unmarked(text), columns, initial_indent="  ", subsequent_indent="    ")
    ]
    return "\n".join([*textwrap.wrap(unmarked(section.title), columns), *wrapped])


def as_lines(section: Section, columns: int) -> list[str]:
    """What a terminal shows below a run: the section's lines, wrapped."""
    return [
        part
        for line in section.lines
        for part in textwrap.wrap(one_line(unmarked(line)), columns, subsequent_indent="  ", break_on_hyphens=False)
    ]


def unmarked(text: str) -> str:
    """`text` without its markup, as a terminal shows it."""
    return INLINE.sub(lambda found: next(group for group in found.groups() if group is not None), text)


def _inline(text: str) -> str:
    """`text` as HTML: code, bold and emphasis are elements, everything else is text."""
    parts, end, text = [], 0, printable_lines(text)
    for found in INLINE.finditer(text):
        literal, typed, bold, stressed = found.groups()
        parts += [escape(text[end : found.start()]), escape(literal or "")]
        for tag, inner in (("code", typed), ("strong", bold), ("em", stressed)):
            if inner is not None:
                parts.append(f"<{tag}>{escape(inner) if tag == 'code' else _inline(inner)}</{tag}>")
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _escaped(text: str) -> str:
    return escape(printable_lines(text))
