"""What lint says of a gauge: what its condition allows by itself, and what a threshold beyond that asks for."""

from dataclasses import replace
from pathlib import Path

from fixtures.measures.integer.learned_gauge import branches
from reports.prereg.lint import lint, sealable
from reports.prereg.operating.gauge_bound import gauge_bounds
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Preregistration
from reports.prereg.rules import MeanAtLeast, ShareBelow

RULES = Path(__file__).parents[3] / "hypotheses" / "preregistrations"
SHIPPED = load_preregistration(RULES / "G1-learned-gauge-v1-olmoe_nano.toml")


def asking(at_least: float, condition: float = 4.0) -> Preregistration:
    claim = replace(SHIPPED.claims[0], rule=MeanAtLeast("error_saved_int4", at_least))
    assert SHIPPED.gauge is not None
    return replace(SHIPPED, claims=(claim,), gauge=replace(SHIPPED.gauge, condition=condition))


def test_the_bound_is_printed_and_says_what_is_left_to_find() -> None:
    (found,) = gauge_bounds(asking(0.5))
    assert found == (
        "learned_gauge_int4",
        "note",
        "e(M) ≥ |W M − Q(W M)| / (σ_max(M) |W|), so at least 1 / cond(M) of the relative error of W M: with cond(M) "
        "≤ 4 and W M as far from its grid as by Haar rotations at most 0.75 is saved; beyond, W M must be nearer to "
        "the grid",
    )
    (found,) = gauge_bounds(asking(0.5, condition=1.6))
    assert found[2].endswith("at most 0.375 is saved; the threshold of 0.5 is met only where W M is nearer to the grid")
    assert list(gauge_bounds(load_preregistration(RULES / "W-universal-beta-v1.toml"))) == []


def test_lint_prints_it_and_refuses_what_cannot_be() -> None:
    lines = [finding.line() for finding in lint(SHIPPED)]
    assert sum("at least 1 / cond(M)" in line for line in lines) == len(SHIPPED.claims)
    assert sealable(lint(SHIPPED))
    assert not any("warning" in line for line in lines)
    beyond = lint(asking(1.01))
    assert not sealable(beyond)
    assert "learned_gauge_int4@16-layer: refused: MET unreachable: no more than all of an error is saved" in "\n".join(
        finding.line() for finding in beyond
    )
    met, _ = branches(ShareBelow("error_saved_int4", 0.5, 0.5), SHIPPED.subject)
    assert met[0] == "warning"
