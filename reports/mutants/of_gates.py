"""Status, sensitivity and intervals of a gate."""

from reports.mutants.mutant import Mutant

GATES = (
    Mutant(
        "a missing control lets its gate be killed",
        "judge/gates.py",
        "cell for cell in gate.cells if cell not in measurements)",
        "cell for cell in gate.claim_cells if cell not in measurements)",
        ("judge/test_decision.py::test_a_control_that_did_not_run_leaves_its_gate_not_run",),
    ),
    Mutant(
        "a missing trap lets its gate be killed",
        "judge/gates.py",
        "cell for cell in gate.cells if cell not in measurements)",
        "cell for cell in gate.control_cells + gate.claim_cells if cell not in measurements)",
        ("judge/test_decision.py::test_a_missing_trap_keeps_a_wide_claim_from_being_killed",),
    ),
    Mutant(
        "a gate is judged on the layers it has",
        "judge/gates.py",
        "complete = len(layers) == len(judged)",
        "complete = bool(layers)",
        ("judge/test_gates.py::test_an_incomplete_gate_has_neither_rule_nor_structure",),
    ),
    Mutant(
        "KILLED beats INCONCLUSIVE at a gate",
        "judge/gates.py",
        "    if broken or _unsound(controls, traps):",
        (
            "    if outcome is not None and not outcome.met and not missing:\n"
            '        status = "KILLED"\n'
            "    elif broken or _unsound(controls, traps):"
        ),
        ("judge/test_decision.py::test_a_broken_rotation_makes_its_gate_inconclusive",),
    ),
    Mutant(
        "NOT_RUN beats INCONCLUSIVE at a gate",
        "judge/gates.py",
        (
            "    if broken or _unsound(controls, traps):\n"
            '        status = "INCONCLUSIVE"\n'
            "    elif missing or outcome is None:\n"
            '        status = "NOT_RUN"'
        ),
        (
            "    if missing or outcome is None:\n"
            '        status = "NOT_RUN"\n'
            "    elif broken or _unsound(controls, traps):\n"
            '        status = "INCONCLUSIVE"'
        ),
        ("judge/test_gates.py::test_a_broken_rotation_is_told_before_the_gate_is_complete",),
    ),
    Mutant(
        "a broken rotation is let pass",
        "judge/gates.py",
        "if broken or _unsound(controls, traps):",
        "if _unsound(controls, traps):",
        ("judge/test_gates.py::test_a_broken_rotation_is_neither_met_nor_killed",),
    ),
    Mutant(
        "unsound controls are let pass",
        "judge/gates.py",
        "any(control.sound is False for control in controls) or any(",
        "any(",
        ("judge/test_decision.py::test_every_verdict_is_reachable",),
    ),
    Mutant(
        "misfired traps are let pass",
        "judge/gates.py",
        "(control.sound is False for control in controls) or any(trap.sound is False for trap in traps)",
        "(control.sound is False for control in controls)",
        ("judge/test_decision.py::test_every_verdict_is_reachable_with_traps",),
    ),
    Mutant(
        "a control that did not run is unsound",
        "judge/gates.py",
        "control.sound is False",
        "not control.sound",
        ("judge/test_decision.py::test_a_control_that_did_not_run_leaves_its_gate_not_run",),
    ),
    Mutant(
        "sensitivity decides",
        "judge/gates.py",
        "outcome = outcomes[0] if complete else None",
        "outcome = outcomes[-1] if complete else None",
        ("judge/test_decision.py::test_sensitivity_reports_an_estimator_that_turns_the_gate",),
    ),
    Mutant(
        "the interval is over matrices",
        "judge/gates.py",
        "bootstrap_over_layers(outcome.layer_values, interval)",
        ("bootstrap_over_layers([v for layer in layers for v in values(layer.measured, outcome.metric)], interval)"),
        ("testing/test_reach.py::test_the_interval_of_a_gate_is_over_layers",),
    ),
    Mutant(
        "a model's interval is over layers",
        "judge/gates.py",
        "if outcome is not None and gate.claim.of_model:",
        "if outcome is None and gate.claim.of_model:",
        ("testing/test_reach.py::test_the_interval_of_a_model_is_over_prompts",),
    ),
    Mutant(
        "a detectable effect is one standard error",
        "judge/gates.py",
        "DETECTABLE_STANDARD_ERRORS * spread[1]",
        "spread[1]",
        ("testing/test_reach.py::test_the_interval_of_a_gate_is_over_layers",),
    ),
    Mutant(
        "structure's interval is of plain values",
        "judge/gates.py",
        "([math.log(layer.structure) for layer in layers], interval)\n    return math.exp(low), math.exp(high)",
        "([layer.structure for layer in layers], interval)\n    return low, high",
        ("judge/test_gates.py::test_the_interval_of_structure_is_that_of_the_geometric_mean",),
    ),
)
BOOTSTRAP = (
    Mutant(
        "layers are not resampled",
        "judge/bootstrap.py",
        "layers[generator.integers(0, len(layers), size=(interval.draws, len(layers)))].mean(axis=1)",
        "np.resize(layers, (interval.draws, len(layers))).mean(axis=1)",
        ("judge/test_gates.py::test_the_interval_is_seeded_and_narrows_with_its_level",),
    ),
    Mutant(
        "prompts are not paired",
        "judge/bootstrap.py",
        'np.einsum("dp,pk->kd", counts, values)',
        'np.einsum("dp,p->d", counts, values[:, 0]), np.einsum("dp,p->d", counts[::-1], values[:, 1])',
        ("prereg/test_inflation.py",),
    ),
)
