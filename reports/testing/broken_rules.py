"""Rules broken on purpose, in ways that mutmut's small edits of one line cannot reach: a plugin of pytest.

    pytest -p reports.testing.broken_rules --broken="a gate has no traps" reports/judge/test_decision.py

replaces the rule wherever a module holds it, before the tests are imported. `test_broken_rules.py` runs all of them.
Nothing here quotes the source: a rule is found by its name, and a name that is gone is an error of pytest.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reports.artefacts.run_document import RunDocument
from reports.judge.bootstrap import bootstrap_over_prompts
from reports.judge.decision import Decision, decide, trigger
from reports.judge.digests import _digested
from reports.judge.gates import GateOutcome, judge_gate
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Gate, Preregistration, gates
from reports.prereg.rules import CLOSING
from reports.published.publication import require_enough
from reports.published.rejudge import subject_of
from reports.seals.audit import growth
from reports.seals.seal import _check_content, _vouching_entry, verify
from reports.store.store import Identity, Store
from reports.store.subject_facts import SubjectFacts, check_digest
from reports.study import Study
from reports.theorems.coq import require_only_known
from reports.theorems.proof_files import departures
from reports.theorems.theorems import proof_status

Rule = Callable[..., Any]


@dataclass(frozen=True)
class Broken:
    """`rule`, or the attribute `of` of the class `rule`, becomes `wrong(rule)`. `noticed_by` is a test that fails."""

    name: str  # what the code then does, as a sentence
    rule: Any
    wrong: Callable[[Rule], Any]
    noticed_by: str  # its id below reports/
    of: str = ""


def nothing(_: Rule) -> Rule:
    return lambda *_given, **_named: None


def every_gate(change: Callable[[tuple[Gate, ...]], Iterable[Gate]]) -> Callable[[Rule], Rule]:
    return lambda rule: lambda *given: tuple(change(rule(*given)))


def running_in_order(*kinds: str) -> Callable[[Rule], property]:
    return lambda _: property(lambda gate: tuple(sorted(gate.cells, key=lambda cell: kinds.index(cell.kind))))


def verdict(change: Callable[[Decision], Decision]) -> Callable[[Rule], Rule]:
    return lambda rule: lambda *given: change(rule(*given))


def inconclusive_first(decision: Decision) -> Decision:
    if not any(gate.status == "INCONCLUSIVE" for gate in decision.gates):
        return decision
    return replace(decision, verdict="INCONCLUSIVE", trigger=None, killed_at=None)


def incomplete_first(decision: Decision) -> Decision:
    return replace(decision, verdict="INCOMPLETE", trigger=None, killed_at=None) if decision.missing else decision


def last_kill(decision: Decision) -> Decision:
    killed = [index for index, gate in enumerate(decision.gates) if gate.status == "KILLED"]
    return replace(decision, trigger=trigger(decision.gates[killed[-1]])) if killed else decision


def by_sensitivity(rule: Rule) -> Rule:
    def judged(*given: Any) -> GateOutcome:
        outcome: GateOutcome = rule(*given)
        if outcome.status not in ("MET", "KILLED") or not outcome.sensitivity:
            return outcome
        return replace(outcome, status="MET" if outcome.sensitivity[-1].met else "KILLED")

    return judged


def unpaired(rule: Rule) -> Rule:
    def interval(pairs: Sequence[tuple[float, float]], *given: Any) -> Any:
        before, after = zip(*pairs, strict=True)
        return rule(list(zip(before, reversed(after), strict=True)), *given)

    return interval


def of_folder(run: RunDocument, prereg: Preregistration) -> SubjectFacts:
    layers = tuple(range(prereg.subject.layers))
    return SubjectFacts(prereg.subject.name, "", run.revision, layers, exploratory=False, sealed_layer_sha256=None)


def unverified(path: Path) -> SimpleNamespace:
    return SimpleNamespace(prereg=load_preregistration(path))


DECIDED, OF_MODEL = "judge/test_decision.py::", "judge/test_closing_gates.py::"
IN_ORDER = f"{DECIDED}test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate"
TRAPS_IN_ORDER = f"{DECIDED}test_order_is_controls_then_traps_then_claim_then_probe"
FORGED = "published/test_publication.py::test_a_forgery_is_refused_by_name"
STOPPED = "test_study.py::test_cells_behind_the_first_kill_are_told_its_trigger"
PROOFS = "theorems/"

BROKEN = (
    Broken("controls run behind their gate", Gate, running_in_order("trap", "claim", "control"), IN_ORDER, "running"),
    Broken(
        "traps run behind their claim", Gate, running_in_order("control", "claim", "trap"), TRAPS_IN_ORDER, "running"
    ),
    Broken("full scope is judged first", gates, every_gate(reversed), IN_ORDER),
    Broken(
        "a gate has no traps",
        gates,
        every_gate(lambda found: [replace(gate, traps=()) for gate in found]),
        f"{DECIDED}test_a_missing_trap_keeps_a_wide_claim_from_being_killed",
    ),
    Broken(
        "a rule on the whole model reads its first layer",
        Gate,
        lambda rule: lambda gate, of: gate.layers[:1] if isinstance(of, CLOSING) else rule(gate, of),
        f"{OF_MODEL}test_the_last_layer_alone_decides",
        "judged_layers",
    ),
    Broken(
        "INCONCLUSIVE beats KILLED",
        decide,
        verdict(inconclusive_first),
        f"{DECIDED}test_an_earlier_gate_is_killed_whatever_its_later_traps_show",
    ),
    Broken("INCOMPLETE beats KILLED", decide, verdict(incomplete_first), f"{DECIDED}test_verdict_equals_brute_force"),
    Broken(
        "the last kill names the trigger",
        decide,
        verdict(last_kill),
        "judge/test_algebra.py::test_the_first_kill_in_registered_order_names_the_trigger",
    ),
    Broken(
        "what ran after the kill enters the core",
        Decision,
        lambda _: property(lambda decision: decision.gates),
        f"{DECIDED}test_core_does_not_depend_on_what_ran_after_the_kill",
        "core_gates",
    ),
    Broken(
        "sensitivity decides",
        judge_gate,
        by_sensitivity,
        f"{DECIDED}test_sensitivity_reports_an_estimator_that_turns_the_gate",
    ),
    Broken("prompts are not paired", bootstrap_over_prompts, unpaired, "prereg/test_inflation.py"),
    Broken(
        "prose enters the core's digest",
        _digested,
        lambda _: lambda value: value,
        "judge/test_digests.py::test_everything_in_the_core_is_digested_and_nothing_else",
    ),
    Broken(
        "the seal is not verified",
        verify,
        lambda _: unverified,
        "published/test_rejudge.py::test_a_broken_seal_is_noticed",
    ),
    Broken(
        "an edit of a sealed rule is not noticed",
        _check_content,
        nothing,
        "seals/test_seal.py::test_edited_threshold_is_named",
    ),
    Broken(
        "an old seal may be replayed",
        _vouching_entry,
        lambda _: lambda _name, sidecar, ledger: ledger.find(sidecar.ledger_entry),
        "seals/test_seal.py::test_replayed_old_seal_is_named",
    ),
    Broken(
        "a ledger may be cut in git's history",
        growth,
        lambda _: lambda _changes: iter(()),
        "seals/test_audit.py::test_a_cut_tail_is_named_even_where_it_was_put_back",
    ),
    Broken("a published folder says of which subject it is", subject_of, lambda _: of_folder, FORGED),
    Broken("measurements may be of other weights than the sealed", check_digest, nothing, FORGED),
    Broken(
        "a verdict behind cells that were not measured is published",
        require_enough,
        nothing,
        "published/test_publication.py::test_a_trigger_behind_what_was_not_measured_is_refused_by_name",
    ),
    Broken(
        "a stored measurement of other tensors is taken",
        Store,
        lambda rule: lambda store, cell, _sha256=None: rule(store, cell),
        "store/test_store.py::test_other_tensors_under_the_same_name_are_tampered",
        "get",
    ),
    Broken(
        "settings are no part of a store's identity",
        Identity,
        lambda rule: lambda identity: rule(replace(identity, settings={})),
        "store/test_store.py::test_another_rule_or_other_settings_are_another_store",
        "to_json",
    ),
    Broken("a kill stops no cell under -x", Study, nothing, STOPPED, "killed_before"),
    Broken(
        "a kill stops the cells that it rests on",
        Study,
        lambda rule: lambda study, _cell: rule(study, study.cells()[-1]),
        STOPPED,
        "killed_before",
    ),
    Broken(
        "a changed proof is as good as a checked one",
        departures,
        lambda _: lambda _files, _record: iter(()),
        f"{PROOFS}test_proof_files.py::test_a_change_without_a_new_record_is_tampered_by_name",
    ),
    Broken(
        "a theorem is machine-checked because the tracker says so",
        proof_status,
        lambda _: lambda theorem, _record: "machine-checked" if theorem.formal else "cited",
        f"{PROOFS}test_theorems.py::test_a_proof_status_follows_the_record",
    ),
    Broken(
        "any axiom will do",
        require_only_known,
        nothing,
        f"{PROOFS}test_proof_files.py::test_no_axiom_but_the_known_ones_will_do",
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--broken", metavar="NAME", choices=[broken.name for broken in BROKEN])


def pytest_configure(config: pytest.Config) -> None:
    for broken in BROKEN:
        if broken.name == config.getoption("--broken"):
            put_in_place(broken)


def put_in_place(broken: Broken) -> None:
    """A module that is not imported yet will import what is put in place here."""
    if broken.of:
        setattr(broken.rule, broken.of, broken.wrong(getattr(broken.rule, broken.of)))
        return
    wrong = broken.wrong(broken.rule)
    for module in [module for name, module in sys.modules.items() if name.startswith("reports.") and name != __name__]:
        for name, value in list(vars(module).items()):
            if value is broken.rule:
                setattr(module, name, wrong)
