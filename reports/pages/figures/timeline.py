"""The gates in the order in which they are judged: what each read, what came out, and where the verdict fell."""

from functools import partial
from typing import TYPE_CHECKING

from reports.base.number_table import Table
from reports.judge.decision import Decision
from reports.judge.gates import GateOutcome
from reports.pages.figures.figure import Figure, Panel
from reports.pages.figures.theme import light

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, TITLE = "gates", "The gates in the order in which they were judged"
ROW, FRAME = 0.46, 0.75  # inches of a gate, and of what is around them
SIZE, FITTING = 7.5, 52  # of a gate's line [pt], and the bold letters of that size that a panel's width holds
LOOKS = {  # colour and hatch by status
    "KILLED": ("red", "////"),
    "MET": ("green", ""),
    "INCONCLUSIVE": ("purple", "xxxx"),
    "NOT_RUN": ("quiet", "...."),
}


def timeline(decision: Decision) -> Figure:
    """A bar per gate, as long as the layers that it pools."""
    return Figure(
        name=NAME,
        title=TITLE,
        reading=_reading(decision),
        panels=(
            Panel(
                name="timeline",
                title="layers pooled by each gate, first gate on top",
                description="; ".join(f"{outcome.gate.id}: {_said(decision, outcome)}" for outcome in decision.gates),
                draw=partial(_draw, decision=decision),
                height=FRAME + ROW * len(decision.gates),
            ),
        ),
        tables=(
            Table(
                caption="Gates in order, with what each observed and its interval",
                columns=("gate", "layers", "status", "observed", "threshold", "from", "to", "n", "after the kill"),
                rows=tuple(
                    (
                        outcome.gate.id,
                        len(outcome.gate.layers),
                        outcome.status,
                        None if outcome.rule is None else outcome.rule.observed,
                        None if outcome.rule is None else outcome.rule.threshold,
                        *(outcome.interval or (None, None)),
                        0 if outcome.rule is None else outcome.rule.n,
                        "yes" if outcome in decision.exploratory_gates else "no",
                    )
                    for outcome in decision.gates
                ),
                unit="-",
            ),
        ),
    )


def _reading(decision: Decision) -> str:
    if decision.killed_at is not None:
        killer, after = decision.gates[decision.killed_at], len(decision.exploratory_gates)
        judged = f"; {after} {'gate' if after == 1 else 'gates'} after it {'is' if after == 1 else 'are'} exploratory"
        fell = f"The verdict fell at {killer.gate.id}, gate {decision.killed_at + 1} of {len(decision.gates)}"
        return f"{fell}{judged if after else ''}."
    waiting = sum(outcome.status == "NOT_RUN" for outcome in decision.gates)
    return f"No gate was killed; {waiting} of {len(decision.gates)} gates were not judged."


def _said(decision: Decision, outcome: GateOutcome) -> str:
    rule = outcome.rule
    text = outcome.status.replace("_", " ")
    if rule is not None:
        text += f" {rule.observed:.3f}, asked {rule.threshold:g}"
    return f"{text}, after the kill" if outcome in decision.exploratory_gates else text


def _draw(axes: "Axes", decision: Decision) -> None:
    most = max((len(outcome.gate.layers) for outcome in decision.gates), default=1)
    for row, outcome in enumerate(decision.gates):
        colour, hatch = LOOKS[outcome.status]
        outside = outcome in decision.exploratory_gates
        axes.barh(
            row + 0.14,
            len(outcome.gate.layers),
            height=0.3,
            facecolor="none" if outside or hatch else light(colour),
            edgecolor=light(colour),
            hatch=hatch,
            linestyle=":" if outside else "-",
            linewidth=1.2,
        )
        line = f"{outcome.gate.id}: {_said(decision, outcome)}{', the verdict' if row == decision.killed_at else ''}"
        axes.annotate(
            line,
            (0.0, row - 0.1),
            (0, 1),
            textcoords="offset points",
            va="bottom",
            fontsize=SIZE * min(1.0, FITTING / len(line)),
            color=light("ink"),
            fontweight="bold" if row == decision.killed_at else "normal",
            annotation_clip=False,
        )
    if decision.killed_at is not None:
        axes.axhline(decision.killed_at + 0.42, color=light("red"), linewidth=1.2)
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, most)
    axes.set_xticks(sorted({0, *(len(outcome.gate.layers) for outcome in decision.gates)}))
    axes.set_ylim(len(decision.gates) - 0.5, -0.55)
    axes.set_xlabel("layers pooled")
