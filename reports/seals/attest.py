"""A verdict as an in-toto Statement v1, which others can sign with their own keys and check with their own tools.

The predicate is in-toto's test-result v0.1. Only SURVIVED is PASSED there: a policy that asks for PASSED lets through
neither what was killed nor what was not decided. The verdict itself is an annotation. Tests are the gates of the
verdict, its controls and its traps. Everything comes from the verdict and the ledger, nothing from a clock, a machine
or a network: the same folder gives the same bytes.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reports.artefacts.ledger_entry import Entry
from reports.base.canonical import sha256_hex
from reports.base.errors import Tampered
from reports.prereg.preregistration import Cell, Subject
from reports.seals.ledger import Ledger

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
PREREGISTRATIONS = "hypotheses/preregistrations"


def statement(decision: bytes, ledger: Ledger, sealed: Subject) -> bytes:
    """The Statement about the `decision` document whose bytes are given, judged by a rule that names `sealed`.

    Call it only for a `decision` that follows from its measurements. Raises `Tampered` where the seal that it names is
    not in the ledger, or is that of another rule.
    """
    document: Mapping[str, Any] = json.loads(decision)
    entry = _entry(document, ledger)
    value = {
        "_type": STATEMENT,
        "subject": [_described("decision.json", sha256_hex(decision)), *_checkpoint(document, sealed)],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": "PASSED" if document["verdict"] == "SURVIVED" else "FAILED",
            "configuration": list(_configuration(document, entry)),
            **_tests(document),
        },
    }
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def _entry(document: Mapping[str, Any], ledger: Ledger) -> Entry:
    entry = ledger.find(str(document["seal"]["ledger_entry"]))
    if entry is None or (entry.file, entry.canonical_sha256) != (document["seal"]["file"], document["rule_sha256"]):
        named = str(document["seal"]["ledger_entry"])[:12]
        raise Tampered(
            f"decision.json: the seal that it names, {named!a}, is not in the ledger for its rule; restore both from "
            "git history"
        )
    return entry


def _checkpoint(document: Mapping[str, Any], sealed: Subject) -> Iterator[dict[str, object]]:
    """What was judged: the expert matrices of each layer as they were read, and the sealed subject's files."""
    subject = document["subject"]
    name = subject["name"]
    if not subject["exploratory"]:
        files = ("weights", "config", "tokenizer", "prompts")
        for what, digest in ((what, getattr(sealed, f"{what}_sha256")) for what in files):
            if digest is not None:
                yield _described(f"{name}: {what}", digest)
    if subject["model_sha256"] is not None:
        yield _described(f"{name}: model with prompts", subject["model_sha256"])
    for layer, digest in sorted(subject["layer_sha256"].items(), key=lambda item: int(item[0])):
        yield _described(f"{name}: expert matrices of layer {layer}", digest)
    for layer, digest in sorted(subject.get("norm_sha256", {}).items(), key=lambda item: int(item[0])):
        yield _described(f"{name}: norm that feeds the experts of layer {layer}", digest)


def _configuration(document: Mapping[str, Any], entry: Entry) -> Iterator[dict[str, object]]:
    """The rule as it was sealed, and the measurements that it was applied to."""
    told = {
        "rung": document["rung"],
        "design": document["design"],
        "verdict": document["verdict"],
        "trigger": document["trigger"],
        "subject": document["subject"]["name"],
        "exploratory": document["subject"]["exploratory"],
        "rule_sha256": document["rule_sha256"],
        "ledger_entry": entry.sha256,
        "ledger_line": entry.index,
        "sealed": entry.date,
        "outcome_sha256": document["outcome_sha256"],
        "core_sha256": document["core_sha256"],
    }
    yield _described(f"{PREREGISTRATIONS}/{entry.file}", entry.raw_sha256) | {"annotations": told}
    if document["measurements_sha256"] is not None:
        yield _described("measurements.jsonl", document["measurements_sha256"])  # as measurements.jsonl.gz unpacks


def _tests(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which gates, controls and traps came out how; what was not measured is in no list."""
    gates = [(f"{gate['claim']}@{gate['checkpoint']}-layer", gate["status"]) for gate in document["gates"]]
    sound = {True: "MET", False: "KILLED"}
    instruments = [(row["name"], sound.get(row["sound"])) for row in document["controls"]]
    instruments += [(Cell("trap", row["name"], row["layer"]).id, sound.get(row["sound"])) for row in document["traps"]]
    lists = {"passedTests": "MET", "warnedTests": "INCONCLUSIVE", "failedTests": "KILLED"}
    return {
        name: [test for test, came_out in gates + instruments if came_out == status] for name, status in lists.items()
    }


def _described(name: str, sha256: str) -> dict[str, object]:
    """A ResourceDescriptor."""
    return {"name": name, "digest": {"sha256": sha256}}
