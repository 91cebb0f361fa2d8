"""Can a gate be MET while its traps are sound? A trap must not forbid what its claim asserts. Pure.

Known pairs of claim and trap; others are not examined. `off_gain` is what a rotation learned on a layer's other experts
gains, over Haar, on an expert that was left out. Where every expert of a layer shares a structure that one rotation
of the layer uses, the one left out gains by it as the others do: a layer whose structure is what the claim asks for
is then a layer at which the trap misfires, and the gate is INCONCLUSIVE where the claim is true.
"""

from collections.abc import Iterator, Mapping

from reports.prereg.metric import Severity
from reports.prereg.preregistration import Claim, Preregistration, Trap
from reports.prereg.rules import MeanAtLeast, MeanAtMost

# Sealed before this was examined, by canonical SHA-256: they stay as they are, and what is wrong with them is said
BEFORE: Mapping[str, str] = {
    "52f03611c47b6eb2e657c55197a454dd2322d14cca3c8a1fa05e36ac305d9a8b": "E-ffn-rotation-v5",
    "1dd62e5d80bebb3e2383fac00b82324af0091d843a2aed379c67ea9d1ef7fbc4": "E-ffn-rotation-v5-olmoe_nano",
}


def forbidding_traps(prereg: Preregistration) -> Iterator[tuple[str, Severity, str]]:
    """(claim, severity, what to do) for each trap that fires where its claim is true."""
    for claim in prereg.claims:
        for trap in prereg.traps:
            fault = _forbids(claim, trap, prereg) if trap.claim == claim.name else None
            if fault is not None:
                sealed = prereg.canonical_sha256 in BEFORE
                said = "; it was sealed before lint examined this" if sealed else ""
                severity: Severity = "warning" if sealed else "refused"
                yield claim.name, severity, f"cannot be MET with its traps sound: {fault}{said}"


def _forbids(claim: Claim, trap: Trap, prereg: Preregistration) -> str | None:
    rule, bound = claim.rule, trap.rule
    if not (isinstance(rule, MeanAtLeast) and isinstance(bound, MeanAtMost)):
        return None
    shared = prereg.rotations is not None and prereg.rotations.scope == "per_layer"
    if not (shared and rule.metric == "structure" and bound.metric == "off_gain" and bound.at_most < rule.at_least):
        return None
    return (
        f"{trap.name} allows a gain of {bound.at_most:g} on an expert that was left out, and where all experts of a "
        f"layer share the structure of {rule.at_least:g} that is asked for, that one gains it, too; measure on experts "
        "that were left out instead [-]"
    )
