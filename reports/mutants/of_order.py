"""Which cells a gate has, and in which order they run."""

from reports.mutants.mutant import Mutant

ORDER = (
    Mutant(
        "controls run behind their gate",
        "prereg/preregistration.py",
        "every = [*self.control_cells, *by_trap, *by_claim]",
        "every = [*by_trap, *by_claim, *self.control_cells]",
        ("judge/test_decision.py::test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate",),
    ),
    Mutant(
        "traps run behind their claim",
        "prereg/preregistration.py",
        "every = [*self.control_cells, *by_trap, *by_claim]",
        "every = [*self.control_cells, *by_claim, *by_trap]",
        ("judge/test_decision.py::test_order_is_controls_then_traps_then_claim_then_probe",),
    ),
    Mutant(
        "full scope is judged first",
        "prereg/preregistration.py",
        "for claim in prereg.claims for count in claim.checkpoints})",
        "for claim in prereg.claims for count in claim.checkpoints}, reverse=True)",
        ("judge/test_decision.py::test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate",),
    ),
    Mutant(
        "a claim is judged to its end before the next begins",
        "prereg/preregistration.py",
        "        for count in counts\n        for claim in prereg.claims\n",
        "        for claim in prereg.claims\n        for count in counts\n",
        ("judge/test_decision.py::test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate",),
    ),
    Mutant(
        "a checkpoint beyond the subject is dropped",
        "prereg/preregistration.py",
        "if count in {min(checkpoint, present) for checkpoint in claim.checkpoints}",
        "if count in claim.checkpoints",
        ("judge/test_decision.py::test_a_checkpoint_beyond_the_subject_is_judged_on_all_of_its_layers",),
    ),
    Mutant(
        "a gate takes the last layers of the subject",
        "prereg/preregistration.py",
        "layers=tuple(layers[:count])",
        "layers=tuple(layers[-count:])",
        ("judge/test_decision.py::test_a_checkpoint_beyond_the_subject_is_judged_on_all_of_its_layers",),
    ),
    Mutant(
        "every gate has every control",
        "prereg/preregistration.py",
        "for control in prereg.controls if control.claim == claim.name)",
        "for control in prereg.controls)",
        ("judge/test_decision.py::test_registered_order_runs_controls_just_before_the_first_cell_of_their_gate",),
    ),
    Mutant(
        "every gate has every trap",
        "prereg/preregistration.py",
        "for trap in prereg.traps if trap.claim == claim.name)",
        "for trap in prereg.traps)",
        ("judge/test_decision.py::test_order_is_controls_then_traps_then_claim_then_probe",),
    ),
    Mutant(
        "a rule on the whole model reads its first layer",
        "prereg/preregistration.py",
        "return self.layers[-1:] if isinstance(rule, CLOSING)",
        "return self.layers[:1] if isinstance(rule, CLOSING)",
        ("judge/test_closing_gates.py::test_the_last_layer_alone_decides",),
    ),
    Mutant(
        "a rule on the whole model reads every layer",
        "prereg/preregistration.py",
        "return self.layers[-1:] if isinstance(rule, CLOSING) else self.layers",
        "return self.layers",
        (
            "judge/test_closing_gates.py::test_a_gate_needs_its_last_layer_and_every_layer_of_a_trap_that_reads_them_all",
        ),
    ),
    Mutant(
        "what only shows runs with what kills",
        "prereg/preregistration.py",
        "return tuple(sorted(every, key=lambda cell: cell not in needed))",
        "return tuple(every)",
        ("judge/test_closing_gates.py::test_an_order_puts_what_kills_before_what_only_shows",),
    ),
    Mutant(
        "a registered order of layers is ignored",
        "prereg/preregistration.py",
        "return tuple(dict.fromkeys(first + self.layers))",
        "return self.layers",
        ("judge/test_closing_gates.py::test_an_order_puts_what_kills_before_what_only_shows",),
    ),
)
