"""The verdict of a scheduler's jobs, from their store alone: no weights, no torch, on any machine that sees the folder.

Counted is a measurement whose tensors a job of this store has recorded as checked, and no other. What the sealed
subject's digests are, is read from the sealed rule, here as everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.artefacts.checked_document import CheckedDocument
from reports.base.errors import BadInput
from reports.judge.document import decision_json
from reports.judge.judged_verdict import Judged, judge
from reports.prereg.preregistration import Cell
from reports.published.published import artefacts
from reports.published.rejudge import read_run, require_rule, rule_of, store_of, subject_of
from reports.seals.seal import verify
from reports.store.bundle import BUNDLE, bundle_sha256, pack
from reports.store.cell_checks import FOLDER, checks_folder, read_checks, require_of, require_same_tensors
from reports.store.store import entry_name, write_atomically

RUN_JOBS = "run the jobs, pytest hypotheses/ --cells=I/N"


@dataclass(frozen=True)
class JudgedJobs:
    """The verdict, and what is said beside it."""

    judged: Judged
    document: Mapping[str, Any]
    unchecked: tuple[Cell, ...]  # in the store, and no job has recorded that it digested their tensors
    elsewhere: tuple[str, ...]  # stores of other settings that jobs recorded into


def judge_jobs(run_folder: Path, preregistrations: Path) -> JudgedJobs:
    """Judges what the jobs of `run_folder` measured and recorded as checked.

    Raises `BadInput` where no job has recorded anything, `Tampered` where a seal, a measurement or a record does not
    hold, or they are not of one subject, `Mismatch` where they are of another rule than the one sealed now.
    """
    run = read_run(run_folder)
    seal = verify(preregistrations / run.preregistration)
    prereg = rule_of(run, seal.prereg)
    store = store_of(run_folder, run, prereg)
    if store is None:
        raise BadInput(f"{run_folder}: holds no store, expected what jobs measured; {RUN_JOBS}")
    require_rule(store, prereg)
    folder = checks_folder(run_folder, store.folder)
    records, stored, subject = read_checks(folder), store.measurements(), subject_of(run, prereg)
    if not records:
        raise BadInput(f"{folder}: no job has recorded a cell as checked, expected one at least; {RUN_JOBS}")
    for cell, record in records.items():
        where = str(folder / entry_name(cell))
        require_of(record, subject.name, run.revision, where)
        if cell in stored:
            require_same_tensors(record, stored[cell], where)
    measurements = {cell: measurement for cell, measurement in stored.items() if cell in records}
    judged = judge(prereg, subject, measurements, run_folder)
    document = decision_json(
        judged.decision,
        subject=subject,
        seal=seal.to_json(),
        environment=environment_of(records),
        errors=[],
        measurements_sha256=bundle_sha256(measurements) if measurements else None,
    )
    others = (path.name for path in sorted((run_folder / FOLDER).iterdir()) if path.name != store.folder.name)
    return JudgedJobs(judged, document, tuple(cell for cell in stored if cell not in records), tuple(others))


def environment_of(records: Mapping[Cell, CheckedDocument]) -> dict[str, Any]:
    """Of the job that began first, and the time of the last check: jobs of one store share settings and code."""
    first = min(records.values(), key=lambda record: (str(record.environment.get("started")), record.name))
    asked = {str(record.environment.get("options", {}).get("cells")) for record in records.values()}
    options = {**first.environment.get("options", {}), "cells": f"{len(asked)} jobs"}
    return {**first.environment, "options": options, "ended": max(record.checked for record in records.values())}


def write_verdict(found: JudgedJobs, run_folder: Path) -> list[Path]:
    """`decision.json`, every page beside it and the measurements that they rest on, as a run leaves them.

    Raises `BadInput` on a full or read-only disk.
    """
    files = artefacts(found.judged, found.document, run_folder)
    for name, data in {**files, BUNDLE: pack(found.judged.measurements)}.items():
        write_atomically(run_folder / name, data)
    return [run_folder / name for name in files]
