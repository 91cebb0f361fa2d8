"""A rung may name the rungs that it rests on; one that names none is read, and digested, as it ever was."""

import pytest

from reports.base.errors import BadInput
from reports.commands.cli import PREREGISTRATIONS
from reports.prereg.parsing.parse import load_preregistration, parse_preregistration
from reports.prereg.preregistration import Preregistration
from reports.seals.seal import verify

NAME = "W-exponent-entropy-v1"
TEXT = (PREREGISTRATIONS / f"{NAME}.toml").read_text("utf8")


def parsed(rungs: str) -> Preregistration:
    return parse_preregistration(TEXT.replace("draft = false", f"draft = false\nrests_on = {rungs}", 1).encode(), NAME)


def refusal(rungs: str) -> str:
    with pytest.raises(BadInput) as error:
        parsed(rungs)
    return str(error.value)


def test_the_sealed_rules_rest_on_none_and_their_digest_is_that_of_the_seal() -> None:
    for path in sorted(PREREGISTRATIONS.glob("*.seal.json")):
        rule = path.with_name(path.name.replace(".seal.json", ".toml"))
        status = verify(rule)
        assert status.prereg == load_preregistration(rule)
        assert status.prereg.canonical_sha256 == status.sidecar.canonical_sha256
    assert load_preregistration(PREREGISTRATIONS / f"{NAME}.toml").rests_on == ()


def test_the_rungs_are_read_in_order_and_are_part_of_the_rule() -> None:
    found = parsed('["E-ffn-rotation", "W-delta-rank"]')
    assert found.rests_on == ("E-ffn-rotation", "W-delta-rank")
    assert found.canonical_sha256 != parsed('["W-delta-rank", "E-ffn-rotation"]').canonical_sha256


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ('["W-exponent-entropy"]', "rests_on: obtained an array, expected rungs other than W-exponent-entropy itself"),
        ('["A", "A"]', "rests_on"),
        ('["a b"]', "rests_on[0]: obtained the text 'a b', expected a name of letters, digits and -"),
        ('"A"', "rests_on: obtained the text 'A', expected an array"),
        ("[3]", "rests_on[0]: obtained 3, expected a name of letters, digits and -"),
    ],
)
def test_what_is_no_rung_is_refused(rungs: str, said: str) -> None:
    assert said in refusal(rungs)
