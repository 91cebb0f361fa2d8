"""Markdown that the artefacts share."""

from collections.abc import Sequence

from reports.base.printing import one_line

MARKUP = "\\`*[]<>&"  # what could begin markup inside a line; an underscore inside a word does not


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; whatever a cell holds, it is one line."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def plain(text: str) -> str:
    """`text` as a line of a page: whatever it holds, none of it is markup."""
    return "".join(f"\\{character}" if character in MARKUP else character for character in one_line(text))


def code(text: str) -> str:
    """`text` in typewriter, as it is but for backticks."""
    return f"`{one_line(text).replace('`', chr(39))}`"


def quoted(text: str) -> str:
    """`text` as an indented block: whatever it holds, none of it is markup."""
    return "\n".join(f"    {one_line(line)}" for line in text.splitlines() or [""])
