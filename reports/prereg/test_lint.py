import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fixtures.measures.rotation.effective_dimension import ratio_range
from kernels.closed_forms.haar_level import haar_level
from kernels.closed_forms.marchenko_pastur import ESTIMATORS
from reports.base.errors import BadInput, ExitCode
from reports.prereg.lint import Finding, lint, require_sealable, sealable
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Claim, Preregistration
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, MeanAtMost, Rule, ShareBelow

SHIPPED = Path(__file__).parents[2] / "hypotheses" / "preregistrations"
Matrix = NDArray[np.float64]


@pytest.fixture
def prereg() -> Preregistration:
    return load_preregistration(SHIPPED / "E-ffn-rotation-v4.toml")


def with_rule(prereg: Preregistration, rule: Rule, checkpoints: tuple[int, ...] = (16,)) -> Preregistration:
    claim = Claim("claim", "claim", "A statement.", rule, checkpoints, ())
    return replace(prereg, claims=(claim,), controls=())


def texts(prereg: Preregistration, about: str) -> list[str]:
    return [finding.line() for finding in lint(prereg) if finding.about == about]


def test_wording_for_the_source_rule_on_its_subject(prereg: Preregistration) -> None:
    assert texts(prereg, "narrow_d@4-layer") == [
        "narrow_d@4-layer: MET attainable: rank one gives energy_rank_95 0.0009766 < 0.4 at d = 1024 [-]",
        "narrow_d@4-layer: KILLED attainable: equal singular values give energy_rank_95 0.9502 ≥ 0.4 at d = 1024 [-]",
        "narrow_d@4-layer: note: a kill after 4 of 16 layers is a futility rule: more false kills, no more false "
        "survivals; after 4 layers without one such matrix 12/16 = 75% could still meet 70%",
    ]
    assert texts(prereg, "beta_lift@16-layer") == [
        "beta_lift@16-layer: MET forbidden by theorem unless unrotated β ≤ 0.667: lift ≤ 1/β (Jensen), from the Haar "
        "level 0.7980 at n = 2048 at most 1.2531, at any width below √(π/2) = 1.2533, 1.5 is asked for; below "
        "β = 0.532 a Haar rotation alone attains it [-]",
        "beta_lift@16-layer: KILLED attainable: a matrix of signs has β = 1, so lift ≤ 1 < 1.5 [-]",
    ]
    assert texts(prereg, "one_bit_nll@16-layer") == [
        "one_bit_nll@16-layer: MET attainable: the identity quantiser has inflation 0 ≤ 0.1 [-]",
        "one_bit_nll@16-layer: KILLED attainable: inflation has no upper bound, so it can exceed 0.1 [-]",
    ]
    assert texts(prereg, "subject") == [
        "subject: note: the configuration of allenai/OLMoE-1B-7B-0924 is sealed by 24 keys with their values; 14 "
        "others are only recorded, any further one is refused",
        "subject: note: the weights of allenai/OLMoE-1B-7B-0924 are named by revision 'main', not sealed by digests",
    ]


def test_source_rule_may_be_sealed(prereg: Preregistration) -> None:
    assert sealable(lint(prereg))
    require_sealable(prereg, "rule.toml")


UNREACHABLE = [
    (
        ShareBelow("energy_rank_95", 0.0, 0.7),
        "MET unreachable: energy_rank_95 ≥ 0.0009766 at d = 1024, and < 0 is asked",
    ),
    (
        ShareBelow("stable_rank", 1 / 1024, 0.7),
        "MET unreachable: stable_rank ≥ 0.0009766 at d = 1024, and < 0.000976562",
    ),
    (ShareBelow("energy_rank_95", 0.4, 1.01), "MET unreachable: a share of 1.01 is asked for, none exceeds 1 [-]"),
    (ShareBelow("energy_rank_95", 0.4, 0.0), "KILLED unreachable: a share of 0 is met by any weights"),
    (ShareBelow("energy_rank_95", 0.951, 0.7), "KILLED unreachable: energy_rank_95 ≤ 0.9502 < 0.951 at d = 1024 [-]"),
    (MeanAtLeast("lift", 46.0), "MET unreachable: lift ≤ 1/β ≤ √n = 45.25 at n = 2048, 46 is asked for [-]"),
    (MeanAtLeast("lift", 1.0), "KILLED unreachable: leaving the weights unrotated has lift 1 ≥ 1 [-]"),
    (ClosingAtMost("inflation", -1.01), "MET unreachable: inflation ≥ -1, and -1.01 is asked for [-]"),
    (MeanAtLeast("structure", 1.27), "MET unreachable: structure ≤ about 1/Haar level = 1.253, 1.27 is asked for [-]"),
    (MeanAtLeast("structure", 1.0), "KILLED unreachable: noise meets the rule, its structure is 1 ≥ 1 [-]"),
    (MeanAtLeast("structure", 0.9), "KILLED unreachable: noise meets the rule, its structure is 1 ≥ 0.9 [-]"),
    (
        ShareBelow("relative_energy_rank_95", 0.0, 0.7),
        "MET unreachable: relative_energy_rank_95 < 0 for a share of 0.7",
    ),
    (ShareBelow("relative_energy_rank_95", 0.6, 1.01), "MET unreachable: relative_energy_rank_95 < 0.6 for a share of"),
    (ShareBelow("relative_stable_rank", 0.6, 0.0), "KILLED unreachable: "),
    (ShareBelow("relative_stable_rank", 1.01, 0.7), "KILLED unreachable: "),
]


@pytest.mark.parametrize(("rule", "message"), UNREACHABLE)
def test_unreachable_branch_is_refused(prereg: Preregistration, rule: Rule, message: str) -> None:
    broken = with_rule(prereg, rule)
    assert not sealable(lint(broken))
    with pytest.raises(BadInput, match=r"^rule\.toml: claim@16-layer: .*; lint refuses to seal it$") as caught:
        require_sealable(broken, "rule.toml")
    assert message in str(caught.value)
    assert caught.value.exit_code == ExitCode.BAD_INPUT


REACHABLE = [
    (
        ShareBelow("energy_rank_95", 0.95, 1.0),
        "KILLED attainable: equal singular values give energy_rank_95 0.9502 ≥ 0.95",
    ),
    (
        ShareBelow("participation_ratio", 1.0, 0.7),
        "KILLED attainable: equal singular values give participation_ratio 1 ≥",
    ),
    (MeanAtLeast("lift", 1.2), "MET attainable: signs behind a Haar rotation (β 0.7980 at n = 2048) are lifted 1.25"),
    (MeanAtLeast("lift", 1.2532), "MET forbidden by theorem unless unrotated β ≤ 0.798"),
    (
        ClosingAtMost("inflation", -0.1),
        "MET attainable only by weights that quantising improves: inflation ≤ -0.1 < 0 [-]",
    ),
    (ClosingAtMost("inflation", -1.0), "MET attainable only by weights that quantising improves: inflation ≤ -1 < 0"),
    (ClosingAtMost("inflation", 0.0), "MET attainable: the identity quantiser has inflation 0 ≤ 0 [-]"),
    (ClosingAtMost("inflation_frozen", 9.0), "KILLED attainable: inflation has no upper bound, so it can exceed 9"),
    (
        MeanAtLeast("structure", 1.05),
        "MET attainable: a planted rotation leaves up to 1.253 over noise, 1.05 is asked [-]",
    ),
    (MeanAtLeast("structure", 1.253), "MET attainable: a planted rotation leaves up to 1.253 over noise"),
    (MeanAtLeast("structure", 1.0001), "KILLED attainable: noise has structure 1 < 1.0001 [-]"),
    (
        ShareBelow("relative_energy_rank_95", 0.6, 0.7),
        "MET attainable: rank one gives relative_energy_rank_95 ≤ 0.003906 < 0.6 at d = 1024 [-]",
    ),
    (ShareBelow("relative_energy_rank_95", 0.6, 0.7), "KILLED attainable: noise has relative_energy_rank_95 1 ≥ 0.6"),
    (ShareBelow("relative_stable_rank", 1.0, 0.7), "KILLED attainable: noise has relative_stable_rank 1 ≥ 1 [-]"),
    (
        ShareBelow("relative_stable_rank", 0.003, 0.7),
        "warning: MET unchecked: rank one gives relative_stable_rank ≤ 0.003906 at d = 1024, 0.003 is asked",
    ),
]


@pytest.mark.parametrize(("rule", "message"), REACHABLE)
def test_reachable_branch_is_shown(prereg: Preregistration, rule: Rule, message: str) -> None:
    assert message in " ".join(texts(with_rule(prereg, rule), "claim@16-layer"))
    assert sealable(lint(with_rule(prereg, rule)))


@pytest.mark.parametrize(
    "rule",
    [
        ShareBelow("lift", 0.4, 0.7),
        MeanAtLeast("energy_rank_95", 0.4),
        MeanAtLeast("structure_gaussian", 1.05),
        MeanAtLeast("lift_squared", 1.5),
    ],
)
def test_unknown_metric_is_said_to_be_unchecked(prereg: Preregistration, rule: Rule) -> None:
    assert f"nothing is known of the range of {rule.metric}" in texts(with_rule(prereg, rule), "claim@16-layer")[0]
    assert "warning: " in texts(with_rule(prereg, rule), "claim@16-layer")[0]


@pytest.mark.parametrize(
    ("at_least", "checkpoint", "end"),
    [(0.75, 4, "12/16 = 75% could still meet 75%"), (0.76, 4, "12/16 = 75% could no longer meet 76%"),
     (0.5, 9, "7/16 = 44% could no longer meet 50%")],
)  # fmt: skip
def test_futility_is_computed(prereg: Preregistration, at_least: float, checkpoint: int, end: str) -> None:
    rule = ShareBelow("energy_rank_95", 0.4, at_least)
    lines = texts(with_rule(prereg, rule, (checkpoint, 16)), f"claim@{checkpoint}-layer")
    assert lines[-1].endswith(f"after {checkpoint} layers without one such matrix {end}")
    assert not any("futility" in line for line in texts(with_rule(prereg, rule, (checkpoint, 16)), "claim@16-layer"))


def test_claim_never_judged_at_full_scope_is_warned_of(prereg: Preregistration) -> None:
    rule = MeanAtLeast("lift", 1.1)
    warned = "claim: warning: last judged at 4 of 16 layers, never at full scope"
    assert warned in texts(with_rule(prereg, rule, (4,)), "claim")
    assert warned not in texts(with_rule(prereg, rule, (4, 16)), "claim")


def test_missing_controls_are_warned_of(prereg: Preregistration) -> None:
    claims = ("narrow_d", "beta_lift", "one_bit_nll")
    assert [texts(prereg, claim) for claim in claims] == [[], [], []]
    none = "no controls: nothing shows that its gate can pass or fail; the preregistration has to stay a draft"
    for claim in claims:
        assert texts(replace(prereg, controls=()), claim) == [f"{claim}: warning: {none}"]
        for outcome, missing in (("MET", "KILLED"), ("KILLED", "MET")):
            kept = tuple(control for control in prereg.controls if control.expected in (outcome, "INCONCLUSIVE"))
            assert texts(replace(prereg, controls=kept), claim) == [
                f"{claim}: warning: no control is expected {missing}: nothing shows that its gate can come out so"
            ]


def test_a_rotation_that_is_none_shows_neither_branch(prereg: Preregistration) -> None:
    sheared = tuple(control for control in prereg.controls if control.expected == "INCONCLUSIVE")
    assert [control.name for control in sheared] == ["sheared_beta_lift"]
    assert len(texts(replace(prereg, controls=sheared), "beta_lift")) == 2


def test_a_configuration_at_hand_has_to_be_sealed_whole(prereg: Preregistration) -> None:
    by_keys = replace(prereg.subject, source="fixtures/olmoe_nano", revision=None)
    message = (
        "fixtures/olmoe_nano lies in the repository, but config_sha256 is absent; register it in place of its keys"
    )
    assert Finding("subject", "refused", message) in lint(replace(prereg, subject=by_keys))
    whole = replace(by_keys, config_sha256="a" * 64, config=None)
    assert not any("config_sha256" in line for line in texts(replace(prereg, subject=whole), "subject"))


def test_norms_that_are_folded_in_are_sealed_as_the_matrices_are(prereg: Preregistration) -> None:
    canonical = replace(prereg, parametrisation="canonical")
    recorded = "subject: note: the norms of allenai/OLMoE-1B-7B-0924 are recorded as they are read, not sealed"
    assert recorded in texts(canonical, "subject")
    assert recorded not in texts(prereg, "subject")
    subject = replace(prereg.subject, layer_sha256=("a" * 64,) * 16)
    refused = (
        "subject: refused: layer_sha256 seals the expert matrices, but the norms folded into them are not; register "
        "norm_sha256"
    )
    assert refused in texts(replace(canonical, subject=subject), "subject")
    assert not sealable(lint(replace(canonical, subject=subject)))
    for norms in ((), ("b" * 64,) * 16):
        whole = replace(canonical, subject=replace(subject, norm_sha256=norms))
        assert not any("norm" in line for line in texts(whole, "subject"))
        assert sealable(lint(whole))


# The theorems that the findings rest on, checked on matrices.


def estimate(metric: str, w: Matrix) -> float:
    energies = np.linalg.svd(w, compute_uv=False) ** 2
    d, shares = len(energies), energies / energies.sum()
    if metric.startswith("energy_rank_"):
        share = int(metric.rpartition("_")[2]) / 100
        return float(np.searchsorted(np.cumsum(shares), share * (1 - 1e-12)) + 1) / d
    if metric == "participation_ratio":
        return float(1 / (shares**2).sum()) / d
    if metric == "stable_rank":
        return float(1 / shares.max()) / d
    spread = np.sqrt(energies) / np.sqrt(energies).sum() if metric == "entropy_rank_sigma" else shares
    spread = spread[spread > 1e-14]
    return float(np.exp(-(spread * np.log(spread)).sum())) / d


@pytest.mark.parametrize("metric", ESTIMATORS)
def test_ratio_range_is_attained_and_never_left(metric: str) -> None:
    generator = np.random.default_rng(7)
    least, greatest = ratio_range(metric, 20)
    rank_one = np.outer(generator.standard_normal(20), generator.standard_normal(40))
    assert estimate(metric, rank_one) == pytest.approx(least, abs=1e-6)
    assert estimate(metric, np.eye(20, 40)) == pytest.approx(greatest, abs=1e-9)
    for power in (0.0, 0.5, 2.0):
        w = generator.standard_normal((20, 40)) * (np.arange(1, 21.0) ** -power)[:, None]
        assert least - 1e-9 <= estimate(metric, w) <= greatest + 1e-9


@pytest.mark.parametrize("metric", ESTIMATORS)
@pytest.mark.parametrize("shape", [(48, 48), (48, 96)])
def test_no_estimator_puts_noise_below_a_quarter(metric: str, shape: tuple[int, int]) -> None:
    """What `relative_*` of rank one rests on. The stable rank of square noise is nearest: 1/(1 + √γ)² = 1/4."""
    generator = np.random.default_rng(7)
    values = [estimate(metric, generator.standard_normal(shape)) for _ in range(20)]
    assert np.mean(values) >= 0.25
    if (metric, shape) == ("stable_rank", (48, 48)):
        assert np.mean(values) == pytest.approx(0.25, abs=0.03)


def cosine(w: Matrix) -> float:
    return float(np.sqrt((np.abs(w).sum(1) ** 2).sum() / (w.shape[1] * (w**2).sum())))


def haar(n: int, generator: np.random.Generator) -> Matrix:
    q, r = np.linalg.qr(generator.standard_normal((n, n)))
    return q * np.sign(np.diag(r))


def test_haar_level_is_the_mean_of_squares_over_rotations() -> None:
    generator = np.random.default_rng(7)
    row = np.zeros((1, 16))
    row[0, 3] = 1.0
    squares = [cosine(row @ haar(16, generator)) ** 2 for _ in range(4000)]
    error = float(np.std(squares)) / math.sqrt(len(squares))
    assert np.mean(squares) == pytest.approx(haar_level(16) ** 2, abs=4 * error)
    assert haar_level(64) == pytest.approx(0.8014, abs=5e-5)
    assert 1 / haar_level(10**9) == pytest.approx(math.sqrt(math.pi / 2), abs=1e-6)


def test_lift_bounds_of_the_two_examples() -> None:
    """A one-hot row attains 1/beta = sqrt(n) when it is turned into signs; a matrix of signs is never lifted."""
    generator = np.random.default_rng(7)
    n = 16
    signs = np.sign(generator.standard_normal((8, n)))
    assert cosine(signs) == pytest.approx(1.0)
    assert max(cosine(signs @ haar(n, generator)) for _ in range(50)) <= 1.0
    one_hot = np.eye(n)[:1]
    turned = np.ones((1, n)) / math.sqrt(n)
    assert cosine(turned) / cosine(one_hot) == pytest.approx(math.sqrt(n))


SHARE, MEAN = ShareBelow("energy_rank_95", 0.4, 0.7), MeanAtLeast("lift", 1.2)


def drawn(
    prereg: Preregistration, rule: Rule, checkpoints: tuple[int, ...], futility: tuple[float, ...] = ()
) -> list[str]:
    """What lint says of early kills of such a claim, layers being drawn."""
    changed = with_rule(prereg, rule, checkpoints)
    claim = replace(changed.claims[0], futility=futility)
    return [
        text
        for text in texts(replace(changed, claims=(claim,), layer_order="drawn"), "claim")
        if "early" in text or "mean rule" in text
    ]


def test_lint_computes_cut_offs_and_refuses_what_is_above_them(prereg: Preregistration) -> None:
    computed = "lint computes futility = [0.15, 0.35] for 4 and 8 of 16 layers"
    assert drawn(prereg, SHARE, (4, 8, 16), (0.15, 0.35)) == [
        "claim: in no world is a rung that meets the rule killed early with a probability above 0.49%; " + computed
    ]
    assert drawn(prereg, SHARE, (4, 8, 16), (0.1, 0.0))[0].startswith("claim: in no world")
    for above in ((0.2, 0.35), (0.15, 0.4)):
        (text,) = drawn(prereg, SHARE, (4, 8, 16), above)
        assert text == (
            f"claim: refused: futility {list(above)}: an early kill may be wrong in 1 % of rungs or more; {computed}"
        )
    assert drawn(prereg, SHARE, (4, 8, 16)) == [
        f"claim: refused: early kills without cut-offs are wrong too often; {computed}"
    ]
    assert drawn(prereg, SHARE, (1, 16), (0.0,)) == [
        "claim: refused: no share after 1 of 16 layers is low enough for an early kill"
    ]
    assert drawn(prereg, SHARE, (16,)) == []


def test_lint_refuses_early_kills_of_a_mean_where_layers_are_drawn(prereg: Preregistration) -> None:
    assert drawn(prereg, MEAN, (4, 16)) == [
        "claim: refused: a mean rule that kills after 4 of 16 layers is wrong up to 27 % of the time; register "
        "checkpoints = [16]"
    ]
    assert drawn(prereg, MEAN, (16,)) == []
    assert drawn(prereg, ClosingAtMost("inflation", 0.1), (4, 16)) == []  # cumulative, in ascending order


def test_lint_refuses_cut_offs_on_the_first_layers(prereg: Preregistration) -> None:
    changed = with_rule(prereg, SHARE, (4, 16))
    changed = replace(changed, claims=(replace(changed.claims[0], futility=(0.1,)),))
    said = "claim: refused: futility [0.1]: no cut-off is safe on the first layers; "
    said += 'register layer_order = "drawn" at the top'
    assert said in texts(changed, "claim")
    assert not sealable(lint(changed))


def test_lint_would_have_refused_design_5(prereg: Preregistration) -> None:
    """`off_rotation` forbids what `beta_lift` asserts. As sealed it is warned of, anew it is refused."""
    five = load_preregistration(SHIPPED / "E-ffn-rotation-v5-olmoe_nano.toml")
    (said,) = [text for text in texts(five, "beta_lift") if "traps sound" in text]
    assert said.startswith(
        "beta_lift: warning: cannot be MET with its traps sound: off_rotation allows a gain of 1.03 "
    )
    assert said.endswith("; it was sealed before lint examined this")
    assert sealable(lint(five))
    anew = replace(five, canonical_sha256="0" * 64)
    assert not sealable(lint(anew))
    with pytest.raises(BadInput, match="cannot be MET with its traps sound"):
        require_sealable(anew, "rule.toml")
    wide = [
        replace(trap, rule=MeanAtMost("off_gain", 1.3)) if trap.name == "off_rotation" else trap for trap in anew.traps
    ]
    assert sealable(lint(replace(anew, traps=tuple(wide))))
    assert not any("traps sound" in text for text in texts(prereg, "beta_lift"))  # design 4 turns each matrix alone
