"""At the end of a session: the verdict from the store, the artefacts, and the exit code."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reports.base.canonical import sha256_hex
from reports.base.errors import BadInput, ExitCode
from reports.base.files import read_regular
from reports.base.printing import as_text, as_word
from reports.base.strict_json import parse_object
from reports.judge.decision import Decision
from reports.judge.document import decision_json
from reports.judge.gates import Measurements
from reports.judge.judged_verdict import judge
from reports.plugin.plan import Plan
from reports.published.published import artefacts
from reports.published.rejudge import remember
from reports.store.bundle import BUNDLE, bundle_lines, packed
from reports.store.checked_cells import counted
from reports.store.store import Store, append_attempt, by_cell, write_atomically
from reports.store.subject_facts import check_digest
from reports.theorems.prove import checked_here

PYTEST_KEEPS = (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)

Report = pytest.TestReport | pytest.CollectReport


@dataclass(frozen=True)
class Session:
    """What the plugin saw of one run."""

    plan: Plan
    reports: tuple[Report, ...]  # of cells, and of files that could not be collected
    exit_status: int
    interrupted: bool
    options: Mapping[str, object]
    started: datetime
    root: Path
    checked: frozenset[str]  # the cells whose tensors this run has digested


@dataclass(frozen=True)
class SessionResult:
    decision: Decision
    document: Mapping[str, object]
    exit_code: int
    files: tuple[Path, ...]
    given: str  # the options that named subject and rule, as they are typed
    measurements: Measurements = field(default_factory=dict)  # that the decision rests on


def conclude(session: Session) -> SessionResult:
    """Judges what the store holds, writes the artefacts, and settles the exit code.

    Raises `Tampered` where a store entry is corrupt and `BadInput` where an artefact cannot be written.
    """
    plan = session.plan
    store = store_of(session)
    stored = {} if store is None else store.measurements()
    for cell, measurement in stored.items():  # also of what is not counted: nothing forged may be there unnoticed
        check_digest(plan.subject, cell, measurement.tensors_sha256, measurement.of, measurement.norm_sha256)
    measurements = counted(stored, session.checked)
    judged = judge(plan.prereg, plan.subject, measurements, plan.run_folder)
    decision = judged.decision
    errors = [_error(report) for report in session.reports if report.outcome == "failed" and _is_fault(report)]
    exit_code = settle_exit_code(session, decision)
    lines = bundle_lines(measurements)
    document = decision_json(
        decision,
        subject=plan.subject,
        seal=plan.seal.to_json(),
        environment={
            **environment(plan, session.options, session.started, session.root, store),
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        errors=errors,
        measurements_sha256=sha256_hex(lines) if measurements else None,
    )
    files = artefacts(judged, document, plan.run_folder)
    for name, data in {**files, BUNDLE: packed(lines)}.items():
        write_atomically(plan.run_folder / name, data)
    remember_run(plan, store)
    append_attempt(
        plan.run_folder,
        {
            "started": session.started.isoformat(timespec="seconds"),
            "options": dict(session.options),
            "verdict": decision.verdict,
            "exit_code": exit_code,
            "outcome_sha256": document["outcome_sha256"],
            "core_sha256": document["core_sha256"],
        },
    )
    written = tuple(plan.run_folder / name for name in files)
    if session.options["report"]:
        from reports.pages.report import write_report  # noqa: PLC0415 - matplotlib, which only a report needs

        written += write_report(plan.run_folder, decision, document, measurements)[:1]
    return SessionResult(decision, document, exit_code, written, _given(session.options), measurements)


def remember_run(plan: Plan, store: Store | None) -> None:
    """Leaves in `run.json` what it takes to judge the measurements again."""
    dense = next((secondary.dense for secondary in plan.prereg.secondaries if secondary.dense.exploratory), None)
    code = {} if store is None else plan.code
    remember(plan.run_folder, plan.seal.sidecar.file, plan.subject, store, code=code, dense=dense)


def _given(options: Mapping[str, object]) -> str:
    named = ("model", "revision", "prompts", "dense_model")
    given = "".join(
        f" --{name.replace('_', '-')}={as_word(str(options[name]))}" for name in named if options[name] is not None
    )
    if options["sample"]:
        given += " --sample"
    prereg = str(options["prereg"])  # found by its name where it is with the others
    return given + (f" --prereg={as_word(prereg)}" if prereg.endswith(".toml") else "")


def settle_exit_code(session: Session, decision: Decision) -> int:
    """The verdict's own code; a fault of the input or of the suite keeps a run without a kill from looking like one.

    pytest's codes for an interruption, an internal error, wrong usage and an empty collection stay what they are.
    """
    if session.interrupted:
        return pytest.ExitCode.INTERRUPTED
    if session.exit_status in PYTEST_KEEPS:
        return session.exit_status
    verdict = ExitCode[decision.verdict]
    faults = {_property(report, "exit_code") for report in session.reports if report.outcome == "failed"}
    came_out = (faults - {ExitCode.KILLED}) | {verdict}
    # TAMPERED before a kill: the measurements that killed may be of weights that are no longer there
    for code in (ExitCode.TAMPERED, ExitCode.KILLED, ExitCode.BAD_INPUT):
        if code in came_out:
            return code
    if verdict in (ExitCode.SURVIVED, ExitCode.VACUOUS) and session.exit_status != pytest.ExitCode.OK:
        return ExitCode.INCOMPLETE
    return verdict


def store_of(session: Session) -> Store | None:
    """The store that this session's cells wrote to: each cell's report names it."""
    folders = {_property(report, "store") for report in session.reports} - {None}
    if not folders:
        return None
    if len(folders) > 1:
        named = " and ".join(sorted(Path(str(folder)).name for folder in folders))
        raise BadInput(
            f"the workers of one run measured under different settings, {named}; run them on devices of one kind"
        )
    return Store(Path(str(folders.pop())), by_cell(session.plan.prereg, session.plan.code))


def environment(
    plan: Plan, options: Mapping[str, object], started: datetime, root: Path, store: Store | None
) -> dict[str, object]:
    """What a run was made with, as far as it is known before its end."""
    identity = (
        {}
        if store is None
        else parse_object(
            read_regular(store.folder / "identity"), str(store.folder / "identity"), "choose another --out"
        )
    )
    return {
        "started": started.isoformat(timespec="seconds"),
        "options": dict(options),
        "subject_location": as_text(_location(plan, root)),
        "subject_revision": plan.subject.revision,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),  # shared by the workers of `options`
        "code_sha256": dict(plan.code),
        "settings": identity.get("settings"),
        "proofs": checked_here(),
    }


def _location(plan: Plan, root: Path) -> str:
    """Where the subject lies; of the sealed one in a package its name, version and folder, wherever it is installed."""
    sealed = plan.prereg.subject
    if sealed.package is not None and not plan.subject.exploratory:
        return f"{sealed.source}=={sealed.version}/{sealed.folder}"
    return _relative(plan.subject.location, root)


def _relative(location: str, root: Path) -> str:
    path = Path(location)
    return str(path.relative_to(root)) if path.is_relative_to(root) else location


def _is_fault(report: Report) -> bool:
    return _property(report, "exit_code") not in (ExitCode.KILLED, ExitCode.INCONCLUSIVE, ExitCode.MISMATCH)


def _error(report: Report) -> dict[str, object]:
    return {
        "cell": _property(report, "cell"),
        "outcome": _property(report, "outcome") or "ERROR",
        "message": as_text(_message(report)),
    }


def _message(report: Report) -> str:
    """The one line of a `StudyError`; of a crash, the last line of its traceback that names the error."""
    if isinstance(report, pytest.CollectReport):
        return f"{report.nodeid} could not be collected"
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(report.longrepr if crash is None else crash.message).strip().splitlines()[0]


def _property(report: Report, name: str) -> object:
    return dict(getattr(report, "user_properties", ())).get(name)
