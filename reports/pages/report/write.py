"""Writes the page and its figures into a folder, each file whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.all_figures import figures
from reports.pages.figures.render import drawn
from reports.pages.report.page import page
from reports.store.store import write_atomically

REPORT, FOLDER = "report.html", "figures"


def write_report(
    folder: Path, decision: Decision, document: Mapping[str, Any], measurements: Measurements
) -> tuple[Path, ...]:
    """Writes `report.html` and `figures/*.svg` and `*.png` under `folder`; returns what was written, the page first.

    The same arguments give the same bytes. `document` is the content of `decision.json`. Raises `BadInput` where
    `folder` cannot be written to.
    """
    shown = figures(decision, measurements)
    drawings = {figure.name: drawn(figure) for figure in shown}
    files = {folder / REPORT: page(decision, document, measurements, shown, drawings).encode()}
    for figure, panels in drawings.items():
        for panel, drawing in panels.items():
            files[folder / FOLDER / f"{figure}-{panel}.svg"] = drawing.svg.encode()
            files[folder / FOLDER / f"{figure}-{panel}.png"] = drawing.png
    for path, data in files.items():
        write_atomically(path, data)
    return tuple(files)
