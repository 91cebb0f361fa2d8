"""One measured cell: numbers that describe themselves, what they were measured on, and nothing that decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.artefacts.forms import typed
from reports.artefacts.measurement_entry import UnsignedEntry
from reports.base.errors import Tampered
from reports.prereg.preregistration import Cell, CellKind
from reports.prereg.samples import Measured, Samples

MEASURE_AGAIN = "delete it to measure that cell again"  # what to do about a store entry that does not hold
Of = Literal["layer", "model", "dense", "control"]  # whose tensors were measured


@dataclass(frozen=True)
class Measurement:
    """`Measured` with its cell, the digest of the tensors it was measured on, and what it cost."""

    cell: Cell
    tensors_sha256: str
    measured: Measured
    seconds: float  # wall time of reading, digesting and computing [s]
    of: Of = "layer"
    norm_sha256: str | None = None  # of the norm that is folded into the tensors, in the canonical parametrisation
    stored_as: str | None = None  # how the tensors are quantised; None where they are plain

    def to_json(self) -> dict[str, object]:
        return {
            "kind": self.cell.kind,
            "name": self.cell.name,
            "layer": self.cell.layer,
            "tensors_sha256": self.tensors_sha256,
            **({} if self.norm_sha256 is None else {"norm_sha256": self.norm_sha256}),
            **({} if self.stored_as is None else {"stored_as": self.stored_as}),
            "axes": {axis: list(labels) for axis, labels in self.measured.axes.items()},
            "samples": {name: _samples_json(samples) for name, samples in self.measured.samples.items()},
            "profiles": {name: list(values) for name, values in self.measured.profiles.items()},
            "texts": dict(self.measured.texts),
            "of": self.of,
            "seconds": self.seconds,
        }


def measurement_from_json(entry: Mapping[str, object], where: str, remedy: str = MEASURE_AGAIN) -> Measurement:
    """The inverse of `Measurement.to_json`; `where` names the file in the error, `remedy` what to do.

    Raises `Tampered` where the entry does not have the form that `to_json` writes.
    """
    try:
        found = typed(UnsignedEntry, entry)
        return Measurement(
            cell=Cell(found.kind, found.name, found.layer),
            tensors_sha256=found.tensors_sha256,
            measured=Measured(
                samples={name: Samples(**vars(samples)) for name, samples in found.samples.items()},
                axes=found.axes,
                profiles=found.profiles,
                texts=found.texts,
            ),
            seconds=found.seconds,
            of=_of(found.of, found.kind),
            norm_sha256=found.norm_sha256,
            stored_as=found.stored_as,
        )
    except ValueError as error:
        raise Tampered(f"{where}: not a measurement ({error}); {remedy}") from None


def _samples_json(samples: Samples) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(samples).items()}


def _of(of: Of, kind: CellKind) -> Of:
    """Sealed digests are asked of a subject's tensors alone, so that no other cell may call its tensors a control's."""
    if (of == "control" and kind != "control") or (of == "dense" and kind != "secondary"):
        raise ValueError(f"of is {of!r} in a {kind}")
    return of
