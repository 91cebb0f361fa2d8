"""What a run's measurements say of each theorem about single matrices and the gauge β: one residual per matrix. Pure.

Laws of distributions are in `reports/theorems/theorem_laws.py`, spectra in `reports/theorems/theorem_spectra.py`.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from kernels.closed_forms.haar_level import haar_level
from reports.judge.gates import Measurements
from reports.judge.instruments import broken_rotation
from reports.judge.probe_outcome import FAMILIES
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Control, Preregistration
from reports.prereg.rules import LargestAtMost

ROUNDING = 1e-12  # of a cosine and its products, in float64


@dataclass(frozen=True)
class Check:
    """One number that a theorem is about. Residual and tolerance in the unit of the theorem's `checks`, all [-]."""

    where: str
    residual: float
    tolerance: float
    made: bool  # of matrices made to have a known answer: a control, not the subject
    detail: str = ""  # what was compared, in numbers


def jensen_ceiling(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in ordered(measurements):
        samples = measurement.measured.samples
        if broken_rotation(measurement.measured) is not None:
            continue  # the theorem is about rotations
        if "lift" in samples and "landing" in samples:
            yield from _each(cell, "learned", measurement)
        if "haar_beta" in samples and "lift" in samples:
            yield from _each(cell, "random", measurement)
        if cell.kind == "probe":
            for family in (name for name in FAMILIES if name in samples):
                for index, beta in enumerate(samples[family]):
                    where = f"{cell.id} {family}, sampled rotation {index + 1} of {len(samples[family])}"
                    yield Check(where, beta - 1.0, ROUNDING, made=False, detail=f"β {beta:.4f}")


def _each(cell: Cell, what: str, measurement: Measurement) -> Iterator[Check]:
    samples = measurement.measured.samples
    for index, (lift, beta) in enumerate(zip(samples["lift"], samples["beta"], strict=True)):
        where = f"{cell.id} {what}, {measurement.measured.place('beta', index)}"
        detail = f"lift {lift:.4f} of at most {1.0 / beta:.4f}"
        yield Check(where, lift * beta - 1.0, ROUNDING, cell.kind == "control", detail)


def jensen_equality(prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    """On sign lattices. One whose search misses its registered landing is not a check; one beyond the ceiling fails."""
    for control, measurement in controls(prereg, measurements, "sign_lattice"):
        for index, landing in enumerate(measurement.measured.samples["landing"]):
            where = f"{control.name} {measurement.measured.place('landing', index)}"
            if landing > 1.0 + ROUNDING or math.isnan(landing):
                yield Check(where, landing - 1.0, ROUNDING, made=True, detail=f"β {landing:.6f}")
            elif control.landing_at_least is not None and landing >= control.landing_at_least:
                yield Check(where, 1.0 - landing, 1.0 - control.landing_at_least, True, f"β {landing:.6f}")


def gauge_range(prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in ordered(measurements):
        beta = measurement.measured.samples.get("beta", ())
        sizes = widths(prereg, cell, measurements)
        if sizes is None or not beta or not measurement.measured.along("beta", "projection"):
            continue
        for index, value in enumerate(beta):
            n = sizes[index * len(sizes) // len(beta)]
            residual = largest([1.0 / (math.sqrt(n) * value) - 1.0, value - 1.0])
            where = f"{cell.id} {measurement.measured.place('beta', index)}"
            detail = f"β {value:.4f}, at least {1.0 / math.sqrt(n):.4f}"
            yield Check(where, residual, ROUNDING, cell.kind == "control", detail)


def residual_energy(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in ordered(measurements):
        samples = measurement.measured.samples
        for index, error in enumerate(samples.get("one_bit_error", ())):
            apart = abs(error - (1.0 - samples["beta"][index] ** 2))
            where = f"{cell.id} {measurement.measured.place('one_bit_error', index)}"
            yield Check(where, apart, ROUNDING, made=cell.kind == "control")


def layer_gauge(prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    allowed = {trap.name: trap.rule.at_most for trap in prereg.traps if isinstance(trap.rule, LargestAtMost)}
    for cell, measurement in ordered(measurements):
        errors = measurement.measured.samples.get("round_trip", ())
        if cell.name in allowed:
            for index, error in enumerate(errors):
                where = f"{cell.id} {measurement.measured.place('round_trip', index)}"
                yield Check(where, error, allowed[cell.name], made=False)


def largest(residuals: Iterable[float]) -> float:
    """The largest of them, NaN where one is not a number."""
    values = list(residuals)
    return math.nan if any(math.isnan(value) for value in values) else max(values)


def widths(prereg: Preregistration, cell: Cell, measurements: Measurements) -> tuple[int, int, int] | None:
    """Row lengths of gate, up and down; None for a subject of other sizes than the registered one's.

    What was measured names no sizes, but random_rotation holds the mean Haar level of its widths.
    """
    if cell.kind == "control":
        control = next((known for known in prereg.controls if known.name == cell.name), None)
        return None if control is None else (control.hidden_size, control.hidden_size, control.intermediate_size)
    sizes = (prereg.subject.hidden_size, prereg.subject.hidden_size, prereg.subject.intermediate_size)
    level = fmean(haar_level(n) for n in sizes)
    stated = [
        measurement.measured.samples["haar_beta"].noise_mean or 0.0
        for measurement in measurements.values()
        if "haar_beta" in measurement.measured.samples
    ]
    return sizes if stated and all(abs(known - level) <= ROUNDING for known in stated) else None


def controls(
    prereg: Preregistration, measurements: Measurements, generator: str
) -> Iterator[tuple[Control, Measurement]]:
    """The measured controls of one generator that hold β."""
    for control in prereg.controls:
        measurement = measurements.get(Cell("control", control.name))
        if control.generator == generator and measurement is not None and "beta" in measurement.measured.samples:
            yield control, measurement


def ordered(measurements: Mapping[Cell, Measurement]) -> list[tuple[Cell, Measurement]]:
    return [(cell, measurements[cell]) for cell in sorted(measurements, key=lambda cell: (cell.id, cell.kind))]
