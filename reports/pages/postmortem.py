"""`postmortem.md`: what was registered, what fired, how sure we are, what it does not say.

Generated, with a part for people: whatever is below the marker line is kept when the page is generated again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.base.errors import BadInput
from reports.base.files import read_regular
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.rendering import as_markdown
from reports.pages.section import NOTHING, Told, sections

MARKER = "<!-- written by hand below this line; kept when the page is generated again -->"
PAGE_LIMIT = 1 << 26  # bytes; one has 20,000, and what people add
INVITATION = "\n\n## Notes\n\n_Nothing was added by hand._\n"


def postmortem(decision: Decision, document: Mapping[str, Any], measurements: Measurements = NOTHING) -> str:
    """The generated part, in Markdown."""
    found = sections(Told(decision, document, measurements))
    told = (as_markdown(section, level=1 if name == "verdict" else 2) for name, section in found.items())
    return "\n\n".join(text for text in told if text) + "\n"


def with_written_part(generated: str, page: Path) -> str:
    """`generated`, followed by what a person wrote below the marker of the page that is there now."""
    try:
        raw = read_regular(page, PAGE_LIMIT)
        if len(raw) > PAGE_LIMIT:
            raise OSError(f"more than {PAGE_LIMIT} bytes")
        _, _, written = raw.decode("utf-8").partition(f"\n{MARKER}")  # not one that is quoted
    except FileNotFoundError:
        written = ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{page}: cannot be read ({error}); move it away to have the page written anew") from None
    return f"{generated}\n{MARKER}{written or INVITATION}"
