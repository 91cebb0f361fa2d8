"""A published decision read back, and a comparison with it told: `differences.py` makes the comparison."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.artefacts.decision_document import SCHEMA, faults
from reports.base.errors import BadInput, Tampered
from reports.base.files import read_regular
from reports.base.strict_json import exact_integer, parse_object
from reports.judge.compare.differences import LONGEST, Difference
from reports.judge.digests import CORE_KEYS, core_sha256_of, outcome_sha256_of

REMEDY = "python -m reports decide FOLDER --write"  # from the measurements published beside it
DOCUMENT_LIMIT = 1 << 26  # bytes; one of 16 layers has 300,000
FIGURES = 16  # width of a column of figures


def read_decision(path: Path) -> dict[str, Any]:
    """A decision document whose digests hold. `BadInput` where it is none, `Tampered` where it was edited."""
    document = read_json(path)
    if document.get("schema") != SCHEMA or not set(CORE_KEYS) <= document.keys():
        stated = document.get("schema")
        older = " (reports.judge.compare.older.upgraded reads older ones)" if stated in range(1, SCHEMA) else ""
        raise BadInput(
            f"{path}: not a decision.json of schema {SCHEMA}{older}; name another, or write it anew ({REMEDY})"
        )
    _check_digest(path, document, "core_sha256", core_sha256_of)
    wrong = next((at for at in faults(document) if at != "outcome_sha256"), None)  # it is compared below
    if wrong is not None:
        raise BadInput(
            f"{path}: {ascii(wrong)[1:-1]} is missing or of another type than a decision.json has; restore it"
        )
    _check_digest(path, document, "outcome_sha256", outcome_sha256_of)
    return document


def read_json(path: Path) -> dict[str, Any]:
    """The table that a `decision.json` of any schema holds."""
    try:
        raw = read_regular(path, DOCUMENT_LIMIT)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a decision.json") from None
    if len(raw) > DOCUMENT_LIMIT:
        raise BadInput(f"{path}: more than {DOCUMENT_LIMIT} bytes, expected a decision.json; name another")
    return parse_object(raw, str(path), f"name another, or write it anew ({REMEDY})", exact_integer)


def _check_digest(
    path: Path, document: Mapping[str, Any], name: str, digest_of: Callable[[Mapping[str, Any]], str]
) -> None:
    try:
        sound = digest_of(document) == document.get(name)
    except BadInput:  # holds what canonical JSON cannot say: no digest was ever made of it
        sound = False
    if not sound:
        raise Tampered(f"{path}: edited by hand, its {name} does not hold; restore it, or run the study again")


def difference_table(found: Sequence[Difference], columns: int = 80) -> list[str]:
    """Rows of what, obtained, expected and allowed; what does not fit its row goes on below it."""
    if not found:
        return []
    rows = [("", "obtained", "expected", "allowed"), *(_cells(difference) for difference in found)]
    first, lines = columns - 3 * FIGURES, []
    for what, *figures in rows:
        if len(what) < first and all(len(figure) < FIGURES for figure in figures[:2]) and len(figures[2]) <= FIGURES:
            lines.append(f"{what:<{first}}{figures[0]:<{FIGURES}}{figures[1]:<{FIGURES}}{figures[2]}".rstrip())
            continue
        text = f"obtained {figures[0]}, expected {figures[1]}" + (f", allowed {figures[2]}" if figures[2] else "")
        lines += [what, *textwrap.wrap(text, columns, initial_indent="  ", subsequent_indent="  ")]
    return lines


def _cells(difference: Difference) -> tuple[str, str, str, str]:
    allowed = difference.allowed
    within = "" if allowed is None else f"{allowed[0]:.4g} to {allowed[1]:.4g}"
    within = "not promised" if difference.borderline else within
    return difference.what, _figure(difference.obtained), _figure(difference.expected), within


def _figure(value: object) -> str:
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return f"{text[:12]}…" if len(text) >= LONGEST else text  # a digest, a table


def outcome_line(expected: Mapping[str, Any], *, reproduced: bool) -> str:
    """Whether the verdict was reproduced, which it is, and whether it is of another subject than the sealed one."""
    verdict = f"{expected['verdict']}, {expected['trigger']}" if expected["trigger"] else expected["verdict"]
    outcome = "reproduced" if reproduced else "NOT REPRODUCED"
    subject = expected["subject"]
    mark = f" (exploratory: {subject['name']} is not as it was sealed)" if subject["exploratory"] else ""
    return f"{outcome}: {expected['rung']}, design {expected['design']}: {verdict}{mark}"
