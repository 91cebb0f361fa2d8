"""The verdict: a pure function of preregistration and measurements; `reports/judge/document.py` states it as JSON.

Everything up to the rung's first kill is the *core*; what ran after the kill is exploratory and is reported apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.judge.gates import GateOutcome, Measurements, judge_gates
from reports.judge.instruments import ControlOutcome, TrapOutcome
from reports.judge.one_bit_damage import OneBitDamage, one_bit_damage
from reports.judge.probe_outcome import ProbeOutcome, conclude_probe
from reports.judge.secondary import SecondaryOutcome, conclude_secondary
from reports.judge.spread.null_subject import by_most, surviving_draws
from reports.prereg.known_metrics import counted_by
from reports.prereg.preregistration import Cell, Preregistration, Verdict, registered_cells, running_order
from reports.prereg.rules import ClosingAtMost, EachDomainAtMost, Rule, ShareAtMost, ShareBelow


@dataclass(frozen=True)
class Decision:
    prereg: Preregistration
    layers: tuple[int, ...]  # those of the subject that have experts
    verdict: Verdict
    trigger: str | None
    gates: tuple[GateOutcome, ...]  # all of them, in registered order
    killed_at: int | None  # index into `gates` of the first kill
    missing: tuple[Cell, ...]  # registered cells without a measurement
    unprobed: tuple[Cell, ...]  # cells of probes and secondaries without one
    probes: tuple[ProbeOutcome, ...]  # those that could be concluded
    secondaries: tuple[SecondaryOutcome, ...]  # as above
    layer_sha256: Mapping[int, str]  # of every layer that the core rests on
    one_bit_damage: OneBitDamage | None  # what one bit does to the model, outside the verdict
    model_sha256: str | None  # of weights and prompts, where the core rests on a claim about the whole model
    norm_sha256: Mapping[int, str]  # of the norm folded into the matrices of these layers, where one is
    stored_as: Mapping[int, str]  # how the matrices of these layers are quantised, where they are

    @property
    def core_gates(self) -> tuple[GateOutcome, ...]:
        """The gates that the verdict rests on: all, or those up to the first kill."""
        return self.gates if self.killed_at is None else self.gates[: self.killed_at + 1]

    @property
    def overtaken(self) -> Cell | None:
        """The first cell that was not measured though it is registered before the last one that the trigger rests on.

        A run in registered order has none. One in another order, or of a part of the cells, may have ended at another
        trigger than the first: its kill is real, but it is not a verdict to publish.
        """
        if self.killed_at is None:
            return None
        order = registered_cells(self.prereg, self.layers)
        needed, missing = frozenset(self.gates[self.killed_at].gate.cells), frozenset(self.missing)
        closing = max(index for index, cell in enumerate(order) if cell in needed)
        return next((cell for cell in order[:closing] if cell in missing), None)

    @property
    def undecided(self) -> tuple[GateOutcome, ...]:
        """The gates that are INCONCLUSIVE with every instrument sound, where that is so of all that are."""
        found = [outcome for outcome in self.gates if outcome.status == "INCONCLUSIVE"]
        return tuple(found) if all(outcome.undecided is not None for outcome in found) else ()

    @property
    def exploratory_gates(self) -> tuple[GateOutcome, ...]:
        return () if self.killed_at is None else self.gates[self.killed_at + 1 :]


def decide(prereg: Preregistration, layers: Sequence[int], measurements: Measurements) -> Decision:
    """KILLED if a gate with sound controls is killed; else INCONCLUSIVE; else INCOMPLETE if a registered cell is
    missing; else VACUOUS if the rung asks for structure and most draws of the null subject meet every rule as well;
    else SURVIVED. `layers` are the subject's layers that have experts, ascending.

    A gate that is killed has its controls and all of its layers, so nothing that is missing elsewhere can undo it.
    """
    outcomes = judge_gates(prereg, layers, measurements)
    statuses = [outcome.status for outcome in outcomes]
    missing = tuple(cell for cell in registered_cells(prereg, layers) if cell not in measurements)
    killed_at = statuses.index("KILLED") if "KILLED" in statuses else None
    core = outcomes if killed_at is None else outcomes[: killed_at + 1]
    needed = [cell for outcome in core for cell in outcome.gate.cells if cell in measurements]
    verdict: Verdict
    if killed_at is not None:
        verdict = "KILLED"
    elif "INCONCLUSIVE" in statuses:
        verdict = "INCONCLUSIVE"
    elif missing:
        verdict = "INCOMPLETE"
    elif _vacuous(prereg, outcomes):
        verdict = "VACUOUS"
    else:
        verdict = "SURVIVED"
    return Decision(
        prereg=prereg,
        layers=tuple(layers),
        verdict=verdict,
        trigger=None if killed_at is None else trigger(outcomes[killed_at]),
        gates=outcomes,
        killed_at=killed_at,
        missing=missing,
        unprobed=tuple(
            cell
            for cell in running_order(prereg, layers)
            if cell.kind in ("probe", "secondary") and cell not in measurements
        ),
        probes=tuple(
            concluded
            for probe in prereg.probes
            if (concluded := conclude_probe(probe, outcomes, measurements, prereg.interval)) is not None
        ),
        secondaries=tuple(
            compared
            for secondary in prereg.secondaries
            if (compared := conclude_secondary(secondary, prereg, layers, measurements)) is not None
        ),
        layer_sha256={
            cell.layer: measurements[cell].tensors_sha256
            for cell in needed
            if cell.layer is not None and measurements[cell].of == "layer"
        },
        one_bit_damage=one_bit_damage(prereg, layers, measurements),
        model_sha256=next(
            (measurements[cell].tensors_sha256 for cell in needed if measurements[cell].of == "model"), None
        ),
        norm_sha256={
            cell.layer: norm
            for cell in needed
            if cell.layer is not None
            and measurements[cell].of == "layer"
            and (norm := measurements[cell].norm_sha256) is not None
        },
        stored_as={
            cell.layer: stored
            for cell in needed
            if cell.layer is not None
            and measurements[cell].of == "layer"
            and (stored := measurements[cell].stored_as) is not None
        },
    )


def _vacuous(prereg: Preregistration, outcomes: Sequence[GateOutcome]) -> bool:
    null = prereg.null_subject
    return null is not None and by_most(surviving_draws([outcome.null for outcome in outcomes]), null.draws)


def trigger(outcome: GateOutcome) -> str:
    """The source's wording, generated from the layers at which the rule fired."""
    return f"{outcome.gate.claim.label} threshold unmet at {len(outcome.gate.layers)}-layer checkpoint"


def rule_text(rule: Rule, cut_off: float | None = None) -> str:
    """The registered rule in one line, as messages and artefacts print it; at an early checkpoint its `cut_off`."""
    match rule:
        case ShareBelow() | ShareAtMost() if cut_off is not None:
            share = f"more than {cut_off:.0%} of {counted_by(rule.metric)}, or it is killed early"
            return f"{rule.metric} {rule.sign} {rule.bound:g} for {share}"
        case ShareBelow() | ShareAtMost():
            share = f"at least {rule.at_least:.0%} of {counted_by(rule.metric)}"
            return f"{rule.metric} {rule.sign} {rule.bound:g} for {share}"
        case ClosingAtMost():
            return f"{rule.metric} ≤ {rule.at_most:g} with every layer quantised"
        case EachDomainAtMost():
            return f"{rule.metric} ≤ {rule.at_most:g} in each domain, by its interval, with every layer quantised"
    over = "" if rule.over_tau is None else f" and over {1 + rule.over_tau:g} τ"
    return f"mean {rule.metric} ≥ {rule.at_least:g}{over}"


def controls_once(outcomes: Sequence[GateOutcome]) -> list[ControlOutcome]:
    return list({control.control.name: control for outcome in outcomes for control in outcome.controls}.values())


def traps_once(outcomes: Sequence[GateOutcome]) -> list[TrapOutcome]:
    return list({(trap.trap.name, trap.layer): trap for outcome in outcomes for trap in outcome.traps}.values())


UNSAID: Mapping[Verdict, str] = {
    "KILLED": "This rule is dead on this subject. It does not say that weights or keys cannot be compressed, nor that "
    "another estimator, another model or a rule set against its own null would come out the same.",
    "SURVIVED": "No registered rule fired on this subject. It does not say that the claims hold for other models.",
    "INCONCLUSIVE": "Nothing is decided: an instrument is out of line, so the claims are neither dead nor alive.",
    "VACUOUS": "Nothing is shown: the rules are met, and noise meets them too. It does not say that the claims are "
    "false of this subject, nor that noise would meet a sharper rule.",
    "INCOMPLETE": "Nothing is decided: registered cells were not measured, so the claims are neither dead nor alive.",
}  # what a verdict does not say, told beside it wherever it is told


def unsaid(decision: Decision) -> str:
    """What the verdict does not say; of a fact that noise has as well, that it is no sign of structure."""
    said = UNSAID[decision.verdict]
    if decision.verdict == "INCONCLUSIVE" and decision.undecided:
        said = "Nothing is decided: an interval is on both sides of its threshold; no claim is dead, and none alive."
    rules = [outcome.rule for outcome in decision.gates]
    fact = decision.prereg.asks == "fact" and decision.verdict == "SURVIVED"
    if fact and all(rule is not None and rule.noise_meets for rule in rules):
        return f"{said} They assert a fact that noise of the same shapes has as well: it says nothing of structure."
    return said
