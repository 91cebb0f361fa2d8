"""What was measured is compared with what was sealed: a layer with that layer, a model with it and its prompts."""

import itertools
from dataclasses import replace

import pytest

from reports.errors import Tampered
from reports.measurement import Of
from reports.preregistration import Cell
from reports.specimens import SUBJECT, a_claim, a_preregistration
from reports.subject import check_digest, model_sha256, sealed_model_sha256

RUNG = a_preregistration([a_claim()])
MODEL_FACTS = replace(SUBJECT, sealed_layer_sha256=("a" * 64,) * 4, sealed_model_sha256="b" * 64)


@pytest.mark.parametrize(
    ("of_what", "digest", "message"),
    [
        ("layer", "a", None),
        ("layer", "b", r"^layer 3 of fixtures/tiny: sha256 bbbb.* sealed; restore the weights"),
        ("model", "b", None),
        (
            "model",
            "a",
            r"^one_bit_nll\[L03\]: weights, configuration, tokenizer or prompts of fixtures/tiny are not those",
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
