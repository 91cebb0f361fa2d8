"""One run of a rung: which cells are selected, where measurements come from, and when a claim is dead.

Every process of a run holds its own `Study`; they meet only in the store, which is why one process, `-n N` and a
resumed run come to the same core.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from reports.decision import decide
from reports.errors import ClaimKilled, TrapMisfired
from reports.gates import GateOutcome, apply_rule, gate_cells, judge_control, judge_gate
from reports.measurement import Measured, Measurement
from reports.preregistration import Cell, Claim, Control, Gate, Preregistration, ShareBelow, gates, registered_cells
from reports.spans import spans
from reports.store import Store
from reports.subject import SubjectFacts, check_digest


class LayerReader(Protocol):
    """One layer's matrices, projection by projection; the digest is known once all have been read."""

    def projections(self) -> Iterable[tuple[str, Any]]: ...

    @property
    def sha256(self) -> str: ...


class MatrixSource(Protocol):
    """Where a cell's matrices come from: the subject's layer, or a control's own checkpoint."""

    def open(self, cell: Cell) -> LayerReader: ...

    def digest(self, cell: Cell) -> str: ...


NAMED = 4  # missing cells that a message names; the others it counts

Measure = Callable[[Iterable[tuple[str, Any]]], Measured]


@dataclass(frozen=True)
class Study:
    prereg: Preregistration
    subject: SubjectFacts
    store: Store
    selected: frozenset[Cell]
    say: Callable[[str], None]  # numbers for people, printed beside the running cell

    def cells(self) -> tuple[Cell, ...]:
        return registered_cells(self.prereg, self.subject.layers)

    def claim(self, name: str, measure: Measure, source: MatrixSource) -> "ClaimUnderTest":
        return ClaimUnderTest(self, self.prereg.claim(name), measure, source)

    def killed_before(self, cell: Cell) -> str | None:
        """The trigger of a kill at a gate all of whose cells are registered before `cell`, or None."""
        order = {registered: index for index, registered in enumerate(self.cells())}
        decision = decide(self.prereg, self.subject.layers, self.store.measurements())
        if decision.killed_at is None:
            return None
        closing = max(order[needed] for needed in gate_cells(decision.gates[decision.killed_at].gate))
        return decision.trigger if order[cell] > closing else None


@dataclass(frozen=True)
class ClaimUnderTest:
    """What a file in `hypotheses/` talks to: measure a layer, check a control, judge a checkpoint."""

    study: Study
    claim: Claim
    measure_with: Measure
    source: MatrixSource

    def measure(self, layer: int) -> Measurement:
        """The claim's measurement at `layer`: the stored one if these tensors were measured before, else a new one."""
        measurement = self._obtain(Cell("claim", self.claim.name, layer))
        self.study.say(measurement_text(self.claim, measurement))
        return measurement

    def judge(self, layer: int) -> None:
        """Judges every checkpoint that `layer` closes and says how it came out.

        Measures what another process has not measured yet. Raises `ClaimKilled` where the registered rule fires.
        """
        for gate in gates(self.study.prereg, self.study.subject.layers):
            if gate.claim == self.claim and gate.layers[-1] == layer:
                outcome = self._judge(gate)
                if outcome.status == "KILLED":
                    raise ClaimKilled(gate_message(outcome))
                self.study.say(gate_message(outcome))

    def check(self, control: Control) -> Measurement:
        """Sends a control through the claim's own path. Raises `TrapMisfired` unless it comes out as registered."""
        measurement = self._obtain(Cell("control", control.name))
        outcome = judge_control(control, self.claim.rule, measurement)
        must = "pass" if control.expected == "MET" else "fail"
        self.study.say(f"{measurement_text(self.claim, measurement, noise=False)} (must {must})")
        if not outcome.sound:
            raise TrapMisfired(
                f"{control.name}: {outcome.reason}; the instrument is broken, {self.claim.name} is INCONCLUSIVE"
            )
        return measurement

    def _judge(self, gate: Gate) -> GateOutcome:
        found = {}
        for cell in gate_cells(gate):
            measurement = self.study.store.get(cell)  # its tensors are digested by its own cell, not once more here
            if measurement is None and cell in self.study.selected:
                measurement = self._obtain(cell)
            if measurement is not None:
                found[cell] = measurement
        return judge_gate(gate, self.study.prereg.interval, found)

    def _obtain(self, cell: Cell) -> Measurement:
        store = self.study.store
        with store.lock(cell):
            if store.has(cell):
                digest = self.source.digest(cell)
                check_digest(self.study.subject, cell, digest)
                stored = store.get(cell, digest)
                if stored is not None:
                    return stored
            started = time.perf_counter()
            reader = self.source.open(cell)
            measured = self.measure_with(reader.projections())
            check_digest(self.study.subject, cell, reader.sha256)
            measurement = Measurement(cell, reader.sha256, measured, time.perf_counter() - started)
            store.put(measurement)
            return measurement


def measurement_text(claim: Claim, measurement: Measurement, noise: bool = True) -> str:
    """One short line of numbers for one cell: the value, its threshold, n, median, and what noise has."""
    outcome = apply_rule(claim.rule, [measurement])
    text = f"mean {outcome.observed:.3f} over {outcome.n}"
    if isinstance(claim.rule, ShareBelow):
        text = f"{round(outcome.observed * outcome.n)}/{outcome.n} below {claim.rule.below:.2f}"
    text = f"{text}, median {outcome.median:.3f}"
    return f"{text}, noise {outcome.reference:.3f}" if noise and outcome.reference is not None else text


def gate_message(outcome: GateOutcome) -> str:
    """One line for one gate: where, obtained, expected, n, and what to make of it."""
    claim, rule = outcome.gate.claim, outcome.rule
    where = f"{len(outcome.gate.layers)}-layer checkpoint (layers {spans(outcome.gate.layers)})"
    if rule is None or outcome.status in ("NOT_RUN", "INCONCLUSIVE"):
        first, rest = outcome.missing[:NAMED], outcome.missing[NAMED:]
        missing = ", ".join(cell.id for cell in first) + (f" and {len(rest)} more" if rest else "")
        unsound = ", ".join(control.control.name for control in outcome.controls if control.sound is False)
        why = f"controls out of line: {unsound}" if unsound else f"not measured: {missing}"
        return f"{where}: {outcome.status}, {why}"
    text = f"{where}: {outcome.status}, {_observed(claim, rule.observed, rule.n)}, need {_needed(claim, rule.n)}"
    text += f" [-]; median {rule.median:.3f}"
    return text if rule.reference is None else f"{text}, noise {rule.reference:.3f}"


def _observed(claim: Claim, observed: float, n: int) -> str:
    rule = claim.rule
    if isinstance(rule, ShareBelow):
        return f"{rule.metric} < {rule.below:.2f} for {round(observed * n)}/{n} matrices ({observed:.0%})"
    return f"mean {rule.metric} {observed:.3f} over {n}"


def _needed(claim: Claim, n: int) -> str:
    rule = claim.rule
    if isinstance(rule, ShareBelow):
        return f"≥ {_matrices_needed(rule.at_least, n)} ({rule.at_least:.0%})"
    return f"≥ {rule.at_least:g}" if hasattr(rule, "at_least") else f"≤ {rule.at_most:g}"


def _matrices_needed(share: float, n: int) -> int:
    """The smallest count that meets `count / n >= share` as the rule computes it."""
    return next(count for count in range(n + 1) if count / n >= share)
