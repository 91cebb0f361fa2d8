"""A verdict with its measurements for a notebook: typed, read and checked against its own digests, not judged again."""

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from reports.artefacts.decision_document import DecisionDocument
from reports.base.errors import BadInput, Tampered
from reports.judge.compare.reproduce import read_decision
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import CellKind
from reports.published.found_folder import found_folder
from reports.published.published import DECISION
from reports.store.bundle import BUNDLE, read_bundle, unpacked_sha256


class MeasuredValue(NamedTuple):
    """One measured number, with all that it takes to read it."""

    kind: CellKind
    cell: str  # as a run prints it: `narrow_d[L03]`
    layer: int | None
    metric: str
    value: float
    unit: str  # "-" of a ratio
    noise: float | None  # what a structureless matrix of the same shape has there
    at: Mapping[str, str]  # axis -> what lies there: projection, expert, prompt …


class MeasuredValues(tuple[MeasuredValue, ...]):
    """Every measured number of a run, by cell, metric and place."""

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`: a row for each value, a column for each field and each axis, None where it lacks one.

        Raises `BadInput` where pandas is not installed: nothing else here needs it.
        """
        try:
            pandas = importlib.import_module("pandas")  # optional
        except ImportError:
            raise BadInput(
                "to_pandas: pandas is not installed; pip install pandas, or use the rows as they are"
            ) from None
        axes = dict.fromkeys(axis for row in self for axis in row.at)
        columns: dict[str, list[object]] = {
            name: [getattr(row, name) for row in self] for name in MeasuredValue._fields[:-1]
        }
        return pandas.DataFrame(columns | {axis: [row.at.get(axis) for row in self] for axis in axes})


@dataclass(frozen=True)
class Loaded:
    folder: Path
    verdict: DecisionDocument  # what decision.json states
    measurements: MeasuredValues


def load(folder: str | Path) -> Loaded:
    """The verdict and the measurements in `folder`, see `reports.load`."""
    found = found_folder(folder)
    document = read_decision(found / DECISION)
    stated, bundle = document["measurements_sha256"], found / BUNDLE
    if stated is None and not bundle.exists():
        return Loaded(found, DecisionDocument(**document), MeasuredValues())
    measurements = read_bundle(bundle)
    if unpacked_sha256(bundle) != stated:
        raise Tampered(f"{bundle}: not the measurements that {DECISION} was made from; restore both files of one run")
    return Loaded(found, DecisionDocument(**document), MeasuredValues(_values(measurements.values())))


def _values(measurements: Iterable[Measurement]) -> Iterator[MeasuredValue]:
    for measurement in measurements:
        cell, measured = measurement.cell, measurement.measured
        for metric, samples in measured.samples.items():
            labels = product(*(measured.axes[axis] for axis in samples.axes))
            noise = samples.noise or (None,) * len(samples)
            for value, beside, where in zip(samples.values, noise, labels, strict=True):
                at = dict(zip(samples.axes, where, strict=True))
                yield MeasuredValue(cell.kind, cell.id, cell.layer, metric, value, samples.unit, beside, at)
