"""A published verdict, of which nothing is believed: every file is compared with what its measurements give.

The measurements are those of `measurements.jsonl.gz` alone, the subject is the one that the verified rule describes,
and the seal's history is the ledger's. From these decision and pages are made anew, and what is in the folder must be
the same bytes, but for the tenth digit of a number (`reports/base/same_text.py`). Only what the run recorded of itself
(environment, faults) cannot be rebuilt: it must have its form, and is shown as recorded.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.artefacts.decision_document import recorded_faults
from reports.base.errors import BadInput, Incomplete, Mismatch, Tampered
from reports.base.files import read_regular
from reports.base.printing import one_line
from reports.base.same_text import first_departure
from reports.judge.compare.reproduce import read_decision
from reports.judge.digests import CORE_KEYS
from reports.judge.document import decision_json
from reports.judge.judged_verdict import Judged
from reports.pages.postmortem import PAGE_LIMIT
from reports.published.published import DECISION, artefacts, pretty
from reports.published.rejudge import RUN, read_run, rejudge
from reports.seals.seal import SealStatus, seal_at, verify
from reports.store.bundle import BUNDLE, bundle_sha256

PAGES = ("trap_results.json", "postmortem.md", "theorems.json", "theorems.md")
PUBLISHED = frozenset({DECISION, *PAGES, RUN, BUNDLE})  # and nothing else
ANEW = "write it anew: python -m reports decide FOLDER --write"
MOST_NAMED = 10  # files that do not belong there


@dataclass(frozen=True)
class Publication:
    """A published verdict, beside what its measurements give."""

    judged: Judged
    expected: Mapping[str, Any]  # decision.json as it was published
    document: Mapping[str, Any]  # as it is rebuilt
    drift: tuple[str, ...]  # what in the folder is not what was rebuilt, a line each


def read_publication(folder: Path, preregistrations: Path) -> Publication:
    """The verdict published in `folder`, judged again.

    Raises `Tampered` and `BadInput` where something in it does not hold or cannot be read, `Mismatch` where it is of
    another rule than the sealed one, and `Incomplete` where it rests on too little to be published.
    """
    expected = read_decision(folder / DECISION)
    rule = preregistrations / read_run(folder).preregistration
    require_same_rule(expected, rule)
    judged = rejudge(folder, preregistrations, published=True)
    require_enough(judged, folder)
    document = rebuilt(judged, expected, seal_at(rule, expected["seal"].get("ledger_entry")))
    return Publication(judged, expected, document, tuple(drifted(judged, document, folder)))


def require_same_rule(document: Mapping[str, Any], rule: Path) -> None:
    """Raises `Mismatch` unless `document` was judged by the rule that is sealed at `rule` now."""
    stated, now = str(document.get("rule_sha256")), verify(rule).prereg.canonical_sha256
    if stated != now:
        raise Mismatch(
            f"{DECISION}: its rule is {one_line(stated)[:12]}…, {rule.stem} is {now[:12]}… now; check out the "
            "commit of that verdict, or run the study again"
        )


def require_enough(judged: Judged, folder: Path) -> None:
    """Raises `Incomplete` where nothing was measured, or not every cell that is registered before the trigger."""
    if not judged.measurements:
        raise Incomplete(f"{folder}: not one cell was measured, so there is no verdict to reproduce; run the study")
    first = judged.decision.overtaken
    if first is not None:
        raise Incomplete(
            f"{folder}: {first.id} was not measured, though it is registered before the trigger, "
            f"{judged.decision.trigger}; run the study in its registered order and publish that"
        )


def history(document: Mapping[str, Any], rule: Path) -> SealStatus:
    """The seal that `document` names, as far as the ledger bears it out, or the one that holds now."""
    stated = document.get("seal")
    try:
        return seal_at(rule, stated.get("ledger_entry") if isinstance(stated, dict) else None)
    except (Tampered, Mismatch):
        return verify(rule)


def rebuilt(judged: Judged, document: Mapping[str, Any], seal: SealStatus) -> dict[str, Any]:
    """The decision document that the measurements give, with what only the run itself knew taken from `document`.

    Raises `BadInput` where that is not there, or is not what a run records.
    """
    wrong = next(recorded_faults(document), None)
    if wrong is not None:
        raise BadInput(
            f"{DECISION}: {one_line(wrong)[:80]} is missing, or not short printable text and numbers as a run records "
            "them; run the study again"
        )
    again = decision_json(
        judged.decision,
        subject=judged.subject,
        seal=seal.to_json(),
        environment=document["environment"],
        errors=document["errors"],
        measurements_sha256=bundle_sha256(judged.measurements) if judged.measurements else None,
    )
    again = dict(json.loads(json.dumps(again)))
    if all(key in document and _same(again[key], document[key]) for key in CORE_KEYS):
        again["core_sha256"] = document.get("core_sha256")  # of numbers that agree, their tenth digits as published
    return again


def drifted(judged: Judged, again: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What in `folder` is not `again`, which is rebuilt, or does not follow from it: a line for each."""
    for name, data in artefacts(judged, again, folder).items():
        found = _read(folder / name)
        if found is None:
            yield f"{name}: missing; {ANEW}"
        elif name == DECISION:
            yield from _document(again, found)
        elif (line := first_departure(data.decode(), found.decode("utf8", "backslashreplace"))) is not None:
            yield f"{name}: line {line} is not what the measurements give; {ANEW}"
    if read_run(folder).spelled() != _read(folder / RUN):
        yield f"{RUN}: is not spelled as a run writes it; restore the file that the run wrote"
    strangers = sorted(path.name for path in folder.iterdir() if path.name not in PUBLISHED)
    for name in strangers[:MOST_NAMED]:
        yield f"{one_line(name)}: not published: nothing compares it with the measurements; publish without it"
    if len(strangers) > MOST_NAMED:
        yield f"{len(strangers) - MOST_NAMED} more files are not published; publish without them"


def _document(again: Mapping[str, Any], raw: bytes) -> Iterator[str]:
    """By key where one differs, else by line: then the bytes are in another order or spelling."""
    stated = json.loads(raw)  # as `read_decision` found it before
    wrong = [key for key in sorted(again.keys() | stated.keys()) if not _same(again.get(key), stated.get(key))]
    for key in wrong:
        source = "the ledger" if key == "seal" else "the measurements"
        yield f"{DECISION}: {one_line(key)} does not follow from {source}"
    if not wrong:
        line = first_departure(pretty(again).decode(), raw.decode())
        if line is not None:
            yield f"{DECISION}: line {line} is in another order or spelling than it is written in; {ANEW}"


def _same(one: object, other: object) -> bool:
    return first_departure(json.dumps(one), json.dumps(other)) is None


def _read(page: Path) -> bytes | None:
    """The bytes of a page, or None where there is none."""
    try:
        data = read_regular(page, PAGE_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{page}: cannot be read ({error.strerror}); {ANEW}") from None
    if len(data) > PAGE_LIMIT:
        raise BadInput(f"{page}: more than {PAGE_LIMIT} bytes, expected a page; {ANEW}")
    return data
