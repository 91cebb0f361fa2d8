"""Inflation of the NLL in each domain of the prompts: by depth, and by what was done where a scope closes."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from reports.base.number_table import Table, Value
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell, Claim
from reports.prereg.rules import EachDomainAtMost

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BESIDE = "inflation_beside"


def domain_inflation(decision: Decision, claim: Claim, measurements: Measurements) -> Figure:
    """Of the claim's metric with all layers up to each one changed; and of what was measured beside it."""
    name, title = f"{claim.name}_by_domain", f"{claim.label}, by depth and domain"
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    found = {cell.layer: measurements[cell] for cell in cells if cell in measurements and cell.layer is not None}
    if not found:
        return nothing(name, title, claim.label)
    threshold = claim.rule.at_most if isinstance(claim.rule, EachDomainAtMost) else None
    last = found[max(found)]
    largest = max(last.measured.samples[claim.rule.metric])
    said = f"With the layers up to {max(found)} changed, the NLL rises by at most {largest:.1%} in any domain"
    by = {layer: _by_domain(one, claim.rule.metric) for layer, one in found.items()}
    return Figure(
        name=name,
        title=title,
        reading=said + ("." if threshold is None else f"; {threshold:.0%} is allowed in each."),
        panels=(
            Panel(
                name="by_depth",
                title="changed: all layers to here",
                description="Inflation of the NLL in each domain with all layers up to each one changed.",
                draw=partial(_draw, by=by, threshold=threshold),
                height=3.4,
            ),
        ),
        tables=(_depth_table(by), *(_beside_table(layer, one) for layer, one in found.items() if _has_beside(one))),
        absent=layers_absent(cells, [Cell("claim", claim.name, layer) for layer in found]),
    )


def _by_domain(measurement: Measurement, metric: str) -> dict[str, float]:
    measured = measurement.measured
    return dict(zip(measured.axes["domain"], measured.samples[metric], strict=True))


def _has_beside(measurement: Measurement) -> bool:
    return BESIDE in measurement.measured.samples


def _domains(by: Mapping[int, Mapping[str, float]]) -> list[str]:
    return list(dict.fromkeys(domain for values in by.values() for domain in values))


def _depth_table(by: Mapping[int, Mapping[str, float]]) -> Table:
    rows: list[tuple[Value, ...]] = [(layer, *values.values()) for layer, values in by.items()]
    return Table("Inflation [-] with all layers up to this one changed", ("layer", *_domains(by)), tuple(rows))


def _beside_table(layer: int, measurement: Measurement) -> Table:
    measured = measurement.measured
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (variant, *values) for variant, values in measured.along(BESIDE, "variant").items()
    )
    return Table(
        f"Beside it, with the layers up to {layer}: inflation [-]", ("variant", *measured.axes["domain"]), rows
    )


def _draw(axes: "Axes", by: Mapping[int, Mapping[str, float]], threshold: float | None) -> None:
    at: Sequence[int] = list(by)
    series = {domain: [100.0 * values[domain] for values in by.values()] for domain in _domains(by)}
    axes.axhline(0.0, color=light("quiet"), linewidth=0.9)
    draw_series(axes, at, series)
    if threshold is not None:
        axes.set_ylim(top=max(axes.get_ylim()[1], 115.0 * threshold))
        level(axes, Mark(100.0 * threshold, f"threshold {threshold:.0%}"), above=True, right=False)
    layer_axis(axes, at)
    axes.set_ylabel("inflation of the NLL [%]")
    legend(axes)
