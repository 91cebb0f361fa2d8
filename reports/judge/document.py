"""`decision.json` and `trap_results.json`: a decision as JSON, the core first.

`reports/judge/digests.py` says what of it is digested, and what each digest promises. Every float is written at ten
significant digits, inside the core and outside: what a processor's last bit decides is never published.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernels.closed_forms.lift_decomposition import Decomposition
from reports.artefacts.decision_document import SCHEMA
from reports.base.printing import one_line
from reports.judge.decision import Decision, controls_once, rule_text, traps_once
from reports.judge.digests import digests, ten_digits
from reports.judge.gates import GateOutcome, RuleOutcome
from reports.judge.instruments import ControlOutcome, TrapOutcome
from reports.judge.one_bit_damage import one_bit_json
from reports.judge.probe_outcome import probe_json
from reports.judge.secondary import secondary_json
from reports.judge.spread.full_scope import FullScope
from reports.prereg.lint import lint
from reports.prereg.prefilter import prefilter_json
from reports.prereg.preregistration import Preregistration
from reports.prereg.rules import MeanAtLeast, Rule
from reports.store.subject_facts import SubjectFacts, recorded_not_sealed


def core_json(decision: Decision, subject: SubjectFacts) -> dict[str, object]:
    """What a reproduction must come to: no machine, no time, nothing after the first kill. Floats have ten digits."""
    prereg = decision.prereg
    judged = decision.core_gates
    attainable = attainability(prereg)
    core: dict[str, object] = {
        "rung": prereg.rung,
        "verdict": decision.verdict,
        "round": prereg.round,
        "trigger": decision.trigger,
        "design": prereg.design,
        "draft": prereg.draft,
        "rule_sha256": prereg.canonical_sha256,
        "subject": {
            "name": subject.name,
            "exploratory": subject.exploratory,
            "layers": len(decision.layers),
            "layer_sha256": {str(layer): digest for layer, digest in sorted(decision.layer_sha256.items())},
            "model_sha256": decision.model_sha256,
            **_norms(decision),
            **_stored(decision),
        },
        "gates": [gate_json(outcome, attainable) for outcome in judged],
        "controls": [control_json(outcome) for outcome in controls_once(judged)],
        "traps": [trap_json(outcome) for outcome in traps_once(judged)],
        "missing": [cell.id for cell in decision.missing if any(cell in outcome.gate.cells for outcome in judged)],
    }
    return dict(ten_digits(core))


def _norms(decision: Decision) -> dict[str, object]:
    """Digests of the norms that are folded in; no key where matrices are measured as stored."""
    norms = {str(layer): digest for layer, digest in sorted(decision.norm_sha256.items())}
    return {"norm_sha256": norms} if norms else {}


def _stored(decision: Decision) -> dict[str, object]:
    """How layers are quantised; no key where none is."""
    stored = {str(layer): text for layer, text in sorted(decision.stored_as.items())}
    return {"stored_as": stored} if stored else {}


def decision_json(  # noqa: PLR0913 - each part of a run tells its own
    decision: Decision,
    *,
    subject: SubjectFacts,
    seal: Mapping[str, object],
    environment: Mapping[str, object],
    errors: Sequence[Mapping[str, object]],
    measurements_sha256: str | None = None,
) -> dict[str, object]:
    """`decision.json`: the source's four fields first, the core, then what may differ between machines and runs.

    `measurements_sha256` is over the lines of the run's `measurements.jsonl.gz`, or None where nothing was measured.
    """
    core, attainable = core_json(decision, subject), attainability(decision.prereg)
    document: dict[str, object] = {
        **core,
        **digests(core),
        "after_kill": [gate_json(outcome, attainable) for outcome in decision.exploratory_gates],
        "not_measured": [cell.id for cell in (*decision.missing, *decision.unprobed)],
        "probes": [probe_json(outcome) for outcome in decision.probes],
        "one_bit_damage": one_bit_json(decision.one_bit_damage),
        "secondaries": [secondary_json(outcome) for outcome in decision.secondaries],
        "prefilter": prefilter_json(decision.prereg),
        "deviations": deviations(decision, subject),
        "measurements_sha256": measurements_sha256,
        "seal": dict(seal),
        "environment": on_one_line(environment),
        "errors": [on_one_line(error) for error in errors],
        "schema": SCHEMA,
    }
    return dict(ten_digits(document))


def on_one_line(value: object) -> Any:
    """`value` with every text in it as it may be printed: file names and messages may hold anything."""
    match value:
        case str():
            return one_line(value)
        case Mapping():
            return {one_line(str(key)): on_one_line(inner) for key, inner in value.items()}
        case list() | tuple():
            return [on_one_line(inner) for inner in value]
    return value


def deviations(decision: Decision, subject: SubjectFacts) -> list[str]:
    """How this run departs from a complete run of a final preregistration on its sealed subject."""
    found = []
    if decision.prereg.draft:
        found.append("the preregistration is a draft: claims are registered whose tests do not exist yet")
    if subject.exploratory:
        found.append(f"exploratory: {subject.name}, {_otherwise(decision, subject)}")
    elif (recorded := recorded_not_sealed(decision.prereg, subject)) is not None:
        found.append(recorded)
    if len(decision.layers) != decision.prereg.subject.layers:
        found.append(
            f"the subject has {len(decision.layers)} layers with experts, registered {decision.prereg.subject.layers}"
        )
    found += [
        f"exploratory: {secondary.name} compares with {secondary.dense.name}, not with the registered dense model"
        for secondary in decision.prereg.secondaries
        if secondary.dense.exploratory
    ]
    return found


def _otherwise(decision: Decision, subject: SubjectFacts) -> str:
    """In what an exploratory subject is not the sealed one, as far as names and digests tell."""
    sealed = decision.prereg.subject
    if subject.name != sealed.name:
        return f"not the sealed subject, {sealed.name}"
    digests_of, read = sealed.layer_sha256, decision.layer_sha256
    if digests_of is None or not read:
        return "not as it was sealed: other weights, or other prompts"
    if all(layer < len(digests_of) and digests_of[layer] == digest for layer, digest in read.items()):
        return "its prompts are not the sealed ones"
    return "its weights are not the sealed ones"


def attainability(prereg: Preregistration) -> dict[str, str]:
    """Claim -> what theorems say of meeting its rule, at the sealed subject's shape: the findings of `lint`."""
    met = (finding for finding in lint(prereg) if finding.text.startswith("MET "))
    return {finding.about.partition("@")[0]: finding.text.removeprefix("MET ") for finding in met}


def gate_json(outcome: GateOutcome, attainable: Mapping[str, str]) -> dict[str, object]:
    claim, rule = outcome.gate.claim, outcome.rule
    return {
        "claim": claim.name,
        "checkpoint": len(outcome.gate.layers),
        "status": outcome.status,
        "metric": claim.rule.metric,
        "rule": rule_text(claim.rule, outcome.gate.cut_off),
        "observed": None if rule is None else rule.observed,
        "reach": None if rule is None else list(rule.reach),
        "threshold": None if rule is None else rule.threshold,
        "borderline": rule is not None and rule.borderline,
        "n": 0 if rule is None else rule.n,
        "below": None if rule is None else rule.below,
        "certified_count": None if rule is None else rule.certified_count,
        "median": None if rule is None else rule.median,
        "reference": None if rule is None else rule.reference,
        "by_layer": [] if rule is None else by_layer(outcome, rule),
        "interval": None if outcome.interval is None else list(outcome.interval),
        "minimum_detectable_effect": outcome.minimum_detectable_effect,
        "census": outcome.gate.census,
        "full_scope": None if outcome.full_scope is None else full_scope_json(outcome.full_scope),
        "attainable": attainable.get(claim.name, "not examined"),
        "tau": None if rule is None or rule.tau is None else tau_json(claim.rule, rule, outcome.decomposition),
        "decomposition": None if outcome.decomposition is None else decomposition_json(outcome),
        "broken": [cell.id for cell in outcome.broken_cells],
        "sensitivity": [sensitivity_json(other) for other in outcome.sensitivity],
        "verdict_depends_on_metric": bool(outcome.turned),
        **empty_json(outcome),
        **domains_json(outcome),
        **null_json(outcome),
    }


def null_json(outcome: GateOutcome) -> dict[str, object]:
    """What the null subject comes to, draw by draw, where the rung asks for structure; else no key."""
    if not outcome.null:
        return {}
    return {"null_subject": {"met": outcome.null_meets, "observed": [draw.observed for draw in outcome.null]}}


def domains_json(outcome: GateOutcome) -> dict[str, object]:
    """Domain by domain, of a rule in each; else no key."""
    if outcome.rule is None or not outcome.rule.domains:
        return {}
    rows = [
        {
            "domain": one_line(value.domain),
            "observed": value.observed,
            "interval": None if value.interval is None else list(value.interval),
            "prompts": value.prompts,
            "sources": value.sources,
        }
        for value in outcome.rule.domains
    ]
    return {"domains": rows, "undecided": outcome.rule.undecided is not None}


def empty_json(outcome: GateOutcome) -> dict[str, object]:
    """What the model knows of its prompts, where that is no more than a uniform output; else no key."""
    known = outcome.knowledge
    if known is None or known.empty is None:
        return {}
    return {"empty": {"nll": known.nll, "interval": list(known.interval), "uniform": known.uniform}}


def by_layer(outcome: GateOutcome, rule: RuleOutcome) -> list[dict[str, object]]:
    judged = outcome.gate.judged_layers(outcome.gate.claim.rule)
    rows = zip(judged, rule.layer_values, rule.layer_reaches, rule.layer_medians, strict=True)
    return [
        {"layer": layer, "observed": observed, "reach": list(reach), "median": median}
        for layer, observed, reach, median in rows
    ]


def tau_json(rule: Rule, outcome: RuleOutcome, factors: Decomposition | None) -> dict[str, object]:
    """τ, every draw that it is the best of, and what the margin over it asks for."""
    margin = rule.over_tau if isinstance(rule, MeanAtLeast) else None
    return {
        "tau": outcome.tau,
        "draws": list(outcome.draws),
        "margin": margin,
        "observed_over_tau": None if outcome.tau is None else outcome.observed / outcome.tau,
        "noise_over_tau": None
        if outcome.tau is None or factors is None
        else factors.random * factors.noise_fit / outcome.tau,
    }


def decomposition_json(outcome: GateOutcome) -> dict[str, object]:
    """Geometric means over the gate's layers, the interval of structure, and each layer."""
    whole = outcome.decomposition
    return {
        **({} if whole is None else factors_json(whole)),
        "structure_interval": None if outcome.structure_interval is None else list(outcome.structure_interval),
        "by_layer": [
            {"layer": layer, **factors_json(factors)}
            for layer, factors in zip(outcome.gate.layers, outcome.decompositions, strict=True)
        ],
    }


def factors_json(factors: Decomposition) -> dict[str, object]:
    return {
        "lift": factors.lift,
        "random": factors.random,
        "noise_fit": factors.noise_fit,
        "structure": factors.structure,
        "nulls": dict(factors.nulls),
    }


def sensitivity_json(outcome: RuleOutcome) -> dict[str, object]:
    return {
        "metric": outcome.metric,
        "met": outcome.met,
        "observed": outcome.observed,
        "reach": list(outcome.reach),
        "borderline": outcome.borderline,
        "median": outcome.median,
        "reference": outcome.reference,
        "uninformative": outcome.noise_meets,
    }


def full_scope_json(ahead: FullScope) -> dict[str, object]:
    return {"interval": list(ahead.interval), "passes": ahead.passes}


def control_json(outcome: ControlOutcome) -> dict[str, object]:
    return {
        "name": outcome.control.name,
        "claim": outcome.control.claim,
        "metric": outcome.metric,
        "expected": outcome.control.expected,
        "obtained": outcome.obtained,
        "median": outcome.median,
        "sound": outcome.sound,
        "borderline": outcome.borderline,
        "reason": outcome.reason,
    }


def trap_json(outcome: TrapOutcome) -> dict[str, object]:
    return {
        "name": outcome.trap.name,
        "claim": outcome.trap.claim,
        "layer": outcome.layer,
        "metric": outcome.trap.rule.metric,
        "observed": outcome.observed,
        "sound": outcome.sound,
        "borderline": outcome.borderline,
        "reason": outcome.reason,
    }


def trap_results_json(decision: Decision, subject: SubjectFacts) -> dict[str, object]:
    """`trap_results.json`: every control and trap of every gate, expected and obtained."""
    controls, traps = controls_once(decision.gates), traps_once(decision.gates)
    sound = [control.sound for control in controls] + [trap.sound for trap in traps]
    return {
        "rung": decision.prereg.rung,
        "design": decision.prereg.design,
        "subject": {"name": subject.name, "exploratory": subject.exploratory},
        "all_sound": bool(controls) and all(sound),
        "controls": [ten_digits(control_json(outcome)) for outcome in controls],
        "traps": [ten_digits(trap_json(outcome)) for outcome in traps],
        "schema": SCHEMA,
    }
