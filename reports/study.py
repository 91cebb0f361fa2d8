"""One run of a rung: which cells are selected, where measurements come from, and when a claim is dead.

Every process of a run holds its own `Study`; they meet only in the store, which is why one process, `-n N` and a
resumed run come to the same core.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Protocol

from reports.base.errors import ClaimKilled, TrapMisfired
from reports.judge.decision import trigger
from reports.judge.gates import GateOutcome, control_outcome, judge_gate
from reports.judge.instruments import judge_trap
from reports.judge.probe_outcome import probed_layer
from reports.pages.messages import MUST, damage_text, gate_message, measurement_lines, measurement_text
from reports.prereg.measurement import Measurement, Of
from reports.prereg.preregistration import (
    Cell,
    Claim,
    Control,
    Gate,
    Preregistration,
    Secondary,
    Trap,
    gates,
    running_order,
)
from reports.prereg.rules import CLOSING
from reports.prereg.samples import Measured
from reports.store.cell_checks import CellChecks
from reports.store.checked_cells import Checked
from reports.store.store import Store
from reports.store.subject_facts import SubjectFacts, check_digest


class Reader(Protocol):
    """What a cell is measured on: a layer's matrices, projection by projection, or a whole model with its prompts."""

    def read(self) -> Any: ...

    @property
    def sha256(self) -> str:
        """Known once everything was read."""
        ...

    @property
    def norm_sha256(self) -> str | None:
        """Of the norm that is folded into the matrices, then; None where none is."""
        ...

    @property
    def stored_as(self) -> str | None:
        """How the matrices are quantised; None where they are plain."""
        ...


class Source(Protocol):
    """Where that comes from: the subject, its dense twin, or a control's own checkpoint."""

    def open(self, cell: Cell) -> Reader: ...

    def digest(self, cell: Cell) -> str: ...

    def of(self, cell: Cell) -> Of: ...

    def norm_digest(self, cell: Cell) -> str | None:
        """Of the norm that is folded into the matrices; None where none is."""
        ...


Measure = Callable[[Cell, Any], Measured]


@dataclass(frozen=True)
class Study:
    prereg: Preregistration
    subject: SubjectFacts
    store: Store
    checked: Checked
    selected: frozenset[Cell]
    say: Callable[[str], None]  # numbers for people, printed beside the running cell
    measure: Callable[[Cell], Measure]  # what measures a cell, by the metric of its rule
    job: CellChecks | None = None  # where a job of a scheduler records what it checked: it measures and judges nothing
    judged: dict[str, GateOutcome] = field(default_factory=dict, repr=False, compare=False)  # gates that are complete

    def cells(self) -> tuple[Cell, ...]:
        return running_order(self.prereg, self.subject.layers)

    def claim(self, name: str, source: Source) -> "ClaimUnderTest":
        return ClaimUnderTest(self, self.prereg.claim(name), source)

    def trap(self, name: str, source: Source) -> "TrapUnderTest":
        return TrapUnderTest(self, self.prereg.trap(name), source)

    def probe(self, name: str, source: Source) -> "ProbeUnderTest":
        return ProbeUnderTest(self, name, source)

    def secondary(self, name: str, source: Source) -> "SecondaryUnderTest":
        return SecondaryUnderTest(self, self.prereg.secondary(name), source)

    def killed_before(self, cell: Cell) -> str | None:
        """The trigger of a kill at a gate all of whose cells are registered before `cell`, or None.

        A gate that lacks a cell is not killed, and one that has all of them is judged once: entries do not change.
        """
        if self.job is not None:
            return None
        order = {registered: index for index, registered in enumerate(self.cells())}
        for gate in gates(self.prereg, self.subject.layers):
            if not self.checked.holds(gate.cells):
                continue
            if gate.id not in self.judged:
                found = {needed: measurement for needed in gate.cells if (measurement := self.store.get(needed))}
                self.judged[gate.id] = judge_gate(gate, self.prereg.interval, found, self.prereg.tolerances)
            if self.judged[gate.id].status == "KILLED":
                closing = max(order[needed] for needed in gate.cells)
                return trigger(self.judged[gate.id]) if order[cell] > closing else None
        return None

    def recall(self, cell: Cell) -> Measurement | None:
        """What the store holds of `cell`, if this run has checked it: the weights may have changed since an earlier."""
        return self.store.get(cell) if cell in self.checked else None

    def obtain(self, cell: Cell, source: Source) -> Measurement:
        """The stored measurement of `cell` if these tensors were measured before, else a new one, stored."""
        with self.store.lock(cell):
            if self.store.has(cell):
                digest, norm = source.digest(cell), source.norm_digest(cell)
                check_digest(self.subject, cell, digest, source.of(cell), norm)
                stored = self.store.get(cell, digest, norm)
                if stored is not None:
                    self._note(stored)
                    return stored
            started = time.perf_counter()
            reader = source.open(cell)
            measured = self.measure(cell)(cell, reader.read())
            check_digest(self.subject, cell, reader.sha256, source.of(cell), reader.norm_sha256)
            seconds, of = time.perf_counter() - started, source.of(cell)
            measurement = Measurement(cell, reader.sha256, measured, seconds, of, reader.norm_sha256, reader.stored_as)
            self.store.put(measurement)
            # where nothing locks, another process may have stored the cell meanwhile: its entry counts, if it is of
            # these tensors
            kept = self.store.get(cell, reader.sha256, reader.norm_sha256) or measurement
            self._note(kept)
            return kept

    def _note(self, measurement: Measurement) -> None:
        """That this run has digested the tensors of a cell, and they are those measured."""
        self.checked.add(measurement.cell)
        if self.job is not None:
            self.job.add(measurement)


@dataclass(frozen=True)
class ClaimUnderTest:
    """What a claim's file in `hypotheses/` talks to: measure a layer, check a control, judge a checkpoint."""

    study: Study
    claim: Claim
    source: Source

    def measure(self, layer: int) -> Measurement:
        """The claim's measurement at `layer`: the stored one if these tensors were measured before, else a new one.

        Where the layer closes a checkpoint, what no other process has measured of it yet is measured too. A job
        measures its own cells alone.
        """
        measurement = self.study.obtain(Cell("claim", self.claim.name, layer), self.source)
        for line in measurement_lines(self.claim, measurement):
            self.study.say(line)
        for gate in self._closed_by(layer):
            for cell in gate.cells:
                known = self.study.recall(cell) is not None  # its tensors are digested by its own cell, not once more
                if not known and (cell in self.study.selected or self.study.store.has(cell)):
                    self.study.obtain(cell, self.source)
        return measurement

    def judge(self, layer: int) -> None:
        """Judges every checkpoint that `layer` closes on what this run has checked, and says how it came out.

        Measures nothing. Raises `ClaimKilled` where the registered rule fires. A job judges nothing.
        """
        for gate in self._closed_by(layer):
            found = {cell: measurement for cell in gate.cells if (measurement := self.study.recall(cell)) is not None}
            outcome = judge_gate(gate, self.study.prereg.interval, found, self.study.prereg.tolerances)
            if outcome.status == "KILLED":
                raise ClaimKilled(gate_message(outcome))
            self.study.say(gate_message(outcome))

    def check(self, control: Control) -> Measurement:
        """Sends a control through the claim's own path. Raises `TrapMisfired` unless it comes out as registered."""
        measurement = self.study.obtain(Cell("control", control.name), self.source)
        outcome = control_outcome(control, self.claim.rule, measurement, interval=self.study.prereg.interval)
        self.study.say(f"{measurement_text(self.claim, measurement, noise=False)} (must {MUST[control.expected]})")
        if not outcome.sound:
            raise TrapMisfired(
                f"{control.name}: {outcome.reason}; the instrument is broken, {self.claim.name} is INCONCLUSIVE"
            )
        return measurement

    def _closed_by(self, layer: int) -> list[Gate]:
        """The claim's gates whose last cell to run is that of `layer`; none for a job, which judges nothing."""
        if self.study.job is not None:
            return []
        order = {cell: index for index, cell in enumerate(self.study.cells())}
        mine = [gate for gate in gates(self.study.prereg, self.study.subject.layers) if gate.claim == self.claim]
        return [gate for gate in mine if max(gate.claim_cells, key=order.__getitem__).layer == layer]


@dataclass(frozen=True)
class TrapUnderTest:
    """What a trap's file in `hypotheses/` talks to."""

    study: Study
    trap: Trap
    source: Source

    def check(self, layer: int) -> Measurement:
        """Measures the trap at `layer`. Raises `TrapMisfired` where it is out of line."""
        measurement = self.study.obtain(Cell("trap", self.trap.name, layer), self.source)
        if isinstance(self.trap.rule, CLOSING):
            self.study.say(damage_text(self.trap.rule.metric, measurement))
            if not self._closes(layer):
                return measurement
        outcome = judge_trap(self.trap, layer, measurement)
        self.study.say(outcome.reason)
        if not outcome.sound:
            raise TrapMisfired(
                f"{self.trap.name} at layer {layer}: {outcome.reason}; the instrument is broken, {self.trap.claim} is "
                "INCONCLUSIVE"
            )
        return measurement

    def _closes(self, layer: int) -> bool:
        every = gates(self.study.prereg, self.study.subject.layers)
        return any(self.trap in gate.traps and layer in gate.judged_layers(self.trap.rule) for gate in every)


@dataclass(frozen=True)
class ProbeUnderTest:
    """What a probe's file in `hypotheses/` talks to. A probe has no outcome: it is measured and reported."""

    study: Study
    name: str
    source: Source

    def measure(self, layer: int) -> Measurement:
        measurement = self.study.obtain(Cell("probe", self.name, layer), self.source)
        probed = probed_layer(layer, measurement.measured)
        self.study.say(
            f"β from {probed.betas['start']:.3f} to {probed.betas['landing']:.3f} by step {probed.plateau_step:.0f}; "
            f"annealed {probed.betas['annealed_procrustes']:.3f}"
        )
        self.study.say(
            f"larger budget {probed.betas['larger_budget']:.3f}, Procrustes {probed.betas['procrustes']:.3f}, momentum "
            f"{probed.betas['momentum']:.3f}, long graduated steps {probed.betas['graduated']:.3f}"
        )
        self.study.say(
            f"best on nulls {max(probed.nulls.values()):.3f}, structure {probed.structure:.4f}; lift at most "
            f"{probed.ceiling:.3f}"
        )
        return measurement


@dataclass(frozen=True)
class SecondaryUnderTest:
    """What a secondary's file in `hypotheses/` talks to. It has no outcome: a dense layer is measured and reported."""

    study: Study
    secondary: Secondary
    source: Source

    def measure(self, layer: int) -> Measurement:
        cell = Cell("secondary", self.secondary.name, layer)
        measurement = self.study.obtain(cell, self.source)
        metric = self.secondary.metric
        text = f"dense {metric} {fmean(measurement.measured.samples[metric]):.3f}"
        experts = self.study.recall(Cell("claim", self.secondary.claim, layer))  # None where not measured yet
        if experts is not None:
            text += f" (experts {fmean(experts.measured.samples[metric]):.3f})"
        self.study.say(text)
        return measurement
