"""What the page says besides its figures, as tables and lines; the template only arranges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.figures.shown import Table
from reports.judge.decision import UNSAID, Decision, controls_once, rule_text, traps_once
from reports.judge.gates import GateOutcome
from reports.judge.instruments import ControlOutcome, TrapOutcome
from reports.pages.sections.deviations import cell_ranges
from reports.pages.sections.lift import lift_lines
from reports.prereg.preregistration import Claim, Verdict
from reports.report.tables import (
    attainable_table,
    control_table,
    every_trap_table,
    gate_table,
    sensitivity_table,
    trap_table,
)


@dataclass(frozen=True)
class Fact:
    name: str
    value: str
    digest: bool = False  # long, and broken anywhere


@dataclass(frozen=True)
class View:
    title: str
    question: str
    subject: str
    outcome_sha256: str
    core_sha256: str
    verdict: Verdict
    cause: str
    unsaid: str
    fragile: tuple[str, ...]
    gates: Table
    gate_notes: tuple[str, ...]
    attainable: Table
    sensitivity: Table
    claims: tuple[tuple[str, str, str], ...]  # name, rule, statement
    prediction: str
    instruments: str
    controls: Table
    traps: Table
    every_trap: Table
    facts: tuple[Fact, ...]
    layers: Table
    beside: tuple[str, ...]
    continuations: tuple[tuple[tuple[str, str], ...], ...]
    deviations: tuple[str, ...]
    provenance: tuple[Fact, ...]


def view(decision: Decision, document: Mapping[str, Any]) -> View:
    """Everything but the figures. `document` is the content of `decision.json`."""
    prereg = decision.prereg
    gates = [(gate, False) for gate in document["gates"]] + [(gate, True) for gate in document["after_kill"]]
    generation = document["generation"] or {}
    controls, traps = controls_once(decision.gates), traps_once(decision.gates)
    return View(
        title=f"{prereg.rung}, design {prereg.design}",
        question=prereg.title,
        subject=_subject(document),
        outcome_sha256=document["outcome_sha256"],
        core_sha256=document["core_sha256"],
        verdict=decision.verdict,
        cause=_cause(decision),
        unsaid=UNSAID[decision.verdict],
        fragile=tuple(line for outcome in decision.core_gates if (line := _fragile(outcome)) is not None),
        gates=gate_table(gates),
        gate_notes=tuple(line for outcome in decision.gates for line in (*outcome.broken, *lift_lines(outcome))),
        attainable=attainable_table(gates),
        sensitivity=sensitivity_table(gates),
        claims=tuple(_claim(claim) for claim in prereg.claims),
        prediction=prereg.prediction.strip(),
        instruments=_instruments(controls, traps),
        controls=control_table(controls),
        traps=trap_table(traps),
        every_trap=every_trap_table(traps),
        facts=_facts(decision, document),
        layers=Table(
            "Digests of the expert matrices that the core rests on",
            ("layer", "sha256"),
            tuple(document["subject"]["layer_sha256"].items()),
        ),
        beside=_beside(document),
        continuations=tuple(
            tuple((name.replace("_", " "), text) for name, text in texts.items())
            for texts in generation.get("continuations", ())
        ),
        deviations=_deviations(decision, document),
        provenance=_provenance(document),
    )


def _subject(document: Mapping[str, Any]) -> str:
    subject = document["subject"]
    note = " This run is exploratory: its subject is not the sealed one." if subject["exploratory"] else ""
    return f"Subject: {subject['name']}, {subject['layers']} layers with experts.{note}"


def _cause(decision: Decision) -> str:
    if decision.trigger:
        return decision.trigger
    if decision.verdict == "INCOMPLETE":
        return f"{len(decision.missing)} registered cells were not measured, first {decision.missing[0].id}"
    if decision.verdict == "INCONCLUSIVE":
        return "a control, a trap or a rotation is out of line: redesign and seal again"
    return "no registered kill rule fired"


def _fragile(outcome: GateOutcome) -> str | None:
    """Says so where another registered estimator would have turned the gate."""
    rule = outcome.rule
    turned = [] if rule is None else [other for other in outcome.sensitivity if other.met != rule.met]
    if not turned:
        return None
    verb = "met" if turned[0].met else "missed"
    said = " and ".join(f"{other.metric} ({other.observed:.3f})" for other in turned)
    return f"Fragile: the rule of {outcome.gate.id} would have been {verb} under {said}."


def _claim(claim: Claim) -> tuple[str, str, str]:
    counts = " and ".join(map(str, claim.checkpoints))
    return claim.name, f"{rule_text(claim.rule)}, judged at {counts} layers", claim.statement.strip()


def _instruments(controls: Sequence[ControlOutcome], traps: Sequence[TrapOutcome]) -> str:
    said = []
    for what, outcomes in (("controls", controls), ("traps", traps)):
        sound = [one.sound for one in outcomes]
        line = f"{sound.count(True)} of {len(sound)} {what} are sound"
        line += f", {sound.count(False)} out of line" if False in sound else ""
        line += f", {sound.count(None)} did not run" if None in sound else ""
        said.append(line if any(one is not None for one in sound) else f"none of {len(sound)} {what} ran")
    meaning = "One out of line makes its gate INCONCLUSIVE: the instrument is broken, nothing is dead."
    return f"Of the instruments, {'; '.join(said)}. {meaning}"


def _facts(decision: Decision, document: Mapping[str, Any]) -> tuple[Fact, ...]:
    subject, seal, sealed = document["subject"], document["seal"], decision.prereg.subject
    return (
        Fact("subject", subject["name"]),
        Fact(
            "sealed subject",
            f"{sealed.name}: {sealed.experts} experts a layer, {sealed.experts_per_token} per token, hidden "
            f"{sealed.hidden_size}, inner {sealed.intermediate_size}",
        ),
        *(
            Fact(f"seal, {name.replace('_', ' ')}", _plain(value), name.endswith("sha256") or name == "ledger_entry")
            for name, value in seal.items()
        ),
        Fact("rule sha256", str(document["rule_sha256"]), digest=True),
        *((Fact("model sha256", str(subject["model_sha256"]), digest=True),) if subject["model_sha256"] else ()),
        Fact("outcome sha256, the same on every machine", str(document["outcome_sha256"]), digest=True),
        Fact("core sha256, the same on one machine", str(document["core_sha256"]), digest=True),
    )


def _beside(document: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [f"{probe['name']}: {probe['conclusion']} ({'; '.join(probe['reasons'])})" for probe in document["probes"]]
    prefilter = document["prefilter"]
    if prefilter is not None:
        bits, budget = prefilter["bits_per_weight"], prefilter["budget"]
        kept = (
            "" if budget is None else f"; {'over' if prefilter['over_budget'] else 'within'} the budget of {budget:g}"
        )
        lines.append(
            f"bits per weight with a rotation {prefilter['scope'].replace('_', ' ')}: {bits['mean']:.2f} (gate and up "
            f"{bits['gate_up']:.2f}, down {bits['down']:.2f}){kept}"
        )
    return tuple(lines)


def _deviations(decision: Decision, document: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [*document["deviations"], *(f"{error['cell']}: {error['message']}" for error in document["errors"])]
    absent = [*decision.missing, *decision.unprobed]
    if absent:
        lines.append(f"not measured: {', '.join(cell_ranges(absent))}")
    return tuple(lines)


def _provenance(document: Mapping[str, Any]) -> tuple[Fact, ...]:
    environment = document["environment"]
    return tuple(
        Fact(name.replace("_", " "), _plain(value), name.endswith("sha256")) for name, value in environment.items()
    )


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items() if one not in (None, False))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "—" if value is None else str(value)
