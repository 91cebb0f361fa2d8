"""Would the subject meet its rules without its structure? What the registered draws of the null subject come to. Pure.

A rung that asks for *structure* measures, beside each layer, the same of matrices that have none. Each draw is a whole
subject: its layers are pooled and judged as the subject's are. Where most draws meet every rule of the rung, meeting
them says nothing, and a subject that does is VACUOUS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reports.prereg.measurement import Measurement


@dataclass(frozen=True)
class NullDraw:
    """What one draw of the null subject comes to at a gate."""

    observed: float  # what the rule compares [-]
    met: bool


def null_draws(
    metric: str, layers: Sequence[Measurement], apply: Callable[[Sequence[Measurement]], NullDraw]
) -> tuple[NullDraw, ...]:
    """`apply` on each draw's layers in place of the subject's; nothing where a layer was not measured beside its null.

    Raises `ValueError` for layers with unlike numbers of draws: a draw is of the whole subject.
    """
    by_layer = [layer.measured.null_draws(metric) for layer in layers]
    counts = {len(draws) for draws in by_layer}
    if len(counts) > 1:
        raise ValueError(f"{metric}: {min(counts)} and {max(counts)} draws of the null subject, expected one number")
    return tuple(
        apply([_in_place(metric, layer, values) for layer, values in zip(layers, draw, strict=True)])
        for draw in zip(*by_layer, strict=True)
    )


def meeting(draws: Sequence[NullDraw]) -> int:
    """How many of the draws meet the rule."""
    return sum(draw.met for draw in draws)


def by_most(count: int, draws: int) -> bool:
    """Whether `count` is more than half of `draws`."""
    return 2 * count > draws


def surviving_draws(gates: Sequence[Sequence[NullDraw]]) -> int:
    """How many draws meet the rule at every gate: those that survive as the subject would."""
    return sum(all(draw.met for draw in draws) for draws in zip(*gates, strict=True)) if gates else 0


def _in_place(metric: str, layer: Measurement, values: Sequence[float]) -> Measurement:
    measured = layer.measured
    own = replace(measured.samples[metric], values=tuple(values), noise=None, least=None, most=None)
    return replace(layer, measured=replace(measured, samples={metric: own}))
