"""The verdict again, from a run folder alone: no weights, no torch, nothing measured.

What a session leaves beside its measurements (`run.json`) says which rule, subject and store they belong to.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reports.bundle import BUNDLE, bundle_sha256, read_bundle
from reports.canonical import canonical_json
from reports.document import decision_json
from reports.errors import BadInput
from reports.files import read_regular
from reports.judged import Judged, judge
from reports.measurement import Measurement
from reports.preregistration import Cell
from reports.printing import as_text
from reports.published import DECISION, artefacts
from reports.seal import verify
from reports.store import Store, write_atomically
from reports.subject import SubjectFacts

RUN = "run.json"


def remember(run_folder: Path, preregistration: str, subject: SubjectFacts, store: Store | None) -> None:
    """Writes `run.json`: enough to judge the run again elsewhere, and no path of this machine."""
    prompts = None if subject.prompts is None else as_text(Path(subject.prompts).name)
    entry = {
        "preregistration": preregistration,
        "store": None if store is None else store.folder.name,
        "subject": asdict(subject) | {"location": as_text(Path(subject.location).name), "prompts": prompts},
    }
    write_atomically(run_folder / RUN, canonical_json(entry))


def rejudge(run_folder: Path, preregistrations: Path) -> Judged:
    """What the measurements under `run_folder` come to: those of its store, or where it was published, of its bundle.

    Raises `BadInput` where the folder holds no run, `Tampered` where seal or measurements do not hold.
    """
    path = run_folder / RUN
    try:
        entry = json.loads(read_regular(path))
        subject = _subject(entry["subject"])
        preregistration = _shown(entry["preregistration"])
        store = None if entry["store"] is None else _shown(entry["store"])
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a folder that a run wrote") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path}: does not describe a run ({error!r}); run the study again") from None
    prereg = verify(preregistrations / Path(preregistration).name).prereg
    measurements = {} if store is None else _measurements(run_folder, Path(store).name)
    return judge(prereg, subject, measurements, run_folder)


def _subject(facts: Mapping[str, Any]) -> SubjectFacts:
    """The facts that `remember` wrote. A `TypeError` or `KeyError` for what it cannot have written."""
    layers, sealed = facts["layers"], facts["sealed_layer_sha256"]
    if not isinstance(layers, list) or not layers or not all(type(layer) is int for layer in layers):
        raise TypeError(f"layers are {layers!r}")
    if layers[0] < 0 or layers != sorted(set(layers)):
        raise ValueError(f"layers are {layers!r}, expected to ascend")
    if sealed is not None and not (isinstance(sealed, list) and all(isinstance(digest, str) for digest in sealed)):
        raise TypeError(f"sealed_layer_sha256 is {sealed!r}")
    if sealed is not None and len(sealed) <= layers[-1]:
        raise ValueError(f"sealed_layer_sha256 has {len(sealed)} digests, expected one for each layer")
    for key in ("name", "location", "revision", "sealed_model_sha256", "prompts"):
        if facts.get(key) is not None:
            _shown(facts[key])
    return SubjectFacts(
        **{**facts, "layers": tuple(layers), "sealed_layer_sha256": None if sealed is None else tuple(sealed)}
    )


def _shown(value: object) -> str:
    """Text that messages show as it stands."""
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError(f"{value!r} is not text on one line")
    return value


def rebuilt(judged: Judged, document: Mapping[str, Any]) -> dict[str, Any]:
    """The decision document that the measurements give, with what only the run itself knew taken from `document`.

    Raises `BadInput` where that is not there.
    """
    if not all(key in document for key in ("seal", "environment", "errors")):
        raise BadInput("decision.json: no seal, environment or errors, expected what a run wrote; run the study again")
    again = decision_json(
        judged.decision,
        subject=judged.subject,
        seal=document["seal"],
        environment=document["environment"],
        errors=document["errors"],
        measurements_sha256=bundle_sha256(judged.measurements) if judged.measurements else None,
    )
    return dict(json.loads(json.dumps(again)))


def drifted(judged: Judged, again: Mapping[str, Any], document: Mapping[str, Any], folder: Path) -> list[str]:
    """What in `folder` does not follow from the measurements: keys of `document`, and files beside it.

    `again` is `rebuilt(judged, document)`.
    """
    found = [
        f"decision.json: {key} does not follow from the measurements"
        for key in sorted(again.keys() | document.keys())
        if again.get(key) != document.get(key)
    ]
    for name, data in artefacts(judged, again, folder).items():
        page = folder / name
        if name != DECISION and page.exists() and page.read_bytes() != data:
            found.append(f"{name}: is not what the measurements give; write it anew")
    return found


def _measurements(run_folder: Path, store: str) -> dict[Cell, Measurement]:
    folder = run_folder / "measurements" / store
    return Store(folder).measurements() if folder.exists() else read_bundle(run_folder / BUNDLE)
