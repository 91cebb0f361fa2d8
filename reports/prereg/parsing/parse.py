"""TOML to `Preregistration`, strictly: what was not registered in so many words is refused, never guessed.

A missing key has no default, an unknown one is not a comment. Every fault is one line of `BadInput` that names file,
dotted key, what was obtained and what is allowed. tomllib refuses a key that occurs twice.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput
from reports.base.files import read_regular
from reports.prereg.allowed_values import Array
from reports.prereg.parsing.coherence import check, check_claims, check_control_keys, check_subject
from reports.prereg.parsing.refusals import closest, first_fault, keys_of, require_keys
from reports.prereg.preregistration import Claim, Control, Preregistration, Subject
from reports.prereg.rules import ShareRule

SIZE_LIMIT = 1_000_000  # bytes; a preregistration has about ten thousand
MOST_DOTS = 100  # before the = of one line


def load_preregistration(path: Path) -> Preregistration:
    """The preregistration in the file `path`. Raises `BadInput` where it cannot be read or is not valid."""
    return parse_preregistration(read_preregistration(path), path.name)


def read_preregistration(path: Path) -> bytes:
    """The bytes of the file, so that they can be digested and parsed from one reading."""
    try:
        raw = read_regular(path, SIZE_LIMIT)
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.toml"))
        listed = f"; there are {', '.join(known)}" if known else ""
        raise BadInput(f"{path.name}: no such preregistration{listed}{closest(path.stem, known)}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name}: cannot be read ({getattr(error, 'strerror', error)})") from None
    if len(raw) > SIZE_LIMIT:
        raise BadInput(f"{path.name}: more than {SIZE_LIMIT} bytes, expected a preregistration of a few thousand")
    return raw


def parse_preregistration(raw: bytes, where: str) -> Preregistration:
    """The preregistration in `raw`; `where` begins every message. Raises `BadInput` and nothing else."""
    try:
        text = raw.decode("utf-8")
        keys = (line.partition("=")[0] for line in text.splitlines())
        if any(key.count(".") > MOST_DOTS for key in keys):  # tomllib is quadratic in them
            raise BadInput(f"{where}: a key of more than {MOST_DOTS} parts, expected the tables of a preregistration")
        values = tomllib.loads(text)
    except RecursionError:
        raise BadInput(f"{where}: nested too deeply, expected the tables of a preregistration") from None
    except ValueError as error:  # not UTF-8, not TOML, a key that occurs twice, an integer of thousands of digits
        reason = str(error).encode("ascii", "backslashreplace").decode("ascii").replace("\n", " ")[:200]
        raise BadInput(f"{where}: not valid TOML ({reason}); repair that line") from None
    return parse_values(values, where)


def parse_values(values: Mapping[str, Any], where: str) -> Preregistration:
    """As `parse_preregistration`, of values already read."""
    try:
        return _preregistration(values)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None


def _preregistration(values: Mapping[str, Any]) -> Preregistration:
    """Subject, claims and controls first, since what else is allowed depends on them."""
    require_keys(values, *keys_of(Preregistration))
    subject: Subject = _read(Subject, values["subject"], "subject", {})  # what is read has some context, be it empty
    check_subject(subject)
    around: dict[str, object] = {"layers": subject.layers, "experts": subject.experts}
    claims: Array[Claim] = _read(Array[Claim], values["claims"], "claims", around)
    check_claims(claims, subject.layers)
    around["claims"] = names = [claim.name for claim in claims]
    around["dimensional"] = [claim.name for claim in claims if isinstance(claim.rule, ShareRule)]
    check_control_keys(values["controls"], claims)
    controls: Array[Control] = _read(Array[Control], values["controls"], "controls", around)
    landing = [control for control in controls if control.landing_at_least is not None]
    around["landing"] = {name: [one.name for one in landing if one.claim == name] for name in names}
    parts = {**values, "subject": subject, "claims": claims, "controls": controls}
    prereg: Preregistration = _read(Preregistration, parts, "", around)
    check(prereg)
    return replace(prereg, canonical_sha256=sha256_hex(canonical_json(values)))  # every value is one of JSON's by now


def _read(kind: Any, values: object, path: str, around: Mapping[str, object]) -> Any:
    """`values` as a `kind`; `around` is what was found elsewhere in the file."""
    try:
        return _adapter(kind).validate_python(values, context=around)
    except ValidationError as error:
        raise BadInput(first_fault(error, kind, path)) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
