"""What must hold between the values of a preregistration, each of which its type allows.

Every fault is one line of `BadInput` that begins with the dotted key.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from kernels.closed_forms.held_out_levels import learning_rows
from reports.base.errors import BadInput
from reports.prereg.known_metrics import measure_of
from reports.prereg.known_names import GENERATORS, MODELS, WHOLE, breaking, lands
from reports.prereg.measures import alone, measure_file, needs
from reports.prereg.parsing.refusals import keys_of, refuse, require_keys
from reports.prereg.preregistration import Claim, Control, Dense, OneBit, Preregistration, SealedConfig, Subject
from reports.prereg.rules import AtLevel, MeanAtLeast, ShareRule
from reports.prereg.samples import OF_NULL

HAAR_MEAN = "inflation_haar_mean"  # over the registered draws
TWO_HALVES = 2  # experts at least
ROUNDING = 1e-9  # relative, of a quotient that a person wrote down
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
KNOWN = (("level", "tolerance"), ("unrotated", "unrotated_tolerance"))  # what a control may be known to show, in pairs
OF_ROTATIONS = ("optimiser", "sheared", "landing_at_least")  # of a control whose claim needs a rotation


def check_subject(subject: Subject) -> None:
    """Its configuration is sealed whole, by `config_sha256`, or key by key, by a table `config`: one of the two."""
    _check_source("subject", subject)
    digests = subject.layer_sha256
    if digests is not None and len(digests) != subject.layers:
        fault = f"obtained {len(digests)} digests, expected {subject.layers}, one for each layer"
        raise BadInput(f"subject.layer_sha256: {fault}")
    norms = subject.norm_sha256
    if norms and len(norms) != subject.layers:
        raise BadInput(
            f"subject.norm_sha256: obtained {len(norms)} digests, expected {subject.layers}, one for each layer"
        )
    if (subject.prompts is None) != (subject.prompts_sha256 is None):
        absent = "prompts" if subject.prompts is None else "prompts_sha256"
        raise BadInput(f"subject.{absent}: missing, expected prompts and prompts_sha256 together")
    if (subject.config_sha256 is None) == (subject.config is None):
        fault = "missing" if subject.config is None else "obtained both"
        raise BadInput(
            f"subject.config_sha256: {fault}, expected the digest of the whole config.json or, "
            "where that file is not at hand, a table config; register one of them"
        )
    if subject.config is not None:
        _check_config(subject.config)
    _check_package(subject)


def _check_package(subject: Subject) -> None:
    """A package has a version and a folder inside it, and nothing else has them."""
    for key in ("version", "folder"):
        value = getattr(subject, key)
        if subject.package is not None and value is None:
            raise BadInput(f"subject.{key}: missing, expected it of the package {subject.package}; add it")
        if subject.package is None and value is not None:
            refuse(f"subject.{key}", value, f"none: {subject.source} is no package")


def _check_source(path: str, model: Subject | Dense) -> None:
    if model.revision is not None and HUB_ID.fullmatch(model.source) is None:
        refuse(f"{path}.source", model.source, "a hub id owner/name, to have a revision")


def _check_config(config: SealedConfig) -> None:
    """Each key once: with its value, as null, or as one that reaches no number."""
    if not config.values:
        refuse("subject.config.values", config.values, "at least one key with its value")
    every = (*config.values, *config.null, *config.recorded)
    twice = next((key for key in every if every.count(key) > 1), None)
    if twice is not None:
        raise BadInput(f"subject.config.values: {twice} is registered twice, expected each key once")


def check_claims(claims: Sequence[Claim], layers: int) -> None:
    if not claims:
        refuse("claims", [], "at least one claim")
    for i, claim in enumerate(claims):
        rule = claim.rule
        if isinstance(rule, MeanAtLeast) and rule.over_tau is not None and rule.metric != "lift":
            refuse(f"claims[{i}].over_tau", rule.over_tau, "no margin: τ is a lift, and is compared with lifts alone")
        _check_ascending(f"claims[{i}].checkpoints", claim.checkpoints, layers)
        _check_futility(f"claims[{i}].futility", claim)
        if len(set(claim.order)) != len(claim.order):
            refuse(f"claims[{i}].order", list(claim.order), "every layer at most once")
    _check_names("claims", claims)


def _check_futility(key: str, claim: Claim) -> None:
    """One cut-off for each checkpoint before the last, of a share; none at all where its early kills are the rule's."""
    if not claim.futility:
        return
    if not isinstance(claim.rule, ShareRule):
        refuse(key, list(claim.futility), "none: only a share of matrices has cut-offs of its own")
    early = len(claim.checkpoints) - 1
    if len(claim.futility) != early:
        allowed = f"{early} shares, one for each checkpoint before the last"
        refuse(key, list(claim.futility), allowed)
    if any(cut_off >= claim.rule.at_least for cut_off in claim.futility):
        refuse(key, list(claim.futility), f"shares below at_least, {claim.rule.at_least:g}")


def check_control_keys(controls: object, claims: Sequence[Claim]) -> None:
    """Which keys a control has depends on its generator and its claim; what is neither is refused by its type."""
    by_name = {claim.name: claim for claim in claims}
    for i, control in enumerate(controls if isinstance(controls, list) else ()):
        if not isinstance(control, dict):
            continue
        require_keys(control, ("generator", "claim"), control, f"controls[{i}].")
        name, generator = control["claim"], control["generator"]
        if name not in tuple(by_name) or generator not in tuple(GENERATORS):
            continue
        claim = by_name[name]
        if claim.of_model and generator not in MODELS:
            allowed = f"one of {', '.join(MODELS)} for a claim about the whole model"
            refuse(f"controls[{i}].generator", generator, allowed)
        if generator in WHOLE and not claim.of_model:
            refuse(f"controls[{i}].generator", generator, "one that plants something in experts")
        rotating = lands(claim.rule.metric)
        pairs = KNOWN if rotating else KNOWN[:1]
        beside = ("stored", *(OF_ROTATIONS if rotating else ()), *breaking(claim.rule.metric))
        whole = ("model",) if claim.of_model else ()
        required = (*keys_of(Control)[0], *whole, *GENERATORS[generator])
        require_keys(control, required, (*beside, *(key for pair in pairs for key in pair)), f"controls[{i}].")
        for pair in KNOWN:
            if len(missing := [key for key in pair if key not in control]) == 1:
                raise BadInput(f"controls[{i}].{missing[0]}: missing, expected {' and '.join(pair)} together")


def check(prereg: Preregistration) -> None:
    """What is left once its subject and claims were checked."""
    _check_control_models(prereg)
    for i, trap in enumerate(prereg.traps):
        if "one_bit" in needs(trap.rule.metric) and not prereg.claim(trap.claim).of_model:
            refuse(f"traps[{i}].claim", trap.claim, "a claim about the whole model, which this trap runs")
        if isinstance(trap.rule, AtLevel) and trap.rule.lift_below is not None and trap.rule.metric != "haar_beta":
            refuse(f"traps[{i}].lift_below", trap.rule.lift_below, "no bound: this trap measures no lift")
    for i, probe in enumerate(prereg.probes):
        if not probe.recoveries:
            allowed = "at least one of the claim's controls that have landing_at_least"
            refuse(f"probes[{i}].recoveries", [], allowed)
    _check_secondaries(prereg)
    for key in ("controls", "traps", "probes", "secondaries"):
        _check_names(key, getattr(prereg, key))
    generating = any(claim.closing and "activations" not in needs(claim.rule.metric) for claim in prereg.claims)
    if generating != (prereg.one_bit is not None):
        allowed = "how its claim about the whole model quantises" if generating else "no table without such a claim"
        raise BadInput(f"one_bit: {'missing' if generating else 'obtained a table'}, expected {allowed}")
    if prereg.one_bit is not None:
        _check_one_bit(prereg.one_bit, prereg)
    _check_rotations(prereg)
    _check_null_draws(prereg)
    _check_read(prereg)
    _check_norms(prereg)
    _check_experts(prereg)
    _check_held_out(prereg)
    _check_null_subject(prereg)
    _check_gauge(prereg)
    if prereg.expert_outputs is not None:
        _check_ascending("expert_outputs.scopes", prereg.expert_outputs.scopes, prereg.subject.layers)
    if prereg.rung in prereg.rests_on:
        refuse("rests_on", list(prereg.rests_on), f"rungs other than {prereg.rung} itself")
    require_keys(prereg.tolerances, _measured(prereg.claims), (), "tolerances.")


def _check_control_models(prereg: Preregistration) -> None:
    """A token's experts are among those that there are; a basis is named where weights or keys are quantised in one."""
    for i, control in enumerate(prereg.controls):
        model, key = control.model, f"controls[{i}].model"
        if model is None:
            continue
        if model.experts_per_token > control.experts:
            refuse(f"{key}.experts_per_token", model.experts_per_token, f"an integer from 1 to {control.experts}")
        quantised = not {"one_bit", "key_cache"}.isdisjoint(needs(prereg.claim(control.claim).rule.metric))
        if quantised and model.basis is None:
            raise BadInput(f"{key}.basis: missing, expected in which basis it is quantised; add it")
        if not quantised and model.basis is not None:
            refuse(f"{key}.basis", model.basis, "none, since nothing of it is quantised in a basis")


def _check_secondaries(prereg: Preregistration) -> None:
    for i, secondary in enumerate(prereg.secondaries):
        _check_source(f"secondaries[{i}].dense", secondary.dense)
        if secondary.dense.revision is not None and secondary.dense.weights_sha256 is not None:
            allowed = "none beside a revision; leave one out"
            refuse(f"secondaries[{i}].dense.weights_sha256", secondary.dense.weights_sha256, allowed)
        if measure_of(secondary.metric) != measure_of(prereg.claim(secondary.claim).rule.metric):
            refuse(f"secondaries[{i}].metric", secondary.metric, "a metric that its claim's own measure hands over")


def _check_one_bit(one_bit: OneBit, prereg: Preregistration) -> None:
    if not one_bit.best_of and any("inflation_best" in claim.sensitivity for claim in prereg.claims):
        refuse("one_bit.best_of", [], "at least one optimiser, since inflation_best is a claim's sensitivity")
    _check_ascending("one_bit.scopes", one_bit.scopes, prereg.subject.layers)
    judged = [claim for claim in prereg.claims if claim.closing and claim.sensitivity]
    needed = {count for claim in judged for count in claim.checkpoints}
    if not needed <= set(one_bit.scopes):
        allowed = f"{sorted(needed)} among them, where a claim's sensitivity is judged"
        refuse("one_bit.scopes", list(one_bit.scopes), allowed)
    _check_canonical(one_bit, prereg)


def _check_canonical(one_bit: OneBit, prereg: Preregistration) -> None:
    """A claim quantises the canonical network in rotations learned on other experts, with its traps and controls, or
    none of them does."""
    canonical = [claim.name for claim in prereg.claims if claim.of_model and "held_out" in needs(claim.rule.metric)]
    if canonical and prereg.parametrisation != "canonical":
        refuse("parametrisation", prereg.parametrisation, f"canonical, in which {canonical[0]} quantises")
    for i, trap in enumerate(prereg.traps):
        read = needs(trap.rule.metric)
        if "one_bit" in read and ("held_out" in read) != (trap.claim in canonical):
            allowed = f"one that quantises as {trap.claim} does"
            refuse(f"traps[{i}].metric", trap.rule.metric, allowed)
        if trap.rule.metric == HAAR_MEAN and one_bit.haar_draws is None:
            raise BadInput(f"one_bit.haar_draws: missing, expected how many draws {trap.name} is the mean of; add it")
    for i, control in enumerate(prereg.controls):
        if control.claim in canonical and control.model is not None and control.model.basis == "unrotated":
            refuse(f"controls[{i}].model.basis", "unrotated", "learned or haar in the canonical parametrisation")


def _check_rotations(prereg: Preregistration) -> None:
    """They are registered where anything turns weights, and with them the settings of every search that is used."""
    rotations, one_bit = prereg.rotations, prereg.one_bit
    read = (*(claim.rule.metric for claim in prereg.claims), *(trap.rule.metric for trap in prereg.traps))
    lifted = any("rotations" in needs(metric) for metric in read)
    if rotations is None:
        if lifted or prereg.probes or one_bit is not None or prereg.prefilter is not None:
            raise BadInput("rotations: missing, expected how the rotations of its claims are learned; add it")
        return
    used = {rotations.optimiser, *(one_bit.best_of if one_bit else ()), *(one.optimiser for one in prereg.controls)}
    for name, settings in (("radam", rotations.radam), ("graduated", rotations.graduated)):
        if name in used and settings is None:
            raise BadInput(f"rotations.{name}: missing, expected the settings of that search; add them")


def _check_norms(prereg: Preregistration) -> None:
    """Norms are sealed where they are folded in: elsewhere nothing reads them."""
    if prereg.parametrisation == "stored" and prereg.subject.norm_sha256 is not None:
        raise BadInput("subject.norm_sha256: obtained digests, expected none where matrices are measured as stored")


def _check_null_draws(prereg: Preregistration) -> None:
    """They are registered where a metric is put over them, and only there."""
    needed = any("null_draws" in needs(claim.rule.metric) for claim in prereg.claims)
    if needed and prereg.null_draws is None:
        raise BadInput("null_draws: missing, expected the draws of noise that its claims are put over; add it")
    if prereg.null_draws is not None and not needed:
        raise BadInput("null_draws: registered, but no claim's metric is put over draws of noise; remove it")


def _check_read(prereg: Preregistration) -> None:
    """Tables of a quantiser and of permutations are registered where a claim or trap reads them, and only there."""
    read = [*(claim.rule.metric for claim in prereg.claims), *(trap.rule.metric for trap in prereg.traps)]
    for key, of_what in (
        ("int4", "how weights are rounded"),
        ("permutations", "how many orders are drawn"),
        ("activations", "how the model is run on text"),
        ("expert_outputs", "how outputs are rounded"),
        ("key_cache", "how rotations of keys are learned"),
    ):
        metric = next((metric for metric in read if key in needs(metric)), None)
        if metric is not None and getattr(prereg, key) is None:
            raise BadInput(f"{key}: missing, expected {of_what}, which {metric} reads; add it")
        if metric is None and getattr(prereg, key) is not None:
            raise BadInput(f"{key}: obtained a table, expected none where no claim and no trap reads it; remove it")


def _check_experts(prereg: Preregistration) -> None:
    """Of a subject with one expert a layer, a dense one, nothing is registered that needs a second."""
    if prereg.subject.experts > 1:
        return
    claims = [(f"claims[{i}].metric", claim.rule.metric) for i, claim in enumerate(prereg.claims)]
    traps = [(f"traps[{i}].metric", trap.rule.metric) for i, trap in enumerate(prereg.traps)]
    for key, metric in (*claims, *traps):
        why = alone(measure_of(metric))
        if why is not None:
            refuse(key, metric, f"another: {why}, and subject.experts is 1")
    if prereg.secondaries:
        name = prereg.secondaries[0].name
        refuse("secondaries[0].name", name, "no secondary: experts are compared, and subject.experts is 1")


def _check_held_out(prereg: Preregistration) -> None:
    """Registered where something reads it; every layer has two halves, and the rows of one are what was registered."""
    asking = [(one.name, one.rule.metric) for one in prereg.claims] + [
        (one.name, one.rule.metric) for one in prereg.traps
    ]
    read = [name for name, metric in asking if "held_out" in needs(metric)]
    held_out, rotations, subject = prereg.held_out, prereg.rotations, prereg.subject
    if held_out is None:
        if read:
            raise BadInput(f"held_out: missing, expected how experts are halved, which {read[0]} reads; add it")
        return
    if not read:
        raise BadInput("held_out: obtained a table, expected no table where no claim and no trap reads it")
    rows = learning_rows(subject.experts, subject.intermediate_size) / subject.hidden_size
    if abs(held_out.rows_per_dimension - rows) > ROUNDING:
        allowed = (
            f"{rows:g}: half of {subject.experts} experts × 2 × {subject.intermediate_size} / {subject.hidden_size}"
        )
        refuse("held_out.rows_per_dimension", held_out.rows_per_dimension, allowed)
    if rotations is not None and rotations.null_experts % TWO_HALVES:
        refuse("rotations.null_experts", rotations.null_experts, "an even number, which --sample halves")
    halved = {claim.name for claim in prereg.claims if claim.name in read}
    for i, control in enumerate(prereg.controls):
        if control.claim in halved and control.experts < TWO_HALVES:
            refuse(
                f"controls[{i}].experts", control.experts, "2 or more, to learn on one half and measure on the other"
            )


def _check_null_subject(prereg: Preregistration) -> None:
    """Registered where a rung asks for structure, of which every claim then measures the null subject too."""
    if prereg.asks != "structure":
        if prereg.null_subject is not None:
            raise BadInput('null_subject: obtained a table, expected it only with asks = "structure"; remove one')
        return
    if prereg.null_subject is None:
        raise BadInput("null_subject: missing, expected the draws that claims of structure are put beside; add it")
    for i, claim in enumerate(prereg.claims):
        metric = claim.rule.metric
        if OF_NULL + metric not in measure_file(metric).METRICS:
            allowed = "a metric whose measure draws the null subject, in a rung that asks for structure"
            refuse(f"claims[{i}].metric", metric, allowed)
        fewest = getattr(measure_file(metric), "FEWEST_DRAWS", 1)
        if prereg.null_subject.draws < fewest:
            allowed = f"{fewest} or more: {metric} puts each draw beside the others"
            refuse("null_subject.draws", prereg.null_subject.draws, allowed)


def _check_gauge(prereg: Preregistration) -> None:
    """Registered where something reads it, and only there."""
    named = [(one.name, one.rule.metric) for one in prereg.claims] + [
        (one.name, one.rule.metric) for one in prereg.traps
    ]
    read = [name for name, metric in named if "gauge" in needs(metric)]
    if read and prereg.gauge is None:
        raise BadInput(f"gauge: missing, expected how the gauge of {read[0]} is learned; add it")
    if prereg.gauge is not None and not read:
        raise BadInput("gauge: obtained a table, expected no table where no claim and no trap needs a gauge")


def _measured(claims: Sequence[Claim]) -> Sequence[str]:
    """Every metric that a claim measures, once: each must be reproducible within something."""
    return list(dict.fromkeys(metric for claim in claims for metric in (claim.rule.metric, *claim.sensitivity)))


def _check_ascending(key: str, counts: Sequence[int], most: int) -> None:
    if not counts or any(later <= earlier for earlier, later in pairwise(counts)):
        allowed = f"numbers of layers in ascending order, at most {most}"
        raise BadInput(f"{key}: obtained {list(counts)}, expected {allowed}")


def _check_names(key: str, named: Sequence[object]) -> None:
    names = [getattr(one, "name", "") for one in named]
    for i, name in enumerate(names):
        if name in names[:i]:
            refuse(f"{key}[{i}].name", name, "a name that no other has")
