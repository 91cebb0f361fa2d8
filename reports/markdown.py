"""Markdown that the artefacts share."""

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def quoted(text: str) -> str:
    """`text` as an indented block: whatever it holds, none of it is markup."""
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])
