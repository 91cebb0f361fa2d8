"""A `decision.json` of any schema that was ever published, in the keys of the present one.

Nothing is computed here and nothing is guessed: what a schema did not state is None. So the verdict, its gates and its
controls stay readable. To have a number that was not stated, the study has to be run again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import ValidationError

from reports.artefacts.decision_document import PROSE, SCHEMA, DecisionDocument, unshowable
from reports.artefacts.forms import Table, misfits, place
from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput, Tampered
from reports.judge.compare.older.stated_since import OLD_CONCLUSIONS, RENAMED, SINCE, WHOLE_CORE, may_be_absent
from reports.judge.digests import CORE_KEYS, core_sha256_of, outcome_sha256_of

RESTORE = "restore the file that was published"


def upgraded(document: Mapping[str, Any], where: str = "decision.json") -> dict[str, Any]:
    """`document` with the keys of the present schema; `where` names it in a message.

    What its own schema did not state is None (`not_stated` lists the places). What it did state is as it was, under
    today's names. `schema` is the present one; the digests are those of the document as it was published.

    Raises `BadInput` for a schema that is not known here and for a document that is not of its schema, and `Tampered`
    where one of its digests does not hold.
    """
    reading = _read(document, where)
    wrong = next(_faults(reading), None)
    if wrong is not None:
        raise BadInput(f"{where}: {wrong}, in a document of schema {document['schema']}; {RESTORE}")
    for name, holds in _digests_hold(document):
        if not holds:
            raise Tampered(f"{where}: edited by hand, its {name} does not hold; {RESTORE}")
    return reading.whole


def not_stated(document: Mapping[str, Any], where: str = "decision.json") -> tuple[str, ...]:
    """The dotted keys of the present schema that `document` was published without, such as `gates[0].census`."""
    return tuple(sorted(_read(document, where).absent))


@dataclass
class _Reading:
    """A document on its way to the present keys."""

    document: Mapping[str, Any]
    absent: set[str] = field(default_factory=set)  # dotted keys that it was published without
    early: list[str] = field(default_factory=list)  # dotted keys that its schema did not have yet
    whole: dict[str, Any] = field(default_factory=dict)

    def with_present_keys(self, value: Any, form: type[Table], at: str) -> Any:
        """`value`, a table of the type `form` at the dotted key `at`, or a list of them."""
        if isinstance(value, list):
            return [self.with_present_keys(one, form, f"{at}[{row}]") for row, one in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        names = RENAMED.get(form, {})
        table = {key if names.get(key, key) in value else names.get(key, key): one for key, one in value.items()}
        for key, since in SINCE.get(form, {}).items():
            dotted = f"{at}.{key}".removeprefix(".")
            if key in table and since > self.document["schema"]:
                self.early.append(dotted)
            elif key not in table and may_be_absent(form, key, self.document):
                table[key] = None
                self.absent.add(dotted)
        for key, one in form.model_fields.items():
            inner = _table_in(one.annotation)
            if inner is not None and key in table:
                table[key] = self.with_present_keys(table[key], inner, f"{at}.{key}".removeprefix("."))
        return table


def _read(document: Mapping[str, Any], where: str) -> _Reading:
    schema = document.get("schema")
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise BadInput(
            f"{where}: schema is {ascii(schema)[:80]}, expected 1 to {SCHEMA}; a newer suite wrote it, or it is not a "
            "decision.json: update the checkout, or name another"
        )
    reading = _Reading(document)
    reading.whole = {**reading.with_present_keys(document, DecisionDocument, ""), "schema": SCHEMA}
    return reading


def _table_in(annotation: Any) -> type[Table] | None:
    """The type of the tables that a field of this annotation holds: itself, or in a list, or beside null."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next((found for one in get_args(annotation) if (found := _table_in(one)) is not None), None)


def _faults(reading: _Reading) -> Iterator[str]:
    """What does not fit the present type, but for what was not stated and for words of before."""
    yield from (f"{at} is not a key" for at in reading.early)
    try:
        DecisionDocument(**reading.whole)
    except ValidationError as error:
        faults = zip(error.errors(include_url=False, include_context=False), misfits(error), strict=True)
        for fault, phrase in faults:
            at = place(fault["loc"])
            absent = any(one == at or one.startswith((f"{at}.", f"{at}[")) for one in reading.absent)
            if not absent and not _of_before(at, fault["input"], reading):
                yield phrase
    for key, value in reading.whole.items():
        if key not in PROSE:
            yield from (f"{ascii(at)[1:-1]} is not text on one line" for at in unshowable(key, value))


def _of_before(at: str, stated: object, reading: _Reading) -> bool:
    """Whether this is the conclusion of a probe that had not yet what today's are concluded from."""
    probe = at.removesuffix(".conclusion")
    return stated in OLD_CONCLUSIONS and f"{probe}.structure_interval" in reading.absent


def _digests_hold(document: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each digest of the document, by the arithmetic of its own schema."""
    try:
        if document["schema"] <= WHOLE_CORE:
            core = {key: document[key] for key in CORE_KEYS if key in document}
            yield "core_sha256", sha256_hex(canonical_json(core)) == document["core_sha256"]
            return
        yield "core_sha256", core_sha256_of(document) == document["core_sha256"]
        yield "outcome_sha256", outcome_sha256_of(document) == document["outcome_sha256"]
    except BadInput:  # holds what canonical JSON cannot say: no digest was ever made of it
        yield "core_sha256", False
