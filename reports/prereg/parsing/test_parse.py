import copy
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.base.canonical import canonical_json, sha256_hex
from reports.base.errors import BadInput
from reports.prereg.parsing.parse import SIZE_LIMIT, load_preregistration, parse_preregistration, parse_values
from reports.prereg.preregistration import Graduated, Interval, Prefilter, Preregistration, RAdam, Trap
from reports.prereg.rules import (
    AtLevel,
    ClosingAbove,
    ClosingAtMost,
    LargestAtMost,
    MeanAtLeast,
    MeanAtMost,
    Rule,
    ShareAtMost,
    ShareBelow,
)

SHIPPED = sorted((Path(__file__).parents[3] / "hypotheses" / "preregistrations").glob("E-ffn-rotation-*.toml"))
OF_MIXTURES = [path for path in SHIPPED if not path.stem.endswith("minilm")]  # the others: test_parse_dense.py
TEXTS = {path.stem: path.read_text() for path in (*OF_MIXTURES, *SHIPPED)}
TEXT, TEXT_5 = TEXTS["E-ffn-rotation-v4"], TEXTS["E-ffn-rotation-v5"]
VALUES: dict[str, Any] = tomllib.loads(TEXT)
VALUES_5: dict[str, Any] = tomllib.loads(TEXT_5)
VALUES_6: dict[str, Any] = tomllib.loads(TEXTS["E-ffn-rotation-v6"])
DIGEST = "0f" * 32


def parse(values: dict[str, Any]) -> Preregistration:
    return parse_values(values, "rule.toml")


def with_value(path: str, value: object, shipped: dict[str, Any] = VALUES) -> dict[str, Any]:
    """The shipped values with one replaced; `claims.0.below` is a path."""
    values = copy.deepcopy(shipped)
    *parents, last = path.split(".")
    inner: Any = values
    for key in parents:
        inner = inner[int(key) if key.isdigit() else key]
    inner[int(last) if last.isdigit() else last] = value
    return values


def without(path: str, shipped: dict[str, Any] = VALUES) -> dict[str, Any]:
    """The shipped values with one key left out."""
    values = with_value(path, None, shipped)
    *parents, last = path.split(".")
    inner: Any = values
    for key in parents:
        inner = inner[int(key) if key.isdigit() else key]
    del inner[last]
    return values


RULES: dict[int, dict[str, Rule]] = {
    4: {
        "narrow_d": ShareBelow("energy_rank_95", below=0.4, at_least=0.7),
        "beta_lift": MeanAtLeast("lift", at_least=1.5, over_tau=0.1),
        "one_bit_nll": ClosingAtMost("inflation", at_most=0.1),
    },
    5: {
        "narrow_d": ShareBelow("relative_energy_rank_95", below=0.6, at_least=0.7),
        "beta_lift": MeanAtLeast("structure", at_least=1.05),
        "one_bit_nll": ClosingAtMost("inflation", at_most=0.1),
    },
    6: {
        "narrow_d": ShareAtMost("over_null_energy_rank_95", at_most=0.6, at_least=0.7),
        "beta_lift": MeanAtLeast("held_out_lift", at_least=1.05),
        "one_bit_nll": ClosingAtMost("held_out_inflation", at_most=0.1),
    },
}
CHECKPOINTS = {4: [(4, 16), (4, 16), (16,)], 5: [(4, 16), (4, 16), (16,)], 6: [(4, 8, 16), (16,), (16,)]}
EXPECTED = {
    4: {
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (20, 30, 35)), "MET"),
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (45, 60)), "KILLED"),
        **dict.fromkeys(("lattice_radam", "lattice_annealed"), "KILLED"),
        "planted_unrotated": "KILLED",
    },
    5: {
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (20, 35, 45)), "MET"),
        **dict.fromkeys((f"planted_narrow_d_{dose}" for dose in (55, 60)), "KILLED"),
        **dict.fromkeys(("lattice_graduated", "lattice_annealed"), "MET"),
        "planted_unrotated": "KILLED",
    },
}
EXPECTED[6] = EXPECTED[5] | {"single_beta_lift": "KILLED", "planted_haar": "KILLED"}
del EXPECTED[6]["planted_unrotated"]
ALIKE = {
    "null_narrow_d": "KILLED",
    "trivial_narrow_d_identity": "KILLED",
    "trivial_narrow_d_rank_one": "MET",
    "planted_beta_lift": "MET",
    "null_beta_lift": "KILLED",
    "sheared_beta_lift": "INCONCLUSIVE",
    "planted_one_bit": "MET",
    "null_one_bit": "KILLED",
}


@pytest.mark.parametrize("path", OF_MIXTURES, ids=lambda path: path.stem)
def test_shipped_preregistrations_hold_the_registered_rule(path: Path) -> None:
    prereg = load_preregistration(path)
    assert (prereg.rung, prereg.round, prereg.draft) == ("E-ffn-rotation", 1, False)
    assert f"-v{prereg.design}" in path.stem
    assert {claim.name: claim.rule for claim in prereg.claims} == RULES[prereg.design]
    assert [claim.checkpoints for claim in prereg.claims] == CHECKPOINTS[prereg.design]
    assert len(prereg.claim("narrow_d").sensitivity) == 6
    assert prereg.interval == Interval(level=0.95, draws=10000, seed=2024110500)
    assert {control.name: control.expected for control in prereg.controls} == EXPECTED[prereg.design] | ALIKE
    seeds = {control.name: control.seed for control in prereg.controls}
    lattice = "lattice_radam" if prereg.design == 4 else "lattice_graduated"
    assert seeds.pop("lattice_annealed") == seeds[lattice]  # both searches are shown the same lattice
    unlearned = "planted_haar" if prereg.design == 6 else "planted_unrotated"
    assert seeds.pop(unlearned) == seeds["planted_one_bit"]  # and both bases the same model
    assert len(set(seeds.values())) == len(seeds)


def traps_of_stored_matrices(lift_below: float | None) -> tuple[Trap, ...]:
    return (
        Trap("random_rotation", "beta_lift", AtLevel("haar_beta", 0.01, lift_below=lift_below)),
        Trap("off_rotation", "beta_lift", MeanAtMost("off_gain", 1.03)),
        Trap("trivial_pass", "one_bit_nll", LargestAtMost("triviality", 1e-5)),
        Trap("unrotated_one_bit", "one_bit_nll", ClosingAbove("inflation_unrotated", above=0.1)),
    )


TRAPS = {
    4: traps_of_stored_matrices(1.5),
    5: traps_of_stored_matrices(None),
    6: (
        Trap("random_rotation", "beta_lift", AtLevel("haar_beta", 0.01)),
        Trap("off_rotation", "beta_lift", AtLevel("null_twin_gain", 0.005)),
        Trap("neuron_shuffle", "beta_lift", LargestAtMost("neuron_shuffle_change", 1e-9)),
        Trap("trivial_pass", "one_bit_nll", LargestAtMost("canonical_triviality", 1e-9)),
        Trap("haar_one_bit", "one_bit_nll", ClosingAbove("inflation_haar_mean", above=0.1)),
    ),
}


@pytest.mark.parametrize("path", OF_MIXTURES, ids=lambda path: path.stem)
def test_shipped_preregistrations_hold_rotations_traps_probe_and_budget(path: Path) -> None:
    prereg = load_preregistration(path)
    fair = prereg.design > 4
    found = prereg.rotations
    assert found is not None
    assert (found.scope, found.optimiser) == (("per_layer", "graduated") if fair else ("per_matrix", "radam"))
    assert (found.steps, found.precision, found.null_precision) == (100, "float64", "float32")
    assert found.radam == (None if fair else RAdam(1.0, "cosine", "orth_rebased", (0.9, 0.999), 1e-8))
    assert found.graduated == Graduated(step_length=1.0, momentum=0.9, smoothing=1.5)
    assert (found.draws, found.null_experts, found.gaussian_draws) == (10, 4, 32)
    assert prereg.traps == TRAPS[prereg.design]
    budget = 2.1 if path.stem.endswith("olmoe_nano") else 1.5
    assert prereg.prefilter == Prefilter(bits_per_weight=budget, enforced=fair)
    (probe,) = prereg.probes
    assert (probe.claim, probe.agree_within, probe.gain_at_most) == ("beta_lift", 0.015, 0.005)
    assert probe.band == (0.01 if fair else 0.02)
    assert set(probe.recoveries) == {control.name for control in prereg.controls if control.generator == "sign_lattice"}
    assert {control.optimiser for control in prereg.controls if control.name in probe.recoveries} == {
        None,
        "annealed_procrustes",
    }


def test_digest_is_that_of_the_content_alone() -> None:
    spelled = TEXT.replace("below = 0.4", "below = 4e-1  # respelled")
    first, second = (parse_preregistration(text.encode(), "rule.toml") for text in (TEXT, spelled))
    assert first == second
    assert first.canonical_sha256 == sha256_hex(canonical_json(VALUES))
    edited = parse_preregistration(TEXT.replace("below = 0.4", "below = 0.5").encode(), "rule.toml")
    assert edited.canonical_sha256 != first.canonical_sha256


REFUSED = [
    ("rung", "E ffn", "rung: obtained the text 'E ffn', expected a name of letters, digits and -"),
    ("design", True, "design: obtained the boolean true, expected an integer from 1 to 999"),
    ("design", 4.0, "design: obtained 4.0, expected an integer from 1 to 999"),
    ("round", 0, "round: obtained 0, expected an integer from 1 to 999"),
    ("draft", 1, "draft: obtained 1, expected true or false"),
    ("title", " ", "title: obtained the text ' ', expected text of 1 to 10000 characters on one line"),
    ("title", "a\nb", "title: obtained the text 'a\\nb', expected text of 1 to 10000 characters on one line, without"),
    ("prediction", "bell\x07", "prediction: obtained the text 'bell\\x07', expected text of 1 to 10000 characters, wi"),
    ("subject", [], "subject: obtained an array, expected a table, written [subject]"),
    ("title", "x" * 10001, "title: obtained the text 'xxxx"),
    ("subject.source", 5, "subject.source: obtained 5, expected a relative path inside the repository"),
    ("subject.source", "models/of/it", "subject.source: obtained the text 'models/of/it', expected a hub id owner/"),
    ("subject.layers", 0, "subject.layers: obtained 0, expected an integer from 1 to 1000"),
    ("subject.experts_per_token", 65, "subject.experts_per_token: obtained 65, expected an integer from 1 to 64"),
    ("subject.hidden_size", 10**300, "subject.hidden_size: obtained an integer beyond 2^53, expected an integer from"),
    ("subject.model_type", "OLMoE", "subject.model_type: obtained the text 'OLMoE', expected a name of a-z, 0-9 and _"),
    ("subject.source", "../x", "subject.source: obtained the text '../x', expected a relative path inside the"),
    ("subject.tokenizer_sha256", DIGEST.upper(), "subject.tokenizer_sha256: obtained the text '0F0F"),
    ("subject.tokenizer_sha256", DIGEST[1:], "expected 64 lowercase hexadecimal digits (a SHA-256)"),
    ("subject.config_sha256", DIGEST, "subject.config_sha256: obtained both, expected the digest of the whole con"),
    ("subject.config", DIGEST, "subject.config: obtained the text '0f0f0f0f"),
    ("subject.config.values", {}, "subject.config.values: obtained a table, expected at least one key with its value"),
    ("subject.config.values.hidden_act", [], "subject.config.values.hidden_act: obtained an array, expected text"),
    ("subject.config.values.rope_theta", float("nan"), "subject.config.values.rope_theta: obtained nan, expected"),
    ("subject.config.values.vocab_size", 2**60, "values.vocab_size: obtained an integer beyond 2^53, expected"),
    ("subject.config.values.clip_qkv", 8.0, "subject.config.values: clip_qkv is registered twice, expected each"),
    ("subject.config.values.a b", 1, "subject.config.values.'a b': obtained the text 'a b', expected a key of con"),
    ("subject.config.null", "clip_qkv", "subject.config.null: obtained the text 'clip_qkv', expected an array"),
    ("subject.config.null", ["clip_qkv", 3], "subject.config.null[1]: obtained 3, expected a key of config.json"),
    ("subject.config.recorded", ["use_cache"] * 2, "subject.config.values: use_cache is registered twice"),
    ("subject.config.recordet", [], "subject.config.recordet: unknown key, expected one of null, recorded, values"),
    ("subject.weights_sha256", 5, "subject.weights_sha256: obtained 5, expected 64 lowercase hexadecimal digits"),
    ("subject.layer_sha256", [DIGEST] * 15, "subject.layer_sha256: obtained 15 digests, expected 16, one for each lay"),
    ("subject.layer_sha256", [DIGEST] * 15 + ["x"], "subject.layer_sha256[15]: obtained the text 'x', expected 64 low"),
    ("subject.revision", "", "subject.revision: obtained the text '', expected a branch, tag or commit"),
    ("subject.revison", "main", "subject.revison: unknown key, expected one of name, source"),
    ("subject.revison", "main", "; did you mean 'revision'?"),
    ("interval.level", 1, "interval.level: obtained 1.0, expected a share between 0 and 1, both excluded"),
    ("interval.draws", 10, "interval.draws: obtained 10, expected an integer from 100 to 10000000"),
    ("interval.seed", -1, "interval.seed: obtained -1, expected an integer from 0 to 9007199254740991"),
    ("tolerances.lift", float("nan"), "tolerances.lift: obtained nan, expected a number from 0 to 1"),
    ("tolerances.lift", float("inf"), "tolerances.lift: obtained inf, expected a number from 0 to 1"),
    ("tolerances.loft", 0.1, "tolerances.loft: unknown key, expected one of energy_rank_95, "),
    ("claims", [], "claims: obtained an array, expected at least one claim"),
    ("claims", {}, "claims: obtained a table, expected an array"),
    ("claims.1", 3, "claims[1]: obtained 3, expected a table, written [claims[1]]"),
    ("claims.0.name", "Narrow", "claims[0].name: obtained the text 'Narrow', expected a name of a-z, 0-9 and _"),
    ("claims.1.name", "narrow_d", "claims[1].name: obtained the text 'narrow_d', expected a name that no other has"),
    ("claims.0.rule", "share_bellow", "claims[0].rule: obtained the text 'share_bellow', expected one of share_below,"),
    ("claims.0.rule", "share_bellow", "; did you mean 'share_below'?"),
    ("claims.0.rule", "mean_at_least", "claims[0].below: unknown key, expected one of name, label"),
    ("claims.0.rule", "mean_at_most", "claims[0].rule: obtained the text 'mean_at_most', expected one of share_below,"),
    ("claims.0.metric", "energy_rank_96", "claims[0].metric: obtained the text 'energy_rank_96', expected one of ener"),
    ("claims.1.metric", "inflation", "claims[1].metric: obtained the text 'inflation', expected one of centred_lan"),
    ("claims.0.below", 1.4, "claims[0].below: obtained 1.4, expected a number from 0 to 1"),
    ("claims.0.below", -0.1, "claims[0].below: obtained -0.1, expected a number from 0 to 1"),
    ("claims.0.below", "0.4", "claims[0].below: obtained the text '0.4', expected a number from 0 to 1"),
    ("claims.0.at_least", True, "claims[0].at_least: obtained the boolean true, expected a number from 0 to 1"),
    ("claims.1.at_least", 1e300, "claims[1].at_least: obtained 1e+300, expected a number from -1e+15 to 1e+15"),
    ("claims.0.at_most", 0.1, "claims[0].at_most: unknown key, expected one of name, label, statement, rule"),
    ("claims.0.checkpoints", [16, 4], "claims[0].checkpoints: obtained [16, 4], expected numbers of layers in ascendi"),
    ("claims.0.checkpoints", [4, 4], "claims[0].checkpoints: obtained [4, 4], expected numbers of layers in ascending"),
    ("claims.0.checkpoints", [], "claims[0].checkpoints: obtained [], expected numbers of layers in ascending order"),
    ("claims.0.checkpoints", [4, 17], "claims[0].checkpoints[1]: obtained 17, expected an integer from 1 to 16"),
    ("claims.0.checkpoints", [4, True], "claims[0].checkpoints[1]: obtained the boolean true, expected an integer"),
    ("claims.0.sensitivity", ["energy_rank_95"], "claims[0].sensitivity[0]: obtained the text 'energy_rank_95', expec"),
    ("claims.0.sensitivity", ["stable_rank"] * 2, "claims[0].sensitivity: obtained the text 'stable_rank', expected e"),
    ("controls.0.claim", "narrow", "controls[0].claim: obtained the text 'narrow', expected one of narrow_d, beta_lif"),
    ("controls.1.name", "planted_narrow_d_20", "controls[1].name: obtained the text 'planted_narrow_d_20', expected a"),
    ("controls.0.generator", "low_rank", "controls[0].generator: obtained the text 'low_rank', expected one of low_ra"),
    ("controls.0.expected", "SURVIVED", "controls[0].expected: obtained the text 'SURVIVED', expected one of MET, KIL"),
    ("controls.0.seed", -7, "controls[0].seed: obtained -7, expected an integer from 0 to"),
    ("controls.0.seed", 2**53, "controls[0].seed: obtained an integer beyond 2^53, expected an integer from 0"),
    ("controls.0.rank", 0, "controls[0].rank: obtained 0.0, expected a share of d above 0"),
    ("controls.0.rank", 1.01, "controls[0].rank: obtained 1.01, expected a number from 0 to 1"),
    ("controls.0.noise_energy", 1, "controls[0].noise_energy: obtained 1.0, expected a share of the energy below 1"),
    ("controls.5.rank", 0.2, "controls[5].rank: unknown key, expected one of name, claim, generator"),
    ("controls.0.tolerance", -0.1, "controls[0].tolerance: obtained -0.1, expected a number from 0"),
    ("claims.1.over_tau", -0.1, "claims[1].over_tau: obtained -0.1, expected a number from 0"),
    ("claims.1.over_tau", float("nan"), "claims[1].over_tau: obtained nan, expected a number from 0"),
    ("claims.1.metric", "structure", "claims[1].over_tau: obtained 0.1, expected no margin: τ is a lift"),
    ("claims.0.over_tau", 0.1, "claims[0].over_tau: unknown key, expected one of name, label, statement, rule"),
    ("claims.1.metric", "structure_spektral", "; did you mean 'structure_spectral'?"),
    ("claims.0.metric", "relative_lift", "claims[0].metric: obtained the text 'relative_lift', expected one of energ"),
    ("claims.1.sensitivity", ["lift"], "claims[1].sensitivity[0]: obtained the text 'lift', expected one of lift_squ"),
    ("rotations", [], "rotations: obtained an array, expected a table, written [rotations]"),
    ("rotations.scope", "per_expert", "rotations.scope: obtained the text 'per_expert', expected one of per_matrix, p"),
    ("rotations.optimiser", "adam", "rotations.optimiser: obtained the text 'adam', expected one of annealed_pro"),
    ("rotations.radam.schedule", "linear", "rotations.radam.schedule: obtained the text 'linear', expected one"),
    ("rotations.precision", "float16", "rotations.precision: obtained the text 'float16', expected one of float32, f"),
    ("rotations.radam.chart", "exp", "rotations.radam.chart: obtained the text 'exp', expected one of orth_rebased"),
    ("rotations.iterate", "last", "rotations.iterate: obtained the text 'last', expected one of best"),
    ("rotations.radam.moment_decay", [0.9], "rotations.radam.moment_decay: obtained an array, expected two"),
    ("rotations.radam.moment_decay", [0.9, 1.0], "rotations.radam.moment_decay[1]: obtained 1.0, expected a number"),
    ("rotations.radam.epsilon", -1, "rotations.radam.epsilon: obtained -1, expected a number from 0 to 1"),
    ("rotations.nulls", ["gaussian"], "rotations.nulls: obtained an array, expected all of gaussian, spectral, shuff"),
    ("rotations.nulls", ["gaussian", "gausian"], "; did you mean 'gaussian'?"),
    ("rotations.radam.seed", 1, "rotations.radam.seed: unknown key, expected one of step_size, schedule, chart"),
    ("rotations.graduated.step_length", 0, "rotations.graduated.step_length: obtained 0, expected a number from 1e-12"),
    ("rotations.graduated.momentum", 1, "rotations.graduated.momentum: obtained 1, expected a number from 0 to"),
    ("rotations.graduated.smoothing", 0, "rotations.graduated.smoothing: obtained 0, expected a number from 1e-12"),
    ("rotations.null_precision", "float16", "rotations.null_precision: obtained the text 'float16', expected one of f"),
    ("rotations.steps", 0, "rotations.steps: obtained 0, expected an integer from 1 to 1000000"),
    ("rotations.radam.step_size", 0, "rotations.radam.step_size: obtained 0, expected a number from 1e-12"),
    ("rotations.radam.step_size", float("inf"), "rotations.radam.step_size: obtained inf, expected a number from 1e"),
    ("rotations.steps", 2**60, "rotations.steps: obtained an integer beyond 2^53, expected an integer from 1"),
    ("prefilter.bits_per_weight", float("nan"), "prefilter.bits_per_weight: obtained nan, expected a number from 0"),
    ("rotations.radam.step_size", 1e300, "rotations.radam.step_size: obtained 1e+300, expected a number from 1e-12"),
    ("rotations.draws", 0, "rotations.draws: obtained 0, expected an integer from 1 to 10000"),
    ("rotations.draws", 10.0, "rotations.draws: obtained 10.0, expected an integer from 1 to 10000"),
    ("rotations.null_experts", 65, "rotations.null_experts: obtained 65, expected an integer from 1 to 64"),
    ("rotations.null_seed", -1, "rotations.null_seed: obtained -1, expected an integer from 0 to"),
    ("rotations.rotation_bits", 65, "rotations.rotation_bits: obtained 65, expected an integer from 1 to 64"),
    ("rotations.seed", 1, "rotations.seed: unknown key, expected one of scope, optimiser, steps"),
    ("traps", {}, "traps: obtained a table, expected an array"),
    ("traps.0", 3, "traps[0]: obtained 3, expected a table, written [traps[0]]"),
    ("traps.0.rule", "at_levels", "traps[0].rule: obtained the text 'at_levels', expected one of at_level, mean_at_mo"),
    ("traps.0.rule", "mean_at_most", "traps[0].within: unknown key, expected one of name, claim, rule, metric, at_mos"),
    ("traps.1.rule", "at_level", "traps[1].at_most: unknown key, expected one of name, claim, rule, metric, within"),
    ("traps.0.metric", "off_gain", "traps[0].metric: obtained the text 'off_gain', expected one of haar_key_cosine"),
    ("traps.1.metric", "haar_beta", "traps[1].metric: obtained the text 'haar_beta', expected one of off_gain"),
    ("traps.0.claim", "beta", "traps[0].claim: obtained the text 'beta', expected one of narrow_d, beta_lift, one_bit"),
    ("traps.0.within", -0.01, "traps[0].within: obtained -0.01, expected a number from 0"),
    ("traps.0.lift_below", float("nan"), "traps[0].lift_below: obtained nan, expected a number from 0"),
    ("traps.1.lift_below", 1.5, "traps[1].lift_below: unknown key, expected one of name, claim, rule, metric, at_most"),
    ("traps.1.at_most", "1.03", "traps[1].at_most: obtained the text '1.03', expected a number from"),
    ("traps.1.name", "random_rotation", "traps[1].name: obtained the text 'random_rotation', expected a name that no "),
    ("probes", "none", "probes: obtained the text 'none', expected an array"),
    ("probes.0.claim", "lift", "probes[0].claim: obtained the text 'lift', expected one of narrow_d, beta_lift, one_b"),
    ("probes.0.budget_factor", 1, "probes[0].budget_factor: obtained 1, expected an integer from 2 to 1000"),
    ("probes.0.agree_within", 1.5, "probes[0].agree_within: obtained 1.5, expected a number from 0 to 1"),
    ("probes.0.band", True, "probes[0].band: obtained the boolean true, expected a number from 0 to 1"),
    ("probes.0.recoveries", ["lattice"], "probes[0].recoveries[0]: obtained the text 'lattice', expected one of "),
    ("probes.0.recoveries", ["lattice_radam"] * 2, "probes[0].recoveries: obtained the text 'lattice_radam', expected"),
    ("probes.0.recoveries", [], "expected at least one of the claim's controls that have landing_at_least"),
    ("probes.0.recoveries", ["null_beta_lift"], "expected one of lattice_radam, lattice_annealed"),
    ("probes.0.claim", "narrow_d", "probes[0].recoveries[0]: obtained the text 'lattice_radam', expected one of "),
    ("probes.0.steps", 3, "probes[0].steps: unknown key, expected one of name, claim, procrustes_steps"),
    ("prefilter.bits_per_weight", -1, "prefilter.bits_per_weight: obtained -1, expected a number from 0"),
    ("prefilter.enforced", 0, "prefilter.enforced: obtained 0, expected true or false"),
    ("prefilter.bits", 2, "prefilter.bits: unknown key, expected one of bits_per_weight, enforced"),
    ("controls.8.beta", 1.1, "controls[8].beta: obtained 1.1, expected a number from 0 to 1"),
    ("controls.9.beta", 0.6, "controls[9].beta: unknown key, expected one of name, claim, generator"),
    ("controls.8.unrotated", "0.6", "controls[8].unrotated: obtained the text '0.6', expected a number from 0 to 1"),
    ("controls.9.unrotated", 0.8, "controls[9].unrotated_tolerance: missing, expected unrotated and unrotated_toleran"),
    ("controls.9.unrotated_tolerance", 0.1, "controls[9].unrotated: missing, expected unrotated and unrotated_toleran"),
    ("controls.9.level", 1, "controls[9].tolerance: missing, expected level and tolerance together"),
    ("controls.10.sheared", -0.01, "controls[10].sheared: obtained -0.01, expected a number from 0 to 1"),
    ("controls.10.expected", "NOT_RUN", "controls[10].expected: obtained the text 'NOT_RUN', expected one of MET, KI"),
    ("controls.11.distinct", 0, "controls[11].distinct: obtained 0, expected an integer from 1 to 1000000"),
    ("controls.11.landing_at_least", 2, "controls[11].landing_at_least: obtained 2, expected a number from 0 to 1"),
    ("controls.12.optimiser", "annealed", "controls[12].optimiser: obtained the text 'annealed', expected one of anne"),
    ("controls.0.sheared", 0.01, "controls[0].sheared: unknown key, expected one of name, claim, generator"),
    ("controls.0.landing_at_least", 0.9, "controls[0].landing_at_least: unknown key, expected one of name, claim, gen"),
    ("controls.0.optimiser", "radam", "controls[0].optimiser: unknown key, expected one of name, claim, generator"),
    ("controls.0.unrotated", 0.6, "controls[0].unrotated: unknown key, expected one of name, claim, generator"),
    ("tolerances.structure", 0.1, "tolerances.structure: unknown key, expected one of energy_rank_95, "),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_wrong_value_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(with_value(path, value))
    assert str(caught.value).startswith("rule.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def every_key(values: object, path: str = "") -> list[str]:
    entries = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [found for key, inner in entries for found in (f"{path}{key}", *every_key(inner, f"{path}{key}."))]


OPTIONAL = {
    "subject.revision", "claims.1.over_tau", "claims.2.order", "traps", "probes", "prefilter", "traps.0.lift_below",
    "controls.10.sheared", "controls.11.landing_at_least", "controls.12.landing_at_least", "controls.12.optimiser",
    "secondaries", "secondaries.0.dense.revision", "parametrisation", "layer_order", "probes.0.graduated",
}  # fmt: skip
OF_6 = {
    "claims.0.futility", "controls.8.landing_at_least", "controls.11.sheared", "controls.12.landing_at_least",
    "controls.13.landing_at_least", "controls.13.optimiser",
}  # fmt: skip
DESIGNS = {"v4": VALUES, "v5": VALUES_5, "v6": VALUES_6}
KEYS = [
    (name, key)
    for name, values in DESIGNS.items()
    for key in every_key(values)
    if not key.split(".")[-1].isdigit() and not key.startswith("subject.config.values.")  # keys of the model's own
]
LEFT_OUT = [(name, key) for name, key in KEYS if key in OPTIONAL | (OF_6 if name == "v6" else set())]
REQUIRED = [one for one in KEYS if one not in LEFT_OUT]
CHANGING = [one for one in LEFT_OUT if not re.search("revision|landing|parametrisation", one[1])]


@pytest.mark.parametrize(("design", "path"), REQUIRED)
def test_missing_key_has_no_default(design: str, path: str) -> None:
    last = path.rsplit(".", maxsplit=1)[-1]
    said = rf"\b{last}(_sha256)?: missing, expected |\b(level|tolerance|unrotated\w*): missing"
    with pytest.raises(BadInput, match=said):
        parse(without(path, DESIGNS[design]))


@pytest.mark.parametrize(("design", "path"), CHANGING)
def test_optional_key_may_be_absent_and_changes_what_was_registered(design: str, path: str) -> None:
    assert parse(without(path, DESIGNS[design])) != parse(DESIGNS[design])


@pytest.mark.parametrize("missing", ["prompts", "prompts_sha256"])
def test_prompts_are_registered_with_their_digest(missing: str) -> None:
    said = rf"^rule\.toml: subject\.{missing}: missing, expected prompts and prompts_sha256 together$"
    with pytest.raises(BadInput, match=said):
        parse(without(f"subject.{missing}"))
    other = {"prompts", "prompts_sha256"} - {missing}
    assert parse(without(f"subject.{other.pop()}", without(f"subject.{missing}"))).subject.prompts is None


def test_a_control_may_land_anywhere_unless_it_is_said_where() -> None:
    control = parse(without("controls.11.landing_at_least", without("probes"))).controls[11]
    assert (control.landing_at_least, parse(VALUES).controls[11].landing_at_least) == (None, 0.97)


def test_optional_parts_that_are_absent_are_none() -> None:
    values = VALUES
    for path in ("traps", "probes", "prefilter", "claims.1.over_tau"):
        values = without(path, values)
    prereg = parse(values)
    assert (prereg.traps, prereg.probes, prereg.prefilter) == ((), (), None)
    assert prereg.claim("beta_lift").rule == MeanAtLeast("lift", at_least=1.5, over_tau=None)


def a_rung_without_rotations() -> dict[str, Any]:
    """`narrow_d` alone, as it stood before there were rotations."""
    values = copy.deepcopy(VALUES)
    for key in ("rotations", "traps", "probes", "prefilter", "one_bit", "secondaries"):
        del values[key]
    values["claims"] = values["claims"][:1]
    values["controls"] = values["controls"][:8]
    values["tolerances"] = {
        key: tolerance for key, tolerance in values["tolerances"].items() if not key.startswith(("lift", "inflation"))
    }
    return values


def test_a_rung_that_turns_nothing_needs_no_rotations() -> None:
    assert parse(a_rung_without_rotations()).rotations is None


@pytest.mark.parametrize("part", ["traps", "prefilter", "lift", "lift_squared", "structure"])
def test_whatever_turns_weights_needs_registered_rotations(part: str) -> None:
    values = a_rung_without_rotations()
    if part in VALUES:
        values[part] = copy.deepcopy(VALUES[part])
        if part == "traps":  # those that turn a layer's matrices; the others run a model
            values[part] = [{**trap, "claim": "narrow_d"} for trap in values[part] if trap["claim"] == "beta_lift"]
    else:
        values["claims"].append({**without("claims.1.over_tau")["claims"][1], "metric": part, "sensitivity": []})
        values["tolerances"][part] = 0.005
    message = r"^rule\.toml: rotations: missing, expected how the rotations of its claims are learned; add it$"
    with pytest.raises(BadInput, match=message):
        parse(values)
    assert parse({**values, "rotations": VALUES["rotations"]}).rotations is not None


ESCAPES: list[object] = [
    5,
    "/etc/passwd",
    "../up",
    "a/../../b",
    "a/./b",
    "a//b",
    "a/",
    ".",
    "..",
    "a\\b",
    "C:x",
    "a\0b",
    "",
    "~/x y",
]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("key", ["source", "prompts"])
def test_paths_stay_in_the_repository(key: str, name: object) -> None:
    values = with_value("subject.prompts_sha256", DIGEST)
    del values["subject"]["revision"]
    values["subject"] |= {"prompts": "fixtures/prompts.jsonl", key: name}
    with pytest.raises(BadInput, match=rf"subject\.{key}: obtained .*, expected a relative path inside the repository"):
        parse(values)


def test_a_subject_is_sealed_by_its_configuration_or_by_its_keys() -> None:
    by_keys = parse(VALUES).subject
    assert by_keys.config_sha256 is None
    assert by_keys.config is not None
    assert by_keys.config.values["rms_norm_eps"] == 1e-5
    assert by_keys.config.values["attention_bias"] is False
    assert type(by_keys.config.values["num_experts"]) is int
    assert by_keys.config.null == ("clip_qkv", "rope_scaling")
    with pytest.raises(BadInput, match=r"subject\.config_sha256: missing, expected the digest of the whole"):
        parse(without("subject.config"))
    values = without("subject.config")
    values["subject"]["config_sha256"] = DIGEST
    assert (parse(values).subject.config_sha256, parse(values).subject.config) == (DIGEST, None)


def test_embedded_subject_with_digests_is_read() -> None:
    values = with_value("subject.layer_sha256", [DIGEST] * 16)
    del values["subject"]["revision"]
    values["subject"] |= {"prompts": "fixtures/p.jsonl", "prompts_sha256": DIGEST, "weights_sha256": DIGEST}
    subject = parse(values).subject
    assert (subject.revision, subject.layer_sha256, subject.prompts) == (None, (DIGEST,) * 16, "fixtures/p.jsonl")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text.replace("design = 4", "design = 4\ndesign = 4"), "Cannot overwrite a value"),
        (lambda text: text.replace("design = 4", "design = "), "not valid TOML (Invalid value"),
        (lambda text: "x = " + "[" * 5000 + "\n" + text, "rule.toml: n"),
        (lambda text: text.replace("design = 4", "design = " + "9" * 5000), "rule.toml: not valid TOML"),
        (
            lambda text: text.replace("design = 4", "design = 2024-11-01"),
            "design: obtained a date, expected an integer",
        ),
        (lambda text: text + '\n"bad\\nkey" = 1\n', "unknown key"),
        (lambda text: ".".join("a" * 3000) + " = 1\n" + text, "rule.toml: "),
    ],
)
def test_broken_text_is_refused_on_one_line(edit: Callable[[str], str], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_preregistration(edit(TEXT).encode(), "rule.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("rule.toml: ")
    assert str(caught.value).isprintable()


def test_not_utf8_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^rule\.toml: not valid TOML \('utf-8' codec"):
        parse_preregistration(b"rung = '\xff'", "rule.toml")


def test_absent_file_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "E-ffn-rotation-v4.toml").write_text(TEXT)
    with pytest.raises(BadInput) as caught:
        load_preregistration(tmp_path / "E-ffn-rotation-v5.toml")
    known = "there are E-ffn-rotation-v4; did you mean 'E-ffn-rotation-v4'?"
    assert str(caught.value) == f"E-ffn-rotation-v5.toml: no such preregistration; {known}"


def test_folder_and_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_preregistration(tmp_path)
    (tmp_path / "huge.toml").write_bytes(b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(BadInput, match="more than 1000000 bytes"):
        load_preregistration(tmp_path / "huge.toml")


def test_a_key_that_would_keep_the_reader_busy_is_refused() -> None:
    """tomllib takes a minute for 400 kB of one dotted key."""
    for text in (".".join("a" * 200_000) + " = 1", f"[{'.'.join('a' * 1000)}]"):
        with pytest.raises(BadInput, match=r"^x\.toml: a key of more than 100 parts, expected the tables of a"):
            parse_preregistration(text.encode(), "x.toml")


@pytest.mark.parametrize("count", [0, 16])
def test_norms_are_sealed_layer_by_layer_for_the_canonical_parametrisation(count: int) -> None:
    values = with_value("subject.norm_sha256", [DIGEST] * count)
    values["parametrisation"] = "canonical"
    assert parse(values).subject.norm_sha256 == (DIGEST,) * count
    values["parametrisation"] = "stored"
    with pytest.raises(
        BadInput, match=r"subject\.norm_sha256: obtained digests, expected none where matrices are meas"
    ):
        parse(values)


def test_every_layer_has_its_norm() -> None:
    values = with_value("subject.norm_sha256", [DIGEST] * 15)
    values["parametrisation"] = "canonical"
    with pytest.raises(BadInput, match=r"subject\.norm_sha256: obtained 15 digests, expected 16, one for each layer"):
        parse(values)
