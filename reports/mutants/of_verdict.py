"""From gates to verdict, trigger and core."""

from reports.mutants.mutant import Mutant

DECISION = (
    Mutant(
        "the last kill names the trigger",
        "judge/decision.py",
        'statuses.index("KILLED") if',
        'len(statuses) - 1 - statuses[::-1].index("KILLED") if',
        ("judge/test_algebra.py::test_the_first_kill_in_registered_order_names_the_trigger",),
    ),
    Mutant(
        "INCONCLUSIVE beats KILLED",
        "judge/decision.py",
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
        ("judge/test_decision.py::test_an_earlier_gate_is_killed_whatever_its_later_traps_show",),
    ),
    Mutant(
        "INCOMPLETE beats INCONCLUSIVE",
        "judge/decision.py",
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
        ("judge/test_decision.py::test_verdict_with_traps_equals_brute_force",),
    ),
    Mutant(
        "INCOMPLETE beats KILLED",
        "judge/decision.py",
        "    if killed_at is not None:\n        verdict",
        "    if killed_at is not None and not missing:\n        verdict",
        ("judge/test_decision.py::test_verdict_equals_brute_force",),
    ),
    Mutant(
        "only what a gate needs can be missing",
        "judge/decision.py",
        "    elif missing:",
        "    elif any(outcome.missing for outcome in outcomes):",
        ("judge/test_closing_gates.py::test_a_rung_without_a_part_of_the_curve_is_incomplete_never_survived",),
    ),
    Mutant(
        "a rung that lacks cells survives",
        "judge/decision.py",
        "    elif missing:",
        "    elif len(missing) == len(registered_cells(prereg, layers)):",
        ("judge/test_decision.py::test_every_verdict_is_reachable",),
    ),
    Mutant(
        "exploratory gates enter the core",
        "judge/decision.py",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at + 1]",
        "self.gates",
        ("judge/test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "the gate that kills is outside the core",
        "judge/decision.py",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at + 1]",
        "self.gates if self.killed_at is None else self.gates[: self.killed_at]",
        ("judge/test_algebra.py::test_the_first_kill_in_registered_order_names_the_trigger",),
    ),
    Mutant(
        "the core names layers that only later gates read",
        "judge/decision.py",
        "core = outcomes if killed_at is None else outcomes[: killed_at + 1]",
        "core = outcomes",
        ("judge/test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "a model that no gate of the core needs is named",
        "judge/decision.py",
        'for cell in needed if measurements[cell].of == "model"',
        'for cell in measurements if measurements[cell].of == "model"',
        ("judge/test_closing_gates.py::test_a_curve_without_its_last_layer_names_no_model",),
    ),
    Mutant(
        "the trigger counts the layers of full scope",
        "judge/decision.py",
        "{len(outcome.gate.layers)}-layer checkpoint",
        "{outcome.gate.claim.checkpoints[-1]}-layer checkpoint",
        ("judge/test_decision.py::test_document_begins_with_the_source_fields_and_notices_an_edit",),
    ),
)
DOCUMENT = (
    Mutant(
        "the environment enters the core's digest",
        "judge/digests.py",
        "return {key: _digested(document[key]) for key in CORE_KEYS}",
        'return {key: _digested(document[key]) for key in (*CORE_KEYS, "environment") if key in document}',
        ("judge/test_decision.py::test_document_begins_with_the_source_fields_and_notices_an_edit",),
    ),
    Mutant(
        "the trigger is outside the core's digest",
        "judge/digests.py",
        '    "trigger",\n    "design",',
        '    "design",',
        ("judge/test_digests.py::test_every_part_of_an_outcome_moves_its_digest",),
    ),
    Mutant(
        "the core keeps every digit",
        "judge/document.py",
        "return dict(ten_digits(core))",
        "return core",
        ("judge/test_digests.py::test_every_number_of_a_document_has_ten_digits",),
    ),
    Mutant(
        "ten digits are nine",
        "judge/digests.py",
        "{value:.9e}",
        "{value:.8e}",
        ("judge/test_digests.py::test_rounding_is_idempotent_and_by_half_a_unit_at_most",),
    ),
    Mutant(
        "zero has two signs",
        "judge/digests.py",
        '}") + 0.0',
        '}")',
        ("judge/test_digests.py::test_zero_has_one_sign_and_integers_stay_as_they_are",),
    ),
    Mutant(
        "prose enters the core's digest",
        "judge/digests.py",
        "for key, inner in value.items() if key not in UNDIGESTED}",
        "for key, inner in value.items()}",
        ("judge/test_digests.py::test_everything_in_the_core_is_digested_and_nothing_else",),
    ),
    Mutant(
        "a status is outside the outcome",
        "judge/digests.py",
        '("claim", "checkpoint", "status", "n", "certified_count")',
        '("claim", "checkpoint", "n", "certified_count")',
        ("judge/test_digests.py::test_every_part_of_an_outcome_moves_its_digest",),
    ),
    Mutant(
        "what a trap observed enters the outcome",
        "judge/digests.py",
        '("name", "claim", "layer", "sound")',
        '("name", "claim", "layer", "sound", "observed")',
        ("judge/test_digests.py::test_the_outcome_holds_no_float_and_the_core_does",),
    ),
    Mutant(
        "a count is certified at a tie",
        "judge/certified.py",
        "if not (low < bound) == (value < bound) == (high < bound):",
        "if not (low < bound) == (value < bound):",
        ("judge/test_certified.py::test_a_count_is_certified_where_every_possible_choice_gives_it",),
    ),
    Mutant(
        "the reference of a relative rank is exact",
        "judge/certified.py",
        "REFERENCE_ERROR = 1e-9",
        "REFERENCE_ERROR = 0.0",
        ("judge/test_certified.py::test_a_bound_that_a_rank_meets_exactly_is_decided_and_a_quotient_is_not",),
    ),
    Mutant(
        "gates after the kill are told as the core's",
        "judge/document.py",
        'for outcome in judged],\n        "controls"',
        'for outcome in decision.gates],\n        "controls"',
        ("judge/test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "controls of later gates enter the core",
        "judge/document.py",
        "for outcome in controls_once(judged)]",
        "for outcome in controls_once(decision.gates)]",
        ("judge/test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "traps of later gates enter the core",
        "judge/document.py",
        "for outcome in traps_once(judged)]",
        "for outcome in traps_once(decision.gates)]",
        ("judge/test_decision.py::test_core_with_traps_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "what later gates lack is missing from the core",
        "judge/document.py",
        "[cell.id for cell in decision.missing if any(cell in outcome.gate.cells for outcome in judged)]",
        "[cell.id for cell in decision.missing]",
        ("judge/test_decision.py::test_core_does_not_depend_on_what_ran_after_the_kill",),
    ),
    Mutant(
        "instruments that did not run are all sound",
        "judge/document.py",
        "bool(controls) and all(sound)",
        "False not in sound",
        ("judge/test_decision.py::test_trap_results_are_sound_only_if_every_control_ran_and_is",),
    ),
    Mutant(
        "an estimator that turns the gate is not told",
        "judge/document.py",
        "any(other.met != rule.met for",
        "all(other.met != rule.met for",
        ("judge/test_closing_gates.py::test_another_scale_that_turns_the_gate_is_told_and_changes_nothing",),
    ),
    Mutant(
        "a draft is no deviation",
        "judge/document.py",
        "if decision.prereg.draft:",
        "if not decision.prereg.draft:",
        ("judge/test_decision.py::test_deviations_name_draft_exploratory_and_layer_count",),
    ),
    Mutant(
        "another subject is no deviation",
        "judge/document.py",
        "if subject.exploratory:",
        "if not subject.exploratory:",
        ("judge/test_decision.py::test_deviations_name_draft_exploratory_and_layer_count",),
    ),
)
