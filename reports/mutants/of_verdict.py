"""From gates to verdict, trigger and core."""

from reports.mutants.mutant import Mutant

DECISION = (
    Mutant(
        "the last kill names the trigger",
        "decision.py",
        'statuses.index("KILLED") if',
        'len(statuses) - 1 - statuses[::-1].index("KILLED") if',
        ("test_algebra.py::test_the_first_kill_in_registered_order_names_the_trigger",),
    ),
    Mutant(
        "INCONCLUSIVE beats KILLED",
        "decision.py",
        (
            "    if killed_at is not None:\n"
            '        verdict = "KILLED"\n'
            '    elif "INCONCLUSIVE" in statuses:\n'
            '        verdict = "INCONCLUSIVE"'
        ),
        (
            '    if "INCONCLUSIVE" in statuses:\n'
            '        verdict = "INCONCLUSIVE"\n'
            "    elif killed_at is not None:\n"
            '        verdict = "KILLED"'
        ),
        ("test_decision.py::test_an_earlier_gate_is_killed_whatever_its_later_traps_show",),
    ),
    Mutant(
        "INCOMPLETE beats INCONCLUSIVE",
        "decision.py",
        (
            '    elif "INCONCLUSIVE" in statuses:\n'
            '        verdict = "INCONCLUSIVE"\n'
            "    elif missing:\n"
            '        verdict = "INCOMPLETE"'
        ),
        (
            "    elif missing:\n"
            '        verdict = "INCOMPLETE"\n'
            '    elif "INCONCLUSIVE" in statuses:\n'
            '        verdict = "INCONCLUSIVE"'
        ),
        ("test_decision.py::test_verdict_with_traps_equals_brute_force",),
    ),
    Mutant(
        "INCOMPLETE beats KILLED",
        "decision.py",
        "    if killed_at is not None:\n        verdict",
        "    if killed_at is not None and not missing:\n        verdict",
        ("test_decision.py::test_verdict_equals_brute_force",),
    ),
    Mutant(
        "only what a gate needs can be missing",
        "decision.py",
        "    elif missing:",
        "    elif any(outcome.missing for outcome in outcomes):",
        ("test_closing_gates.py::test_a_rung_without_a_part_of_the_curve_is_incomplete_never_survived",),
    ),
    Mutant(
        "a rung that lacks cells survives",
        "decision.py",
        "    elif missing:",
        "    elif len(missing) == len(registered_cells(prereg, layers)):",
        ("test_decision.py::test_every_verdict_is_reachable",),
    ),
    Mutant(
        "exploratory gates enter the core",
        "decision.py",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at + 1]",
        "self.gates",
        ("test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "the gate that kills is outside the core",
        "decision.py",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at + 1]",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at]",
        ("test_algebra.py::test_the_first_kill_in_registered_order_names_the_trigger",),
    ),
    Mutant(
        "the core names layers that only later gates read",
        "decision.py",
        "core = outcomes if killed_at is None else outcomes[: killed_at + 1]",
        "core = outcomes",
        ("test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "a model that no gate of the core needs is named",
        "decision.py",
        'for cell in needed if measurements[cell].of == "model"',
        'for cell in measurements if measurements[cell].of == "model"',
        ("test_closing_gates.py::test_a_curve_without_its_last_layer_names_no_model",),
    ),
    Mutant(
        "the trigger counts the layers of full scope",
        "decision.py",
        "{len(outcome.gate.layers)}-layer checkpoint",
        "{outcome.gate.claim.checkpoints[-1]}-layer checkpoint",
        ("test_decision.py::test_document_begins_with_the_source_fields_and_notices_an_edit",),
    ),
)
DOCUMENT = (
    Mutant(
        "the environment enters the core's digest",
        "digests.py",
        "return {key: _digested(document[key]) for key in CORE_KEYS}",
        'return {key: _digested(document[key]) for key in (*CORE_KEYS, "environment") if key in document}',
        ("test_decision.py::test_document_begins_with_the_source_fields_and_notices_an_edit",),
    ),
    Mutant(
        "the trigger is outside the core's digest",
        "digests.py",
        '    "trigger",\n    "design",',
        '    "design",',
        ("test_digests.py::test_every_part_of_an_outcome_moves_its_digest",),
    ),
    Mutant(
        "the core keeps every digit",
        "document.py",
        "return dict(ten_digits(core))",
        "return core",
        ("test_digests.py::test_every_number_of_a_document_has_ten_digits",),
    ),
    Mutant(
        "ten digits are nine",
        "digests.py",
        "{value:.9e}",
        "{value:.8e}",
        ("test_digests.py::test_rounding_is_idempotent_and_by_half_a_unit_at_most",),
    ),
    Mutant(
        "zero has two signs",
        "digests.py",
        '}") + 0.0',
        '}")',
        ("test_digests.py::test_zero_has_one_sign_and_integers_stay_as_they_are",),
    ),
    Mutant(
        "prose enters the core's digest",
        "digests.py",
        "for key, inner in value.items() if key not in UNDIGESTED}",
        "for key, inner in value.items()}",
        ("test_digests.py::test_everything_in_the_core_is_digested_and_nothing_else",),
    ),
    Mutant(
        "a status is outside the outcome",
        "digests.py",
        '("claim", "checkpoint", "status", "n", "certified_count")',
        '("claim", "checkpoint", "n", "certified_count")',
        ("test_digests.py::test_every_part_of_an_outcome_moves_its_digest",),
    ),
    Mutant(
        "what a trap observed enters the outcome",
        "digests.py",
        '("name", "claim", "layer", "sound")',
        '("name", "claim", "layer", "sound", "observed")',
        ("test_digests.py::test_the_outcome_holds_no_float_and_the_core_does",),
    ),
    Mutant(
        "a count is certified at a tie",
        "certified.py",
        "if not (low < bound) == (value < bound) == (high < bound):",
        "if not (low < bound) == (value < bound):",
        ("test_certified.py::test_a_count_is_certified_where_every_possible_choice_gives_it",),
    ),
    Mutant(
        "the reference of a relative rank is exact",
        "certified.py",
        "REFERENCE_ERROR = 1e-9",
        "REFERENCE_ERROR = 0.0",
        ("test_certified.py::test_a_bound_that_a_rank_meets_exactly_is_decided_and_a_quotient_is_not",),
    ),
    Mutant(
        "gates after the kill are told as the core's",
        "document.py",
        'for outcome in judged],\n        "controls"',
        'for outcome in decision.gates],\n        "controls"',
        ("test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "controls of later gates enter the core",
        "document.py",
        "for outcome in controls_once(judged)]",
        "for outcome in controls_once(decision.gates)]",
        ("test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "traps of later gates enter the core",
        "document.py",
        "for outcome in traps_once(judged)]",
        "for outcome in traps_once(decision.gates)]",
        ("test_decision.py::test_core_with_traps_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "what later gates lack is missing from the core",
        "document.py",
        "[cell.id for cell in decision.missing if any(cell in outcome.gate.cells for outcome in judged)]",
        "[cell.id for cell in decision.missing]",
        ("test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "instruments that did not run are all sound",
        "document.py",
        "bool(controls) and all(sound)",
        "False not in sound",
        ("test_decision.py::test_trap_results_are_sound_only_if_every_control_ran_and_is",),
    ),
    Mutant(
        "an estimator that turns the gate is not told",
        "document.py",
        "any(other.met != rule.met for",
        "all(other.met != rule.met for",
        ("test_closing_gates.py::test_another_scale_that_turns_the_gate_is_told_and_changes_nothing",),
    ),
    Mutant(
        "a draft is no deviation",
        "document.py",
        "if decision.prereg.draft:",
        "if not decision.prereg.draft:",
        ("test_decision.py::test_deviations_name_draft_exploratory_and_layer_count",),
    ),
    Mutant(
        "another subject is no deviation",
        "document.py",
        "if subject.exploratory:",
        "if not subject.exploratory:",
        ("test_decision.py::test_deviations_name_draft_exploratory_and_layer_count",),
    ),
)
