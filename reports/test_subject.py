"""What was measured is compared with what was sealed: a layer with that layer, a model with it and its prompts."""

from dataclasses import replace

import pytest

from reports.errors import Tampered
from reports.measurement import Of
from reports.preregistration import Cell
from reports.specimens import SUBJECT
from reports.subject import check_digest, model_sha256

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
            r"^one_bit_nll\[L03\]: weights or prompts of fixtures/tiny are not those that were sealed; rest",
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


def test_a_model_is_its_weights_with_its_prompts() -> None:
    digests = {model_sha256(weights * 64, prompts * 64) for weights in "ab" for prompts in "ab"}
    assert len(digests) == 4
    assert all(len(digest) == 64 for digest in digests)
