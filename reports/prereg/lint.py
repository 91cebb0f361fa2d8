"""Can each gate come out both ways? Shown before sealing: by an example, or refuted by a theorem.

A gate that no weights can pass, or none can fail, is not a test. One that only unusual weights can pass is: the rule is
then sealed as it is, and the theorem is printed beside it.
"""

from dataclasses import dataclass

from reports.base.errors import BadInput
from reports.base.spans import listed
from reports.prereg.measures import branches
from reports.prereg.metric import Severity
from reports.prereg.operating.gauge_bound import gauge_bounds
from reports.prereg.prefilter import arithmetic, over_budget
from reports.prereg.preregistration import Claim, Gate, Preregistration, Secondary, Subject, gates
from reports.prereg.repeatable import unrepeatable, uses
from reports.prereg.rules import ShareRule
from reports.prereg.sound_traps import forbidding_traps


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
    found = [*_subject_findings(prereg.subject), *_norms(prereg)]
    for gate in gates(prereg, range(prereg.subject.layers)):
        found += _branches(gate, prereg.subject)
        found += _futility(gate, prereg)
    found += [Finding(about, severity, text) for about, severity, text in forbidding_traps(prereg)]
    found += [Finding(about, severity, text) for about, severity, text in gauge_bounds(prereg)]
    found += _budget(prereg)
    found += _searches(prereg)
    for claim in prereg.claims:
        found += _scope(claim, prereg.subject.layers)
        found += _early_kills(claim, prereg)
        found += _controls(claim, prereg)
    for secondary in prereg.secondaries:
        found += _dense(secondary, prereg.subject)
    return tuple(found)


def sealable(findings: tuple[Finding, ...]) -> bool:
    return all(finding.severity != "refused" for finding in findings)


def require_sealable(prereg: Preregistration, where: str) -> None:
    """Raises `BadInput` with the first finding that forbids a seal."""
    for finding in lint(prereg):
        if finding.severity == "refused":
            raise BadInput(f"{where}: {finding.about}: {finding.text}; lint refuses to seal it")


def _branches(gate: Gate, subject: Subject) -> list[Finding]:
    met, killed = branches(gate.claim, subject)
    return [
        Finding(gate.id, severity, f"{branch} {text}")
        for branch, (severity, text) in (("MET", met), ("KILLED", killed))
    ]


def _early_kills(claim: Claim, prereg: Preregistration) -> list[Finding]:  # noqa: PLR0911 - a fault each
    """Where layers are drawn, an early kill is wrong in fewer than 1 % of rungs whose full scope meets the rule, in
    every world; of a mean rule there is none. On layers in ascending order no cut-off is that safe."""
    rule, layers, found = claim.rule, prereg.subject.layers, []
    if prereg.layer_order == "ascending":
        if claim.futility:
            text = 'no cut-off is safe on the first layers; register layer_order = "drawn" at the top'
            found.append(Finding(claim.name, "refused", f"futility {list(claim.futility)}: {text}"))
        return found
    early = claim.checkpoints[:-1]
    if not early or claim.closing:
        return []
    if not isinstance(rule, ShareRule):
        text = f"a mean rule that kills after {early[0]} of {layers} layers is wrong up to 27 % of the time"
        return [Finding(claim.name, "refused", f"{text}; register checkpoints = [{claim.checkpoints[-1]}]")]
    from reports.prereg.operating.cut_offs import cut_offs, early_kills  # noqa: PLC0415 - `--help` does not wait for numpy

    greatest = cut_offs(claim.checkpoints, layers, rule.at_least)
    if min(greatest) < 0.0:
        count = early[greatest.index(min(greatest))]
        return [
            Finding(claim.name, "refused", f"no share after {count} of {layers} layers is low enough for an early kill")
        ]
    computed = f"lint computes futility = {list(greatest)} for {listed(early)} of {layers} layers"
    if not claim.futility:
        return [Finding(claim.name, "refused", f"early kills without cut-offs are wrong too often; {computed}")]
    if any(share > most for share, most in zip(claim.futility, greatest, strict=True)):
        text = f"futility {list(claim.futility)}: an early kill may be wrong in 1 % of rungs or more"
        return [Finding(claim.name, "refused", f"{text}; {computed}")]
    worst = early_kills(claim.futility, claim.checkpoints, layers, rule.at_least)
    text = f"in no world is a rung that meets the rule killed early with a probability above {worst:.2%}; {computed}"
    return [Finding(claim.name, "proved", text)]


def _futility(gate: Gate, prereg: Preregistration) -> list[Finding]:
    """What a kill before full scope gives up: the layers that are left might still have met the rule."""
    rule, judged, layers = gate.claim.rule, len(gate.layers), prereg.subject.layers
    if judged == layers:
        return []
    if gate.cut_off is not None:
        text = f"killed early only at a share of {gate.cut_off:g} or below, after {judged} of {layers} layers"
        return [Finding(gate.id, "note", text)]
    text = f"a kill after {judged} of {layers} layers is a futility rule: more false kills, no more false survivals"
    if isinstance(rule, ShareRule):
        left = layers - judged
        able = "could still" if left / layers >= rule.at_least else "could no longer"
        text += f"; after {judged} layers without one such matrix {left}/{layers} = {left / layers:.0%} {able} meet "
        text += f"{rule.at_least:.0%}"
    return [Finding(gate.id, "note", text)]


def _norms(prereg: Preregistration) -> list[Finding]:
    """What is folded into the matrices decides their numbers: it is sealed as they are."""
    subject = prereg.subject
    if prereg.parametrisation == "stored" or subject.norm_sha256 is not None:
        return []
    if subject.layer_sha256 is None:
        return [Finding("subject", "note", f"the norms of {subject.source} are recorded as they are read, not sealed")]
    text = "layer_sha256 seals the expert matrices, but the norms folded into them are not; register norm_sha256"
    return [Finding("subject", "refused", text)]


def _budget(prereg: Preregistration) -> list[Finding]:
    """What the method costs in bits, by shapes alone; of rotations of keys the measure says it, which knows heads."""
    if prereg.rotations is None or prereg.key_cache is not None:
        return []
    text, bound = arithmetic(prereg.subject, prereg.rotations), prereg.prefilter
    if bound is None:
        return [Finding("prefilter", "note", f"{text}; no budget is registered")]
    if not over_budget(prereg):
        return [Finding("prefilter", "proved", f"{text}, within the budget of {bound.bits_per_weight:g}")]
    severity: Severity = "refused" if bound.enforced else "note"
    return [Finding("prefilter", severity, f"{text}, over the budget of {bound.bits_per_weight:g}")]


def _searches(prereg: Preregistration) -> list[Finding]:
    """Does any processor come to the rotations that are used for more than their β?"""
    if prereg.rotations is None:
        return []
    found = []
    for optimiser, purposes in uses(prereg).items():
        text = f"its rotation is used for more than its β ({'; '.join(purposes)})"
        fault = unrepeatable(optimiser, prereg.rotations)
        if fault is None:
            found.append(
                Finding(optimiser, "note", f"{text}; one ulp of the weights flips no sign of W R in our tests")
            )
        else:
            found.append(Finding(optimiser, "refused", f"{text}, and another processor may find another one: {fault}"))
    return found


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


def _dense(secondary: Secondary, subject: Subject) -> list[Finding]:
    """Is the dense model sealed, and is it of the subject's depth and active width?"""
    dense, found = secondary.dense, []
    if dense.revision is None and (dense.weights_sha256 is None or dense.config_sha256 is None):
        absent = "weights_sha256" if dense.weights_sha256 is None else "config_sha256"
        text = f"{dense.source} lies in the repository, but {absent} is absent; register it"
        found.append(Finding(secondary.name, "refused", text))
    if dense.revision is not None:
        text = f"the weights of {dense.source} are named by revision {dense.revision!r}, not sealed by digests"
        found.append(Finding(secondary.name, "note", text))
    active = subject.experts_per_token * subject.intermediate_size
    sizes = (dense.layers, dense.hidden_size, dense.intermediate_size)
    same = sizes == (subject.layers, subject.hidden_size, active)
    text = (
        f"{dense.name} has {dense.layers} layers, hidden size {dense.hidden_size} and FFN width "
        f"{dense.intermediate_size}; the subject {subject.layers}, {subject.hidden_size} and "
        f"{subject.experts_per_token} active experts × {subject.intermediate_size} = {active}"
    )
    return [*found, Finding(secondary.name, "proved" if same else "warning", text)]


def _subject_findings(subject: Subject) -> list[Finding]:
    found = []
    lies = "lies in the repository" if subject.package is None else f"is of version {subject.version}"
    if subject.revision is None and subject.config_sha256 is None:
        text = f"{subject.source} {lies}, but config_sha256 is absent; register it in place of its keys"
        found.append(Finding("subject", "refused", text))
    if subject.config is not None:
        sealed, recorded = len(subject.config.values) + len(subject.config.null), len(subject.config.recorded)
        text = (
            f"the configuration of {subject.source} is sealed by {sealed} keys with their values; {recorded} others "
            "are only recorded, any further one is refused"
        )
        found.append(Finding("subject", "note", text))
    if subject.revision is None and (subject.layer_sha256 is None or subject.weights_sha256 is None):
        text = f"{subject.source} {lies}, but layer_sha256 or weights_sha256 is absent; register both"
        found.append(Finding("subject", "refused", text))
    if subject.revision is not None and subject.layer_sha256 is None:
        text = f"the weights of {subject.source} are named by revision {subject.revision!r}, not sealed by digests"
        found.append(Finding("subject", "note", text))
    return found
