"""What a page tells, before it is Markdown, HTML or a terminal's lines; `reports/pages/rendering.py` makes it those.

Texts are Markdown within a line: code, bold and emphasis. What came from data goes through `plain`, `code` or a table.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from reports.base.by_file_name import file_names
from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import Measurements

NOTHING: Measurements = MappingProxyType({})
SECTIONS = "reports.pages.sections"


@dataclass(frozen=True)
class Bullets:
    lines: tuple[str, ...]
    below: tuple[str, ...] = ()  # of the last line


@dataclass(frozen=True)
class Quoted:
    """What a model wrote: it may hold anything, and none of it is markup."""

    text: str


Part = str | Bullets | Quoted | Table  # a text is a paragraph


@dataclass(frozen=True)
class Section:
    """One heading and what is below it."""

    title: str
    parts: Sequence[Part] = ()  # of every page; without any, `postmortem.md` leaves the section out
    lines: tuple[str, ...] = ()  # all that a terminal shows of it
    details: tuple[str | Table, ...] = ()  # below the heading in HTML alone, which has room for them
    figures: tuple[str, ...] = ()  # by name, in HTML


@dataclass(frozen=True)
class Told:
    """All that there is to tell of one run."""

    decision: Decision
    document: Mapping[str, Any]  # the content of `decision.json`
    measurements: Measurements


def sections(told: Told) -> dict[str, Section]:
    """By the name of its file, `<name>_section.py`, every section that has something to tell, in the order that the
    files state."""
    names = file_names(SECTIONS)
    files = {name.removesuffix("_section"): importlib.import_module(f"{SECTIONS}.{name}") for name in names}
    found = {name: file.section(told) for name, file in sorted(files.items(), key=lambda one: one[1].ORDER)}
    return {name: section for name, section in found.items() if section is not None}
