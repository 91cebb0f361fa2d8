"""The verdict again, from a run folder alone: no weights, no torch, nothing measured.

What a session leaves beside its measurements (`run.json`) says which rule and store they belong to, and may say that
they are exploratory. It may not say more: what the sealed subject is, is read from the sealed rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reports.base.canonical import canonical_json
from reports.base.errors import BadInput, Mismatch
from reports.base.files import read_regular
from reports.base.strict_json import exact_integer, parse_object
from reports.judge.judged import Judged, judge
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Dense, Preregistration
from reports.seals.seal import verify
from reports.store.bundle import BUNDLE, read_bundle
from reports.store.store import Store, write_atomically
from reports.store.subject_facts import SubjectFacts, sealed_facts

RUN = "run.json"
RUN_LIMIT = 1 << 20  # bytes; one of 100 layers has under a thousand
STORE = re.compile("[0-9a-f]{16}")
CODE = re.compile("[0-9a-f]{64}")
COMMIT = re.compile("[0-9a-f]{7,64}")
KEYS = frozenset({"preregistration", "store", "code", "revision", "exploratory", "dense"})
NAME_LIMIT = 200  # characters of the name of a model


@dataclass(frozen=True)
class Run:
    """What `run.json` states."""

    preregistration: str  # file name
    store: str | None  # folder under measurements/, or None where nothing was measured
    code: Mapping[str, str]  # digests of what its cells are measured by, as in `Store`
    revision: str | None  # commit of a hub model
    exploratory: tuple[str, tuple[int, ...]] | None  # name and layers of a subject that is not the sealed one
    dense: tuple[str, int, str | None] | None  # name, layers and commit of a dense model that is not the registered one

    def to_json(self) -> dict[str, object]:
        other, dense = self.exploratory, self.dense
        return {
            "preregistration": self.preregistration,
            "store": self.store,
            "code": dict(self.code),
            "revision": self.revision,
            "exploratory": None if other is None else {"name": other[0], "layers": list(other[1])},
            "dense": None if dense is None else {"name": dense[0], "layers": dense[1], "revision": dense[2]},
        }

    def rule(self, sealed: Preregistration) -> Preregistration:
        """The sealed rule, its secondaries comparing with the dense model that the run says it used in their place."""
        if self.dense is None:
            return sealed
        name, layers, revision = self.dense
        return replace(
            sealed,
            secondaries=tuple(
                replace(
                    secondary,
                    dense=replace(
                        secondary.dense,
                        name=name,
                        source=name,
                        revision=revision,
                        layers=layers,
                        weights_sha256=None,
                        exploratory=True,
                    ),
                )
                for secondary in sealed.secondaries
            ),
        )

    def subject(self, prereg: Preregistration) -> SubjectFacts:
        """The sealed subject by the verified rule alone, or the exploratory one that the run says it was of.

        Raises `BadInput` for a commit of a subject that no hub holds.
        """
        if self.exploratory is not None:
            name, layers = self.exploratory
            return SubjectFacts(name, name, self.revision, layers, exploratory=True, sealed_layer_sha256=None)
        if self.revision is None and prereg.subject.revision is not None:
            raise BadInput(
                f"{RUN}: revision is null, expected the commit of {prereg.subject.name} that was read: a folder is not "
                "what was sealed; run the study again"
            )
        if self.revision is not None and prereg.subject.revision is None:
            raise BadInput(
                f"{RUN}: revision is {self.revision}, expected null: {prereg.subject.name} is sealed as a folder; run "
                "the study again"
            )
        return sealed_facts(prereg, self.revision)


def remember(
    run_folder: Path, preregistration: str, subject: SubjectFacts, store: Store | None, dense: Dense | None = None
) -> None:
    """Writes `run.json`: enough to judge the run again elsewhere, and no path of this machine.

    `dense` is the model that `--dense-model` put in place of the registered one.
    """
    run = Run(
        preregistration=preregistration,
        store=None if store is None else store.folder.name,
        code={} if store is None else store.code,
        revision=subject.revision,
        exploratory=(subject.name, subject.layers) if subject.exploratory else None,
        dense=None if dense is None else (dense.name, dense.layers, dense.revision),
    )
    write_atomically(run_folder / RUN, canonical_json(run.to_json()))


def read_run(run_folder: Path) -> Run:
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
        return _run(parse_object(raw, RUN, remedy, exact_integer))
    except (ValueError, TypeError, BadInput) as error:
        reason = str(error).removesuffix(f"; {remedy}")
        raise BadInput(f"{path}: does not describe a run ({reason}); {remedy}") from None


def rejudge(run_folder: Path, preregistrations: Path, *, published: bool = False) -> Judged:
    """What the measurements under `run_folder` come to: those of its store, where there is one, or of its bundle.

    As `published` the bundle alone counts. Raises `BadInput` where the folder holds no run, `Tampered` where seal or
    measurements do not hold, `Mismatch` where a store was measured under another rule than the one sealed now.
    """
    run = read_run(run_folder)
    prereg = run.rule(verify(preregistrations / run.preregistration).prereg)
    store = None if published else store_of(run_folder, run)
    if store is not None:
        _require_rule(store, prereg)
    measurements = _measurements(run_folder, store, run)
    return judge(prereg, run.subject(prereg), measurements, run_folder)


def store_of(run_folder: Path, run: Run) -> Store | None:
    """The store that a run on this machine wrote to, or None: a published folder holds none."""
    folder = None if run.store is None else run_folder / "measurements" / run.store
    return None if folder is None or not folder.exists() else Store(folder, run.code)


def _require_rule(store: Store, prereg: Preregistration) -> None:
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


def _measurements(run_folder: Path, store: Store | None, run: Run) -> dict[Cell, Measurement]:
    if store is not None:
        return store.measurements()
    if run.store is None and not (run_folder / BUNDLE).exists():
        return {}
    return read_bundle(run_folder / BUNDLE)


def _run(entry: Mapping[str, Any]) -> Run:
    """`ValueError` or `TypeError` for what `remember` cannot have written."""
    if entry.keys() != KEYS:
        raise ValueError(f"keys are {ascii(sorted(entry))[:200]}, expected {', '.join(sorted(KEYS))}")
    return Run(
        preregistration=Path(_shown(entry["preregistration"])).name,
        store=None if entry["store"] is None else _store(_shown(entry["store"])),
        code=_code(entry["code"]),
        revision=_commit(entry["revision"]),
        exploratory=None if entry["exploratory"] is None else _other(entry["exploratory"]),
        dense=None if entry["dense"] is None else _dense(entry["dense"]),
    )


def _commit(revision: object) -> str | None:
    if revision is None or (isinstance(revision, str) and COMMIT.fullmatch(revision)):
        return revision
    raise ValueError(f"revision is {ascii(revision)[:80]}, expected a commit or null")


def _code(digests: object) -> Mapping[str, str]:
    if not isinstance(digests, dict) or not all(CODE.fullmatch(str(digest)) for digest in digests.values()):
        raise TypeError("code is another table than SHA-256 digests by kind and name of a cell")
    return {_shown(key): str(digest) for key, digest in digests.items()}


def _dense(model: object) -> tuple[str, int, str | None]:
    if not isinstance(model, dict) or model.keys() != {"name", "layers", "revision"}:
        raise TypeError("dense is another table than name, layers and revision of a model, or null")
    layers = model["layers"]
    if type(layers) is not int or layers < 1:
        raise TypeError(f"layers are {ascii(layers)[:80]}, expected a whole number")
    return _shown(model["name"]), layers, _commit(model["revision"])


def _other(subject: object) -> tuple[str, tuple[int, ...]]:
    if not isinstance(subject, dict) or subject.keys() != {"name", "layers"}:
        raise TypeError("exploratory is another table than name and layers of the subject, or null")
    layers = subject["layers"]
    if not isinstance(layers, list) or not layers or not all(type(layer) is int for layer in layers):
        raise TypeError(f"layers are {ascii(layers)[:80]}, expected whole numbers")
    if layers[0] < 0 or layers != sorted(set(layers)):
        raise ValueError(f"layers are {ascii(layers)[:80]}, expected to ascend")
    return _shown(subject["name"]), tuple(layers)


def _store(name: str) -> str:
    if STORE.fullmatch(name) is None:
        raise ValueError(f"store is {name[:80]}, expected 16 hexadecimal digits")
    return name


def _shown(value: object) -> str:
    """Text that messages and pages show as it stands."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= NAME_LIMIT:
        raise TypeError(f"{ascii(value)[:80]} is not text on one line")
    return value
