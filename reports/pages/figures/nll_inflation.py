"""What one bit per weight does to the NLL of the first token: by depth, and by variant."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from reports.base.number_table import Table, Value
from reports.judge.decision import Decision
from reports.judge.gates import Measurements
from reports.judge.one_bit_damage import Damage, Depth, OneBitDamage
from reports.pages.figures.axes import Mark, draw_series, layer_axis, legend, level, upright
from reports.pages.figures.figure import Figure, Panel, layers_absent, nothing
from reports.pages.figures.theme import light
from reports.prereg.preregistration import Cell
from reports.prereg.rules import ClosingAtMost

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "inflation", "First-token NLL at one bit per weight, by depth and by variant"
ROW, FRAME = 0.2, 1.1  # inches of a row of dots, and of what is around them


def nll_inflation(decision: Decision, measurements: Measurements) -> Figure:
    """Inflation of the mean NLL by the layers quantised, and of each variant where a registered scope closes."""
    found = decision.one_bit_damage
    if found is None:
        return nothing(NAME, TITLE, "the model at one bit per weight")
    claim = decision.prereg.claim(found.claim)
    threshold = claim.rule.at_most if isinstance(claim.rule, ClosingAtMost) else None
    cells = [Cell("claim", claim.name, layer) for layer in decision.layers]
    measured = [cell for cell in cells if cell in measurements]
    return Figure(
        name=NAME,
        title=TITLE,
        reading=_reading(found, threshold),
        panels=(
            Panel(
                name="by_depth",
                title="quantised: all layers to here, or one",
                description="Inflation of the NLL with all layers up to each one quantised, and with that layer alone, "
                "for each basis.",
                draw=partial(_draw_depths, depths=found.depths, threshold=threshold),
                height=3.4,
            ),
            *(
                Panel(
                    name=f"scope_{layers}",
                    title=f"{layers} {'layers' if layers > 1 else 'layer'} quantised, by variant",
                    description=f"Inflation of each variant with {layers} layers quantised, with bootstrap intervals.",
                    draw=partial(_draw_scope, damages=damages, threshold=threshold),
                    height=FRAME + ROW * len(damages),
                )
                for layers, damages in found.scopes
            ),
        ),
        tables=(_depth_table(found.depths), *(_scope_table(layers, damages) for layers, damages in found.scopes)),
        absent=layers_absent(cells, measured),
    )


def _reading(found: OneBitDamage, threshold: float | None) -> str:
    said = f"Unquantised, the model has {found.nll:.3f} nats over {found.prompts} prompts (uniform {found.uniform:.3f})"
    if not found.scopes:
        return f"{said}."
    layers, damages = found.scopes[-1]
    registered = next((damage for damage in damages if damage.variant == "learned"), damages[0])
    said += f"; {layers} layers at one bit inflate it by {_told(registered)}"
    said += "" if threshold is None else f" where at most {threshold:.0%} is asked for"
    low, high = (choose(damages, key=lambda damage: damage.inflation) for choose in (min, max))
    return f"{said}, and the variants lie between {_told(low)} and {_told(high)}."


def _told(damage: Damage) -> str:
    return f"{damage.inflation:+.1%} ({damage.variant.replace('_', ' ')})"


def _depth_table(depths: Sequence[Depth]) -> Table:
    variants = _variants(depths)
    return Table(
        caption="Inflation of the mean NLL, all layers up to this one quantised, and this one alone",
        columns=(
            "layer",
            *(f"{variant}, up to here" for variant in variants),
            *(f"{variant}, alone" for variant in variants),
        ),
        rows=tuple(
            (
                depth.layer,
                *(depth.upto.get(variant) for variant in variants),
                *(depth.alone.get(variant) for variant in variants),
            )
            for depth in depths
        ),
        unit="-",
    )


def _scope_table(layers: int, damages: Sequence[Damage]) -> Table:
    domains = list(dict.fromkeys(domain for damage in damages for domain in damage.by_domain))
    rows: list[tuple[Value, ...]] = [
        (
            damage.variant.replace("_", " "),
            damage.inflation,
            *damage.interval,
            damage.scatter,
            damage.nll,
            damage.kl,
            damage.same_top,
            damage.overlap,
            *(damage.by_domain.get(domain) for domain in domains),
        )
        for damage in damages
    ]
    return Table(
        caption=f"{layers} layers quantised: inflation with its interval over sources of prompts and its standard "
        "deviation between Haar starts, NLL and KL, shares of first tokens and of routed experts kept, inflation by "
        "domain",
        columns=(
            "variant",
            "inflation",
            "from",
            "to",
            "SD of starts",
            "NLL [nats]",
            "KL [nats]",
            "same token",
            "same experts",
            *domains,
        ),
        rows=tuple(rows),
        unit="-",
    )


def _variants(depths: Sequence[Depth]) -> list[str]:
    return list(dict.fromkeys(variant for depth in depths for variant in depth.upto))


def _draw_depths(axes: "Axes", depths: Sequence[Depth], threshold: float | None) -> None:
    at, series = [depth.layer for depth in depths], {}
    for variant in _variants(depths):
        series[f"{variant}, up to here"] = [_percent(depth.upto.get(variant)) for depth in depths]
    for variant in _variants(depths):
        series[f"{variant}, alone"] = [_percent(depth.alone.get(variant)) for depth in depths]
    axes.axhline(0.0, color=light("quiet"), linewidth=0.9)
    draw_series(axes, at, series)
    if threshold is not None:
        axes.set_ylim(top=max(axes.get_ylim()[1], 115.0 * threshold))
        level(axes, Mark(100.0 * threshold, f"threshold {threshold:.0%}"), above=True, right=False)
    layer_axis(axes, at)
    axes.set_ylabel("inflation of the NLL [%]")
    legend(axes)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _draw_scope(axes: "Axes", damages: Sequence[Damage], threshold: float | None) -> None:
    rows = range(len(damages))
    found = [100.0 * damage.inflation for damage in damages]
    lows, highs = [100.0 * damage.interval[0] for damage in damages], [100.0 * damage.interval[1] for damage in damages]
    axes.axvline(0.0, color=light("quiet"), linewidth=0.9)
    axes.hlines(rows, lows, highs, color=light("blue"), linewidth=1.4)
    axes.plot(found, rows, color=light("blue"), marker="o", linestyle="none")
    axes.margins(x=0.06)
    if threshold is not None:
        upright(axes, Mark(100.0 * threshold, f"threshold {threshold:.0%}"))
    names = [f"{damage.variant.replace('_', ' ')} {damage.inflation:+.1%}" for damage in damages]
    axes.set_yticks(rows, names)
    axes.set_ylim(len(damages) - 0.5, -1.2)
    axes.set_xlabel("NLL inflation and its interval [%]")
