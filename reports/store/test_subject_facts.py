"""What was measured is compared with what was sealed: a layer with that layer, a model with it and its prompts."""

import itertools
from dataclasses import replace

import pytest

from reports.base.errors import Tampered
from reports.judge.judged_verdict import judge
from reports.prereg.measurement import Of
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Cell
from reports.store.subject_facts import (
    check_digest,
    model_sha256,
    recorded_not_sealed,
    sealed_facts,
    sealed_model_sha256,
)
from reports.testing.small_rules import (
    SHIPPED,
    SUBJECT,
    a_claim,
    a_control,
    a_measurement,
    a_preregistration,
    of_model,
    sampled,
)

RUNG = a_preregistration([a_claim()])
MODEL_FACTS = replace(SUBJECT, sealed_layer_sha256=("a" * 64,) * 4, sealed_model_sha256="b" * 64)


@pytest.mark.parametrize(
    ("of_what", "digest", "message"),
    [
        ("layer", "a", None),
        ("layer", "b", r"^one_bit_nll\[L03\]: layer 3 of fixtures/tiny: sha256 bbbb.* obtained, aaaa.* sealed; rest"),
        ("model", "b", None),
        (
            "model",
            "a",
            r"^one_bit_nll\[L03\]: weights, configuration, .* of fixtures/tiny .* sha256 aaaa.* obtained, bbbb",
        ),
        ("control", "c", None),
        ("dense", "c", None),
    ],
)
def test_a_digest_is_compared_with_what_it_is_of(of_what: Of, digest: str, message: str | None) -> None:
    cell = Cell("claim", "one_bit_nll", 3)
    if message is None:
        check_digest(MODEL_FACTS, cell, digest * 64, of_what)
    else:
        with pytest.raises(Tampered, match=message):
            check_digest(MODEL_FACTS, cell, digest * 64, of_what)


def test_a_layer_that_the_subject_has_not_is_refused() -> None:
    with pytest.raises(Tampered, match=r"^narrow_d\[L77\]: tiny has no such layer, expected 0 to 3; delete its entry$"):
        check_digest(MODEL_FACTS, Cell("claim", "narrow_d", 77), "a" * 64, "layer")


def test_a_model_that_was_not_sealed_may_be_any() -> None:
    check_digest(SUBJECT, Cell("claim", "one_bit_nll", 3), "c" * 64, "model")


def test_the_sealed_subject_is_what_the_rule_says_and_nothing_else() -> None:
    prereg = load_preregistration(SHIPPED.with_name("E-ffn-rotation-v4-olmoe_nano.toml"))
    facts = sealed_facts(prereg)
    assert (facts.name, facts.layers, facts.exploratory) == ("olmoe_nano", tuple(range(16)), False)
    assert facts.sealed_layer_sha256 == prereg.subject.layer_sha256 is not None
    assert facts.sealed_model_sha256 == sealed_model_sha256(prereg) is not None
    assert recorded_not_sealed(prereg, facts) is None
    cell = Cell("claim", "one_bit_nll", 15)
    with pytest.raises(
        Tampered,
        match=r"^one_bit_nll\[L15\]: weights, configuration, .* of olmoe_nano .* fff.* obtained",
    ):
        judge(prereg, facts, {cell: of_model(cell, sampled({}), "f" * 64)}, "here")


def test_of_a_hub_model_the_commit_is_what_was_recorded() -> None:
    prereg = load_preregistration(SHIPPED)
    facts = sealed_facts(prereg, "c" * 40)
    assert (facts.revision, facts.sealed_layer_sha256, facts.sealed_model_sha256) == ("c" * 40, None, None)
    said = recorded_not_sealed(prereg, facts)
    assert said is not None
    assert said.endswith(f"the rule seals repository and revision main, commit {'c' * 40}")


@pytest.mark.parametrize(
    ("cell", "of", "said"),
    [
        (Cell("claim", "wide_d", 0), "layer", r"holds claim wide_d\[L00\], which the rule does not register"),
        (Cell("claim", "narrow_d"), "layer", r"holds claim narrow_d, which the rule does not register"),
        (Cell("control", "planted", 3), "control", r"holds control planted\[L03\], which the rule does not register"),
        (Cell("control", "planted"), "layer", "planted was measured on a layer, expected a control"),
        (Cell("claim", "narrow_d", 0), "model", r"narrow_d\[L00\] was measured on a model, expected a layer"),
    ],
)
def test_what_the_rule_does_not_measure_is_refused(cell: Cell, of: Of, said: str) -> None:
    prereg = a_preregistration([a_claim()], [a_control("planted")])
    with pytest.raises(Tampered, match=said):
        judge(prereg, SUBJECT, {cell: replace(a_measurement(cell, [0.1]), of=of)}, "here")


def test_a_model_is_its_weights_configuration_and_tokenizer_with_its_prompts() -> None:
    digests = {
        model_sha256(weights * 64, config * 64, None if tokenizer == "-" else tokenizer * 64, prompts * 64)
        for weights, config, tokenizer, prompts in itertools.product("ab", "ab", "ab-", "ab")
    }
    assert len(digests) == 24
    assert all(len(digest) == 64 for digest in digests)


def test_the_sealed_digest_follows_from_the_preregistration_alone() -> None:
    subject = replace(
        RUNG.subject,
        weights_sha256="a" * 64,
        config_sha256="b" * 64,
        tokenizer_sha256="c" * 64,
        prompts="p.jsonl",
        prompts_sha256="d" * 64,
    )
    sealed = replace(RUNG, subject=subject)
    assert sealed_model_sha256(sealed) == model_sha256("a" * 64, "b" * 64, "c" * 64, "d" * 64)
    without = (replace(subject, weights_sha256=None), replace(subject, config_sha256=None))
    for less in (*without, replace(subject, prompts_sha256=None)):
        assert sealed_model_sha256(replace(sealed, subject=less)) is None


NORM_FACTS = replace(SUBJECT, sealed_norm_sha256=("a" * 64, "b" * 64, "c" * 64, "d" * 64))


@pytest.mark.parametrize(("norm", "said"), [("a" * 64, "aaaaaaaaaaaa…"), (None, "none")])
def test_a_norm_is_compared_with_the_sealed_one_of_its_layer(norm: str | None, said: str) -> None:
    """The layer's own tensors are those that were sealed: what is folded into them is not."""
    cell = Cell("claim", "narrow_d", 3)
    check_digest(NORM_FACTS, cell, "0" * 64, "layer", "d" * 64)
    message = (
        f"^narrow_d\\[L03\\]: layer 3 of fixtures/tiny: the norm that feeds the experts has sha256 {said} obtained, "
        "dddddddddddd… sealed; restore the weights, or name them with --model to run them as exploratory$"
    )
    with pytest.raises(Tampered, match=message):
        check_digest(NORM_FACTS, cell, "0" * 64, "layer", norm)


def test_norms_of_what_is_not_the_subject_are_nobodys() -> None:
    check_digest(NORM_FACTS, Cell("control", "planted"), "0" * 64, "control", "f" * 64)
    check_digest(NORM_FACTS, Cell("secondary", "specialist_narrower", 2), "0" * 64, "dense", None)
    check_digest(SUBJECT, Cell("claim", "narrow_d", 2), "0" * 64, "layer", "f" * 64)  # no norm was sealed


def test_a_family_whose_experts_no_norm_feeds_is_sealed_to_have_none() -> None:
    facts, cell = replace(SUBJECT, sealed_norm_sha256=()), Cell("claim", "narrow_d", 1)
    check_digest(facts, cell, "0" * 64, "layer", None)
    with pytest.raises(Tampered, match="ffffffffffff… obtained, none sealed"):
        check_digest(facts, cell, "0" * 64, "layer", "f" * 64)


def test_a_published_measurement_is_compared_with_the_sealed_norm() -> None:
    prereg = a_preregistration([a_claim()])
    canonical = replace(
        prereg, parametrisation="canonical", subject=replace(prereg.subject, norm_sha256=("a" * 64,) * 4)
    )
    cell = Cell("claim", "narrow_d", 0)
    assert sealed_facts(canonical).sealed_norm_sha256 == ("a" * 64,) * 4
    found = replace(a_measurement(cell, [0.1]), norm_sha256="a" * 64)
    judged = judge(canonical, sealed_facts(canonical), {cell: found}, "here")
    assert judged.decision.verdict == "INCOMPLETE"
    for norm in (None, "b" * 64):
        with pytest.raises(
            Tampered, match=r"the norm that feeds the experts has sha256 .* obtained, aaaaaaaaaaaa… sealed"
        ):
            judge(canonical, sealed_facts(canonical), {cell: replace(found, norm_sha256=norm)}, "here")
    with pytest.raises(Tampered, match="with a norm folded into its matrices, expected them as stored by the rule"):
        judge(prereg, SUBJECT, {cell: found}, "here")
