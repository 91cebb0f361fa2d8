"""`postmortem.md`: what was registered, what fired, how sure we are, what it does not say.

Generated, with a part for people: whatever stands below the marker line is kept when the page is generated again.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reports.base.errors import BadInput
from reports.base.files import read_regular
from reports.base.markdown import code, plain, table
from reports.base.spans import spans
from reports.judge.decision import UNSAID, Decision, rule_text, traps_once
from reports.judge.probe import FAMILIES
from reports.judge.secondary import secondary_line
from reports.pages.messages import lift_lines
from reports.pages.postmortem_fired import cost_section, fired_section
from reports.pages.postmortem_one_bit import generation_section
from reports.prereg.known_names import NULLS
from reports.prereg.measurement import Measurement
from reports.prereg.metrics import Decomposition, counted
from reports.prereg.prefilter import prefilter_lines
from reports.prereg.preregistration import Cell

MARKER = "<!-- written by hand below this line; kept when the page is generated again -->"
PAGE_LIMIT = 1 << 26  # bytes; one has 20,000, and what people add
NOTHING: Mapping[Cell, Measurement] = MappingProxyType({})
INVITATION = "\n\n## Notes\n\n_Nothing was added by hand._\n"


def postmortem(
    decision: Decision, document: Mapping[str, Any], measurements: Mapping[Cell, Measurement] = NOTHING
) -> str:
    """The generated part, in Markdown."""
    sections = [
        _title(decision, document),
        _registered(decision),
        fired_section(decision),
        _distribution(decision),
        _lift(decision),
        _probe(decision),
        generation_section(decision.generation),
        _secondary(decision),
        _sensitivity(decision),
        _controls(document),
        _traps(decision),
        _prefilter(decision),
        _deviations(decision, document),
        _limits(decision),
        cost_section(measurements),
        _provenance(document),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def with_written_part(generated: str, page: Path) -> str:
    """`generated`, followed by what a person wrote below the marker of the page that stands there now."""
    try:
        raw = read_regular(page, PAGE_LIMIT)
        if len(raw) > PAGE_LIMIT:
            raise OSError(f"more than {PAGE_LIMIT} bytes")
        _, _, written = raw.decode("utf-8").partition(f"\n{MARKER}")  # not one that is quoted
    except FileNotFoundError:
        written = ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{page}: cannot be read ({error}); move it away to have the page written anew") from None
    return f"{generated}\n{MARKER}{written or INVITATION}"


def _title(decision: Decision, document: Mapping[str, Any]) -> str:
    prereg = decision.prereg
    head = f"# {prereg.rung}, design {prereg.design}: {decision.verdict}"
    cause = f"Trigger: **{decision.trigger}**." if decision.trigger else "No registered kill rule fired."
    exploratory = (
        " This run is **exploratory**: its subject is not the sealed one." if document["subject"]["exploratory"] else ""
    )
    return f"{head}\n\n{prereg.title} Subject: {plain(document['subject']['name'])}. {cause}{exploratory}"


def _registered(decision: Decision) -> str:
    rules = "\n".join(
        f"- `{claim.name}`: {rule_text(claim.rule)}, judged at {' and '.join(map(str, claim.checkpoints))} layers. "
        + claim.statement.strip()
        for claim in decision.prereg.claims
    )
    prediction = decision.prereg.prediction.strip()
    said = "The world in which the claims are dead, described before the run:"
    return f"## What was registered\n\n{rules}\n\n{said}\n\n{prediction}"


def _distribution(decision: Decision) -> str:
    """The metric by layer at the widest gate that was judged, beside what structureless matrices of that shape have."""
    parts = []
    for claim in decision.prereg.claims:
        judged = [outcome for outcome in decision.gates if outcome.gate.claim == claim and outcome.rule is not None]
        if judged and judged[-1].rule is not None and not claim.of_model:
            rule = judged[-1].rule
            noise = (
                ""
                if rule.reference is None
                else f"; structureless matrices of the same shape have {rule.reference:.3f}"
            )
            rows = [
                [str(layer), f"{median:.3f}", f"{value:.3f}"]
                for layer, median, value in zip(
                    judged[-1].gate.layers, rule.layer_medians, rule.layer_values, strict=True
                )
            ]
            columns = ("layer", f"median {rule.metric} [-]", "rule's statistic [-]")
            said = f"`{claim.name}`: median {rule.median:.3f} [-] over {rule.n} {counted(rule.metric)}{noise}."
            parts.append(f"{said}\n\n{table(columns, rows)}")
    return "## Distribution against the null\n\n" + "\n\n".join(parts) if parts else ""


def _lift(decision: Decision) -> str:
    """What the lift is made of at the widest gate that was decomposed, and what τ is worth."""
    found = [outcome for outcome in decision.gates if outcome.decompositions]
    if not found:
        return ""
    outcome = found[-1]
    layers = zip(outcome.gate.layers, outcome.decompositions, strict=True)
    rows = [[str(layer), *_factors(factors)] for layer, factors in layers]
    if outcome.decomposition is not None:
        rows.append(["all (geometric means)", *_factors(outcome.decomposition)])
    columns = ("layer", "lift", "random", "noise fit", "structure", *(f"noise fit, {null}" for null in NULLS))
    said = (
        "lift = random × noise fit × structure [-], on the registered sample: what a Haar rotation does, what the same "
        "search gains on noise (the largest of three nulls), and the rest."
    )
    lines = [f"- {line}" for line in lift_lines(outcome)]
    return "\n\n".join(["## What the lift is made of", said, table(columns, rows), "\n".join(lines)])


def _factors(factors: Decomposition) -> list[str]:
    parts = (
        factors.lift,
        factors.random,
        factors.noise_fit,
        factors.structure,
        *(factors.nulls[null] for null in NULLS),
    )
    return [f"{part:.3f}" for part in parts]


def _probe(decision: Decision) -> str:
    """Where each search lands, and what may be concluded from it."""
    parts = []
    for outcome in decision.probes:
        columns = ("layer", *(family.replace("_", " ") for family in FAMILIES), "plateau step", "lift at most")
        rows = [
            [
                str(layer.layer),
                *(f"{layer.betas[family]:.3f}" for family in FAMILIES),
                f"{layer.plateau_step:.0f}",
                f"{layer.ceiling:.3f}",
            ]
            for layer in outcome.layers
        ]
        said = f"`{outcome.probe.name}`: **{outcome.conclusion}** ({'; '.join(outcome.reasons)})."
        parts.append(f"{said} Mean β on the sample [-]:\n\n{table(columns, rows)}")
    return "## Search or structure\n\n" + "\n\n".join(parts) if parts else ""


def _secondary(decision: Decision) -> str:
    """Experts beside a dense model, layer by layer."""
    parts = []
    for outcome in decision.secondaries:
        columns = ("layer", "experts", "dense", "difference")
        rows = [
            [str(layer.layer), f"{layer.experts:.3f}", f"{layer.dense:.3f}", f"{layer.difference:+.3f}"]
            for layer in outcome.layers
        ]
        rows.append(["mean", "", "", f"{outcome.difference:+.3f}"])
        said = f"{outcome.secondary.statement.strip()} Mean {outcome.secondary.metric} over a layer's matrices [-]:"
        parts.append(f"{secondary_line(outcome)}.\n\n{said}\n\n{table(columns, rows)}")
    heading = "## Experts beside a dense model\n\nOutside the verdict.\n\n"
    return heading + "\n\n".join(parts) if parts else ""


def _traps(decision: Decision) -> str:
    rows = [
        [
            trap.trap.name,
            str(trap.layer),
            trap.reason,
            {True: "yes", False: "NO", None: "did not run"}[trap.sound],
        ]
        for trap in traps_once(decision.gates)
    ]
    return "## Traps\n\n" + table(("trap", "layer", "observed", "sound"), rows) if rows else ""


def _prefilter(decision: Decision) -> str:
    lines = prefilter_lines(decision.prereg)
    return "## Before any weight was read\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _sensitivity(decision: Decision) -> str:
    rows = []
    for outcome in decision.core_gates:
        if outcome.rule is not None:
            for other in (outcome.rule, *outcome.sensitivity):
                reference = "—" if other.reference is None else f"{other.reference:.3f}"
                status = "met" if other.met else "missed"
                rows.append(
                    [outcome.gate.id, other.metric, status, f"{other.observed:.3f}", f"{other.median:.3f}", reference]
                )
    if not rows:
        return ""
    said = "The first estimator of each gate is the registered one; the others never enter the verdict."
    return "## Sensitivity\n\n" + said + "\n\n" + table(("gate", "metric", "rule", "observed", "median", "noise"), rows)


def _controls(document: Mapping[str, Any]) -> str:
    rows = [
        [
            control["name"],
            control["expected"],
            control["obtained"],
            {True: "yes", False: "NO", None: "did not run"}[control["sound"]],
        ]
        for control in document["controls"]
    ]
    return "## Controls\n\n" + table(("control", "expected", "obtained", "sound"), rows) if rows else ""


def _deviations(decision: Decision, document: Mapping[str, Any]) -> str:
    said = [*document["deviations"], *(f"{error['cell']}: {error['message']}" for error in document["errors"])]
    lines = [plain(line) for line in said]
    if decision.missing:
        lines.append(f"not measured: {', '.join(cell_ranges(decision.missing))}")
    return "## Deviations\n\n" + ("\n".join(f"- {line}" for line in lines) or "None.")


def cell_ranges(cells: Sequence[Cell]) -> list[str]:
    """`narrow_d[L04-L15]` for runs of layers of one claim, in the order in which the claims first appear."""
    layers: dict[str, set[int]] = {}
    for cell in cells:
        layers.setdefault(cell.name, set()).update(() if cell.layer is None else (cell.layer,))
    return [f"{name}[{spans(found, 'L{:02d}')}]" if found else name for name, found in layers.items()]


def _limits(decision: Decision) -> str:
    return (
        f"## What this does not say\n\n{UNSAID[decision.verdict]}\n\n"
        "## What would change our mind\n\n"
        "A run of the same rule on the same weights with another outcome, a control found out of line, or a defect "
        "in the reading of the weights."
    )


def _provenance(document: Mapping[str, Any]) -> str:
    environment, seal = document["environment"], document["seal"]
    lines = [
        f"rule (canonical JSON) sha256 `{document['rule_sha256']}`",
        f"outcome sha256, the same on every machine, `{document['outcome_sha256']}`",
        f"core sha256, the same on one machine, `{document['core_sha256']}`",
        *(f"{name.replace('_', ' ')} `{value}`" for name, value in seal.items() if name.endswith("sha256")),
        "as the run recorded it, which nothing here can check:",
        *(f"  - {plain(name.replace('_', ' '))} {code(recorded(value))}" for name, value in environment.items()),
    ]
    return "## Provenance\n\n" + "\n".join(line if line.startswith(" ") else f"- {line}" for line in lines)


def recorded(value: object) -> str:
    """A value of the environment as text; what is absent is left out of a table."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {recorded(one)}" for name, one in value.items() if one is not None) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
