"""A claim that quantises the canonical network in rotations learned on other experts: tables, traps, controls."""

import pytest

from reports.base.errors import BadInput
from reports.prereg.lint import lint, sealable
from reports.prereg.measures import needs
from reports.prereg.parsing.test_parse import VALUES_5, parse, with_value, without
from reports.prereg.parsing.test_parse import VALUES_6 as VALUES
from reports.prereg.repeatable import uses
from reports.prereg.rules import ClosingAbove, ClosingAtMost, LargestAtMost

NAMES = {key: [one["name"] for one in VALUES[key]] for key in ("claims", "traps", "controls")}
CLAIM, TRIVIAL, HAAR = (
    NAMES["claims"].index("one_bit_nll"),
    NAMES["traps"].index("trivial_pass"),
    NAMES["traps"].index("haar_one_bit"),
)
PLANTED = NAMES["controls"].index("planted_one_bit")


def test_it_is_read_and_can_be_sealed() -> None:
    prereg = parse(VALUES)
    assert prereg.claim("one_bit_nll").rule == ClosingAtMost("held_out_inflation", 0.10)
    assert prereg.trap("trivial_pass").rule == LargestAtMost("canonical_triviality", 1e-9)
    assert prereg.trap("haar_one_bit").rule == ClosingAbove("inflation_haar_mean", 0.10)
    assert prereg.one_bit is not None
    assert (prereg.one_bit.haar_draws, prereg.one_bit.dtype) == (5, "bfloat16")
    assert needs("held_out_inflation") == needs("inflation_haar_mean") == ("rotations", "one_bit", "held_out")
    findings = [finding for finding in lint(prereg) if "one_bit_nll" in finding.about]
    assert {finding.severity for finding in findings} == {"proved"}
    assert sealable(lint(prereg))
    assert set(uses(prereg)) == {"graduated"}


REFUSED = [
    ("parametrisation", "stored", "parametrisation: obtained the text 'stored', expected canonical, in which one"),
    (f"traps.{TRIVIAL}.metric", "triviality", f"traps[{TRIVIAL}].metric: obtained the text 'triviality', expected on"),
    (f"traps.{HAAR}.metric", "inflation_unrotated", f"traps[{HAAR}].metric: obtained the text 'inflation_unrotated'"),
    ("one_bit.haar_draws", 4, "one_bit.haar_draws: obtained 4, expected an integer from 5 to 1000"),
    (f"controls.{PLANTED}.model.basis", "unrotated", f"controls[{PLANTED}].model.basis: obtained the text 'unrotate"),
    (f"claims.{CLAIM}.metric", "held_out_inflation_unbiased", f"claims[{CLAIM}].metric: obtained the text 'held_out_i"),
    (f"claims.{CLAIM}.sensitivity", ["inflation_unbiased"], f"claims[{CLAIM}].sensitivity[0]: obtained the text 'in"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_does_not_hold_together_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(with_value(path, value, VALUES))
    assert str(caught.value).removeprefix("rule.toml: ").startswith(message)


def test_the_draws_of_the_trap_are_registered() -> None:
    with pytest.raises(BadInput, match=r"one_bit\.haar_draws: missing, expected how many draws haar_one_bit is"):
        parse(without("one_bit.haar_draws", VALUES))
    bare = {**VALUES, "traps": [trap for trap in VALUES["traps"] if trap["name"] != "haar_one_bit"]}
    assert parse(without("one_bit.haar_draws", bare)).one_bit is not None


def test_its_halves_are_registered() -> None:
    with pytest.raises(BadInput, match=r"held_out: missing, expected how experts are halved, which beta_lift reads"):
        parse(without("held_out", VALUES))


def test_a_trap_of_the_canonical_network_belongs_to_a_claim_about_it() -> None:
    place = next(i for i, trap in enumerate(VALUES_5["traps"]) if trap["name"] == "trivial_pass")
    changed = {**with_value(f"traps.{place}.metric", "canonical_triviality", VALUES_5), "held_out": VALUES["held_out"]}
    with pytest.raises(BadInput, match=r"expected one that quantises as one_bit_nll does"):
        parse(changed)
