"""Where each search lands, and what may be concluded from it."""

from reports.base.number_table import Table
from reports.judge.probe_outcome import FAMILIES, ProbeOutcome
from reports.pages.section import Part, Section, Told

ORDER = 50
LONG = (
    "`graduated` takes long steps, in as many as `momentum`: those that are registered, or where none are, those that "
    "the search's own file tells"
)


def section(told: Told) -> Section | None:
    """A table for each probe that could be concluded."""
    parts: list[Part] = []
    for outcome in told.decision.probes:
        parts.append(f"`{outcome.probe.name}`: {concluded(outcome, mark='**')}. Mean β on the sample [-]:")
        parts += [landings(outcome), *([on_nulls(outcome)] if outcome.structure_interval is not None else [])]
        if outcome.recovered:
            least = ", ".join(f"{_name(family)} {beta:.4f}" for family, beta in outcome.recovered.items())
            parts.append(f"The least β on a planted optimum, where 1 can be reached: {least}. {LONG}.")
    lines = tuple(f"{outcome.probe.name}: {concluded(outcome)}" for outcome in told.decision.probes)
    return Section("Search or structure", tuple(parts), lines) if parts else None


def landings(outcome: ProbeOutcome) -> Table:
    """Where each search lands on the weights."""
    families = [family for family in FAMILIES if all(family in layer.betas for layer in outcome.layers)]
    rows = tuple(
        (layer.layer, *(layer.betas[family] for family in families), layer.plateau_step, layer.ceiling)
        for layer in outcome.layers
    )
    columns = ("layer", *map(_name, families), "plateau step", "lift at most")
    return Table(
        "Mean β of each search by layer", columns, rows, {"plateau step": ".0f"}, "-", {"plateau step": "steps"}
    )


def on_nulls(outcome: ProbeOutcome) -> Table:
    """The best landings, on the weights and on each null, and what they leave."""
    nulls = tuple(outcome.layers[0].nulls)
    rows = tuple(
        (
            layer.layer,
            _name(layer.best),
            layer.betas[layer.best],
            *(layer.nulls[null] for null in nulls),
            layer.structure,
        )
        for layer in outcome.layers
    )
    columns = ("layer", "best search", "weights", *nulls, "structure")
    return Table("Best landing on the weights and on nulls of their shapes", columns, rows, unit="-")


def _name(family: str) -> str:
    return family.replace("_", " ")


def concluded(outcome: ProbeOutcome, mark: str = "") -> str:
    """The conclusion, between two of `mark`, and what it rests on."""
    return f"{mark}{outcome.conclusion}{mark} ({'; '.join(outcome.reasons)})"
