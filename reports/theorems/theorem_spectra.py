"""What a run's measurements say of each theorem about spectra: one residual per matrix, or per mean. Pure."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean

from reports.judge.gates import Measurements
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Preregistration
from reports.theorems.theorem_checks import Check, largest, ordered

GRAM = 1e-6  # a float64 Gram matrix moves an estimator over d by less than a tenth of it, for d ≤ 4096
SHARES = {"energy_rank_90": 0.90, "energy_rank_95": 0.95, "energy_rank_99": 0.99}
ASCENDING = ("stable_rank", "participation_ratio", "entropy_rank_energy", "entropy_rank_sigma")


def energy_rank_bounds(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in _spectral(measurements):
        samples = measurement.measured.samples
        for index in range(len(samples["energy_rank_95"])):
            ranks = [samples[name][index] for name in SHARES]
            stable, participating = samples["stable_rank"][index], samples["participation_ratio"][index]
            pairs = zip(SHARES.values(), ranks, strict=True)
            below = [largest([share * stable, share**2 * participating]) - rank for share, rank in pairs]
            yield _check(cell, index, measurement, largest(below))


def rank_order(_: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for cell, measurement in _spectral(measurements):
        samples = measurement.measured.samples
        for index in range(len(samples["energy_rank_95"])):
            values = [*(samples[name][index] for name in ASCENDING), 1.0]
            falls = [lower - upper for lower, upper in pairwise(values)]
            yield _check(cell, index, measurement, largest(falls))


def marchenko_pastur(prereg: Preregistration, measurements: Measurements) -> Iterator[Check]:
    for control in prereg.controls:
        measurement = measurements.get(Cell("control", control.name))
        if control.generator != "gaussian" or measurement is None:
            continue
        d = min(control.hidden_size, control.intermediate_size)
        measured = measurement.measured
        for name in SHARES:
            noise = None if name not in measured.samples else measured.samples[name].noise_mean
            if noise is not None:
                apart = abs(fmean(measured.samples[name]) - noise)
                where = f"{control.name} mean {name} of {len(measured.samples[name])} matrices"
                yield Check(where, apart, 1.0 / d, made=True)


def _check(cell: Cell, index: int, measurement: Measurement, residual: float) -> Check:
    where = f"{cell.id} {measurement.measured.place('energy_rank_95', index)}"
    return Check(where, residual, GRAM, made=cell.kind == "control")


def _spectral(measurements: Measurements) -> Iterator[tuple[Cell, Measurement]]:
    """The cells that hold every estimator."""
    for cell, measurement in ordered(measurements):
        if {*SHARES, *ASCENDING} <= measurement.measured.samples.keys():
            yield cell, measurement
