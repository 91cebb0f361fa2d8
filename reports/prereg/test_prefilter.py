"""What shapes alone settle: bits per weight by hand, and a budget that forbids a seal only where it is enforced."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from kernels.closed_forms.haar_level import haar_level
from reports.base.errors import BadInput
from reports.prereg.lint import Finding, lint, require_sealable, sealable
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.prefilter import (
    arithmetic,
    effective_bits,
    over_budget,
    prefilter_json,
    prefilter_lines,
)
from reports.prereg.preregistration import Prefilter, Preregistration, Scope, Subject
from reports.testing.small_rules import rotations

SHIPPED = Path(__file__).parents[2] / "hypotheses" / "preregistrations"
PREREGS = {path.stem: load_preregistration(path) for path in sorted(SHIPPED.glob("*.toml"))}
OLMOE, NANO = PREREGS["E-ffn-rotation-v4"].subject, PREREGS["E-ffn-rotation-v4-olmoe_nano"].subject
FAIR = PREREGS["E-ffn-rotation-v5"]


@pytest.mark.parametrize(
    ("subject", "scope", "gate_up", "down", "mean"),
    [
        (OLMOE, "per_matrix", 33.0078125, 9.015625, 25.010416666666668),
        (OLMOE, "per_layer", 1.2578125, 1.140625, 1.21875),
        (NANO, "per_matrix", 33.125, 9.25, 25.166666666666668),
        (NANO, "per_layer", 2.125, 1.75, 2.0),
    ],
)
def test_effective_bits_by_hand(subject: Subject, scope: Scope, gate_up: float, down: float, mean: float) -> None:
    """OLMoE-1B-7B, gate: 1 + 16/2048 + 16 · 2048²/(1024 · 2048) for itself, or over 2 · 64 of them."""
    bits = effective_bits(subject, rotations(scope))
    assert (bits.gate_up, bits.down) == (gate_up, down)
    assert bits.mean == pytest.approx(mean, rel=1e-15)


@pytest.mark.parametrize("scope", ["per_matrix", "per_layer"])
def test_effective_bits_count_every_stored_bit(scope: Scope) -> None:
    """The same from whole numbers: all bits that a layer stores over all of its expert weights."""
    experts, hidden, inner = OLMOE.experts, OLMOE.hidden_size, OLMOE.intermediate_size
    weights = 3 * experts * hidden * inner
    scales = 16 * experts * (2 * inner + hidden)  # one per row
    owners = experts if scope == "per_matrix" else 1
    turned = 16 * owners * ((2 if scope == "per_matrix" else 1) * hidden**2 + inner**2)
    assert effective_bits(OLMOE, rotations(scope)).mean == pytest.approx((weights + scales + turned) / weights)


def test_without_a_gate_an_expert_has_two_matrices() -> None:
    """1536 × 384 for itself: 1 + 16/384 + 16 · 384²/(1536 · 384), and down 1 + 16/1536 + 16 · 1536²/(1536 · 384)."""
    subject = PREREGS["E-ffn-rotation-v4-minilm"].subject
    bits = effective_bits(subject, rotations("per_matrix"))
    up, down = 1.0 + 16 / 384 + 4.0, 1.0 + 16 / 1536 + 64.0
    assert (bits.gate_up, bits.down) == pytest.approx((up, down), rel=1e-15)
    assert bits.mean == pytest.approx((up + down) / 2, rel=1e-15)
    assert effective_bits(subject, rotations("per_layer")).gate_up == pytest.approx(up, rel=1e-15)  # with nothing else
    told, floor = prefilter_lines(PREREGS["E-ffn-rotation-v4-minilm"])
    assert told.startswith("35.03 bits per weight with a 16-bit rotation per matrix: up 5.04, down 65.01 (1 sign + 16")
    assert floor.startswith(
        "a Haar rotation takes any matrix to β = 0.7985 (up), 0.7980 (down); from there no rotation"
    )


def test_bits_of_rotation_and_scales_are_those_registered() -> None:
    free = replace(rotations("per_matrix"), rotation_bits=0, scale_bits=0)
    assert effective_bits(OLMOE, free).mean == 1.0
    halved = replace(rotations("per_matrix"), rotation_bits=8)
    assert effective_bits(OLMOE, halved).gate_up == 17.0078125


def test_arithmetic_in_words() -> None:
    assert arithmetic(OLMOE, rotations("per_layer")) == (
        "1.22 bits per weight with a 16-bit rotation shared by a layer's experts: gate and up 1.26, down 1.14 "
        "(1 sign + 16 per row + rotation)"
    )
    assert arithmetic(OLMOE, rotations("per_matrix")) == (
        "25.01 bits per weight with a 16-bit rotation per matrix: gate and up 33.01, down 9.02 "
        "(1 sign + 16 per row + rotation)"
    )


def with_budget(prereg: Preregistration, bits: float, enforced: bool) -> Preregistration:
    return replace(prereg, prefilter=Prefilter(bits, enforced))


def test_an_enforced_budget_that_is_missed_forbids_the_seal() -> None:
    missed = with_budget(FAIR, 1.2, enforced=True)
    (finding,) = (finding for finding in lint(missed) if finding.about == "prefilter")
    assert finding.severity == "refused"
    assert finding.text == f"{arithmetic(OLMOE, rotations('per_layer'))}, over the budget of 1.2"
    assert not sealable(lint(missed))
    with pytest.raises(BadInput, match=r"^rule\.toml: prefilter: 1\.22 bits .* over the budget of 1\.2; lint refuses"):
        require_sealable(missed, "rule.toml")


def test_a_budget_that_is_not_enforced_is_a_note() -> None:
    missed = with_budget(FAIR, 1.2, enforced=False)
    (finding,) = (finding for finding in lint(missed) if finding.about == "prefilter")
    assert (finding.severity, finding.line()[:16]) == ("note", "prefilter: note:")
    require_sealable(missed, "rule.toml")


@pytest.mark.parametrize("enforced", [True, False])
def test_a_budget_that_is_kept_is_proved(enforced: bool) -> None:
    kept = with_budget(FAIR, 1.21875, enforced)  # inclusive: exactly what it costs
    text = f"{arithmetic(OLMOE, rotations('per_layer'))}, within the budget of 1.21875"
    assert Finding("prefilter", "proved", text) in lint(kept)
    assert over_budget(kept) is False
    assert over_budget(with_budget(FAIR, 1.2187, enforced)) is True
    require_sealable(kept, "rule.toml")


@pytest.mark.parametrize(("design", "over", "severity"), [("v4", True, "note"), ("v5", False, "proved")])
@pytest.mark.parametrize("subject", ["", "-olmoe_nano"])
def test_shipped_designs(design: str, over: bool, severity: str, subject: str) -> None:
    prereg = PREREGS[f"E-ffn-rotation-{design}{subject}"]
    assert over_budget(prereg) is over
    assert [finding.severity for finding in lint(prereg) if finding.about == "prefilter"] == [severity]
    require_sealable(prereg, "rule.toml")


def test_no_budget_is_a_note_and_no_rotations_are_nothing() -> None:
    (found,) = (finding for finding in lint(replace(FAIR, prefilter=None)) if finding.about == "prefilter")
    assert found.severity == "note"
    assert found.text.endswith("; no budget is registered")
    bare = replace(FAIR, rotations=None, prefilter=Prefilter(0.0, True))
    assert not [finding for finding in lint(bare) if finding.about == "prefilter"]
    assert (over_budget(bare), prefilter_lines(bare), prefilter_json(bare)) == (False, [], None)


def test_lines_before_the_run() -> None:
    bits, floor = prefilter_lines(FAIR)
    assert bits == f"{arithmetic(OLMOE, rotations('per_layer'))}; within the budget of 1.5"
    assert "β = 0.7980 (gate, up), 0.7981 (down)" in floor
    assert "1.2531 and 1.2530 times" in floor
    assert prefilter_lines(PREREGS["E-ffn-rotation-v4"])[0].endswith("; OVER the budget of 1.5, only reported")
    assert prefilter_lines(with_budget(FAIR, 1.2, True))[0].endswith("; OVER the budget of 1.2")
    assert "budget" not in prefilter_lines(replace(FAIR, prefilter=None))[0]


def test_document() -> None:
    assert prefilter_json(FAIR) == {
        "scope": "per_layer",
        "bits_per_weight": {"gate_up": 1.2578125, "down": 1.140625, "mean": pytest.approx(1.21875)},
        "budget": 1.5,
        "enforced": True,
        "over_budget": False,
        "haar_level": {"gate_up": haar_level(2048), "down": haar_level(1024)},
    }
    bare = prefilter_json(replace(FAIR, prefilter=None))
    assert bare is not None
    assert (bare["budget"], bare["enforced"], bare["over_budget"]) == (None, False, False)


@pytest.mark.parametrize("width", [1, 2, 64, 2048])
def test_haar_level_lies_between_its_limit_and_one(width: int) -> None:
    assert haar_level(width) ** 2 == pytest.approx((1 + (width - 1) * 2 / math.pi) / width)  # E|x||y|: i = j, i ≠ j
    assert math.sqrt(2 / math.pi) < haar_level(width) <= 1.0
    assert haar_level(width) > haar_level(width + 1)
