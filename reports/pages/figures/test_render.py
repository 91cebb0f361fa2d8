"""Files that stand alone, and drawings that take the page's colours."""

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from reports.pages.figures.figure import Figure, Panel
from reports.pages.figures.render import draw, inlined
from reports.pages.figures.theme import light

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOSTILE = '</svg><script>alert("$x$")</script> &'


def a_figure(name: str = "one", title: str = "a title") -> Figure:
    def line(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1], color=light("blue"), marker="o", label=title)
        axes.set_xlabel(title)

    return Figure(name, title, "One line.", (Panel("panel", title, f"What one sees: {title}.", line),), ())


def drawing_of(figure: Figure) -> "tuple[str, bytes]":
    found = draw(figure, figure.panels[0])
    return found.svg, found.png


def test_a_drawing_is_the_same_every_time() -> None:
    assert drawing_of(a_figure()) == drawing_of(a_figure())
    assert drawing_of(a_figure()) != drawing_of(a_figure(title="another"))


def test_a_file_stands_alone() -> None:
    svg, png = drawing_of(a_figure())
    root = ElementTree.fromstring(svg)  # noqa: S314 - ours
    assert root.get("aria-label") == "a title. What one sees: a title."
    assert root.get("role") == "img"
    assert set(re.findall(r"https?:[^\"]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert light("blue") in svg
    assert png.startswith(b"\x89PNG")
    assert b"Software" not in png
    assert "metadata" not in svg


def test_ids_are_those_of_their_figure() -> None:
    """Two figures on one page must not point at each other's markers."""
    one, other = (drawing_of(a_figure(name))[0] for name in ("one", "other"))
    ids = [set(re.findall(r" id=\"([^\"]+)\"", svg)) for svg in (one, other)]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"href=\"#([^\"]+)\"", one)) <= ids[0]
    assert set(re.findall(r"url\(#([^)]+)\)", one)) <= ids[0]


def test_inlined_it_has_the_colours_of_the_page() -> None:
    figure = a_figure()
    svg = inlined(draw(figure, figure.panels[0]))
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert "stroke: var(--blue)" in svg
    assert 'class="page"' not in svg


def test_names_stay_text() -> None:
    figure = a_figure(title=HOSTILE)
    svg = drawing_of(figure)[0]
    assert "<script" not in svg
    root = ElementTree.fromstring(svg)  # noqa: S314 - ours
    texts = ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert HOSTILE in texts


def test_a_long_title_and_label_are_on_several_lines_inside_the_picture() -> None:
    text = " ".join(f"word{i:02d}" for i in range(14))
    svg, _ = drawing_of(a_figure(title=text))
    lines = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert text not in lines
    assert {word for line in lines for word in line.split() if word.startswith("word")} == set(text.split())
    longest = max(len(line) for line in lines if line.startswith("word") and line != text)
    assert longest <= 52
