"""One measured cell: numbers, what they were measured on, and nothing that decides."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from reports.base.errors import Tampered
from reports.prereg.preregistration import Cell, CellKind

MEASURE_AGAIN = "delete it to measure that cell again"  # what to do about a store entry that does not hold
LABELS = ("domains", "sources")  # texts of a measurement, one line for each prompt
KEYS = frozenset({
    "kind", "name", "layer", "tensors_sha256", "samples", "reference", "profiles", "texts", "of", "seconds",
})  # fmt: skip
SHA256 = re.compile("[0-9a-f]{64}")
Of = Literal["layer", "model", "dense", "control"]  # whose tensors were measured


@dataclass(frozen=True)
class Measured:
    """What a kernel hands over for one layer.

    `samples[metric]` holds one value per matrix [-], gate_proj, up_proj, down_proj, experts ascending, or of a whole
    model one value per prompt; `reference[metric]` is the value that a structureless matrix of the same shape has.
    `profiles` are curves for figures, such as the mean spectrum of each projection, and `texts` are for people: no rule
    reads them.
    """

    samples: Mapping[str, tuple[float, ...]]
    reference: Mapping[str, float]
    profiles: Mapping[str, tuple[float, ...]]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """`Measured` with its cell, the digest of the tensors it was measured on, and what it cost."""

    cell: Cell
    tensors_sha256: str
    measured: Measured
    seconds: float  # wall time of reading, digesting and computing [s]
    of: Of = "layer"

    def to_json(self) -> dict[str, object]:
        return {
            "kind": self.cell.kind,
            "name": self.cell.name,
            "layer": self.cell.layer,
            "tensors_sha256": self.tensors_sha256,
            "samples": _lists(self.measured.samples),
            "reference": dict(self.measured.reference),
            "profiles": _lists(self.measured.profiles),
            "texts": dict(self.measured.texts),
            "of": self.of,
            "seconds": self.seconds,
        }


def measurement_from_json(entry: Mapping[str, object], where: str, remedy: str = MEASURE_AGAIN) -> Measurement:
    """The inverse of `Measurement.to_json`; `where` names the file in the error, `remedy` what to do.

    Raises `Tampered` where the entry does not have the form that `to_json` writes.
    """
    try:
        if entry.keys() - KEYS:
            raise TypeError(f"nobody writes {', '.join(sorted(entry.keys() - KEYS))}")
        reference = entry["reference"]
        if not isinstance(reference, dict):
            raise TypeError("reference must be an object")
        measured = Measured(
            samples=_tuples(entry["samples"]),
            reference={metric: _number(value) for metric, value in reference.items()},
            profiles=_tuples(entry["profiles"]),
            texts=_texts(entry["texts"]),
        )
        _check_labels(measured)
        return Measurement(
            cell=_cell(entry["kind"], entry["name"], entry["layer"]),
            tensors_sha256=_digest(entry["tensors_sha256"]),
            measured=measured,
            seconds=_number(entry["seconds"]),
            of=_of(entry["of"], entry["kind"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Tampered(f"{where}: not a measurement ({error!r}); {remedy}") from None


def _lists(curves: Mapping[str, tuple[float, ...]]) -> dict[str, list[float]]:
    return {name: list(values) for name, values in curves.items()}


def _tuples(curves: object) -> dict[str, tuple[float, ...]]:
    if not isinstance(curves, dict):
        raise TypeError("samples and profiles must be objects")
    return {name: tuple(_number(value) for value in values) for name, values in curves.items()}


def _number(value: object) -> float:
    """Numbers alone: `float` would take the text "inf", and the digits of a text one by one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no finite number")
    return float(value)


def _cell(kind: object, name: object, layer: object) -> Cell:
    named = isinstance(name, str) and name.isprintable()  # messages show it as it stands
    if kind not in get_args(CellKind) or not named or not (layer is None or type(layer) is int):
        raise TypeError(f"{kind!r}, {name!r}, {layer!r} is no cell")
    return Cell(cast(CellKind, kind), cast(str, name), layer)


def _digest(digest: object) -> str:
    if not isinstance(digest, str) or SHA256.fullmatch(digest) is None:
        raise TypeError(f"tensors_sha256 is {digest!r}")
    return digest


def _texts(texts: object) -> dict[str, str]:
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("texts must be an object of texts")
    return texts


def _check_labels(measured: Measured) -> None:
    """Domains and sources are lists, a line for each prompt."""
    for name in LABELS:
        lines, prompts = measured.texts.get(name, "").count("\n") + 1, len(measured.samples.get("nll", ()))
        if name in measured.texts and lines != prompts:
            raise ValueError(f"{lines} {name} of {prompts} prompts")


def _of(of: object, kind: object) -> Of:
    """Sealed digests are asked of a subject's tensors alone, so that no other cell may call its tensors a control's."""
    if of not in get_args(Of) or (of == "control" and kind != "control") or (of == "dense" and kind != "secondary"):
        raise ValueError(f"of is {of!r} in a {kind}")
    return cast(Of, of)
