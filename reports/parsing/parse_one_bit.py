"""The parts of a preregistration that are about the whole model at one bit: the quantiser, and models as controls."""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from reports.base.errors import BadInput
from reports.parsing.parse_rotations import optimisers
from reports.parsing.table import Table
from reports.prereg.preregistration import Basis, Claim, ControlModel, OneBit, Subject

DTYPES = ("float32", "bfloat16")
ROW_SCALES = ("least_squares",)  # the others are variants: kernels/gauge/one_bit.py
MOST_PROMPTS = 100_000
MOST_TOKENS = 10_000_000
MOST_STARTS = 1000
LARGEST_SCALE = 1e3
LARGEST_NLL = 100.0  # nats


def parse_one_bit(table: Table, subject: Subject, claims: Sequence[Claim]) -> OneBit:
    table.only(
        ("dtype", "row_scale", "best_of", "starts", "scopes", "batch_tokens", "continuations", "continuation_tokens"),
    )
    best_of = table.choices("best_of", optimisers())
    best = any("inflation_best" in claim.sensitivity for claim in claims)
    if best and not best_of:
        table.refuse("best_of", [], "at least one optimiser, since inflation_best is a claim's sensitivity")
    return OneBit(
        dtype=table.choice("dtype", DTYPES),
        row_scale=table.choice("row_scale", ROW_SCALES),
        best_of=best_of,
        starts=table.integer("starts", 1, MOST_STARTS),
        scopes=_scopes(table, subject.layers, claims),
        batch_tokens=table.integer("batch_tokens", 1, MOST_TOKENS),
        continuations=table.integer("continuations", 0, MOST_PROMPTS),
        continuation_tokens=table.integer("continuation_tokens", 1, 10_000),
    )


def parse_model(table: Table, experts: int) -> ControlModel:
    """The table `[controls.model]` of a control that has `experts` per layer."""
    table.only(
        ("layers", "experts_per_token", "heads", "vocab_size", "scale", "prompts", "prompt_tokens", "nll",
         "nll_tolerance", "basis"),
    )  # fmt: skip
    scale = table.number("scale", 0.0, LARGEST_SCALE)
    if scale == 0.0:
        table.refuse("scale", scale, f"a standard deviation above 0, at most {LARGEST_SCALE:g}")
    return ControlModel(
        layers=table.integer("layers", 1, 1000),
        experts_per_token=table.integer("experts_per_token", 1, experts),
        heads=table.integer("heads", 1, 1000),
        vocab_size=table.integer("vocab_size", 4, MOST_TOKENS),
        scale=scale,
        prompts=table.integer("prompts", 2, MOST_PROMPTS),
        prompt_tokens=table.integer("prompt_tokens", 1, 10_000),
        nll=table.number("nll", 0.0, LARGEST_NLL),
        nll_tolerance=table.number("nll_tolerance", 0.0, LARGEST_NLL),
        basis=cast(Basis, table.choice("basis", ("learned", "unrotated"))),
    )


def parse_order(table: Table, layers: int) -> tuple[int, ...]:
    """Layers whose cells run first, each once."""
    order = table.integers("order", 0, layers - 1)
    if len(set(order)) != len(order):
        table.refuse("order", list(order), "every layer at most once")
    return order


def _scopes(table: Table, layers: int, claims: Sequence[Claim]) -> tuple[int, ...]:
    scopes: Sequence[int] = table.integers("scopes", 1, layers)
    if not scopes or any(later <= earlier for earlier, later in pairwise(scopes)):
        raise BadInput(
            f"{table.where}: {table.key('scopes')}: obtained {list(scopes)}, expected numbers of layers in ascending "
            f"order, at most {layers}"
        )
    needed = {count for claim in claims if claim.of_model and claim.sensitivity for count in claim.checkpoints}
    if not needed <= set(scopes):
        table.refuse("scopes", list(scopes), f"{sorted(needed)} among them, where a claim's sensitivity is judged")
    return tuple(scopes)
