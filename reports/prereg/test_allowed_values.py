"""What the types of a preregistration check of an object made in code, and what only of a value in a file."""

import dataclasses
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from reports.prereg.preregistration import Control, Interval, RAdam, Trap
from reports.prereg.rules import AtLevel, ShareBelow
from reports.testing.small_rules import a_claim, a_control, a_preregistration

NARROW: dict[str, Any] = {"metric": "energy_rank_95", "below": 0.4, "at_least": 0.7}


def test_what_was_registered_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ShareBelow(**NARROW).below = 0.5  # type: ignore[misc]


@pytest.mark.parametrize("change", [{"below": "0.4"}, {"below": True}, {"metric": 3}, {"above": 0.1}])
def test_made_in_code_its_types_are_checked(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShareBelow(**NARROW | change)
    with pytest.raises(ValidationError):
        dataclasses.replace(ShareBelow(**NARROW), **{"below": "0.4"} | change)


def test_made_in_code_it_may_hold_what_no_file_may() -> None:
    """Lint is asked about such thresholds, and a twin that an option names lies anywhere."""
    assert ShareBelow(**NARROW | {"at_least": 1.01}).at_least == 1.01
    assert a_control("", generator="of another rung").name == ""


@pytest.mark.parametrize(
    ("kind", "values"), [(ShareBelow, NARROW | {"at_least": 1.01}), (Interval, {"level": 1, "draws": 100, "seed": 1})]
)
def test_in_a_file_its_range_is_checked_too(kind: type, values: dict[str, Any]) -> None:
    reader: TypeAdapter[object] = TypeAdapter(kind)
    assert isinstance(reader.validate_python(values), kind)
    with pytest.raises(ValidationError):
        reader.validate_python(values, context={})


def test_arrays_become_tuples_and_integers_floats() -> None:
    values = {"step_size": 1, "schedule": "cosine", "chart": "orth_rebased", "moment_decay": [0.9, 0], "epsilon": 0}
    found = TypeAdapter(RAdam).validate_python(values, context={})
    assert (found.moment_decay, type(found.step_size)) == ((0.9, 0.0), float)


def test_a_rule_is_named_by_a_key_beside_its_own() -> None:
    values = {"name": "a", "claim": "b", "rule": "at_level", "metric": "haar_beta", "within": 0.01}
    reader = TypeAdapter(Trap)
    assert reader.validate_python(values) == Trap("a", "b", AtLevel("haar_beta", 0.01))
    with pytest.raises(ValidationError, match="expected tags"):
        reader.validate_python(values | {"rule": "share_below"})


def test_a_whole_is_made_and_changed_as_any_dataclass() -> None:
    prereg = a_preregistration([a_claim()], [a_control("planted")])
    other = dataclasses.replace(prereg, controls=(), title="Another")
    assert (other.controls, other.title, other.claims) == ((), "Another", prereg.claims)
    assert [field.name for field in dataclasses.fields(Control)][:3] == ["name", "claim", "generator"]
