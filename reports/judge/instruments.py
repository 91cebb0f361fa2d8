"""Are the instruments sound? Controls against their known answers, traps against what must not happen, rotations
against orthogonality. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, median
from types import MappingProxyType

from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Control, Gate, GateStatus, Trap
from reports.prereg.rules import AtLevel, ClosingAbove, EachDomainAbove, EachDomainWithin, LargestAtMost, Rule
from reports.prereg.samples import Measured

EXACT: Mapping[str, float] = MappingProxyType({})  # no metric may be off at all
RESIDUAL = "residual"  # max |R R^T - I| of each rotation, in units of the 10 n eps that are allowed [-]
ROUNDING = "rounding"  # max |w - ŵ| over half a step of each matrix, 1 at most where it is rounded to the nearest [-]
GAUGE = (
    "gauge_fault"  # of each gauge: how far from its inverse, or how large its condition, in units of the allowed [-]
)
BASIS = "basis_residual"  # max |V^T V - I| of each basis of directions, in units of what a rotation's may be [-]
MATCHING = "matching_residual"  # max |P^T P - I| of each matching of neurons, in the same units: 0 of a permutation [-]
OUTPUT = "output_rounding"  # the same of the largest outputs of experts, by calibrated scales [-]
FAULTS: Mapping[str, tuple[str, str]] = MappingProxyType({
    RESIDUAL: ("a rotation", "as far from orthogonal as allowed"),
    GAUGE: ("a gauge", "as far from what a gauge is as allowed"),
    BASIS: ("a basis", "as far from orthonormal as allowed"),
    MATCHING: ("a matching", "as far from a permutation as allowed"),
    ROUNDING: ("a weight", "as far from what it is rounded to as half a step"),
    OUTPUT: ("an output of the calibration", "as far from what it is rounded to as half a step"),
})  # fmt: skip


@dataclass(frozen=True)
class ControlOutcome:
    control: Control
    metric: str
    obtained: GateStatus
    median: float | None
    sound: bool | None  # None where it did not run
    reason: str
    borderline: bool = False  # values off by their tolerance could have met the rule, or missed it


@dataclass(frozen=True)
class TrapOutcome:
    trap: Trap
    layer: int
    observed: float | None  # mean of the rule's metric [-]
    sound: bool | None  # None where it did not run
    reason: str
    borderline: bool = False  # off by its tolerance, it would have come out otherwise

    @property
    def cell(self) -> Cell:
        return Cell("trap", self.trap.name, self.layer)


@dataclass(frozen=True)
class Broken:
    """What an instrument did that it must not."""

    what: str  # "a rotation"
    times: float
    than: str  # "as far from orthogonal as allowed"


def broken_rotation(measured: Measured) -> float | None:
    """The worst residual of a rotation where it exceeds what is allowed, in units of that; else None."""
    return _worst(measured, RESIDUAL)


def broken_instrument(measured: Measured) -> Broken | None:
    """The first instrument that is out of line; None where none is."""
    for name, (what, than) in FAULTS.items():
        worst = _worst(measured, name)
        if worst is not None:
            return Broken(what, worst, than)
    return None


def _worst(measured: Measured, name: str) -> float | None:
    residuals = measured.samples.get(name, ())
    if all(residual <= 1.0 for residual in residuals):
        return None
    return math.nan if any(math.isnan(residual) for residual in residuals) else max(residuals)


def judge_control(
    control: Control, rule: Rule, met: bool, measurement: Measurement, undecided: str | None = None
) -> ControlOutcome:
    """Did matrices with a known answer get that answer (`met`), and are they where theory puts them?"""
    measured = measurement.measured
    middle = median(measured.samples[rule.metric])
    obtained: GateStatus = "MET" if met else "KILLED"
    broken = broken_instrument(measured)
    if broken is not None or undecided is not None:
        obtained = "INCONCLUSIVE"
    faults = [] if obtained == control.expected else [f"expected {control.expected}"]
    reason = f"obtained {obtained} (median {rule.metric} {middle:.4g} [-]"
    reason += "" if broken is None else f", {broken.what} {broken.times:.3g} times {broken.than}"
    reason += ")" if undecided is None else f"), {undecided}"
    if (
        control.level is not None
        and control.tolerance is not None
        and not abs(middle - control.level) <= control.tolerance  # also where it is not a number
    ):
        faults.append(f"median {rule.metric} expected at {control.level:.4g} ± {control.tolerance:g}")
    if control.unrotated is not None and control.unrotated_tolerance is not None:
        beta = fmean(measured.samples["beta"])
        if not abs(beta - control.unrotated) <= control.unrotated_tolerance:
            faults.append(f"unrotated β {beta:.4f} expected at {control.unrotated:g} ± {control.unrotated_tolerance:g}")
    if control.landing_at_least is not None:
        landings = measured.samples["landing"]
        if not all(landing >= control.landing_at_least for landing in landings):
            faults.append(
                f"a learned rotation lands at β {min(landings):.4f}, expected {control.landing_at_least:g} or more"
            )
    if control.model is not None:
        nll, known = fmean(measured.samples["nll"]), control.model
        if not abs(nll - known.nll) <= known.nll_tolerance:
            faults.append(f"unquantised NLL {nll:.3f} expected at {known.nll:g} ± {known.nll_tolerance:g} nats")
    return ControlOutcome(control, rule.metric, obtained, middle, not faults, "; ".join([reason, *faults]))


def judge_trap(  # noqa: PLR0911 - a rule each
    trap: Trap, layer: int, measurement: Measurement | None, tolerance: float = 0.0
) -> TrapOutcome:
    """Whether the trap misfired at this layer. `tolerance`: how far a reproduced value may be [-].

    What doing nothing leaves (`LargestAtMost`) is noise under a bound, and is never borderline.
    """
    if measurement is None:
        return TrapOutcome(trap, layer, None, None, "did not run")
    measured, rule = measurement.measured, trap.rule
    if isinstance(rule, LargestAtMost):
        worst = max(measured.samples[rule.metric], key=lambda value: math.inf if math.isnan(value) else value)
        return TrapOutcome(
            trap, layer, worst, worst <= rule.at_most, f"largest {rule.metric} {worst:.3g}, at most {rule.at_most:g}"
        )
    if isinstance(rule, EachDomainAbove | EachDomainWithin):
        return _in_each_domain(trap, rule, layer, measured, tolerance)
    observed = fmean(measured.samples[rule.metric])
    if isinstance(rule, ClosingAbove):
        reason, sound = f"{rule.metric} {observed:.4f}, must exceed {rule.above:g}", observed > rule.above
        near = abs(observed - rule.above) <= tolerance
        return TrapOutcome(trap, layer, observed, sound, reason, near and tolerance > 0.0)
    if not isinstance(rule, AtLevel):
        reason, sound = f"mean {rule.metric} {observed:.4f}, at most {rule.at_most:g}", observed <= rule.at_most
        near = abs(observed - rule.at_most) <= tolerance
        return TrapOutcome(trap, layer, observed, sound, reason, near and tolerance > 0.0)
    level = measured.samples[rule.metric].noise_mean
    if level is None:
        return TrapOutcome(trap, layer, observed, False, f"no level of {rule.metric} is known")
    reason = f"{rule.metric} {observed:.4f}, level {level:.4f} ± {rule.within:g}"
    lift = fmean(measured.samples["lift"]) if "lift" in measured.samples else math.nan  # which meets no bound
    reason += f"; lift {lift:.4f}" if "lift" in measured.samples else ""
    sound = abs(observed - level) <= rule.within
    distances = [abs(abs(observed - level) - rule.within)]
    if rule.lift_below is not None:
        reason += f", below {rule.lift_below:g}"
        sound = sound and lift < rule.lift_below
        distances.append(abs(lift - rule.lift_below))
    return TrapOutcome(trap, layer, observed, sound, reason, tolerance > 0.0 and min(distances) <= tolerance)


def _in_each_domain(
    trap: Trap, rule: EachDomainAbove | EachDomainWithin, layer: int, measured: Measured, tolerance: float
) -> TrapOutcome:
    """By the domain that is nearest to misfiring. What must matter and does not leaves the claim empty."""
    values = measured.samples[rule.metric].values
    domains = measured.axes[measured.samples[rule.metric].axes[0]]
    if isinstance(rule, EachDomainAbove):
        observed, bound, needed = min(values), rule.above, "must exceed"
        sound = observed > bound
    else:
        observed, bound, needed = max(values), rule.at_most, "at most"
        sound = observed <= bound
    reason = f"{rule.metric} {observed:.4f} in {domains[values.index(observed)]}, {needed} {bound:g}"
    if isinstance(rule, EachDomainAbove) and not sound:
        reason += f": what is taken away matters too little, and {trap.claim} is empty here"
    return TrapOutcome(trap, layer, observed, sound, reason, 0.0 < tolerance >= abs(observed - bound))


def trap_tolerance(metric: str, guarded: str, tolerances: Mapping[str, float]) -> float:
    """How far a reproduced value of a trap may be [-]: its own metric's registered tolerance.

    A trap's metric without one is of the kind of what the trap guards, a ratio of β or an inflation, and has that of
    the `guarded` claim's metric.
    """
    return next((tolerances[name] for name in (metric, guarded) if name in tolerances), 0.0)


def judge_traps(
    gate: Gate, measurements: Mapping[Cell, Measurement], tolerances: Mapping[str, float] = EXACT
) -> tuple[TrapOutcome, ...]:
    guarded = gate.claim.rule.metric
    return tuple(
        judge_trap(
            trap,
            layer,
            measurements.get(Cell("trap", trap.name, layer)),
            trap_tolerance(trap.rule.metric, guarded, tolerances),
        )
        for trap in gate.traps
        for layer in gate.judged_layers(trap.rule)
    )
