"""The verdict again, from a run folder alone: no weights, no torch, nothing measured.

What a session leaves beside its measurements (`run.json`) says which rule, subject and store they belong to.
"""

import json
from dataclasses import asdict
from pathlib import Path

from reports.canonical import canonical_json, sha256_hex
from reports.decision import Decision, decide
from reports.document import core_json
from reports.errors import BadInput
from reports.measurement import Measurement
from reports.preregistration import Cell
from reports.seal import verify
from reports.store import Store, write_atomically
from reports.subject import SubjectFacts, check_digest

RUN = "run.json"


def remember(run_folder: Path, preregistration: str, subject: SubjectFacts, store: Store | None) -> None:
    """Writes `run.json`: enough to judge the run again elsewhere."""
    entry = {
        "preregistration": preregistration,
        "store": None if store is None else store.folder.name,
        "subject": {**asdict(subject), "location": Path(subject.location).name},
    }
    write_atomically(run_folder / RUN, canonical_json(entry))


def rejudge(run_folder: Path, preregistrations: Path) -> tuple[Decision, str]:
    """The decision that the measurements under `run_folder` come to, and its core sha256.

    Raises `BadInput` where the folder holds no run, `Tampered` where seal or measurements do not hold.
    """
    path = run_folder / RUN
    try:
        entry = json.loads(path.read_bytes())
        facts = entry["subject"]
        sealed = facts["sealed_layer_sha256"]
        subject = SubjectFacts(
            **{
                **facts,
                "layers": tuple(facts["layers"]),
                "sealed_layer_sha256": None if sealed is None else tuple(sealed),
            }
        )
        preregistration, store = str(entry["preregistration"]), entry["store"]
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name a folder that a run wrote") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path}: does not describe a run ({error!r}); run the study again") from None
    prereg = verify(preregistrations / Path(preregistration).name).prereg
    measurements: dict[Cell, Measurement] = {}
    if store is not None:
        measurements = Store(run_folder / "measurements" / Path(str(store)).name).measurements()
    for cell, measurement in measurements.items():
        check_digest(subject, cell, measurement.tensors_sha256, measurement.of)
    decision = decide(prereg, subject.layers, measurements)
    return decision, sha256_hex(canonical_json(core_json(decision, subject)))
