"""The parts of a preregistration that are about rotations: how they are learned, their traps, probe and byte budget."""

from collections.abc import Iterable, Sequence
from typing import cast

from reports.base.by_file_name import file_names
from reports.base.errors import BadInput
from reports.parsing.table import Table
from reports.prereg.measures import metrics_for
from reports.prereg.preregistration import Control, Graduated, Prefilter, Probe, RAdam, Rotations, Scope, Subject, Trap
from reports.prereg.rules import AtLevel, ClosingAbove, LargestAtMost, MeanAtMost, TrapRule

NULLS = ("gaussian", "spectral", "shuffled")  # every rule has these, so that none can be left out where it gains most
PRECISIONS = ("float32", "float64")
CHARTS = ("orth_rebased",)  # R orth(I + A), A back to 0 after each step: kernels/searches/radam.py
ITERATES = ("best",)
LARGEST_DECAY = 1.0 - 1e-9
MOST_STEPS = 1_000_000
MOST_DRAWS = 10_000
SMALLEST_STEP = 1e-12
TRAPS = ("at_level", "mean_at_most", "largest_at_most", "closing_above")
OF_MODEL = ("largest_at_most", "closing_above")


def optimisers() -> tuple[str, ...]:
    """Every search: a file of `kernels/searches/`."""
    return file_names("kernels.searches")


def parse_rotations(table: Table, subject: Subject) -> Rotations:
    table.only(
        ("scope", "optimiser", "steps", "iterate", "precision", "null_precision", "start_seed", "draws", "draw_seed",
         "nulls", "null_experts", "gaussian_draws", "null_seed", "rotation_bits", "scale_bits"),
        ("radam", "graduated"),
    )  # fmt: skip
    return Rotations(
        scope=cast(Scope, table.choice("scope", ("per_matrix", "per_layer"))),
        optimiser=table.choice("optimiser", optimisers()),
        steps=table.integer("steps", 1, MOST_STEPS),
        iterate=table.choice("iterate", ITERATES),
        precision=table.choice("precision", PRECISIONS),
        null_precision=table.choice("null_precision", PRECISIONS),
        start_seed=table.integer("start_seed", 0),
        draws=table.integer("draws", 1, MOST_DRAWS),
        draw_seed=table.integer("draw_seed", 0),
        nulls=_nulls(table),
        null_experts=table.integer("null_experts", 1, subject.experts),
        gaussian_draws=table.integer("gaussian_draws", 1, MOST_DRAWS),
        null_seed=table.integer("null_seed", 0),
        rotation_bits=table.integer("rotation_bits", 1, 64),
        scale_bits=table.integer("scale_bits", 1, 64),
        radam=_radam(table.table("radam")) if table.has("radam") else None,
        graduated=_graduated(table.table("graduated")) if table.has("graduated") else None,
    )


def _radam(table: Table) -> RAdam:
    table.only(("step_size", "schedule", "chart", "moment_decay", "epsilon"))
    return RAdam(
        step_size=table.number("step_size", SMALLEST_STEP),
        schedule=table.choice("schedule", ("constant", "cosine")),
        chart=table.choice("chart", CHARTS),
        moment_decay=_moment_decay(table),
        epsilon=table.number("epsilon", 0.0, 1.0),
    )


def _graduated(table: Table) -> Graduated:
    table.only(("step_length", "momentum", "smoothing"))
    return Graduated(
        step_length=table.number("step_length", SMALLEST_STEP),
        momentum=table.number("momentum", 0.0, LARGEST_DECAY),
        smoothing=table.number("smoothing", SMALLEST_STEP),
    )


def require_settings(table: Table, rotations: Rotations, used: Iterable[str]) -> None:
    """`BadInput` where one of the searches that are `used` has no table of settings."""
    used = frozenset(used)
    for name, settings in (("radam", rotations.radam), ("graduated", rotations.graduated)):
        if name in used and settings is None:
            raise BadInput(f"{table.where}: rotations.{name}: missing, expected the settings of that search; add them")


def _moment_decay(table: Table) -> tuple[float, float]:
    decays = table.numbers("moment_decay", 0.0, LARGEST_DECAY)
    if len(decays) != 2:  # noqa: PLR2004
        table.refuse("moment_decay", list(decays), "two numbers, for the first and the second moment")
    return decays[0], decays[1]


def _nulls(table: Table) -> tuple[str, ...]:
    """The three that every rule has, and others."""
    nulls = table.choices("nulls", file_names("kernels.nulls"))
    if not set(nulls) >= set(NULLS):
        table.refuse("nulls", list(nulls), f"all of {', '.join(NULLS)}")
    return nulls


def parse_trap(table: Table, claims: Sequence[str], whole: Sequence[str]) -> Trap:
    """`whole` are those of `claims` that are about the whole model, to which traps that run it belong."""
    table.only(("rule",), [key for key in table.values if key != "rule"])
    kind = table.choice("rule", TRAPS)
    common = ("name", "claim", "rule", "metric")
    if kind == "at_level":
        table.only((*common, "within"), ("lift_below",))
    elif kind == "closing_above":
        table.only((*common, "above"))
    else:
        table.only((*common, "at_most"))
    metric = table.choice("metric", metrics_for(kind))
    rule: TrapRule
    if kind == "at_level":
        rule = AtLevel(
            metric,
            within=table.number("within", 0.0),
            lift_below=table.number("lift_below", 0.0) if table.has("lift_below") else None,
        )
    elif kind == "closing_above":
        rule = ClosingAbove(metric, above=table.number("above"))
    elif kind == "largest_at_most":
        rule = LargestAtMost(metric, at_most=table.number("at_most", 0.0))
    else:
        rule = MeanAtMost(metric, at_most=table.number("at_most"))
    claim = table.choice("claim", claims)
    if kind in OF_MODEL and claim not in whole:
        table.refuse("claim", claim, "a claim about the whole model, which this trap runs")
    return Trap(name=table.identifier("name"), claim=claim, rule=rule)


def parse_probe(table: Table, claims: Sequence[str], controls: Sequence[Control]) -> Probe:
    table.only(
        ("name", "claim", "procrustes_steps", "annealed_steps", "momentum_steps", "budget_factor", "agree_within",
         "gain_at_most", "band", "recoveries"),
    )  # fmt: skip
    claim = table.choice("claim", claims)
    landing = [control.name for control in controls if control.claim == claim and control.landing_at_least is not None]
    recoveries = table.choices("recoveries", landing)
    if not recoveries:
        table.refuse("recoveries", [], "at least one of the claim's controls that have landing_at_least")
    return Probe(
        name=table.identifier("name"),
        claim=claim,
        procrustes_steps=table.integer("procrustes_steps", 1, MOST_STEPS),
        annealed_steps=table.integer("annealed_steps", 1, MOST_STEPS),
        momentum_steps=table.integer("momentum_steps", 1, MOST_STEPS),
        budget_factor=table.integer("budget_factor", 2, 1000),
        agree_within=table.share("agree_within"),
        gain_at_most=table.share("gain_at_most"),
        band=table.share("band"),
        recoveries=recoveries,
    )


def parse_prefilter(table: Table) -> Prefilter:
    table.only(("bits_per_weight", "enforced"))
    return Prefilter(bits_per_weight=table.number("bits_per_weight", 0.0), enforced=table.boolean("enforced"))
