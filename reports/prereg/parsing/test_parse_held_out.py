"""A rule whose rotation is measured on experts that it did not see: its table, its traps, and what lint says of it."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from reports.base.errors import BadInput
from reports.prereg.lint import lint, sealable
from reports.prereg.parsing.test_parse import VALUES_5, parse, with_value, without
from reports.prereg.preregistration import HeldOut, Preregistration
from reports.prereg.repeatable import uses
from reports.prereg.rules import AtLevel, LargestAtMost, MeanAtLeast

CLAIM = {"rule": "mean_at_least", "metric": "held_out_lift", "at_least": 1.05, "sensitivity": [], "checkpoints": [16]}
TRAPS = [
    {"name": "neuron_shuffle", "rule": "largest_at_most", "metric": "neuron_shuffle_change", "at_most": 1e-9},
    {"name": "off_rotation", "rule": "at_level", "metric": "null_twin_gain", "within": 0.005},
]
CONTROLS: list[dict[str, Any]] = [
    {"name": "planted", "generator": "shared_codebook", "expected": "MET", "landing_at_least": 0.9},
    {"name": "alone", "generator": "own_codebook", "expected": "KILLED", "level": 1.0, "tolerance": 0.01},
]


def held_out() -> dict[str, Any]:
    """Design 5 for OLMoE-1B-7B with its lift held out, and the traps and controls of that."""
    values = copy.deepcopy(VALUES_5)
    values["claims"][1] = {key: values["claims"][1][key] for key in ("name", "label", "statement")} | CLAIM
    values["traps"] = [trap for trap in values["traps"] if trap["name"] != "off_rotation"]
    values["traps"] += [{"claim": "beta_lift", **trap} for trap in TRAPS]
    sizes = {"claim": "beta_lift", "distinct": 8, "noise_energy": 0.1, "experts": 16, "hidden_size": 128}
    sizes |= {"intermediate_size": 64, "seed": 1}
    values["controls"] += [{**sizes, **control} for control in CONTROLS]
    values["tolerances"] = {
        name: off for name, off in values["tolerances"].items() if not name.startswith("structure")
    } | {"held_out_lift": 0.002}
    values["held_out"] = {"splits": 2, "seed": 3, "twin_seed": 4, "rows_per_dimension": 32.0}
    return values


VALUES = held_out()
REGISTERED = parse(VALUES)


def test_it_is_read() -> None:
    assert REGISTERED.held_out == HeldOut(splits=2, seed=3, twin_seed=4, rows_per_dimension=32.0)
    assert REGISTERED.claim("beta_lift").rule == MeanAtLeast("held_out_lift", 1.05)
    assert REGISTERED.trap("neuron_shuffle").rule == LargestAtMost("neuron_shuffle_change", 1e-9)
    assert REGISTERED.trap("off_rotation").rule == AtLevel("null_twin_gain", 0.005)


REFUSED = [
    ("held_out.splits", 1, "held_out.splits: obtained 1, expected an integer from 2 to 1000"),
    ("held_out.rows_per_dimension", 8, "obtained 8.0, expected 32: half of 64 experts × 2 × 1024 / 2048"),
    (
        "rotations.null_experts",
        3,
        "rotations.null_experts: obtained 3, expected an even number, which --sa",
    ),
    ("controls.{last}.experts", 1, ".experts: obtained 1, expected 2 or more, to learn on one half"),
    ("traps.{off}.lift_below", 1.5, ".lift_below: obtained 1.5, expected no bound: this trap measures no l"),
]


def index(path: str) -> str:
    names = [trap["name"] for trap in VALUES["traps"]]
    return path.format(last=len(VALUES["controls"]) - 1, off=names.index("off_rotation"))


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_does_not_hold_together_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(with_value(index(path), value, VALUES))
    assert message in str(caught.value)


def test_the_table_is_where_it_is_read() -> None:
    with pytest.raises(BadInput, match="held_out: missing, expected how experts are halved, which beta_lift reads"):
        parse(without("held_out", VALUES))
    with pytest.raises(BadInput, match="held_out: obtained a table, expected no table where no claim and no trap"):
        parse({**VALUES_5, "held_out": VALUES["held_out"]})


def findings(prereg: Preregistration, about: str) -> list[str]:
    return [finding.line() for finding in lint(prereg) if finding.about == about]


def test_lint_says_that_the_gate_can_be_met_and_missed() -> None:
    assert findings(REGISTERED, "beta_lift@16-layer") == [
        "beta_lift@16-layer: MET attainable: a sign codebook that all experts share reaches up to 1.253, 1.05 is asked "
        "[-]",
        "beta_lift@16-layer: KILLED attainable: Gaussian experts are at 1 ± 2e-05 < 1.05, whatever the search [-]",
    ]
    assert sealable(lint(REGISTERED))
    assert "experts of the other half are measured in it" in uses(REGISTERED)["graduated"]


@pytest.mark.parametrize(("asked", "said"), [(1.3, "MET refused: unreachable: β ≤ 1"), (1.0, "KILLED refused")])
def test_lint_refuses_what_cannot_come_out_both_ways(asked: float, said: str) -> None:
    claim = replace(REGISTERED.claim("beta_lift"), rule=MeanAtLeast("held_out_lift", asked))
    changed = replace(REGISTERED, claims=(REGISTERED.claims[0], claim, REGISTERED.claims[2]))
    assert not sealable(lint(changed))
    branch = said.partition(" ")[0]
    (line,) = [line for line in findings(changed, "beta_lift@16-layer") if f": refused: {branch} " in line]
    assert "unreachable" in line


def test_lint_refuses_a_search_that_another_processor_may_not_repeat() -> None:
    assert REGISTERED.rotations is not None
    chaotic = replace(REGISTERED, rotations=replace(REGISTERED.rotations, precision="float32"), one_bit=None)
    (line,) = findings(chaotic, "graduated")
    assert line.startswith("graduated: refused: its rotation is used for more than its β (experts of the other half ar")
