"""Can each gate come out both ways? Shown before sealing: by an example, or refuted by a theorem.

A gate that no weights can pass, or none can fail, is not a test. One that only unusual weights can pass is: the rule is
then sealed as it stands, and the theorem is printed beside it.
"""

import math
from dataclasses import dataclass
from typing import Literal

from reports.canonical import canonical_json, sha256_hex
from reports.errors import BadInput
from reports.preregistration import Claim, Gate, MeanAtLeast, MeanAtMost, Preregistration, ShareBelow, Subject, gates

Severity = Literal["proved", "note", "warning", "refused"]


@dataclass(frozen=True)
class Finding:
    """One line about one gate, claim or part of the preregistration."""

    about: str
    severity: Severity
    text: str

    def line(self) -> str:
        mark = "" if self.severity == "proved" else f"{self.severity}: "
        return f"{self.about}: {mark}{self.text}"


def lint(prereg: Preregistration) -> tuple[Finding, ...]:
    """Every finding: the subject, then each gate in the order in which it is judged, then each claim's controls."""
    found = list(_subject_findings(prereg.subject))
    for gate in gates(prereg, range(prereg.subject.layers)):
        found += _branches(gate, prereg.subject)
        found += _futility(gate, prereg.subject.layers)
    for claim in prereg.claims:
        found += _scope(claim, prereg.subject.layers)
        found += _controls(claim, prereg)
    return tuple(found)


def sealable(findings: tuple[Finding, ...]) -> bool:
    return all(finding.severity != "refused" for finding in findings)


def require_sealable(prereg: Preregistration, where: str) -> None:
    """Raises `BadInput` with the first finding that forbids a seal."""
    for finding in lint(prereg):
        if finding.severity == "refused":
            raise BadInput(f"{where}: {finding.about}: {finding.text}; lint refuses to seal it")


def haar_level(width: int) -> float:
    """beta of any row after a Haar rotation: sqrt(2/pi + (1 - 2/pi)/n) [-], n = `width`; sqrt(2/pi) as n grows."""
    return math.sqrt(2 / math.pi + (1 - 2 / math.pi) / width)


def ratio_range(metric: str, d: int) -> tuple[float, float] | None:
    """Least and greatest d_eff/d [-] at min side `d`: of rank one, and with all singular values equal.

    The greatest energy rank is ceil(share d)/d, since any inequality of the values lowers it. None for another metric.
    """
    percent = {"energy_rank_90": 90, "energy_rank_95": 95, "energy_rank_99": 99}.get(metric)
    if percent is not None:
        return 1 / d, -(-percent * d // 100) / d
    if metric in ("participation_ratio", "entropy_rank_sigma", "entropy_rank_energy", "stable_rank"):
        return 1 / d, 1.0
    return None


def _branches(gate: Gate, subject: Subject) -> list[Finding]:
    match gate.claim.rule:
        case ShareBelow() as rule:
            met, killed = _share_branches(rule, subject)
        case MeanAtLeast(metric="lift") as rule:
            met, killed = _lift_branches(rule, subject)
        case MeanAtMost(metric="inflation") as rule:
            met, killed = _inflation_branches(rule)
        case rule:
            return [Finding(gate.id, "warning", f"unchecked: nothing is known of the range of {rule.metric}")]
    return [
        Finding(gate.id, severity, f"{branch} {text}")
        for branch, (severity, text) in (("MET", met), ("KILLED", killed))
    ]


Branch = tuple[Severity, str]


def _share_branches(rule: ShareBelow, subject: Subject) -> tuple[Branch, Branch]:
    d = min(subject.hidden_size, subject.intermediate_size)
    span = ratio_range(rule.metric, d)
    if span is None:
        unknown: Branch = ("warning", f"unchecked: nothing is known of the range of {rule.metric}")
        return unknown, unknown
    least, greatest = span
    met: Branch
    killed: Branch
    if rule.at_least > 1:
        met = ("refused", f"unreachable: a share of {rule.at_least:g} is asked for, none exceeds 1 [-]")
    elif least >= rule.below:
        met = ("refused", f"unreachable: {rule.metric} ≥ {least:.4g} at d = {d}, and < {rule.below:g} is asked for [-]")
    else:
        met = ("proved", f"attainable: rank one gives {rule.metric} {least:.4g} < {rule.below:g} at d = {d} [-]")
    if rule.at_least <= 0:
        killed = ("refused", "unreachable: a share of 0 is met by any weights")
    elif greatest < rule.below:
        killed = ("refused", f"unreachable: {rule.metric} ≤ {greatest:.4g} < {rule.below:g} at d = {d} [-]")
    else:
        isotropic = f"equal singular values give {rule.metric} {greatest:.4g}"
        killed = ("proved", f"attainable: {isotropic} ≥ {rule.below:g} at d = {d} [-]")
    return met, killed


def _lift_branches(rule: MeanAtLeast, subject: Subject) -> tuple[Branch, Branch]:
    """Jensen: beta after any rotation is at most 1, so a matrix is lifted at most 1/beta; and beta >= 1/sqrt(n)."""
    asked, n = rule.at_least, max(subject.hidden_size, subject.intermediate_size)
    haar = haar_level(n)
    met: Branch
    if asked > math.sqrt(n):
        met = ("refused", f"unreachable: lift ≤ 1/β ≤ √n = {math.sqrt(n):.4g} at n = {n}, {asked:g} is asked for [-]")
    elif asked > 1 / haar:
        met = (
            "proved",
            f"forbidden by theorem unless unrotated β ≤ {1 / asked:.3f}: lift ≤ 1/β (Jensen), from the Haar level "
            f"{haar:.4f} at n = {n} at most {1 / haar:.4f}, at any width below √(π/2) = {math.sqrt(math.pi / 2):.4f}, "
            f"{asked:g} is asked for; below β = {haar / asked:.3f} a Haar rotation alone attains it [-]",
        )
    else:
        undone = f"signs behind a Haar rotation (β {haar:.4f} at n = {n}) are lifted {1 / haar:.4f} times by undoing it"
        met = ("proved", f"attainable: {undone}, {asked:g} is asked [-]")
    killed: Branch
    if asked <= 1:
        killed = ("refused", f"unreachable: leaving the weights unrotated has lift 1 ≥ {asked:g} [-]")
    else:
        killed = ("proved", f"attainable: a matrix of signs has β = 1, so lift ≤ 1 < {asked:g} [-]")
    return met, killed


def _inflation_branches(rule: MeanAtMost) -> tuple[Branch, Branch]:
    """NLL is at least 0, so inflation is at least -1; it has no upper bound."""
    met: Branch
    if rule.at_most < -1:
        met = ("refused", f"unreachable: inflation ≥ -1, and {rule.at_most:g} is asked for [-]")
    elif rule.at_most < 0:
        met = ("proved", f"attainable only by weights that quantising improves: inflation ≤ {rule.at_most:g} < 0 [-]")
    else:
        met = ("proved", f"attainable: the identity quantiser has inflation 0 ≤ {rule.at_most:g} [-]")
    return met, ("proved", f"attainable: inflation has no upper bound, so it can exceed {rule.at_most:g} [-]")


def _futility(gate: Gate, layers: int) -> list[Finding]:
    """What a kill before full scope gives up: the layers that are left might still have met the rule."""
    rule, judged = gate.claim.rule, len(gate.layers)
    if judged == layers:
        return []
    text = f"a kill after {judged} of {layers} layers is a futility rule: more false kills, no more false survivals"
    if isinstance(rule, ShareBelow):
        left = layers - judged
        able = "could still" if left / layers >= rule.at_least else "could no longer"
        text += f"; after {judged} layers without one such matrix {left}/{layers} = {left / layers:.0%} {able} meet "
        text += f"{rule.at_least:.0%}"
    return [Finding(gate.id, "note", text)]


def _scope(claim: Claim, layers: int) -> list[Finding]:
    if claim.checkpoints[-1] == layers:
        return []
    text = f"last judged at {claim.checkpoints[-1]} of {layers} layers, never at full scope"
    return [Finding(claim.name, "warning", text)]


def _controls(claim: Claim, prereg: Preregistration) -> list[Finding]:
    expected = {control.expected for control in prereg.controls if control.claim == claim.name}
    if not expected:
        text = "no controls: nothing shows that its gate can pass or fail; the preregistration has to stay a draft"
        return [Finding(claim.name, "warning", text)]
    return [
        Finding(claim.name, "warning", f"no control is expected {outcome}: nothing shows that its gate can come out so")
        for outcome in ("MET", "KILLED")
        if outcome not in expected
    ]


def _subject_findings(subject: Subject) -> list[Finding]:
    found = []
    if subject.config_sha256 not in config_digests(subject):
        text = f"config_sha256 {subject.config_sha256[:12]}… is not that of the registered sizes; correct one of them"
        found.append(Finding("subject", "refused", text))
    if subject.revision is None and (subject.layer_sha256 is None or subject.weights_sha256 is None):
        text = f"{subject.source} lies in the repository, but layer_sha256 or weights_sha256 is absent; register both"
        found.append(Finding("subject", "refused", text))
    if subject.revision is not None and subject.layer_sha256 is None:
        text = f"the weights of {subject.source} are named by revision {subject.revision!r}, not sealed by digests"
        found.append(Finding("subject", "note", text))
    return found


def config_digests(subject: Subject) -> frozenset[str]:
    """What `config_sha256` can be for the registered sizes: one digest for each value of the two flags it also holds.

    The fields are those of `fixtures/architecture.py`'s `Architecture`.
    """
    return frozenset(
        sha256_hex(
            canonical_json(
                {
                    "model_type": subject.model_type,
                    "layers": subject.layers,
                    "experts": subject.experts,
                    "experts_per_token": subject.experts_per_token,
                    "hidden_size": subject.hidden_size,
                    "intermediate_size": subject.intermediate_size,
                    "vocab_size": subject.vocab_size,
                    "norm_topk_prob": norm_topk_prob,
                    "tie_word_embeddings": tie_word_embeddings,
                }
            )
        )
        for norm_topk_prob in (False, True)
        for tie_word_embeddings in (False, True)
    )
