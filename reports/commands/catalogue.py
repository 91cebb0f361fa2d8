"""`python -m reports ladder --claims`: what each rung claims, whose claim it is, what it needs and costs.

No model is read. Bytes and times are those of one named shape, by the arithmetic that `python -m fixtures inspect` does
for a model; what that does not know is called *not measured*.
"""

import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reports.base.errors import BadInput
from reports.base.printing import one_line
from reports.commands.rung_cost import NOT_MEASURED, weights_of
from reports.judge.decision import rule_text
from reports.plugin.effort import claim_seconds, span
from reports.prereg.known_metrics import measure_of
from reports.prereg.measures import alone, measure_file
from reports.prereg.parsing.parse import parse_preregistration, read_preregistration
from reports.prereg.preregistration import Preregistration, Subject
from reports.seals.seal import was_sealed

SHAPE = "allenai/OLMoE-1B-7B-0924"
COLUMNS, VALUES_AT = 80, 11
SEALING = "Sealed by"  # where the part of a rule's head ends that says whose claim it is


def catalogue_lines(folder: Path, *, all_designs: bool, cores: int | None = None) -> list[str]:
    """Of each rung in `folder` its latest design, or every design; of several subjects' rules the one of `SHAPE`."""
    rules: dict[tuple[str, int], tuple[Path, Preregistration, str]] = {}
    shape: Subject | None = None
    for path in sorted(folder.glob("*.toml")):
        raw = read_preregistration(path)
        prereg, text = parse_preregistration(raw, path.name), raw.decode("utf8")
        key, meant = (prereg.rung, prereg.design), prereg.subject.source == SHAPE
        shape = prereg.subject if meant and shape is None else shape
        if key not in rules or meant:
            rules[key] = path, prereg, text
    if not rules:
        raise BadInput(f"{folder.name}: no preregistrations here, expected *.toml; run it from a checkout")
    newest = {rung: max(design for one, design in rules if one == rung) for rung, _ in rules}
    lines: list[str] = []
    for (rung, design), (path, prereg, text) in sorted(rules.items()):
        if all_designs or design == newest[rung]:
            at = replace(prereg, subject=shape or prereg.subject)
            lines += [*_entry(path, at, text, cores or len(os.sched_getaffinity(0))), ""]
    return lines[:-1]


def _entry(path: Path, prereg: Preregistration, text: str, cores: int) -> list[str]:
    sealed = "" if was_sealed(path) else ", not sealed"
    asks = "structure or fact: not said" if prereg.asks is None else f"asks for {_article(prereg.asks)}"
    rows = [
        ("claim", f"{claim.name}: {rule_text(claim.rule)}. {_one_line(claim.statement)}") for claim in prereg.claims
    ]
    rows += [("source", source_of(text)), ("needs", "; ".join(needs_of(prereg)))]
    rows += [("reads", reads_of(prereg)), *(("time", line) for line in times_of(prereg, cores))]
    rows += [("rests on", ", ".join(prereg.rests_on))] if prereg.rests_on else []
    lines = [f"{prereg.rung}, design {prereg.design} ({asks}{sealed})"]
    before = ""
    for label, value in rows:
        indent = " " * VALUES_AT
        first = f"  {label if label != before else '':<{VALUES_AT - 2}}"
        wrapped = textwrap.wrap(one_line(value), COLUMNS, initial_indent=first, subsequent_indent=indent)
        lines += wrapped or [first.rstrip()]
        before = label
    return lines


def _article(asks: str) -> str:
    return "a fact" if asks == "fact" else asks


def source_of(text: str) -> str:
    """Whose claim it is: the comment at the head of the rule, without its name, up to who sealed it."""
    head = []
    for line in text.splitlines():
        if not line.startswith("#") or SEALING in line:
            break
        head.append(line.lstrip("# ").strip())
    return re.sub(r"^[^:]*, design \d+: ", "", _one_line(" ".join(head))) or "not said at the head of the rule"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def needs_of(prereg: Preregistration) -> Iterator[str]:
    """What a subject must have, in the order in which it is asked for."""
    of_model = [claim.name for claim in prereg.claims if claim.of_model]
    yield "weights of the experts"
    stored = {getattr(measure_file(claim.rule.metric), "STORED", None) for claim in prereg.claims} - {None}
    if stored:
        yield f"stored as {', '.join(map(str, sorted(map(str, stored))))}"
    if prereg.parametrisation == "canonical":
        yield "a canonical form of its family"
    metrics = [claim.rule.metric for claim in prereg.claims] + [trap.rule.metric for trap in prereg.traps]
    if any(alone(measure_of(metric)) is not None for metric in metrics):
        yield "a second expert in each layer"
    if of_model:
        yield f"the whole model and prompts, for {', '.join(of_model)}"
    if prereg.secondaries:
        yield f"a dense model beside it, for {', '.join(one.name for one in prereg.secondaries)}, if there is one"


def reads_of(prereg: Preregistration) -> str:
    """Bytes of the experts in bf16, whole and to the first checkpoint."""
    subject = prereg.subject
    whole = 2 * weights_of(subject)
    first = min(count for claim in prereg.claims for count in claim.checkpoints)
    part = whole * min(first, subject.layers) // subject.layers
    early = f"{_gigabytes(part)} to the first checkpoint ({first} layers), " if part < whole else ""
    return f"{early}{_gigabytes(whole)} in all, of {subject.name} in bf16"


def times_of(prereg: Preregistration, cores: int) -> Iterator[str]:
    """By claim, on the CPU."""
    known = claim_seconds(prereg, prereg.subject.layers, cores)
    for name, seconds in known.items():
        yield f"{name}: about {_minutes(seconds)} on {cores} cores, by shapes and budgets, without probes and controls"
    unknown = [claim.name for claim in prereg.claims if claim.name not in known]
    if unknown:
        yield f"{', '.join(unknown)}: {NOT_MEASURED}"


def _gigabytes(nbytes: int) -> str:
    return f"{nbytes / 1e9:.1f} GB" if nbytes >= 1e8 else f"{nbytes / 1e6:.1f} MB"  # noqa: PLR2004 - 0.1 GB


def _minutes(seconds: float) -> str:
    return "less than a minute" if seconds < 60.0 else span(seconds)  # noqa: PLR2004 - of a minute
