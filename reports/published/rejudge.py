"""The verdict again, from a run folder alone: no weights, no torch, nothing measured.

What a session leaves beside its measurements (`run.json`) says which rule and store they belong to, and may say that
they are exploratory. It may not say more: what the sealed subject is, is read from the sealed rule.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reports.artefacts.forms import typed
from reports.artefacts.run_document import ExploratorySubject, OtherDenseModel, RunDocument
from reports.base.errors import BadInput, Mismatch
from reports.base.files import read_regular
from reports.base.strict_json import exact_integer, parse_object
from reports.base.version import suite_version
from reports.judge.judged_verdict import Judged, judge
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Dense, Preregistration
from reports.seals.seal import verify
from reports.store.bundle import BUNDLE, read_bundle
from reports.store.store import Store, by_cell, write_atomically
from reports.store.subject_facts import SubjectFacts, sealed_facts

RUN = "run.json"
RUN_LIMIT = 1 << 20  # bytes; one of 100 layers has under a thousand


def rule_of(run: RunDocument, sealed: Preregistration) -> Preregistration:
    """The sealed rule, its secondaries comparing with the dense model that the run says it used in their place."""
    other = run.dense
    if other is None:
        return sealed
    dense: dict[str, Any] = {
        "name": other.name,
        "source": other.name,
        "revision": other.revision,
        "layers": other.layers,
        "weights_sha256": None,
        "exploratory": True,
    }
    secondaries = (replace(one, dense=replace(one.dense, **dense)) for one in sealed.secondaries)
    return replace(sealed, secondaries=tuple(secondaries))


def subject_of(run: RunDocument, prereg: Preregistration) -> SubjectFacts:
    """The sealed subject by the verified rule alone, or the exploratory one that the run says it was of.

    Raises `BadInput` for a commit of a subject that no hub holds.
    """
    if run.exploratory is not None:
        name, layers = run.exploratory.name, run.exploratory.layers
        return SubjectFacts(name, name, run.revision, layers, exploratory=True, sealed_layer_sha256=None)
    if run.revision is None and prereg.subject.revision is not None:
        raise BadInput(
            f"{RUN}: revision is null, expected the commit of {prereg.subject.name} that was read: a folder is not "
            "what was sealed; run the study again"
        )
    if run.revision is not None and prereg.subject.revision is None:
        raise BadInput(
            f"{RUN}: revision is {run.revision}, expected null: {prereg.subject.name} is sealed as a folder; run "
            "the study again"
        )
    return sealed_facts(prereg, run.revision)


def remember(  # noqa: PLR0913 - each part of a run tells its own
    run_folder: Path,
    preregistration: str,
    subject: SubjectFacts,
    store: Store | None,
    *,
    code: Mapping[str, str],
    dense: Dense | None = None,
) -> None:
    """Writes `run.json`: enough to judge the run again elsewhere, and no path of this machine.

    `dense` is the model that `--dense-model` put in place of the registered one.
    """
    run = RunDocument(
        preregistration=preregistration,
        store=None if store is None else store.folder.name,
        code=dict(code),
        revision=subject.revision,
        exploratory=ExploratorySubject(name=subject.name, layers=subject.layers) if subject.exploratory else None,
        dense=None if dense is None else OtherDenseModel(name=dense.name, layers=dense.layers, revision=dense.revision),
        suite=suite_version(),
    )
    write_atomically(run_folder / RUN, run.spelled())


def read_run(run_folder: Path) -> RunDocument:
    """What `run.json` in `run_folder` states. Raises `BadInput` where it is none that `remember` can have written."""
    path = run_folder / RUN
    remedy = "run the study again"
    try:
        raw = read_regular(path, RUN_LIMIT)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a folder that a run wrote") from None
    try:
        if len(raw) > RUN_LIMIT:
            raise ValueError(f"more than {RUN_LIMIT} bytes")
        return typed(RunDocument, parse_object(raw, RUN, remedy, exact_integer))
    except (ValueError, BadInput) as error:
        reason = str(error).removesuffix(f"; {remedy}")
        raise BadInput(f"{path}: does not describe a run ({reason}); {remedy}") from None


def rejudge(run_folder: Path, preregistrations: Path, *, published: bool = False) -> Judged:
    """What the measurements under `run_folder` come to: those of its store, where there is one, or of its bundle.

    As `published` the bundle alone counts. Raises `BadInput` where the folder holds no run, `Tampered` where seal or
    measurements do not hold, `Mismatch` where a store was measured under another rule than the one sealed now.
    """
    run = read_run(run_folder)
    prereg = rule_of(run, verify(preregistrations / run.preregistration).prereg)
    store = None if published else store_of(run_folder, run, prereg)
    if store is not None:
        require_rule(store, prereg)
    measurements = _measurements(run_folder, store, run)
    return judge(prereg, subject_of(run, prereg), measurements, run_folder)


def store_of(run_folder: Path, run: RunDocument, prereg: Preregistration) -> Store | None:
    """The store that a run on this machine wrote to, or None: a published folder holds none."""
    folder = None if run.store is None else run_folder / "measurements" / run.store
    return None if folder is None or not folder.exists() else Store(folder, by_cell(prereg, run.code))


def require_rule(store: Store, prereg: Preregistration) -> None:
    """Raises `Mismatch` where the store was measured under another rule than `prereg`."""
    path = store.folder / "identity"
    try:
        rule = parse_object(read_regular(path, RUN_LIMIT), str(path), "run the study again").get("rule_sha256")
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); run the study again") from None
    if rule != prereg.canonical_sha256:
        raise Mismatch(
            f"{path}: measured under rule {ascii(rule)[1:-1][:12]}…, the sealed one is {prereg.canonical_sha256[:12]}… "
            "now; run the study again"
        )


def _measurements(run_folder: Path, store: Store | None, run: RunDocument) -> dict[Cell, Measurement]:
    if store is not None:
        return store.measurements()
    if run.store is None and not (run_folder / BUNDLE).exists():
        return {}
    return read_bundle(run_folder / BUNDLE)
