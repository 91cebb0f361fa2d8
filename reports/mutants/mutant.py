"""One rule broken on purpose: what is written where, what stands there instead, and which tests must notice."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "reports"  # where every mutated file and every test lies


@dataclass(frozen=True)
class Mutant:
    """`old`, which stands once in `file`, becomes `new`. `tests` are ids below `reports/`; one that fails notices."""

    name: str  # what the code then does, as a sentence
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        return source.replace(self.old, self.new, 1)


def stale(mutant: Mutant, source: str) -> str | None:
    """Why `mutant` no longer breaks `source`, or None."""
    found = source.count(mutant.old)
    if found != 1:
        return f"its old text stands {found} times in {mutant.file}, expected once"
    return None
