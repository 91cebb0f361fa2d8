"""From panels to SVG and PNG, the same bytes every time: no pyplot, no date, no random ids."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import fill

from reports.pages.figures.figure import Figure, Panel
from reports.pages.figures.theme import COLOURS, PAGE, WIDTH, light, rc_params

DPI = 200
POINTS = 72  # per inch: laid out in the units of the SVG
TITLE, ALONG, UP = 46, 52, 13  # characters of a line: of a title, along x, and along y for each inch of height
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Drawing:
    """One panel as files: `svg` is complete by itself, in the colours of the light page."""

    svg: str
    png: bytes


def drawn(figure: Figure) -> Mapping[str, Drawing]:
    """Every panel of `figure`, by name. Needs matplotlib."""
    return {panel.name: draw(figure, panel) for panel in figure.panels}


def draw(figure: Figure, panel: Panel) -> Drawing:
    """`panel` once on its own axes, written twice."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only a report pays
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

    identity = f"{figure.name}-{panel.name}"
    svg, png = io.StringIO(), io.BytesIO()
    with mpl.rc_context({**mpl.rcParamsDefault, **rc_params(identity)}):  # type: ignore[dict-item]
        canvas = Canvas(figsize=(WIDTH, panel.height), dpi=POINTS, layout="constrained")
        axes = canvas.add_subplot()
        axes.set_title(fill(panel.title, TITLE))
        panel.draw(axes)
        axes.set_xlabel(fill(axes.get_xlabel(), ALONG))
        axes.set_ylabel(fill(axes.get_ylabel(), int(UP * panel.height)))
        canvas.draw_without_rendering()
        canvas.set_layout_engine("none")  # laid out: both files show the same
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.savefig(svg, format="svg", metadata=nothing)
        canvas.savefig(png, format="png", dpi=DPI, facecolor=PAGE[0], metadata={"Software": None})
    return Drawing(_bare(svg.getvalue(), identity, panel), png.getvalue())


def inlined(drawing: Drawing) -> str:
    """The SVG as a part of the page: colours are the page's variables, and so is the font."""
    svg = re.sub(r"<rect class=\"page\"[^>]*/>", "", drawing.svg).replace(FONT, "var(--font)")
    for role in COLOURS:
        svg = svg.replace(light(role), f"var(--{role})")
    return svg


def _bare(svg: str, identity: str, panel: Panel) -> str:
    """What matplotlib wrote, less its prologue and metadata, with ids of its own, a title and a ground."""
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"\bid=\"([^\"]+)\"", rf'id="{identity}-\1"', svg)
    svg = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{identity}-", svg).replace("xlink:href", "href")
    svg = re.sub(r"'DejaVu Sans'(, sans-serif)?", FONT, svg)
    svg = re.sub(r"\n\s*", "\n", svg).strip()
    label = _escaped(f"{panel.title}. {panel.description}")
    opening = re.match(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>", svg)
    if opening is None:
        raise ValueError(f"{identity}: matplotlib wrote no <svg> with a viewBox")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{opening[1]}" role="img" aria-label="{label}">'
    ground = f'<rect class="page" width="100%" height="100%" fill="{PAGE[0]}"/>'
    return f"{head}\n{ground}{svg[opening.end() :]}\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
