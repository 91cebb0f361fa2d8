"""`python -m reports why CELL`: one cell, from its raw values through its rule to its part in the verdict. Pure."""

from collections.abc import Sequence
from statistics import fmean

from reports.base.errors import BadInput
from reports.base.spans import spans
from reports.judge.decision import Decision, controls_once, rule_text
from reports.judge.gates import GateOutcome, Measurements
from reports.judge.instruments import judge_trap
from reports.judge.probe_outcome import FAMILIES, ProbedLayer, probed_layer
from reports.judge.secondary import compared_layer, experts_cell, secondary_line
from reports.pages.rendering import as_text
from reports.pages.section import Section
from reports.pages.sections.deviations_section import cell_ranges
from reports.pages.sections.probe_section import concluded as probe_words
from reports.pages.why_gates import gate_lines, instruments, part
from reports.pages.why_values import known_answers, layer_arithmetic, raw_names, raw_values, trap_rule_text
from reports.prereg.measurement import Measurement
from reports.prereg.parsing.refusals import closest
from reports.prereg.preregistration import Cell, Claim, running_order

COLUMNS = 80  # as in `reports/plugin/terminal.py`


def why(cell_id: str, decision: Decision, measurements: Measurements) -> str:
    """The explanation of `cell_id`, such as `narrow_d[L03]` or the name of a control, at most 80 columns wide.

    Raises `BadInput` for a cell that is not registered, with the closest one that is.
    """
    cell = find(cell_id, decision)
    explain = {
        "claim": _claim,
        "trap": _trap,
        "control": _control,
        "probe": _probe,
        "secondary": _secondary,
    }[cell.kind]
    return "\n\n".join(as_text(section, COLUMNS) for section in explain(cell, decision, measurements)) + "\n"


def find(cell_id: str, decision: Decision) -> Cell:
    known = {cell.id: cell for cell in running_order(decision.prereg, decision.layers)}
    if cell_id not in known:
        names = ", ".join(cell_ranges(list(known.values())))
        raise BadInput(
            f"{cell_id!a}: no such cell in {decision.prereg.rung}, design {decision.prereg.design}; there are "
            f"{names}{closest(cell_id, known)}"
        )
    return known[cell_id]


def _head(cell: Cell, decision: Decision, what: str, *lines: str) -> Section:
    prereg = decision.prereg
    return Section(f"{cell.id}: {what} of {prereg.rung}, design {prereg.design}", [" ".join(x.split()) for x in lines])


def _raw(cell: Cell, measurement: Measurement | None, names: Sequence[str]) -> Section:
    if measurement is None:
        return Section("raw values", [f"{cell.id} was not measured in this run"])
    digest = f"measured on tensors with sha256 {measurement.tensors_sha256[:12]}…"
    unit = "[nats]" if "nll" in names else "[-]"
    return Section(f"raw values {unit}", [*raw_values(measurement.measured, names), digest])


def _gates(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    """Each gate that reads the cell."""
    reading = [outcome for outcome in decision.gates if cell in outcome.gate.cells]
    if not reading:
        text = (
            "no gate reads this cell: its rule is about the last layer of a checkpoint, the others show the way there"
        )
        return [Section("gates", [text])]
    return [
        Section(
            f"gate {outcome.gate.id}, layers {spans(outcome.gate.layers)}", gate_lines(outcome, decision, measurements)
        )
        for outcome in reading
    ]


def _claim(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    claim, measurement = decision.prereg.claim(cell.name), measurements.get(cell)
    sections = [_head(cell, decision, f"claim {claim.label}", claim.statement, f"rule: {rule_text(claim.rule)}")]
    names = [] if measurement is None else raw_names(measurement.measured, claim.rule)
    sections.append(_raw(cell, measurement, names))
    if measurement is not None:
        sections.append(Section("value of this layer", [*layer_arithmetic(measurement.measured, claim.rule)]))
        sections.append(Section("estimators beside noise", _beside_noise(claim, measurement)))
    sections = [section for section in sections if section.parts]
    return [*sections, *_gates(cell, decision, measurements)]


def _beside_noise(claim: Claim, measurement: Measurement) -> list[str]:
    """Of an estimator of effective dimension: what the registered and the other ones say here, beside noise."""
    lines = []
    for metric in (claim.rule.metric, *claim.sensitivity):
        name = estimator_of(measurement, metric)
        noise = measurement.measured.samples[name].noise_mean
        if noise is not None and not claim.closing:
            mean = fmean(measurement.measured.samples[name])
            apart = f"{mean / noise:.4f} times noise" if noise else f"{mean:+.4f} above noise"
            lines.append(f"{name:<22} mean {mean:.4f}, noise {noise:.4f}: {apart}")
    return lines


def estimator_of(measurement: Measurement, metric: str) -> str:
    """What a relative metric is made of, or the metric itself."""
    parts = measurement.measured.samples[metric].made_of
    return parts[0] if len(parts) == 1 else metric


def _trap(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    trap, measurement = decision.prereg.trap(cell.name), measurements.get(cell)
    sections = [
        _head(cell, decision, f"trap of {trap.claim}", f"must hold: {trap_rule_text(trap.rule)}"),
        _raw(cell, measurement, [] if measurement is None else raw_names(measurement.measured, trap.rule)),
    ]
    if measurement is not None and cell.layer is not None:
        lines = layer_arithmetic(measurement.measured, trap.rule)
        reading = [outcome for outcome in decision.gates if cell in outcome.gate.cells]
        if reading:
            outcome = judge_trap(trap, cell.layer, measurement)
            lines.append(f"{outcome.reason}: {'sound' if outcome.sound else 'OUT OF LINE'}")
        sections.append(Section("value of this layer", lines))
    return [*sections, *_guarded(cell, decision)]


def _control(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    control = next(known for known in decision.prereg.controls if known.name == cell.name)
    rule, measurement = decision.prereg.claim(control.claim).rule, measurements.get(cell)
    shape = f"{control.experts} experts, hidden size {control.hidden_size}, inner size {control.intermediate_size}"
    sections = [
        _head(
            cell,
            decision,
            f"control of {control.claim}",
            f"{control.generator}, {shape}, seed {control.seed}",
            f"expected {control.expected} by {rule_text(rule)}",
        ),
        _raw(cell, measurement, [] if measurement is None else raw_names(measurement.measured, rule)),
    ]
    if measurement is not None:
        measured = measurement.measured
        lines = [*layer_arithmetic(measured, rule), *known_answers(control, measured, rule.metric)]
        judged = [outcome for outcome in controls_once(decision.gates) if outcome.control == control]
        lines += [f"{outcome.reason}: {'sound' if outcome.sound else 'OUT OF LINE'}" for outcome in judged]
        sections.append(Section("its one layer", lines))
    return [*sections, *_guarded(cell, decision)]


def _guarded(cell: Cell, decision: Decision) -> list[Section]:
    """What the gates that an instrument is beside came to."""
    reading = [outcome for outcome in decision.gates if cell in outcome.gate.cells]
    if not reading:
        return [Section("gates", ["no gate reads this cell: its rule is about the last layer of a checkpoint"])]
    return [Section(f"gate {outcome.gate.id}", _guard_lines(outcome, decision)) for outcome in reading]


def _guard_lines(outcome: GateOutcome, decision: Decision) -> list[str]:
    return [*instruments(outcome), f"the gate is {outcome.status}", part(outcome, decision)]


def _probe(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    probe = next(known for known in decision.prereg.probes if known.name == cell.name)
    measurement = measurements.get(cell)
    sections = [
        _head(cell, decision, f"probe of {probe.claim}", "structure beyond noise, or too weak a search?"),
        _raw(cell, measurement, [*_measured(measurement, FAMILIES), "ceiling", "plateau_step"]),
    ]
    if measurement is not None and cell.layer is not None:
        layer = probed_layer(cell.layer, measurement.measured)
        landing, annealed = layer.betas["landing"], layer.betas["annealed_procrustes"]
        larger = layer.betas["larger_budget"]
        sections.append(
            Section(
                "value of this layer",
                [
                    f"against annealed Procrustes: {landing:.4f} / {annealed:.4f} - 1 = {layer.agreement:+.4f}, within "
                    f"{probe.agree_within:g} is agreement",
                    f"{probe.budget_factor} times the budget: {larger:.4f} / {landing:.4f} - 1 = {layer.gain:+.4f}, at "
                    f"most {probe.gain_at_most:g} is a plateau",
                    f"lift at most {layer.ceiling:.4f}, the mean of 1/β(W)",
                    *_best_landings(layer),
                ],
            )
        )
    concluded = [found for found in decision.probes if found.probe == probe]
    lines = [probe_words(found) for found in concluded]
    return [*sections, Section("conclusion", [*(lines or ["none: a layer was not probed"]), "it enters no verdict"])]


def _measured(measurement: Measurement | None, names: Sequence[str]) -> list[str]:
    return [] if measurement is None else [name for name in names if name in measurement.measured.samples]


def _best_landings(layer: ProbedLayer) -> list[str]:
    """The best of all searches on the weights, over the best on the null that gains most."""
    best = layer.betas[layer.best]
    if layer.structure is None:
        return [f"best landing {best:.4f}, by {layer.best}; nulls were not searched"]
    null = max(layer.nulls, key=lambda name: layer.nulls[name])
    return [
        f"best landings: {best:.4f} ({layer.best}) / {layer.nulls[null]:.4f} (on the {null} null) = "
        f"{layer.structure:.4f} of structure"
    ]


def _secondary(cell: Cell, decision: Decision, measurements: Measurements) -> list[Section]:
    secondary, measurement = decision.prereg.secondary(cell.name), measurements.get(cell)
    beside = experts_cell(secondary, cell)
    sections = [
        _head(cell, decision, f"secondary beside {secondary.claim}", secondary.statement),
        _raw(cell, measurement, [] if measurement is None else [estimator_of(measurement, secondary.metric)]),
    ]
    experts, lines = measurements.get(beside), []
    if experts is not None:
        lines += raw_values(experts.measured, [estimator_of(experts, secondary.metric)])
        lines.append(f"mean {secondary.metric} {fmean(experts.measured.samples[secondary.metric]):.4f}")
    compared = compared_layer(secondary, cell, measurements)
    if compared is not None:
        lines.append(
            f"experts minus dense: {compared.experts:.4f} - {compared.dense:.4f} = {compared.difference:+.4f} [-]"
        )
    sections.append(Section(f"experts, {beside.id}", lines or ["not measured in this run"]))
    found = [secondary_line(outcome) for outcome in decision.secondaries if outcome.secondary == secondary]
    return [*sections, Section("conclusion", [*(found or ["none: too few layers"]), "it enters no verdict"])]
