"""Lint refuses a search that another processor may not repeat wherever its rotation is used for more than its β."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.base.errors import BadInput
from reports.commands.cli import PREREGISTRATIONS
from reports.prereg.lint import lint, sealable
from reports.prereg.parsing.parse import load_preregistration
from reports.prereg.preregistration import Graduated, Preregistration, RAdam, Rotations
from reports.prereg.repeatable import require_publishable, unrepeatable, uses
from reports.testing.small_rules import rotations

SHIPPED = sorted(PREREGISTRATIONS.glob("E-ffn-rotation-*.toml"))
OWN, SHARED = (load_preregistration(PREREGISTRATIONS / f"E-ffn-rotation-v{d}-olmoe_nano.toml") for d in (4, 5))


def registered(prereg: Preregistration, **changed: object) -> Preregistration:
    assert prereg.rotations is not None
    return replace(prereg, rotations=replace(prereg.rotations, **changed))  # type: ignore[arg-type]


def refusals(prereg: Preregistration) -> list[str]:
    return [finding.line() for finding in lint(prereg) if finding.severity == "refused"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_rule_uses_rotations_that_any_processor_finds(path: Path) -> None:
    prereg = load_preregistration(path)
    if prereg.subject.experts == 1:  # nothing but β is asked of a rotation, and nothing of a dense model is run
        assert uses(prereg) == {}
        return
    assert prereg.rotations is not None
    assert uses(prereg)
    assert [unrepeatable(optimiser, prereg.rotations) for optimiser in uses(prereg)] == [None] * len(uses(prereg))
    assert sealable(lint(prereg))


def test_what_a_rotation_is_used_for() -> None:
    off, quantised = "off_rotation applies it to another expert", "experts are quantised in it"
    assert uses(OWN) == {"radam": [off, quantised], "graduated": [quantised]}
    assert uses(SHARED) == {"graduated": [off, quantised]}
    assert uses(replace(SHARED, one_bit=None)) == {"graduated": [off]}
    assert uses(replace(SHARED, one_bit=None, traps=())) == {}  # only its β is asked for
    assert uses(replace(SHARED, rotations=None)) == {}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"optimiser": "radam"}, "radam is chaotic, or was not tried, for a rotation shared by a layer; register grad"),
        ({"optimiser": "momentum"}, "momentum is chaotic, or was not tried, for a rotation shared by a layer"),
        ({"precision": "float32"}, "in float32 one ulp of the weights flips up to a third of the signs; register floa"),
        ({"graduated": Graduated(32.0, 0.85, 1.5)}, "step_length 32, momentum 0.85 and smoothing 1.5 were not tried"),
        ({"graduated": Graduated(1.0, 0.95, 1.5)}, "step_length 1, momentum 0.95 and smoothing 1.5 were not tried"),
        ({"graduated": Graduated(1.0, 0.9, 0.1)}, "step_length 1, momentum 0.9 and smoothing 0.1 were not tried"),
        ({"graduated": None}, "graduated is chaotic, or was not tried"),
    ],
    ids=str,
)
def test_a_chaotic_search_cannot_be_sealed(changed: dict[str, object], said: str) -> None:
    (line,) = refusals(registered(SHARED, **changed))
    assert "its rotation is used for more than its β (off_rotation applies it to another expert" in line
    assert said in line
    unused = replace(registered(SHARED, **changed), one_bit=None, traps=())
    assert refusals(unused) == []


def test_radam_is_repeated_for_a_matrix_of_its_own_and_no_further() -> None:
    own = replace(rotations("per_matrix"), precision="float64")
    assert unrepeatable("radam", own) is None
    assert unrepeatable("radam", replace(own, scope="per_layer")) is not None
    assert unrepeatable("radam", replace(own, radam=RAdam(3.0, "cosine", "orth_rebased", (0.9, 0.999), 1e-8)))
    assert unrepeatable("radam", replace(own, radam=None)) is not None


def test_rotations_that_another_processor_does_not_find_are_not_published() -> None:
    for prereg in (OWN, SHARED, replace(OWN, rotations=None)):
        require_publishable(prereg)
    said = (
        r"^--save-rotations: another processor may find other rotations: radam is chaotic, or was not tried, for a "
        r"rotation shared by a layer; register graduated, or leave it out$"
    )
    with pytest.raises(BadInput, match=said):
        require_publishable(registered(SHARED, optimiser="radam"))


@pytest.mark.parametrize("name", ["momentum", "procrustes", "annealed_procrustes"])
def test_no_other_search_is_allowed(name: str) -> None:
    for scope in ("per_matrix", "per_layer"):
        found: Rotations = replace(rotations(scope), precision="float64")
        assert unrepeatable(name, found) is not None
