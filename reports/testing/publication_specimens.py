"""A small published verdict for tests, and every way in which one is forged.

Whoever forges a verdict can make every digest in it hold. So the forgeries here do: what refuses them is not a digest.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import ExitCode
from reports.judge.digests import digests
from reports.judge.document import decision_json
from reports.judge.judged_verdict import Judged, judge
from reports.plugin.early import DEFAULT_PREREGISTRATION
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Preregistration, registered_cells
from reports.published.published import DECISION, artefacts, pretty
from reports.published.rejudge import RUN, remember
from reports.seals.seal import verify
from reports.store.bundle import BUNDLE, pack
from reports.store.store import Store
from reports.store.subject_facts import SubjectFacts, sealed_facts
from reports.testing.small_rules import ENVIRONMENT, SHIPPED, a_measurement, first_seal

VERDICT = Path("verdicts") / "nano"
WIDE = 0.777  # what noise of the embedded model's shape has [-]
OTHER = "f" * 64  # a digest of what was not sealed

Measurements = Mapping[Cell, Measurement]


def killed(prereg: Preregistration, layer_sha256: Callable[[int], str]) -> dict[Cell, Measurement]:
    """A run that ended with the kill of `narrow_d` at four layers: all matrices as wide as noise, controls sound."""
    claim, found = prereg.claim("narrow_d"), {}
    controls = {control.name: control for control in prereg.controls if control.claim == claim.name}
    for cell in registered_cells(prereg, range(prereg.subject.layers)):
        control = controls.get(cell.name)
        if control is None and not (cell.name == claim.name and cell.layer in range(4)):
            continue
        value = WIDE if control is None or control.level is None else control.level
        measurement = a_measurement(cell, [value], **{name: [value] for name in claim.sensitivity})
        sha256 = OTHER if cell.layer is None else layer_sha256(cell.layer)
        found[cell] = Measurement(cell, sha256, measurement.measured, 0.01, measurement.of)
    return found


COMMIT = "c" * 40  # what the revision of a hub model was resolved to


def publish(folder: Path, rule: Path, measurements: Measurements, subject: SubjectFacts | None = None) -> Judged:
    """Writes what a run with these measurements publishes, of the sealed subject unless another is named."""
    seal = verify(rule)
    subject = subject or sealed_facts(seal.prereg, None if seal.prereg.subject.revision is None else COMMIT)
    judged = judge(seal.prereg, subject, measurements, folder)
    document = decision_json(
        judged.decision,
        subject=subject,
        seal=seal.to_json(),
        environment=ENVIRONMENT,
        errors=[],
        measurements_sha256=sha256_hex(gzip.decompress(pack(measurements))) if measurements else None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in artefacts(judged, document, folder).items():
        (folder / name).write_bytes(data)
    (folder / BUNDLE).write_bytes(pack(measurements))
    remember(folder, rule.name, subject, Store(folder / "measurements" / ("0" * 16)), code={})
    return judged


def edit_decision(folder: Path, change: Callable[[Any], object]) -> None:
    """Edits the verdict and makes its digests hold, in the form in which it is written."""
    document = json.loads((folder / DECISION).read_bytes())
    change(document)
    (folder / DECISION).write_bytes(pretty(document | digests(document)))


def edit_lines(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """Edits the lines of the measurements, which are returned; the verdict goes on naming those that were published."""
    lines = b"".join(change(gzip.decompress((folder / BUNDLE).read_bytes()).splitlines(keepends=True)))
    (folder / BUNDLE).write_bytes(gzip.compress(lines, mtime=0))
    return lines


def edit_measurement(folder: Path, cell: str, change: Callable[[Any], object]) -> None:
    """Edits the measurement of a cell, such as `narrow_d[L02]`, and makes every digest of it hold."""

    def edited(line: bytes) -> bytes:
        entry = json.loads(line)
        if _id(entry) != cell:
            return line
        del entry["entry_sha256"]
        change(entry)
        return canonical_json({**entry, "entry_sha256": sha256_hex(canonical_json(entry))}) + b"\n"

    lines = edit_lines(folder, lambda lines: [edited(line) for line in lines])
    edit_decision(folder, lambda document: document.update(measurements_sha256=sha256_hex(lines)))


def _id(entry: Mapping[str, Any]) -> str:
    return Cell(entry["kind"], entry["name"], entry["layer"]).id


def edit_text(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf8")
    if old not in text:
        raise ValueError(f"{path.name} does not hold {old!r}")
    path.write_text(text.replace(old, new, 1), "utf8")


@dataclass(frozen=True)
class Forgery:
    """What is done to a published verdict, and how `python -m reports reproduce` must end: one line holds `said`."""

    name: str
    forge: Callable[[Path], object]
    code: ExitCode
    said: str


def _seal(name: str, **changed: object) -> Forgery:
    return Forgery(
        name,
        lambda folder: edit_decision(folder, lambda document: document["seal"].update(changed)),
        ExitCode.MISMATCH,
        "decision.json: seal does not follow from the ledger",
    )


def _page(name: str, old: str, new: str, what: str = "") -> Forgery:
    return Forgery(
        f"forged {what}{name}",
        lambda folder: edit_text(folder / name, old, new),
        ExitCode.MISMATCH,
        f"{name}: line ",
    )


def _missing(name: str) -> Forgery:
    return Forgery(
        f"without {name}", lambda folder: (folder / name).unlink(), ExitCode.MISMATCH, f"{name}: missing; write it anew"
    )


def _stranger(name: str) -> Forgery:
    return Forgery(
        f"with {name}",
        lambda folder: (folder / name).write_text("SURVIVED"),
        ExitCode.MISMATCH,
        f"{name}: not published: nothing compares it with the measurements; publish without it",
    )


def _number(name: str, spelled: str, said: str) -> Forgery:
    return Forgery(
        name,
        lambda folder: edit_text(folder / DECISION, '"cores": 2', f'"cores": {spelled}'),
        ExitCode.BAD_INPUT,
        said,
    )


def _relabelled(folder: Path) -> None:
    """A whole run of another model, published as of the sealed one: every file in it follows from its measurements."""
    (rule,) = (folder.parents[1] / "hypotheses" / "preregistrations").glob("*.toml")
    prereg = verify(rule).prereg
    subject = replace(sealed_facts(prereg), sealed_layer_sha256=None)
    publish(folder, rule, killed(prereg, lambda layer: f"{layer:064d}"), subject)


def _store(folder: Path) -> None:
    """The published measurements once more, where a run on this machine would have them."""
    store = folder / "measurements" / ("0" * 16)
    store.mkdir(parents=True)
    for line in gzip.decompress((folder / BUNDLE).read_bytes()).splitlines():
        entry = json.loads(line)
        name = _id(entry).replace("[", "-").removesuffix("]")
        (store / f"{entry['kind']}-{name}.json").write_bytes(line)


def _store_alone(folder: Path) -> None:
    _store(folder)
    (folder / BUNDLE).write_bytes(pack({}))


def _figures(folder: Path) -> None:
    (folder / "figures").mkdir()
    (folder / "figures" / "gates.svg").write_text("<svg/>")


def _twice(line: bytes) -> bytes:
    """The value of a reader that takes the first of two keys is not the judge's."""
    return line.replace(b'"samples":', b'"samples":{},"samples":', 1)


UNSEALED = "expected one that the ledger has for this file; restore verdict and ledger from git history"
SUBJECT = (
    Forgery(
        "other weights under the sealed name",
        _relabelled,
        ExitCode.TAMPERED,
        "narrow_d[L00]: layer 0 of olmoe_nano: sha256 000000000000… obtained, a505ab7fd737… sealed",
    ),
    Forgery(
        "one layer of other weights",
        lambda folder: edit_measurement(folder, "narrow_d[L03]", lambda entry: entry.update(tensors_sha256=OTHER)),
        ExitCode.TAMPERED,
        "narrow_d[L03]: layer 3 of olmoe_nano: sha256 ffffffffffff… obtained, 1f999a3c21b1… sealed",
    ),
    Forgery(
        "a layer called a model",
        lambda folder: edit_measurement(folder, "narrow_d[L03]", lambda entry: entry.update(of="model")),
        ExitCode.TAMPERED,
        "narrow_d[L03] was measured on a model, expected a layer by the rule",
    ),
    Forgery(
        "a layer that the subject has not",
        lambda folder: edit_measurement(folder, "narrow_d[L03]", lambda entry: entry.update(layer=77)),
        ExitCode.TAMPERED,
        "narrow_d[L77]: olmoe_nano has no such layer, expected 0 to 15",
    ),
    Forgery(
        "a claim that is not registered",
        lambda folder: edit_measurement(folder, "narrow_d[L03]", lambda entry: entry.update(name="wide_d")),
        ExitCode.TAMPERED,
        "holds claim wide_d[L03], which the rule does not register",
    ),
    Forgery(
        "run.json with a name",
        lambda folder: edit_text(folder / RUN, '"store"', '"name":"olmoe_nano","store"'),
        ExitCode.BAD_INPUT,
        "run.json: does not describe a run (name is not a known key); run the study again",
    ),
    Forgery(
        "run.json with a commit of a folder",
        lambda folder: edit_text(folder / RUN, '"revision":null', '"revision":"abcdef0"'),
        ExitCode.BAD_INPUT,
        "run.json: revision is abcdef0, expected null: olmoe_nano is sealed as a folder",
    ),
)
SEALS = (
    _seal("sealed on another day", sealed="2026-01-01"),
    _seal("never amended", amendments=7),
    _seal("results said to have been seen", results_seen=True),
    _seal("another file", file="E-other.toml"),
    _seal("another digest of the file", raw_sha256=OTHER),
    _seal("praise in the seal", approved_by="everyone"),
    Forgery(
        "an entry that the ledger does not have",
        lambda folder: edit_decision(folder, lambda document: document["seal"].update(ledger_entry=OTHER)),
        ExitCode.TAMPERED,
        f"the verdict names ledger entry ffffffffffff…, {UNSEALED}",
    ),
    Forgery(
        "no entry at all",
        lambda folder: edit_decision(folder, lambda document: document["seal"].pop("ledger_entry")),
        ExitCode.TAMPERED,
        f"the verdict names no ledger entry, {UNSEALED}",
    ),
    Forgery(
        "another rule",
        lambda folder: edit_decision(folder, lambda document: document.update(rule_sha256=OTHER)),
        ExitCode.MISMATCH,
        "decision.json: its rule is ffffffffffff…, E-ffn-rotation-v4-olmoe_nano is ",
    ),
)
SPELLINGS = (
    Forgery(
        "verdict twice",
        lambda folder: edit_text(folder / DECISION, '"verdict": ', '"verdict": "SURVIVED",\n  "verdict": '),
        ExitCode.BAD_INPUT,
        "decision.json: not valid JSON (key 'verdict' stands twice)",
    ),
    Forgery(
        "a key twice deep inside",
        lambda folder: edit_text(folder / DECISION, '"status": "KILLED"', '"status": "MET", "status": "KILLED"'),
        ExitCode.BAD_INPUT,
        "decision.json: not valid JSON (key 'status' stands twice)",
    ),
    Forgery(
        "a key of run.json twice",
        lambda folder: edit_text(folder / RUN, '"store"', '"store":null,"store"'),
        ExitCode.BAD_INPUT,
        "run.json: does not describe a run (run.json: not valid JSON (key 'store' stands twice))",
    ),
    Forgery(
        "a key of a measurement twice",
        lambda folder: edit_lines(folder, lambda lines: [_twice(lines[0]), *lines[1:]]),
        ExitCode.TAMPERED,
        "measurements.jsonl.gz line 1: corrupt or edited by hand",
    ),
    Forgery(
        "spaces in a measurement",
        lambda folder: edit_lines(folder, lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]]),
        ExitCode.TAMPERED,
        "measurements.jsonl.gz line 1: corrupt or edited by hand",
    ),
    Forgery(
        "lines in another order",
        lambda folder: edit_lines(folder, lambda lines: [lines[1], lines[0], *lines[2:]]),
        ExitCode.TAMPERED,
        "measurements.jsonl.gz: its lines are not in the order in which a run writes them",
    ),
    Forgery(
        "no end of the last line",
        lambda folder: edit_lines(folder, lambda lines: [*lines[:-1], lines[-1].rstrip(b"\n")]),
        ExitCode.TAMPERED,
        ": has no end of line; restore the file that the run wrote",
    ),
    Forgery(
        "decision.json on one line",
        lambda folder: (folder / DECISION).write_bytes(
            json.dumps(json.loads((folder / DECISION).read_bytes()), ensure_ascii=False).encode()
        ),
        ExitCode.MISMATCH,
        "decision.json: line 1 is in another order or spelling than it is written in",
    ),
    Forgery(
        "keys of decision.json in another order",
        lambda folder: (folder / DECISION).write_bytes(
            pretty(dict(reversed(json.loads((folder / DECISION).read_bytes()).items())))
        ),
        ExitCode.MISMATCH,
        "decision.json: line 2 is in another order or spelling than it is written in",
    ),
    _number("NaN", "NaN", "decision.json: not valid JSON (NaN is not a JSON number)"),
    _number("infinity", "1e999", "decision.json: not valid JSON ('1e999' is beyond every float64)"),
    _number("2^53", str(1 << 53), "decision.json: not valid JSON ('9007199254740992' is beyond 2^53"),
    _number("a number of 5000 digits", "9" * 5000, "decision.json: not valid JSON (Exceeds the limit"),
    _number("nested 100 deep", "[" * 100 + "]" * 100, "decision.json: JSON nested too deeply, expected at most 64"),
    _number("nested without end", "[" * 100_000, "decision.json: JSON nested too deeply, expected at most 64"),
    Forgery(
        "a control character in what was recorded",
        lambda folder: edit_decision(folder, lambda document: document["environment"].update(platform="\x1b[2J")),
        ExitCode.BAD_INPUT,
        "decision.json: environment.platform is missing or of another type than a decision.json has",
    ),
    Forgery(
        "a heading in what was recorded",
        lambda folder: edit_decision(folder, lambda document: document["environment"].update(python="3\n# SURVIVED")),
        ExitCode.BAD_INPUT,
        "decision.json: environment.python is missing or of another type than a decision.json has",
    ),
    Forgery(
        "no time in place of when it ended",
        lambda folder: edit_decision(folder, lambda document: document["environment"].update(ended="**SURVIVED**")),
        ExitCode.BAD_INPUT,
        "decision.json: environment is missing or of another type than a decision.json has",
    ),
)
FOLDERS = (
    *(_missing(name) for name in ("postmortem.md", "trap_results.json", "theorems.json", "theorems.md")),
    _page("postmortem.md", "KILLED", "SURVIVED"),
    _page("trap_results.json", '"sound": true', '"sound": true, "sound": true'),
    _page("theorems.md", "not checked in this run", "held"),
    _page("theorems.json", '"checked": 0', '"checked": 100'),
    _page("theorems.json", '"proof_status": "cited"', '"proof_status": "machine-checked"', "proof in "),
    *(_stranger(name) for name in ("report.html", "attempts.jsonl", "conftest.py", ".hidden", "notes.md")),
    Forgery(
        "figures", _figures, ExitCode.MISMATCH, "figures: not published: nothing compares it with the measurements"
    ),
    Forgery(
        "a store beside the measurements",
        _store,
        ExitCode.MISMATCH,
        "measurements: not published: nothing compares it with the measurements; publish without it",
    ),
    Forgery("a store in place of the measurements", _store_alone, ExitCode.INCOMPLETE, "not one cell was measured, so"),
    Forgery(
        "a seventh digit of a number",
        lambda folder: edit_text(
            folder / DECISION,
            '"haar_level": {\n      "gate_up": 0.7996616037',
            '"haar_level": {\n      "gate_up": 0.7996626037',
        ),
        ExitCode.MISMATCH,
        "decision.json: prefilter does not follow from the measurements",
    ),
)
FORGERIES: tuple[Forgery, ...] = (*SUBJECT, *SEALS, *SPELLINGS, *FOLDERS)


def publish_killed(root: Path) -> Path:
    """A verdict on the embedded model, killed at four layers, at `root / VERDICT`; its sealed rule is returned."""
    rule = root / "hypotheses" / "preregistrations" / f"{DEFAULT_PREREGISTRATION}.toml"
    rule.parent.mkdir(parents=True)
    rule.write_bytes(SHIPPED.with_name(rule.name).read_bytes())
    prereg = first_seal(rule).prereg
    sealed = prereg.subject.layer_sha256
    if sealed is None:
        raise ValueError(f"{rule.name} seals no layers")
    publish(root / VERDICT, rule, killed(prereg, lambda layer: sealed[layer]))
    return rule
