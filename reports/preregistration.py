"""What was registered: the types of a preregistration and the order in which its cells run.

Parsing lives in `reports/parse.py`; the seal in `reports/seal.py`. Everything here is pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE"]
GateStatus = Literal["MET", "KILLED", "INCONCLUSIVE", "NOT_RUN"]
CellKind = Literal["claim", "trap", "control"]


@dataclass(frozen=True)
class ShareBelow:
    """At least `at_least` of the matrices have `metric` below `below` (both shares and ratios [-])."""

    metric: str
    below: float
    at_least: float


@dataclass(frozen=True)
class MeanAtLeast:
    """The unweighted mean over layers of the layer means of `metric` is at least `at_least` [-]."""

    metric: str
    at_least: float


@dataclass(frozen=True)
class MeanAtMost:
    """The mean of `metric` is at most `at_most` [-]."""

    metric: str
    at_most: float


Rule = ShareBelow | MeanAtLeast | MeanAtMost


@dataclass(frozen=True)
class Claim:
    """One claim: a rule, the layer counts at which it is judged, and the estimators it is recomputed under."""

    name: str  # identifier, as in `hypotheses/test_<name>.py`
    label: str  # as the source writes it, "narrow-d"
    statement: str
    rule: Rule
    checkpoints: tuple[int, ...]  # numbers of layers pooled: (4, 16)
    sensitivity: tuple[str, ...]  # other metrics put through the same rule; never the verdict itself


@dataclass(frozen=True)
class Control:
    """One layer of experts with a known answer, sent through the claim's own path just before its first cell."""

    name: str
    claim: str
    generator: str  # a name that `fixtures/controls.py` knows
    expected: Literal["MET", "KILLED"]
    seed: int
    experts: int
    hidden_size: int
    intermediate_size: int
    rank: float | None = None  # share of d, for planted low-rank signals [-]
    noise_energy: float | None = None  # share of ‖W‖²_F [-]
    level: float | None = None  # known median of the metric [-] …
    tolerance: float | None = None  # … and how far from it the median may lie [-]


@dataclass(frozen=True)
class Subject:
    """The model whose weights are judged, and what identifies it."""

    name: str
    source: str  # a folder of this repository or a hub id
    revision: str | None  # for a hub id
    model_type: str
    layers: int
    experts: int
    experts_per_token: int
    hidden_size: int
    intermediate_size: int
    vocab_size: int
    config_sha256: str  # of `architecture_sha256`'s canonical JSON, not of the file's bytes
    layer_sha256: tuple[str, ...] | None  # of the expert matrices of each layer; None where they could not be known
    weights_sha256: str | None  # of the weight file
    prompts: str | None
    prompts_sha256: str | None


@dataclass(frozen=True)
class Interval:
    """Percentile bootstrap over layers."""

    level: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Preregistration:
    rung: str
    design: int
    round: int
    draft: bool
    title: str
    prediction: str  # what the world looks like if the claim is dead, written before the run
    subject: Subject
    claims: tuple[Claim, ...]  # cheap ones first
    controls: tuple[Control, ...]
    interval: Interval
    tolerances: dict[str, float]  # metric -> how far a reproduced value may lie [-]
    canonical_sha256: str  # of the canonical JSON (RFC 8785) of the file

    def claim(self, name: str) -> Claim:
        return next(claim for claim in self.claims if claim.name == name)


@dataclass(frozen=True, order=True)
class Cell:
    """One claim, trap or control at one layer; controls have no layer."""

    kind: CellKind
    name: str
    layer: int | None = None

    @property
    def id(self) -> str:
        return self.name if self.layer is None else f"{self.name}[L{self.layer:02d}]"


@dataclass(frozen=True)
class Gate:
    """A claim at a checkpoint: what is pooled and which controls must be sound."""

    claim: Claim
    layers: tuple[int, ...]
    controls: tuple[Control, ...]

    @property
    def id(self) -> str:
        return f"{self.claim.name}@{len(self.layers)}-layer"


def gates(prereg: Preregistration, layers: Sequence[int]) -> tuple[Gate, ...]:
    """Every gate in the order in which it is judged: checkpoint by checkpoint, cheap claims first.

    `layers` are the subject's layers that have experts, ascending; a checkpoint beyond them is judged on all of them.
    """
    present = len(layers)
    counts = sorted({min(count, present) for claim in prereg.claims for count in claim.checkpoints})
    return tuple(
        Gate(
            claim=claim,
            layers=tuple(layers[:count]),
            controls=tuple(control for control in prereg.controls if control.claim == claim.name),
        )
        for count in counts
        for claim in prereg.claims
        if count in {min(checkpoint, present) for checkpoint in claim.checkpoints}
    )


def registered_cells(prereg: Preregistration, layers: Sequence[int]) -> tuple[Cell, ...]:
    """Every cell once, in the order in which it runs: each gate's controls just before the first of its cells."""
    cells: dict[Cell, None] = {}
    for gate in gates(prereg, layers):
        for control in gate.controls:
            cells.setdefault(Cell("control", control.name))
        for layer in gate.layers:
            cells.setdefault(Cell("claim", gate.claim.name, layer))
    return tuple(cells)
