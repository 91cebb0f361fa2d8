"""What the lift is made of at the widest gate that was decomposed, and what τ is worth."""

from kernels.closed_forms.lift_decomposition import Decomposition
from reports.base.number_table import Table
from reports.judge.gates import GateOutcome
from reports.pages.section import Bullets, Section, Told

ORDER = 40
SAID = (
    "lift = random × noise fit × structure [-], on the registered sample: what a Haar rotation does, what the same "
    "search gains on noise (the largest of three nulls), and the rest."
)


def section(told: Told) -> Section | None:
    """The factors by layer; a terminal shows the lines of every gate."""
    found = [outcome for outcome in told.decision.gates if outcome.decompositions]
    if not found:
        return None
    outcome = found[-1]
    layers = zip(outcome.gate.layers, outcome.decompositions, strict=True)
    rows = [(layer, *_factors(factors)) for layer, factors in layers]
    nulls = (f"noise fit, {null}" for null in outcome.decompositions[0].nulls)
    columns = ("layer", "lift", "random", "noise fit", "structure", *nulls)
    whole = outcome.decomposition
    every = () if whole is None else (("all (geometric means)", *_factors(whole)),)
    lines = tuple(line for one in found[:-1] for line in lift_lines(one))
    return Section(
        "What the lift is made of",
        (
            SAID,
            Table("Factors of the lift by layer", columns, (*rows, *every), unit="-"),
            Bullets(tuple(lift_lines(outcome))),
        ),
        lines=(*lines, *lift_lines(outcome)),
        details=lines,
    )


def lift_lines(outcome: GateOutcome) -> list[str]:
    """What a gate's lift is made of, and what beating the best random draw is worth."""
    factors, interval, rule = outcome.decomposition, outcome.structure_interval, outcome.rule
    if factors is None or interval is None or rule is None:
        return []
    lines = [
        f"{outcome.gate.id}: lift {factors.lift:.3f} = random {factors.random:.3f} × noise fit "
        f"{factors.noise_fit:.3f} × structure {factors.structure:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"
    ]
    margin = getattr(outcome.gate.claim.rule, "over_tau", None)
    if margin is not None and rule.tau is not None:
        over = factors.random * factors.noise_fit / rule.tau - 1.0
        worth = "guards nothing" if over > margin else "is more than noise gains"
        lines.append(
            f"τ {rule.tau:.3f}, best of {len(rule.draws)} Haar draws: what the search gains on noise beats it by "
            f"{over:.0%}, so the registered margin of {margin:.0%} {worth}"
        )
    return lines


def _factors(factors: Decomposition) -> tuple[float, ...]:
    return (factors.lift, factors.random, factors.noise_fit, factors.structure, *factors.nulls.values())
