"""What was registered: the types of a preregistration and the order in which its cells run.

The types say what each value may be and are the reader, together with `parsing/coherence.py`, which says what must hold
between values. The seal is in `reports/seals/seal.py`. Everything here is pure.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic.dataclasses import dataclass
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema

from kernels.closed_forms.int4_law import LARGEST, SMALLEST
from reports.base.canonical import sha256_hex
from reports.prereg.allowed_values import (
    LARGEST_SIZE,
    NO_KEY,
    ONCE,
    PACKAGE,
    AnyNumber,
    Array,
    Digest,
    Flag,
    Float,
    Identifier,
    Int,
    Layers,
    Line,
    Lines,
    NotNegative,
    RepositoryPath,
    Revision,
    Scalar,
    Seed,
    Share,
    Size,
    Source,
    Str,
    Version,
    around,
    choice,
    excluding,
    integer,
    matching,
    number,
    one_of,
    refused,
    up_to,
)
from reports.prereg.known_names import EVERY_NULL, GENERATORS, NULLS, OPTIMISERS, metrics, relative_metrics, runs_model
from reports.prereg.named_rules import Named, rule_apart, rule_name, schema_with_rule
from reports.prereg.rules import CLAIM_RULES, CLOSING, MEASURED_ONCE, REGISTERED, TRAP_RULES, Rule, TrapRule

Verdict = Literal["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE", "VACUOUS"]
GateStatus = Literal["MET", "KILLED", "INCONCLUSIVE", "NOT_RUN"]
CellKind = Literal["claim", "trap", "control", "probe", "secondary"]
Scope = Literal["per_matrix", "per_layer"]
Basis = Literal["learned", "unrotated", "haar"]
Expected = Literal["MET", "KILLED", "INCONCLUSIVE"]
PARAMETRISATIONS = ("stored", "canonical")

LAYER_ORDERS = ("ascending", "drawn")
ASKS = ("structure", "fact")
STORED = ("float32", "bfloat16")  # dtypes of a control's file

MOST_STEPS = 1_000_000
MOST_DRAWS = 10_000
MOST_PROMPTS = 100_000
MOST_TOKENS = 10_000_000

Precision = Annotated[Str, choice(("float32", "float64"))]
Optimiser = Annotated[Str, choice(OPTIMISERS)]
Null = Annotated[Str, choice(EVERY_NULL)]
Steps = Annotated[Int, integer(1, MOST_STEPS)]
Draws = Annotated[Int, integer(1, MOST_DRAWS)]
FEWEST_NULLS = 101  # of a median that a rule is built on: at d = 64 one of fewer may be a whole number off
Starts = Annotated[Int, integer(1, 1000)]
HaarDraws = Annotated[Int, integer(5, 1000)]
Bits = Annotated[Int, integer(1, 64)]
Tokens = Annotated[Int, integer(1, 10_000)]
GroupSize = Annotated[Int, integer(SMALLEST, LARGEST)]
Continuations = Annotated[Int, integer(0, MOST_PROMPTS)]
Decay = Annotated[Float, number(0.0, 1.0 - 1e-9)]
StepSize = Annotated[Float, number(1e-12)]
Nats = Annotated[Float, number(0.0, 100.0)]
Rank = Annotated[Share, excluding(0.0, allowed="a share of d above 0")]
NoiseEnergy = Annotated[Share, excluding(1.0, allowed="a share of the energy below 1")]
Condition = Annotated[Float, number(1.0, 1e6)]
Level = Annotated[Share, excluding(0.0, 1.0, allowed="a share between 0 and 1, both excluded")]
Scale = Annotated[Float, number(0.0, 1000.0), excluding(0.0, allowed="a standard deviation above 0, at most 1000")]
Rung = Annotated[Str, matching("[A-Za-z0-9][A-Za-z0-9-]{0,63}", "a name of letters, digits and -")]
ConfigKey = Annotated[Str, matching("[A-Za-z_][A-Za-z0-9_]{0,63}", "a key of config.json")]

# What depends on other parts of the file
ActiveExperts = Annotated[Int, up_to(1, lambda info: info.data.get("experts", LARGEST_SIZE))]
ExpertCount = Annotated[Int, up_to(1, lambda info: around(info, "experts"))]
LayerCount = Annotated[Int, up_to(1, lambda info: around(info, "layers"))]
Layer = Annotated[Int, up_to(0, lambda info: around(info, "layers") - 1)]
ClaimName = Annotated[Str, one_of(lambda info: around(info, "claims"))]
NO_DIMENSIONS = "a claim about effective dimensions, of which there is none here"
DimensionalClaim = Annotated[Str, one_of(lambda info: around(info, "dimensional"), NO_DIMENSIONS)]
RelativeMetric = Annotated[Str, one_of(lambda _: relative_metrics())]


def _beside(info: ValidationInfo) -> Sequence[str]:
    """The metrics that a claim may be recomputed under."""
    rule = info.data.get("rule")
    return metrics(rule_name(rule), beside=rule.metric) if rule else ()


def _landing(info: ValidationInfo) -> Sequence[str]:
    """The controls of a probe's claim that have landing_at_least."""
    landing: Sequence[str] = around(info, "landing").get(info.data.get("claim"), ())
    return landing


def _odd(draws: int) -> int:
    if draws % 2 == 0:
        raise refused("an odd number, so that their median is one of them, and a majority of them is never half")
    return draws


def _two(values: object) -> object:
    if isinstance(values, list | tuple) and len(values) != 2:  # noqa: PLR2004
        raise refused("two numbers, for the first and the second moment")
    return values


def _all_nulls(nulls: tuple[str, ...]) -> tuple[str, ...]:
    """All of them, so that none can be left out where it would gain most."""
    if not set(nulls) >= set(NULLS):
        raise refused(f"all of {', '.join(NULLS)}")
    return nulls


Metric = Annotated[Str, one_of(_beside)]
Recovery = Annotated[Str, one_of(_landing)]
TWO = BeforeValidator(_two)
OddDraws = Annotated[Int, integer(FEWEST_NULLS, MOST_DRAWS), AfterValidator(_odd)]
SubjectDraws = Annotated[Int, integer(1, MOST_DRAWS), AfterValidator(_odd)]
ALL_NULLS = AfterValidator(_all_nulls)


@dataclass(frozen=True, config=REGISTERED)
class Claim:
    """One claim: a rule, the layer counts at which it is judged, and the estimators it is recomputed under."""

    name: Identifier  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    label: Line  # as the source writes it, "narrow-d"
    statement: Lines
    rule: Annotated[Rule, Named(CLAIM_RULES)]
    checkpoints: Array[LayerCount]  # numbers of layers pooled: (4, 16)
    sensitivity: Annotated[Array[Metric], ONCE]  # others put through the same rule; never the verdict itself
    order: Array[Layer] = ()  # layers whose cells run first; the others follow
    futility: Array[Share] = ()  # for each checkpoint before the last: killed there only at this share or below [-]

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: object) -> object:
        return rule_apart(cls, values)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return schema_with_rule(CLAIM_RULES, schema, handler)

    @property
    def of_model(self) -> bool:
        """Whether its cells run the whole model, and not only read the matrices of a layer."""
        return self.closing or runs_model(self.rule.metric)

    @property
    def closing(self) -> bool:
        """Whether its values are of the whole model, with every layer up to the cell's changed."""
        return isinstance(self.rule, CLOSING)


@dataclass(frozen=True, config=REGISTERED)
class ControlModel:
    """What a control of a claim about the whole model has beside its experts, and the prompts sampled from itself."""

    layers: Layers
    experts_per_token: Size
    heads: Layers
    vocab_size: Annotated[Int, integer(4, MOST_TOKENS)]
    scale: Scale  # standard deviation of its expert weights
    prompts: Annotated[Int, integer(2, MOST_PROMPTS)]
    prompt_tokens: Tokens
    nll: Nats  # of the unquantised model, set by the scale of its logits [nats] …
    nll_tolerance: Nats  # … and how far from it the sampled mean may be [nats]
    basis: Basis | None = None  # in which its weights or keys are quantised; none where they are not


@dataclass(frozen=True, config=REGISTERED)
class Control:
    """One layer of experts with a known answer, sent through the claim's own path just before its first cell."""

    name: Identifier
    claim: ClaimName
    generator: Annotated[Str, choice(tuple(GENERATORS))]  # a name that `fixtures/planted/control_checkpoints.py` knows
    expected: Expected
    seed: Seed
    experts: Size
    hidden_size: Size
    intermediate_size: Size
    rank: Rank | None = None  # share of d, for planted low-rank signals and codebooks [-]
    noise_energy: NoiseEnergy | None = None  # share of ‖W‖²_F [-]
    beta: Share | None = None  # unrotated β that a codebook's tail is tuned to [-]
    distinct: Size | None = None  # different sign vectors of a lattice, or exponents
    optimiser: Optimiser | None = None  # in place of the registered one
    sheared: Share | None = None  # share of a shear that breaks each rotation [-]: the instrument must notice
    level: AnyNumber | None = None  # known median of the metric [-] …
    tolerance: NotNegative | None = None  # … and how far from it the median may be [-]
    unrotated: Share | None = None  # known mean of the unrotated β [-] …
    unrotated_tolerance: NotNegative | None = None  # … and how far from it the mean may be [-]
    landing_at_least: Share | None = None  # of β after the learned rotation, for every matrix [-]
    stretched: Share | None = None  # by how much the logarithm of a gauge's condition exceeds the most allowed [-]
    model: ControlModel | None = None  # for a claim about the whole model
    tail: Scale | None = None  # of the matrix with the heaviest tail: log-scale σ of its entries' scales [-]
    misscaled: Share | None = None  # every scale of the quantiser times this [-]: the instrument must notice
    stored: Annotated[Str, choice(STORED)] | None = None  # the dtype of its file; float32 where it is not said


@dataclass(frozen=True, config=REGISTERED)
class Trap:
    """What must not happen, measured at every layer of its claim. One layer out of line makes the gate INCONCLUSIVE."""

    name: Identifier  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    claim: ClaimName
    rule: Annotated[TrapRule, Named(TRAP_RULES)]

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, values: object) -> object:
        return rule_apart(cls, values)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return schema_with_rule(TRAP_RULES, schema, handler)


@dataclass(frozen=True, config=REGISTERED)
class RAdam:
    """The settings of the search `radam` (`kernels/searches/radam.py`) beside its number of steps."""

    step_size: StepSize
    schedule: Annotated[Str, choice(("constant", "cosine"))]
    chart: Annotated[Str, choice(("orth_rebased",))]
    moment_decay: Annotated[tuple[Decay, Decay], TWO]  # [-]
    epsilon: Share


@dataclass(frozen=True, config=REGISTERED)
class Graduated:
    """The settings of the search `graduated` (`kernels/searches/graduated.py`) beside its number of steps."""

    step_length: StepSize  # in units of |F|_F [-]
    momentum: Decay  # weight of the past in the averaged gradient [-]
    smoothing: StepSize  # of |v| at the first step, in units of the root mean square of the weights [-]


@dataclass(frozen=True, config=REGISTERED)
class Rotations:
    """How rotations are learned and what they are compared with: for claim, traps, controls, nulls and probe alike."""

    scope: Scope  # one per matrix, or per layer: one for its gates and ups, which share their input, one for its downs
    optimiser: Optimiser
    steps: Steps
    iterate: Annotated[Str, choice(("best",))]  # which one of a search is kept
    precision: Precision  # dtype of searches whose rotation is used; what is kept is orthonormal in float64
    null_precision: Precision  # dtype of searches of which only β is asked: those of nulls and of the probe
    start_seed: Seed  # of the Haar rotation that every search starts from, one per width
    draws: Draws  # Haar draws per layer and width
    draw_seed: Seed
    nulls: Annotated[Array[Null], ONCE, ALL_NULLS]  # the largest of what they gain is noise fit
    null_experts: ExpertCount  # experts per layer, evenly spaced, whose matrices are decomposed and probed
    gaussian_draws: Draws  # i.i.d. nulls per shape
    null_seed: Seed
    rotation_bits: Bits  # per stored number of a rotation
    scale_bits: Bits  # per row scale
    radam: RAdam | None = None  # registered as soon as anything uses that search …
    graduated: Graduated | None = None  # … and this one
    others: Mapping[Optimiser, Mapping[str, Scalar]] = field(default_factory=dict)  # settings of any other search

    def settings_of(self, search: str) -> dict[str, Any]:
        """The registered settings of a search beside its number of steps, by the names of its arguments."""
        known = {"radam": self.radam, "graduated": self.graduated}.get(search)
        return dict(self.others.get(search, {})) if known is None else dict(vars(known))


@dataclass(frozen=True, config=REGISTERED)
class HeldOut:
    """How a rotation is learned on one half of a layer's experts and measured on the other: both ways, every split."""

    splits: Annotated[Int, integer(2, 1000)]  # registered halvings; as many as there are where experts are too few
    seed: Seed  # of the halves, drawn over the canonical order of the experts
    twin_seed: Seed  # of Gaussian rows with the layer's pooled input covariance, and of those of the null twin
    rows_per_dimension: NotNegative  # rows of gate and up that a rotation is learned on, over the hidden size


@dataclass(frozen=True, config=REGISTERED)
class Probe:
    """`radam_convergence`: is there structure beyond noise, or was the search too weak? Never enters a verdict."""

    name: Identifier
    claim: ClaimName
    procrustes_steps: Steps
    annealed_steps: Steps
    momentum_steps: Steps  # of the two searches that land highest on noise, `momentum` and long `graduated`
    budget_factor: Annotated[Int, integer(2, 1000)]  # the registered steps times this, from the same start
    agree_within: Share  # of annealed Procrustes, relative [-]: told beside the conclusion
    gain_at_most: Share  # by the larger budget, relative [-]: told beside the conclusion
    band: Share  # structure within 1 ± band is called none [-]
    recoveries: Annotated[Array[Recovery], ONCE]  # controls with a planted optimum, one for each optimiser
    graduated: Graduated | None = None  # long steps; without them, those that the search's own file tells


@dataclass(frozen=True, config=REGISTERED)
class OneBit:
    """How experts are quantised to one bit, and what is generated: for `one_bit_nll`, its traps and controls."""

    dtype: Annotated[Str, choice(("float32", "bfloat16"))]  # of the model under test
    row_scale: Annotated[Str, choice(("least_squares",))]  # of the registered quantiser; the others are sensitivity
    best_of: Annotated[Array[Optimiser], ONCE]  # `best` takes of each rotation the one that lands highest
    starts: Starts  # Haar starts of the search, and Haar draws of `random`, that inflation is averaged over
    scopes: Array[LayerCount]  # numbers of layers at which every basis is measured, and told by domain
    batch_tokens: Annotated[Int, integer(1, MOST_TOKENS)]  # at most so many in one batch of prompts, padding included
    continuations: Continuations  # prompts per domain that are continued for people to read
    continuation_tokens: Tokens  # greedy
    haar_draws: HaarDraws | None = None  # that the trap of random rotations is the mean of


@dataclass(frozen=True, config=REGISTERED)
class Activations:
    """How the model is run on its prompts as text, and which of their sources teach and which are measured on."""

    dtype: Annotated[Str, choice(("float32", "bfloat16"))]  # of the model under test
    batch_tokens: Annotated[Int, integer(1, MOST_TOKENS)]  # at most so many in one batch of prompts, padding included
    seed: Seed  # of the halving of each domain's sources


@dataclass(frozen=True, config=REGISTERED)
class ExpertOutputs:
    """How the outputs of chosen experts are rounded: by the absmax of each (layer, expert, channel), calibrated on the
    sources that teach; and what is reported beside, where a scope closes."""

    calibration: Line  # domain whose tokens are calibrated on; of prompts of which none is of it, all of them
    fewest_tokens: Annotated[Int, integer(1, MOST_TOKENS)]  # to calibrate on, or it is refused
    fewest_routed: Annotated[Int, integer(1, MOST_TOKENS)]  # that an expert was sent; of fewer, the layer's absmax
    outliers: Annotated[Array[Size], ONCE]  # largest channels of each output that are kept; reported
    scopes: Array[LayerCount]  # numbers of layers at which that and other roundings are reported
    seed: Seed  # of permuted scales


@dataclass(frozen=True, config=REGISTERED)
class KeyCache:
    """How a rotation of each head's keys is learned on half of the sources, and what its bits are spread over."""

    learning_tokens: Draws  # of a layer, at most, evenly spaced over the prompts that teach
    context_tokens: Annotated[Int, integer(1, MOST_TOKENS)]  # of a cache that holds one rotation and mean for each head
    widest_together: Size  # of all heads as one, which have one rotation where they are no wider; reported
    together_steps: Steps  # of that search and of the one on keys that are not centred, in long steps; reported


@dataclass(frozen=True, config=REGISTERED)
class NullDraws:
    """What an effective dimension is put over: i.i.d. Gaussian matrices of the same shape, drawn in float64."""

    draws: OddDraws  # per shape; their median is one of them
    seed: Seed
    norm_experts: ExpertCount  # per projection, evenly spaced, beside a draw of the same row and column norms; reported


@dataclass(frozen=True, config=REGISTERED)
class NullSubject:
    """The subject without its structure, drawn several times: each measure says what it draws. Where most draws meet
    every rule of the rung, a subject that meets them too has shown nothing."""

    draws: SubjectDraws  # of the whole subject, each layer anew
    seed: Seed


@dataclass(frozen=True, config=REGISTERED)
class Gauging:
    """How a gauge of the input side is learned, and what it is put over: for claims, controls and nulls alike."""

    scope: Annotated[Str, choice(("per_matrix", "per_projection"))]  # or one for the sampled experts of a projection
    experts: ExpertCount  # per layer, evenly spaced: those that are measured, and that share a gauge
    condition: Condition  # most that a gauge may have [-]
    rotation_steps: Steps  # of the search over rotations alone, which comes first
    gauge_steps: Steps  # of the search over all gauges, from the best rotation
    rotation_length: StepSize  # of a step of the first search, in units of √n [-]
    gauge_length: StepSize  # of the second
    spectrum_length: StepSize  # of a step of the gauge's spectrum, alike
    momentum: Decay  # weight of the past in the averaged gradient [-]
    iterate: Annotated[Str, choice(("best",))]  # which one of a search is kept: by the error itself, not smoothed
    precision: Precision  # dtype of the searches; errors are computed in float64
    start_seed: Seed  # of the Haar rotation that every search starts from, one per width
    draws: Draws  # Haar rotations per layer and width, whose mean error is the denominator
    draw_seed: Seed


@dataclass(frozen=True, config=REGISTERED)
class Int4:
    """How weights are rounded to INT4: symmetric, -7 to 7, by the absmax of a group, nearest, halves to even."""

    group: GroupSize  # consecutive inputs of a row that share a scale; where a width leaves a rest, that is a group too


@dataclass(frozen=True, config=REGISTERED)
class Permutations:
    """Random orders in which numbers of a layer's matrices are put, so that what goes with what is lost."""

    draws: Draws  # of each layer
    seed: Seed


@dataclass(frozen=True, config=REGISTERED)
class Dense:
    """A dense model that a secondary compares the subject's experts with, and what identifies it."""

    name: Line
    source: RepositoryPath  # a folder of this repository or a hub id
    model_type: Identifier
    layers: Layers
    hidden_size: Size
    intermediate_size: Size  # of its one FFN per layer
    revision: Revision | None = None  # for a hub id
    config_sha256: Digest | None = None  # of its whole config.json, as a subject's
    weights_sha256: Digest | None = None  # of the weight file of a folder
    exploratory: SkipJsonSchema[Annotated[Flag, NO_KEY]] = (
        False  # named by --dense-model in place of the registered one
    )


@dataclass(frozen=True, config=REGISTERED)
class Secondary:
    """A comparison beside a claim: its experts with the FFN of a dense model, layer by layer. Never enters a verdict.

    `metric` is an estimator of d_eff/d over its value for noise, so that each side is relative to its own null.
    """

    name: Identifier  # identifier, as in `hypotheses/<rung>/test_<name>.py`
    claim: DimensionalClaim  # whose measurements are the experts' side
    metric: RelativeMetric
    band: Share  # differences within ± band are none: finite size alone moves noise of unlike shapes apart [-]
    statement: Lines
    dense: Dense


@dataclass(frozen=True, config=REGISTERED)
class Prefilter:
    """A byte budget for the method, settled by shapes alone. `enforced`: a rule that misses it cannot be sealed."""

    bits_per_weight: NotNegative
    enforced: Flag


@dataclass(frozen=True, config=REGISTERED)
class SealedConfig:
    """A configuration whose file was not at hand, key by key, in the spelling of transformers 4."""

    null: Array[ConfigKey]  # those whose value is null: TOML has none
    recorded: Array[ConfigKey]  # keys that reach no number; any value is accepted
    values: dict[ConfigKey, Scalar]  # of every key that reaches the forward pass


@dataclass(frozen=True, config=REGISTERED)
class Subject:
    """The model whose weights are judged, and what identifies it."""

    name: Line
    source: Source  # a folder of this repository, a hub id, or package:NAME
    model_type: Identifier
    layers: Layers
    experts: Size  # 1 of a dense model: its FFN
    experts_per_token: ActiveExperts
    hidden_size: Size
    intermediate_size: Size
    vocab_size: Annotated[Int, integer(1, LARGEST_SIZE * 10)]
    config_sha256: Digest | None = None  # of the canonical JSON (RFC 8785) of the whole config.json …
    config: SealedConfig | None = None  # … or its keys, where the file was not at hand: one of the two
    revision: Revision | None = None  # for a hub id
    layer_sha256: Array[Digest] | None = (
        None  # of the expert matrices of each layer; None where they could not be known
    )
    norm_sha256: Array[Digest] | None = (
        None  # of the norm that feeds the experts of each layer, for the canonical parametrisation; () where none does
    )
    weights_sha256: Digest | None = None  # of the weight file
    tokenizer_sha256: Digest | None = None  # of the bytes of tokenizer.json; a folder without a seal of it has none
    prompts: RepositoryPath | None = None
    prompts_sha256: Digest | None = None
    version: Version | None = None  # of a package …
    folder: RepositoryPath | None = None  # … and the folder inside it that holds the checkpoint
    gated: Flag = True  # without a gate an expert has two matrices, up and down

    @property
    def package(self) -> str | None:
        """The installed Python package that holds the checkpoint, if one does."""
        return self.source.removeprefix(PACKAGE) if self.source.startswith(PACKAGE) else None


@dataclass(frozen=True, config=REGISTERED)
class Interval:
    """Of intervals: their level everywhere, draws and seed of the bootstrap over sources of prompts."""

    level: Level
    draws: Annotated[Int, integer(100, 10_000_000)]
    seed: Seed


@dataclass(frozen=True, config=REGISTERED)
class Preregistration:
    rung: Rung
    design: Annotated[Int, integer(1, 999)]
    round: Annotated[Int, integer(1, 999)]
    draft: Flag
    title: Line
    prediction: Lines  # what the world looks like if the claim is dead, written before the run
    subject: Subject
    interval: Interval
    tolerances: dict[Str, Share]  # metric -> how far a reproduced value may be [-]
    claims: Array[Claim]  # cheap ones first
    controls: Array[Control]
    canonical_sha256: SkipJsonSchema[Annotated[Str, NO_KEY]] = ""  # of the canonical JSON (RFC 8785) of the file
    rotations: Rotations | None = None  # registered as soon as a claim's metric needs a rotation
    traps: Array[Trap] = ()
    probes: Array[Probe] = ()
    prefilter: Prefilter | None = None
    one_bit: OneBit | None = None  # registered as soon as a claim is about the whole model
    secondaries: Array[Secondary] = ()
    layer_order: Annotated[Str, choice(LAYER_ORDERS)] = "ascending"  # in which layers are read, and checkpoints filled
    null_draws: NullDraws | None = None  # registered as soon as a claim's metric needs them
    # In which matrices are measured: as the file holds them, or with norms folded and neurons balanced
    parametrisation: Annotated[Str, choice(PARAMETRISATIONS)] = "stored"
    held_out: HeldOut | None = None  # registered as soon as a rotation is measured on experts that it did not see
    # Whether its claims are of structure, which noise must not have, or plain facts, noise standing beside
    asks: Annotated[Str, choice(ASKS)] | None = None
    null_subject: NullSubject | None = None  # registered with claims of structure
    int4: Int4 | None = None  # registered as soon as something rounds weights to INT4 …
    permutations: Permutations | None = None  # … and this where something permutes
    gauge: Gauging | None = None  # registered as soon as a claim's metric needs a learned gauge
    activations: Activations | None = None  # registered as soon as a claim's metric needs what a model computes
    expert_outputs: ExpertOutputs | None = None  # registered as soon as something rounds what experts put out
    key_cache: KeyCache | None = None  # registered as soon as a claim's metric needs keys as they are cached
    rests_on: Annotated[Array[Rung], ONCE] = ()  # other rungs: where one of them is dead, this one means less

    def claim(self, name: str) -> Claim:
        return next(claim for claim in self.claims if claim.name == name)

    def trap(self, name: str) -> Trap:
        return next(trap for trap in self.traps if trap.name == name)

    def secondary(self, name: str) -> Secondary:
        return next(secondary for secondary in self.secondaries if secondary.name == name)


@dataclasses.dataclass(frozen=True, order=True)
class Cell:
    """One claim, trap, control, probe or secondary at one layer; controls have no layer."""

    kind: CellKind
    name: str
    layer: int | None = None

    @property
    def id(self) -> str:
        return self.name if self.layer is None else f"{self.name}[L{self.layer:02d}]"


@dataclasses.dataclass(frozen=True)
class Gate:
    """A claim at a checkpoint: what is pooled, which controls must be sound, and which traps at each of its layers."""

    claim: Claim
    layers: tuple[int, ...]  # ascending
    controls: tuple[Control, ...]
    traps: tuple[Trap, ...] = ()
    read: tuple[int, ...] = ()  # the same layers in the order in which they are read, where that is another one
    whole: int | None = None  # layers of the full scope; None where that is not known
    cut_off: float | None = None  # of a share, at an early checkpoint: killed only at this or below [-]

    @property
    def id(self) -> str:
        return f"{self.claim.name}@{len(self.layers)}-layer"

    @property
    def census(self) -> bool:
        """Whether it pools every layer that there is: then no layer was left out that an interval could speak of."""
        return len(self.layers) == self.whole

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
        """`cells` and, where a rule reads the last layer alone, the same at its other layers, in running order; but
        nothing more of what is measured once."""
        once = {trap: self.judged_layers(trap.rule) for trap in self.traps if isinstance(trap.rule, MEASURED_ONCE)}
        by_trap = [Cell("trap", trap.name, layer) for trap in self.traps for layer in once.get(trap, self.ordered)]
        by_claim = [Cell("claim", self.claim.name, layer) for layer in self.ordered]
        every = [*self.control_cells, *by_trap, *by_claim]
        if not self.claim.order:
            return tuple(every)
        needed = frozenset(self.cells)  # what kills comes before what only shows
        return tuple(sorted(every, key=lambda cell: cell not in needed))

    @property
    def reading(self) -> tuple[int, ...]:
        """Its layers in the order in which they are read."""
        return self.read or self.layers

    @property
    def ordered(self) -> tuple[int, ...]:
        """Its layers in the order in which its own cells run."""
        first = tuple(layer for layer in self.claim.order if layer in self.layers)
        return tuple(dict.fromkeys(first + self.reading))

    def judged_layers(self, rule: Rule | TrapRule) -> tuple[int, ...]:
        """The layers that `rule` reads at this gate, ascending."""
        return self.layers[-1:] if isinstance(rule, CLOSING) else self.layers


def layer_order(prereg: Preregistration, layers: Sequence[int]) -> tuple[int, ...]:
    """`layers` in the order in which they are read: as they are, or by SHA-256 of rule, sealed subject and layer.

    Nobody can choose a drawn order: it follows from the sealed rule and from the subject's weights, or of a hub model
    from its name and revision. It is that of the sealed subject, whichever one is run.
    """
    if prereg.layer_order == "ascending":
        return tuple(layers)
    subject = prereg.subject
    weights = subject.weights_sha256 or f"{subject.source}@{subject.revision}"

    def drawn(layer: int) -> str:
        return sha256_hex(f"{prereg.canonical_sha256}\n{weights}\n{layer}\n".encode())

    return tuple(sorted(layers, key=drawn))


def gates(prereg: Preregistration, layers: Sequence[int]) -> tuple[Gate, ...]:
    """Every gate in the order in which it is judged: checkpoint by checkpoint, cheap claims first.

    `layers` are the subject's layers that have experts, ascending; a checkpoint beyond them is judged on all of them. A
    claim about the whole model changes its layers one after the other: it reads them in ascending order.
    """
    present, order = len(layers), layer_order(prereg, layers)
    counts = sorted({min(count, present) for claim in prereg.claims for count in claim.checkpoints})
    return tuple(
        _gate(prereg, claim, tuple(layers if claim.of_model else order)[:count], present)
        for count in counts
        for claim in prereg.claims
        if count in {min(checkpoint, present) for checkpoint in claim.checkpoints}
    )


def _gate(prereg: Preregistration, claim: Claim, read: tuple[int, ...], present: int) -> Gate:
    early = len(read) < min(claim.checkpoints[-1], present)
    cut_offs = dict(zip(claim.checkpoints, claim.futility, strict=False))
    ascending = tuple(sorted(read))
    return Gate(
        claim=claim,
        layers=ascending,
        controls=tuple(control for control in prereg.controls if control.claim == claim.name),
        traps=tuple(trap for trap in prereg.traps if trap.claim == claim.name),
        read=() if read == ascending else read,
        whole=present,
        cut_off=cut_offs.get(len(read)) if early else None,
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
                    for layer in gate.reading
                ),
                *(
                    Cell("secondary", secondary.name, layer)
                    for secondary in prereg.secondaries
                    if secondary.claim == gate.claim.name
                    for layer in gate.reading
                    if layer < secondary.dense.layers
                ),
            )
        )
    )
