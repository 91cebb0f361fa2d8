"""A table as a terminal shows it: columns where they fit, else each row below its name."""

import textwrap
from collections.abc import Sequence

GAP = 2  # spaces between two columns


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], columns: int = 80) -> list[str]:
    """Lines of at most `columns` characters: the first column to the left, the others to the right.

    Where that is too wide the first column goes on a line of its own, and where the others alone are too wide, each row
    is told as `head value`, wrapped.
    """
    lines = [heads, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    rest = sum(widths[1:]) + GAP * (len(widths) - 1)
    if widths[0] + rest <= columns:
        return [_joined(line, widths) for line in lines]
    if rest <= columns:
        under = [0, *widths[1:]]
        return [part for line in lines for part in (*_wrapped(line[0], columns), _joined(("", *line[1:]), under))]
    return [
        part
        for row in rows
        for part in (
            *_wrapped(row[0], columns),
            *_wrapped(", ".join(f"{head} {one}" for head, one in zip(heads[1:], row[1:], strict=True)), columns, "  "),
        )
    ]


def _joined(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        f"{one:<{width}}" if place == 0 else f"{one:>{width}}"
        for place, (one, width) in enumerate(zip(line, widths, strict=True))
    )
    return (" " * GAP).join([first, *others]).rstrip()


def _wrapped(text: str, columns: int, indent: str = "") -> list[str]:
    return textwrap.wrap(text, columns, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
