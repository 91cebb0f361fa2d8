"""`decision.json`: the verdict of one rung on one subject."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError

from reports.artefacts.forms import UNKNOWN, Count, Listed, Positive, Range, Sha256, Share, Table, Text, place

LONGEST = 8192  # characters of a text that a run recorded: a path has at most 4096, and a message may name two
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
PROSE = (
    "one_bit_damage",
)  # texts of prompts and models, in as many lines as they have: shown quoted, never on a terminal
SCHEMA = 7

Numbers = dict[str, float]
LayerNumber = Annotated[str, Field(pattern="^[0-9]+$")]
LayerDigests = Annotated[dict[LayerNumber, Sha256], Field(json_schema_extra={"additionalProperties": False})]
LayerTexts = Annotated[dict[LayerNumber, Text], Field(json_schema_extra={"additionalProperties": False})]
Status = Literal["MET", "KILLED", "INCONCLUSIVE", "NOT_RUN"]
Borderline = Annotated[
    bool,
    Field(
        description="A value is within its registered tolerance of the threshold, so that the status is not promised "
        "elsewhere. A reproduction with another status is NOT REPRODUCED all the same."
    ),
]


class NamedSubject(Table):
    name: str
    exploratory: bool
    """True where the subject is not the sealed one."""


class JudgedSubject(NamedSubject):
    layers: Positive
    """Layers that have experts."""
    layer_sha256: LayerDigests
    """Digest of the expert matrices of every layer that the verdict rests on."""
    model_sha256: Sha256 | None
    """Digest of all weights and the prompts, where a gate about the whole model was measured."""
    norm_sha256: LayerDigests | None = None
    """Digest of the norm that feeds the experts of these layers, where matrices are measured in the canonical
    parametrisation: it is folded into them."""
    stored_as: LayerTexts | None = None
    """How the expert matrices of these layers are quantised, and their nulls alike, where they are."""


class ControlRow(Table):
    name: str
    claim: str
    metric: str
    expected: Literal["MET", "KILLED", "INCONCLUSIVE"]
    obtained: Status
    median: float | None
    sound: bool | None
    """Null where the control did not run."""
    borderline: Borderline
    reason: str


class TrapRow(Table):
    name: str
    claim: str
    layer: Count
    metric: str
    observed: float | None
    sound: bool | None
    borderline: Borderline
    reason: str


class LayerOfGate(Table):
    layer: Count
    observed: float
    """The rule's statistic within the layer [-]."""
    reach: Range
    median: float
    """Of the metric over the layer's matrices, or over prompts [-]."""


class BestOfHaarDraws(Table):
    """The best of the registered Haar draws, per draw the mean lift over the gate's layers [-]."""

    tau: float
    draws: Annotated[Listed[float], Field(min_length=1)]
    margin: float | None
    observed_over_tau: float | None
    noise_over_tau: float | None
    """random x noise_fit, what the same search makes of noise, over tau."""


class NoiseFits(Table):
    gaussian: float
    spectral: float
    shuffled: float


class LayerOfDecomposition(Table):
    layer: Count
    lift: float
    random: float
    noise_fit: float
    structure: float
    nulls: NoiseFits


class DecompositionOfLift(Table):
    """lift = random x noise_fit x structure, geometric means over the layers [-]."""

    lift: float
    random: float
    noise_fit: float
    structure: float
    nulls: NoiseFits
    structure_interval: Range | None
    by_layer: Listed[LayerOfDecomposition]


class UnderAnotherMetric(Table):
    metric: str
    met: bool
    observed: float
    reach: Range
    borderline: Borderline
    median: float
    reference: float | None
    uninformative: bool
    """Structureless matrices of the same shapes meet the rule under this metric, so that it turns nothing."""


class FullScopeAhead(Table):
    """What an early checkpoint expects of all layers [-]."""

    interval: Range
    """Predictive interval of what the rule compares, over all layers."""
    passes: Share
    """Predictive probability that all layers together meet the rule."""


class EmptySubject(Table):
    nll: Annotated[float, Field(gt=0)]
    """Of the unquantised model, mean over prompts [nats] …"""
    interval: Range
    """… by a bootstrap over their sources, which does not end below …"""
    uniform: Annotated[float, Field(gt=0)]
    """… a uniform output [nats]."""


class NullSubjectAtGate(Table):
    """What the subject comes to without its structure."""

    met: Count
    """Draws that meet the rule."""
    observed: Annotated[Listed[float], Field(min_length=1)]
    """What the rule compares, of each registered draw [-]."""


class DomainRow(Table):
    domain: Text
    observed: float
    interval: Range | None
    """By a paired bootstrap over the sources of this domain; null where it has one."""
    prompts: Positive
    sources: Positive


class GateRow(Table):
    claim: str
    checkpoint: Positive
    """Number of layers pooled."""
    status: Status
    metric: str
    rule: str
    observed: float | None
    """What the rule compares [-]."""
    reach: Range | None
    """Of observed, were every value off by its registered tolerance: what a reproduction may obtain [-]."""
    threshold: float | None
    borderline: Borderline
    n: Count
    """Matrices pooled; of structure, layers; of inflation, prompts."""
    below: float | None
    """Of a share: the bound that matrices are counted under [-]; null under any other rule."""
    certified_count: Count | None
    """How many matrices are below the bound, if that is proven for every machine: the metric is an energy rank, and no
    matrix at a tie could be on either side. Else null."""
    median: float | None
    reference: float | None
    """The metric of a structureless matrix of the same shape [-]."""
    by_layer: Listed[LayerOfGate]
    interval: Range | None
    """Of what the rule compares. Of a share the credible interval of a hierarchical beta-binomial over layers like
    those read, of a mean Student's t over layers, of inflation a paired percentile bootstrap over the sources of
    prompts. Null where it was not measured, for the mean of a single layer, and where every layer was read: a census
    has no interval."""
    minimum_detectable_effect: float | None
    """By the noncentral t over layers, and over sources of prompts by the normal law [-]. Null where interval is, and
    where no layer differs from another."""
    census: bool
    """Every layer of the subject was pooled."""
    full_scope: FullScopeAhead | None
    """Of an early checkpoint; else null."""
    attainable: str
    """What theorems say of the threshold, before any weight is read."""
    tau: BestOfHaarDraws | None
    decomposition: DecompositionOfLift | None
    broken: Listed[str]
    """Cells whose learned rotations are not orthogonal."""
    sensitivity: Listed[UnderAnotherMetric]
    verdict_depends_on_metric: bool
    """Another estimator turns the status, one that noise of the same shapes does not meet."""
    empty: EmptySubject | None = None
    """Where the unquantised model knows no more of its prompts than a uniform output, so that the gate says nothing."""
    domains: Annotated[Listed[DomainRow], Field(min_length=1)] | None = None
    """Of a rule that must hold in each domain of the prompts: met where every interval ends at the threshold or below,
    missed where one begins above."""
    undecided: bool | None = None
    """Of such a rule: whether it is neither, so that the gate is INCONCLUSIVE."""
    null_subject: NullSubjectAtGate | None = None
    """Of a rung that asks for structure."""


class LayerOfProbe(Table):
    layer: Count
    beta: Numbers
    """On the weights, mean over the sample, by search."""
    noise: Numbers
    """On i.i.d. matrices of the same shapes, by search."""
    nulls: Numbers
    """The best landing on each null; empty where nulls were not searched."""
    best: str
    """The search that lands highest on the weights."""
    structure: float | None
    """The best landing on the weights over the best on the null that gains most [-]."""
    ceiling: float
    """Jensen's, of the lift: mean 1/beta(W)."""
    plateau_step: float
    agreement: float
    gain: float


class ProbeRow(Table):
    name: str
    claim: str
    conclusion: Literal["no structure beyond noise", "search unresolved", "structure found"]
    structure_interval: Range | None
    """Of the best landings, over layers [-]."""
    reasons: Annotated[Listed[str], Field(min_length=1)]
    recovered: Numbers
    """The least beta of each search on a planted optimum; empty where none was searched."""
    by_layer: Listed[LayerOfProbe]


class DamageOfVariant(Table):
    variant: str
    inflation: Annotated[float, Field(ge=-1)]
    interval: Range
    """Percentile bootstrap over the sources of prompts, paired."""
    by_start: Listed[float]
    """Inflation from each registered Haar start or draw; none where there is one."""
    scatter: Annotated[float, Field(ge=0)] | None
    """Standard deviation of by_start [-]."""
    nll: Annotated[float, Field(ge=0)]
    """[nats]"""
    kl: float
    """From the unquantised model [nats]; below 0 by rounding alone."""
    same_top: Share
    """Share of prompts where both models put the same token first."""
    overlap: Share
    """Share of chosen experts in common, behind the first quantised layer."""
    by_domain: Numbers
    """Inflation [-]."""


class QuantisedScope(Table):
    layers: Positive
    """Number of layers quantised."""
    variants: Annotated[Listed[DamageOfVariant], Field(min_length=1)]


class InflationAtLayer(Table):
    layer: Count
    upto: Numbers
    """Inflation with all layers up to this one quantised, by variant [-]."""
    alone: Numbers
    """The same with this layer alone."""


class Continuation(Table):
    """A prompt's id, and by name its text and how each model goes on."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str]

    id: str


class OneBitDamage(Table):
    """What one bit per weight does to first continuation tokens. Outside every verdict."""

    claim: str
    prompts: Positive
    sources: Positive | None
    nll: Annotated[float, Field(gt=0)]
    """Of the unquantised model [nats]."""
    uniform: Annotated[float, Field(gt=0)]
    """Of a uniform output [nats]."""
    experts_implementation: str
    scopes: Listed[QuantisedScope]
    by_layer: Annotated[Listed[InflationAtLayer], Field(min_length=1)]
    continuations: Listed[Continuation]


class DenseModel(Table):
    name: str
    source: str
    revision: str | None
    exploratory: bool
    """True where --dense-model named it in place of the registered one."""


class LayerOfSecondary(Table):
    layer: Count
    experts: float
    """Mean of the metric over the layer's expert matrices [-]."""
    dense: float
    """The same of the dense layer's three matrices [-]."""
    difference: float
    dense_sha256: Sha256


class SecondaryRow(Table):
    name: str
    claim: str
    """Whose measurements are the experts' side."""
    metric: Annotated[str, Field(pattern="^(relative|over_null)_")]
    dense: DenseModel
    conclusion: Literal["narrower", "not narrower", "unresolved"]
    difference: float
    """Mean over layers of experts minus dense [-]."""
    interval: Range
    """Student's t over layers."""
    layers_registered: Annotated[int, Field(ge=2)]
    """Layers that both models have; by_layer holds those measured on both sides."""
    by_layer: Annotated[Listed[LayerOfSecondary], Field(min_length=2)]


class BitsPerWeight(Table):
    gate_up: float
    down: float
    mean: float


class HaarLevels(Table):
    gate_up: float
    down: float


class ByteBudget(Table):
    """What shapes alone settle."""

    scope: Literal["per_matrix", "per_layer"]
    bits_per_weight: BitsPerWeight
    budget: float | None
    enforced: bool
    over_budget: bool
    haar_level: HaarLevels


class SuiteFault(Table):
    cell: str | None
    outcome: str
    message: str


def _recorded(value: object, levels: int = 3) -> bool:
    """What a run may have recorded of itself: short text and numbers, in tables or lists a few levels deep."""
    match value:
        case dict() | list() if levels > 0:
            inner = value.values() if isinstance(value, dict) else value
            return all(len(str(key)) <= LONGEST for key in value) and all(_recorded(one, levels - 1) for one in inner)
        case str():
            return len(value) <= LONGEST
    return value is None or isinstance(value, bool | int | float)


def _environment(table: dict[str, Any]) -> dict[str, Any]:
    """When a run ended is a time, of which a page shows the day."""
    if not _recorded(table) or not all(TIME.fullmatch(str(table[at])) for at in ("started", "ended") if at in table):
        raise ValueError
    return table


Environment = Annotated[dict[str, Any], AfterValidator(_environment)]


class RecordedByRun(Table):
    """What only the run itself knew: nothing else in the document has to be taken from it."""

    environment: Environment
    errors: Listed[SuiteFault]


class DecisionDocument(Table):
    """The verdict of one rung on one subject. The fields from rung to missing are the core, numbers at ten significant
    digits: core_sha256 digests them without reason, attainable and borderline, and is the same on one machine.
    outcome_sha256 digests of them only what every machine must come to. Everything else may differ between machines
    and runs."""

    model_config = ConfigDict(
        json_schema_extra={  # of what a document states alone: what it follows from, a reader rebuilds and compares
            "if": {"properties": {"verdict": {"const": "KILLED"}}},
            "then": {
                "properties": {"trigger": {"type": "string", "pattern": " threshold unmet at [0-9]+-layer checkpoint$"}}
            },
            "else": {"properties": {"trigger": {"type": "null"}, "after_kill": {"maxItems": 0}}},
        }
    )

    rung: Text
    verdict: Literal["SURVIVED", "KILLED", "INCONCLUSIVE", "INCOMPLETE", "VACUOUS"]
    round: Positive
    trigger: str | None
    """Generated from the layers at which the rule fired; null unless KILLED."""
    design: Positive
    draft: bool
    rule_sha256: Sha256
    subject: JudgedSubject
    gates: Listed[GateRow]
    controls: Listed[ControlRow]
    traps: Listed[TrapRow]
    missing: Listed[str]
    """Registered cells that the core's gates need and that have no measurement."""
    core_sha256: Sha256
    """Of the core as RFC 8785 JSON. Promised on one machine: with any number of workers, with -x or without, resumed or
    not."""
    outcome_sha256: Sha256
    """Promised on every machine: of verdict, trigger, rule and round, subject and its digests, missing cells, the
    status, n and certified_count of each gate, and what each control and trap came to. Not promised where a gate,
    control or trap is borderline."""
    after_kill: Listed[GateRow]
    """Exploratory: outside verdict, trigger and core."""
    not_measured: Listed[str]
    probes: Listed[ProbeRow]
    """Outside every verdict."""
    one_bit_damage: OneBitDamage | None
    """Null where nothing of it was measured."""
    secondaries: Listed[SecondaryRow]
    """Experts beside a dense model, for those registered that were measured on both sides. Outside every verdict."""
    prefilter: ByteBudget | None
    """Null where no rotation is registered."""
    deviations: Listed[str]
    measurements_sha256: Sha256 | None
    """Of the unpacked lines of the run's measurements.jsonl.gz; null where nothing was measured."""
    seal: dict[str, Any]
    environment: Environment
    errors: Listed[SuiteFault]
    schema_: Literal[7] = Field(alias="schema")


def faults(document: Mapping[str, Any], form: type[Table] = DecisionDocument) -> Iterator[str]:
    """The dotted key of everything in `document` that is missing or not of its type, or not to be shown on one line.

    A key that no type has is left to the comparison with what is rebuilt, which names it.
    """
    try:
        form(**document)
    except ValidationError as error:
        yield from (place(fault["loc"]) for fault in error.errors() if fault["type"] not in UNKNOWN)
    for key, value in document.items():
        if key not in PROSE:
            yield from unshowable(key, value)


def recorded_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """The same of what only the run itself knew, in a document of any schema."""
    return faults({key: document[key] for key in RecordedByRun.model_fields if key in document}, RecordedByRun)


def unshowable(at: str, value: object) -> Iterator[str]:
    """The dotted key of every text in `value` that is more than one printable line, or whose key is."""
    if isinstance(value, str) and not value.isprintable():
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        if not str(key).isprintable():
            yield at
        yield from unshowable(f"{at}.{key}" if isinstance(value, dict) else f"{at}[{key}]", one)
