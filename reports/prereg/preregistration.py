"""What was registered: the types of a preregistration and the order in which its cells run.

Parsing lives in `reports/parsing/parse.py`; the seal in `reports/seals/seal.py`. Everything here is pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reports.prereg.rules import CLOSING, Rule, TrapRule

Verdict = Literal["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE"]
GateStatus = Literal["MET", "KILLED", "INCONCLUSIVE", "NOT_RUN"]
CellKind = Literal["claim", "trap", "control", "probe", "secondary"]
Scope = Literal["per_matrix", "per_layer"]
Basis = Literal["learned", "unrotated"]
Expected = Literal["MET", "KILLED", "INCONCLUSIVE"]
Scalar = bool | int | float | str


@dataclass(frozen=True)
class Claim:
    """One claim: a rule, the layer counts at which it is judged, and the estimators it is recomputed under."""

    name: str  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    label: str  # as the source writes it, "narrow-d"
    statement: str
    rule: Rule
    checkpoints: tuple[int, ...]  # numbers of layers pooled: (4, 16)
    sensitivity: tuple[str, ...]  # other metrics put through the same rule; never the verdict itself
    order: tuple[int, ...] = ()  # layers whose cells run first; the others follow, ascending

    @property
    def of_model(self) -> bool:
        """Whether its cells judge the whole model, not the matrices of a layer."""
        return isinstance(self.rule, CLOSING)


@dataclass(frozen=True)
class ControlModel:
    """What a control of a claim about the whole model has beside its experts, and the prompts sampled from itself."""

    layers: int
    experts_per_token: int
    heads: int
    vocab_size: int
    scale: float  # standard deviation of its expert weights
    prompts: int
    prompt_tokens: int
    nll: float  # of the unquantised model, set by the scale of its logits [nats] …
    nll_tolerance: float  # … and how far from it the sampled mean may lie [nats]
    basis: Basis  # in which it is quantised


@dataclass(frozen=True)
class Control:
    """One layer of experts with a known answer, sent through the claim's own path just before its first cell."""

    name: str
    claim: str
    generator: str  # a name that `fixtures/planted/control_checkpoints.py` knows
    expected: Expected
    seed: int
    experts: int
    hidden_size: int
    intermediate_size: int
    rank: float | None = None  # share of d, for planted low-rank signals and codebooks [-]
    noise_energy: float | None = None  # share of ‖W‖²_F [-]
    beta: float | None = None  # unrotated β that a codebook's tail is tuned to [-]
    distinct: int | None = None  # different sign vectors of a lattice
    optimiser: str | None = None  # in place of the registered one
    sheared: float | None = None  # share of a shear that breaks each learned rotation [-]: the instrument must notice
    level: float | None = None  # known median of the metric [-] …
    tolerance: float | None = None  # … and how far from it the median may lie [-]
    unrotated: float | None = None  # known mean of the unrotated β [-] …
    unrotated_tolerance: float | None = None  # … and how far from it the mean may lie [-]
    landing_at_least: float | None = None  # of β after the learned rotation, for every matrix [-]
    model: ControlModel | None = None  # for a claim about the whole model


@dataclass(frozen=True)
class Trap:
    """What must not happen, measured at every layer of its claim. One layer out of line makes the gate INCONCLUSIVE."""

    name: str  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    claim: str
    rule: TrapRule


@dataclass(frozen=True)
class RAdam:
    """The settings of the search `radam` (`kernels/searches/radam.py`) beside its number of steps."""

    step_size: float
    schedule: str
    chart: str
    moment_decay: tuple[float, float]  # [-]
    epsilon: float


@dataclass(frozen=True)
class Graduated:
    """The settings of the search `graduated` (`kernels/searches/graduated.py`) beside its number of steps."""

    step_length: float  # in units of |F|_F [-]
    momentum: float  # weight of the past in the averaged gradient [-]
    smoothing: float  # of |v| at the first step, in units of the root mean square of the weights [-]


@dataclass(frozen=True)
class Rotations:
    """How rotations are learned and what they are compared with: for claim, traps, controls, nulls and probe alike."""

    scope: Scope  # one per matrix, or per layer: one for its gates and ups, which share their input, one for its downs
    optimiser: str
    steps: int
    iterate: str  # which one of a search is kept
    precision: str  # dtype of searches whose rotation is used; what is kept is orthonormal in float64
    null_precision: str  # dtype of searches of which only β is asked: those of nulls and of the probe
    start_seed: int  # of the Haar rotation that every search starts from, one per width
    draws: int  # Haar draws per layer and width
    draw_seed: int
    nulls: tuple[str, ...]  # the largest of what they gain is noise fit
    null_experts: int  # experts per layer, evenly spaced, whose matrices are decomposed and probed
    gaussian_draws: int  # i.i.d. nulls per shape
    null_seed: int
    rotation_bits: int  # per stored number of a rotation
    scale_bits: int  # per row scale
    radam: RAdam | None = None  # registered as soon as anything uses that search …
    graduated: Graduated | None = None  # … and this one
    others: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)  # settings of any other search

    def settings_of(self, search: str) -> dict[str, Any]:
        """The registered settings of a search beside its number of steps, by the names of its arguments."""
        known = {"radam": self.radam, "graduated": self.graduated}.get(search)
        return dict(self.others.get(search, {})) if known is None else dict(vars(known))


@dataclass(frozen=True)
class Probe:
    """`radam_convergence`: did the search end at a ceiling, or just end? Never enters a verdict."""

    name: str
    claim: str
    procrustes_steps: int
    annealed_steps: int
    momentum_steps: int  # of the search that lands highest on noise; reported beside the others
    budget_factor: int  # the registered steps times this, from the same start
    agree_within: float  # of annealed Procrustes, relative [-]
    gain_at_most: float  # by the larger budget, relative [-]
    band: float  # structure within 1 ± band is called none [-]
    recoveries: tuple[str, ...]  # controls with a planted optimum, one for each optimiser


@dataclass(frozen=True)
class OneBit:
    """How experts are quantised to one bit, and what is generated: for `one_bit_nll`, its traps and controls."""

    dtype: str  # of the model under test
    row_scale: str  # of the registered quantiser; the others are sensitivity
    best_of: tuple[str, ...]  # optimisers, or none: `best` takes of each rotation the one that lands highest
    starts: int  # Haar starts of the search, and Haar draws of `random`, that inflation is averaged over
    scopes: tuple[int, ...]  # numbers of layers at which every basis is measured, and told by domain
    batch_tokens: int  # at most so many in one batch of prompts, padding included
    continuations: int  # prompts per domain that are continued for people to read
    continuation_tokens: int  # greedy


@dataclass(frozen=True)
class Dense:
    """A dense model that a secondary compares the subject's experts with, and what identifies it."""

    name: str
    source: str  # a folder of this repository or a hub id
    revision: str | None  # for a hub id
    model_type: str
    layers: int
    hidden_size: int
    intermediate_size: int  # of its one FFN per layer
    weights_sha256: str | None  # of the weight file of a folder
    config_sha256: str | None = None  # of its whole config.json, as a subject's
    exploratory: bool = False  # named by --dense-model in place of the registered one


@dataclass(frozen=True)
class Secondary:
    """A comparison beside a claim: its experts with the FFN of a dense model, layer by layer. Never enters a verdict.

    `metric` is an estimator of d_eff/d over its value for noise, so that each side is relative to its own null.
    """

    name: str  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    claim: str  # whose measurements are the experts' side
    metric: str
    band: float  # differences within ± band are none: finite size alone moves noise of unlike shapes apart [-]
    statement: str
    dense: Dense


@dataclass(frozen=True)
class Prefilter:
    """A byte budget for the method, settled by shapes alone. `enforced`: a rule that misses it cannot be sealed."""

    bits_per_weight: float
    enforced: bool


@dataclass(frozen=True)
class SealedConfig:
    """A configuration whose file was not at hand, key by key, in the spelling of transformers 4."""

    values: dict[str, Scalar]  # of every key that reaches the forward pass
    null: tuple[str, ...]  # those whose value is null: TOML has none
    recorded: tuple[str, ...]  # keys that reach no number; any value is accepted


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
    config_sha256: str | None  # of the canonical JSON (RFC 8785) of the whole config.json …
    config: SealedConfig | None  # … or its keys, where the file was not at hand: one of the two
    layer_sha256: tuple[str, ...] | None  # of the expert matrices of each layer; None where they could not be known
    weights_sha256: str | None  # of the weight file
    tokenizer_sha256: str | None  # of the bytes of tokenizer.json; a folder without a seal of it has none
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
    traps: tuple[Trap, ...] = ()
    probes: tuple[Probe, ...] = ()
    rotations: Rotations | None = None  # registered as soon as a claim's metric needs a rotation
    prefilter: Prefilter | None = None
    one_bit: OneBit | None = None  # registered as soon as a claim is about the whole model
    secondaries: tuple[Secondary, ...] = ()

    def claim(self, name: str) -> Claim:
        return next(claim for claim in self.claims if claim.name == name)

    def trap(self, name: str) -> Trap:
        return next(trap for trap in self.traps if trap.name == name)

    def secondary(self, name: str) -> Secondary:
        return next(secondary for secondary in self.secondaries if secondary.name == name)


@dataclass(frozen=True, order=True)
class Cell:
    """One claim, trap, control, probe or secondary at one layer; controls have no layer."""

    kind: CellKind
    name: str
    layer: int | None = None

    @property
    def id(self) -> str:
        return self.name if self.layer is None else f"{self.name}[L{self.layer:02d}]"


@dataclass(frozen=True)
class Gate:
    """A claim at a checkpoint: what is pooled, which controls must be sound, and which traps at each of its layers."""

    claim: Claim
    layers: tuple[int, ...]
    controls: tuple[Control, ...]
    traps: tuple[Trap, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.claim.name}@{len(self.layers)}-layer"

    @property
    def control_cells(self) -> tuple[Cell, ...]:
        return tuple(Cell("control", control.name) for control in self.controls)

    @property
    def trap_cells(self) -> tuple[Cell, ...]:
        return tuple(Cell("trap", trap.name, layer) for trap in self.traps for layer in self.judged_layers(trap.rule))

    @property
    def claim_cells(self) -> tuple[Cell, ...]:
        return tuple(Cell("claim", self.claim.name, layer) for layer in self.judged_layers(self.claim.rule))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """What it is judged on."""
        return self.control_cells + self.trap_cells + self.claim_cells

    @property
    def running(self) -> tuple[Cell, ...]:
        """`cells` and, where a rule reads the last layer alone, the same at its other layers, in running order."""
        by_trap = [Cell("trap", trap.name, layer) for trap in self.traps for layer in self.ordered]
        by_claim = [Cell("claim", self.claim.name, layer) for layer in self.ordered]
        every = [*self.control_cells, *by_trap, *by_claim]
        if not self.claim.order:
            return tuple(every)
        needed = frozenset(self.cells)  # what kills comes before what only shows
        return tuple(sorted(every, key=lambda cell: cell not in needed))

    @property
    def ordered(self) -> tuple[int, ...]:
        """Its layers in the order in which they run."""
        first = tuple(layer for layer in self.claim.order if layer in self.layers)
        return tuple(dict.fromkeys(first + self.layers))

    def judged_layers(self, rule: Rule | TrapRule) -> tuple[int, ...]:
        """The layers that `rule` reads at this gate, ascending."""
        return self.layers[-1:] if isinstance(rule, CLOSING) else self.layers


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
            traps=tuple(trap for trap in prereg.traps if trap.claim == claim.name),
        )
        for count in counts
        for claim in prereg.claims
        if count in {min(checkpoint, present) for checkpoint in claim.checkpoints}
    )


def registered_cells(prereg: Preregistration, layers: Sequence[int]) -> tuple[Cell, ...]:
    """Every registered cell, once, in the order in which it runs: each gate's controls just before the first of its
    cells, its traps before its claim."""
    return tuple(dict.fromkeys(cell for gate in gates(prereg, layers) for cell in gate.running))


def running_order(prereg: Preregistration, layers: Sequence[int]) -> tuple[Cell, ...]:
    """`registered_cells`, and behind each gate the probes and secondaries of its layers, which enter no verdict."""
    return tuple(
        dict.fromkeys(
            cell
            for gate in gates(prereg, layers)
            for cell in (
                *gate.running,
                *(
                    Cell("probe", probe.name, layer)
                    for probe in prereg.probes
                    if probe.claim == gate.claim.name
                    for layer in gate.layers
                ),
                *(
                    Cell("secondary", secondary.name, layer)
                    for secondary in prereg.secondaries
                    if secondary.claim == gate.claim.name
                    for layer in gate.layers
                    if layer < secondary.dense.layers
                ),
            )
        )
    )
