"""The theorem tracker: what a run checked of each theorem, how large the worst residual was, where a bound was tight.

Pure: preregistration, measurements and the record of the proofs in, outcomes out. Nothing here enters a verdict. What a
run has to say moves by `status_of` alone: no run can prove a theorem, it can only fail to refute one, or show that an
instrument is broken. Whether a prover has checked a theorem is `proof_status`, from the committed record alone.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from reports.artefacts.proofs_document import ProofsDocument
from reports.judge.decision import Decision
from reports.judge.digests import ten_digits
from reports.judge.gates import Measurements
from reports.prereg.preregistration import Preregistration
from reports.store.subject_facts import SubjectFacts
from reports.theorems.theorem_checks import (
    Check,
    gauge_range,
    jensen_ceiling,
    jensen_equality,
    layer_gauge,
    residual_energy,
)
from reports.theorems.theorem_codes import commonest_exponents, no_code_beats_the_entropy
from reports.theorems.theorem_form import Theorem
from reports.theorems.theorem_laws import haar, moment_ratio
from reports.theorems.theorem_list import THEOREMS
from reports.theorems.theorem_spectra import energy_rank_bounds, marchenko_pastur, rank_order

SCHEMA = 2
Status = Literal["not checked in this run", "held", "VIOLATED"]
ProofStatus = Literal["machine-checked", "cited", "refuted"]
CheckRun = Callable[[Preregistration, Measurements], Iterable[Check]]

CHECKED_BY: Mapping[str, CheckRun] = {  # the others cannot be checked by any run yet
    "jensen_ceiling": jensen_ceiling,
    "jensen_equality": jensen_equality,
    "gauge_range": gauge_range,
    "haar_level": haar,
    "gaussian_moment_ratio": partial(moment_ratio, "gaussian"),
    "uniform_moment_ratio": partial(moment_ratio, "uniform"),
    "laplace_moment_ratio": partial(moment_ratio, "laplace"),
    "residual_energy": residual_energy,
    "layer_gauge": layer_gauge,
    "energy_rank_bounds": energy_rank_bounds,
    "rank_order": rank_order,
    "marchenko_pastur": marchenko_pastur,
    "no_code_beats_the_entropy": no_code_beats_the_entropy,
    "commonest_exponents": commonest_exponents,
}


@dataclass(frozen=True)
class TheoremOutcome:
    theorem: Theorem
    status: Status
    checks: int
    violated: int
    worst: Check | None  # the largest residual, in units of its tolerance
    tight: tuple[Check, ...]  # of a bound: the nearest to it among the subject's matrices, and among made ones


def track(decision: Decision, measurements: Measurements) -> tuple[TheoremOutcome, ...]:
    """Every theorem, in the order of `reports/theorems/theorem_list.py`, against everything that was measured.

    Measurements after the rung's first kill count too: a theorem knows no checkpoints.
    """
    found = {name: tuple(run(decision.prereg, measurements)) for name, run in CHECKED_BY.items()}
    return tuple(outcome_of(theorem, found.get(theorem.name, ())) for theorem in THEOREMS)


def status_of(checks: int, violated: int) -> Status:
    """The one rule by which a status moves: VIOLATED if any check is, held if all of at least one are within."""
    if violated > 0:
        return "VIOLATED"
    return "held" if checks > 0 else "not checked in this run"


def proof_status(theorem: Theorem, record: ProofsDocument) -> ProofStatus:
    """The one rule of the other status: cited, unless the record holds everything that proves or refutes it."""
    if not theorem.formal or not record.theorems.keys() >= set(theorem.formal):
        return "cited"
    return "refuted" if theorem.refuted else "machine-checked"


def violates(check: Check) -> bool:
    """Beyond its tolerance, or no number at all."""
    return not check.residual <= check.tolerance


def outcome_of(theorem: Theorem, checks: Sequence[Check]) -> TheoremOutcome:
    violated = sum(violates(check) for check in checks)
    tight: tuple[Check, ...] = ()
    if theorem.kind == "bound":
        sides = ([check for check in checks if check.made is made] for made in (False, True))
        tight = tuple(max(side, key=_residual) for side in sides if side)
    return TheoremOutcome(
        theorem=theorem,
        status=status_of(len(checks), violated),
        checks=len(checks),
        violated=violated,
        worst=max(checks, key=_in_tolerances, default=None),
        tight=tight,
    )


def _residual(check: Check) -> float:
    return math.inf if math.isnan(check.residual) else check.residual


def _in_tolerances(check: Check) -> float:
    return _residual(check) / check.tolerance


def theorems_json(
    decision: Decision, subject: SubjectFacts, outcomes: Sequence[TheoremOutcome], record: ProofsDocument
) -> dict[str, object]:
    """`theorems.json`, floats at ten significant digits."""
    return {
        "rung": decision.prereg.rung,
        "design": decision.prereg.design,
        "rule_sha256": decision.prereg.canonical_sha256,
        "subject": {"name": subject.name, "exploratory": subject.exploratory},
        "prover": {"name": record.prover, "version": record.version, "axioms": list(record.axioms)},
        "theorems": [ten_digits(_outcome_json(outcome, record)) for outcome in outcomes],
        "schema": SCHEMA,
    }


def _outcome_json(outcome: TheoremOutcome, record: ProofsDocument) -> dict[str, object]:
    theorem = outcome.theorem
    said = {name: value for name, value in vars(theorem).items() if name not in ("formal", "refuted")}
    return {
        **said,
        "proof_status": proof_status(theorem, record),
        "formal": [_formal_json(name, record) for name in theorem.formal if name in record.theorems],
        "status": outcome.status,
        "checked": outcome.checks,
        "violated": outcome.violated,
        "worst": None if outcome.worst is None else _check_json(outcome.worst),
        "tight": [{**_check_json(check), "made": check.made} for check in outcome.tight],
    }


def _formal_json(name: str, record: ProofsDocument) -> dict[str, object]:
    checked = record.theorems[name]
    return {
        "name": name,
        "file": checked.file,
        "sha256": record.files[checked.file].sha256,
        "statement": checked.statement,
        "axioms": list(checked.axioms),
    }


def _check_json(check: Check) -> dict[str, object]:
    """What JSON does not have, NaN and infinities, is null."""
    number = check.residual if math.isfinite(check.residual) else None
    return {"where": check.where, "residual": number, "tolerance": check.tolerance, "detail": check.detail}
