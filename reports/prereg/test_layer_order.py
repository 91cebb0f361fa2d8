"""The order of layers that nobody can choose, and the gates that follow it."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.prereg.preregistration import Preregistration, gates, layer_order, registered_cells, running_order
from reports.prereg.rules import ClosingAtMost, MeanAtLeast, MeanAtMost
from reports.testing.small_rules import a_claim, a_control, a_preregistration, a_probe, a_trap

WHOLE = ClosingAtMost("inflation", 0.1)


def drawn(rule: str = "1" * 64, weights: str | None = "a" * 64, **subject: object) -> Preregistration:
    claims = [
        a_claim(checkpoints=(4, 8, 16), futility=(0.15, 0.35)),
        a_claim("beta_lift", MeanAtLeast("lift", 1.1), (16,)),
        a_claim("one_bit_nll", WHOLE, (4, 16)),
    ]
    traps = [a_trap("off_rotation", MeanAtMost("off_gain", 1.1))]
    prereg = a_preregistration(claims, [a_control("planted")], layers=16, traps=traps, probes=[a_probe()])
    fields = {"weights_sha256": weights, **subject}
    return replace(prereg, layer_order="drawn", canonical_sha256=rule, subject=replace(prereg.subject, **fields))  # type: ignore[arg-type]


def test_the_order_is_by_sha256_of_rule_subject_and_layer() -> None:
    prereg = drawn()
    keys = {n: hashlib.sha256(f"{'1' * 64}\n{'a' * 64}\n{n}\n".encode()).hexdigest() for n in range(16)}
    assert layer_order(prereg, range(16)) == tuple(sorted(keys, key=keys.__getitem__))
    hub = drawn(weights=None, source="owner/name", revision="main")
    keys = {n: hashlib.sha256(f"{'1' * 64}\nowner/name@main\n{n}\n".encode()).hexdigest() for n in range(16)}
    assert layer_order(hub, range(16)) == tuple(sorted(keys, key=keys.__getitem__))
    assert layer_order(replace(prereg, layer_order="ascending"), range(16)) == tuple(range(16))


def test_another_rule_or_other_weights_are_read_in_another_order() -> None:
    orders = {layer_order(one, range(16)) for one in (drawn(), drawn(rule="2" * 64), drawn(weights="b" * 64))}
    assert len(orders) == 3


def test_every_layer_is_read_first_as_often_as_any() -> None:
    """Over 1600 rules: 100 each, chi-square below its 99.99 % point for 15 degrees of freedom."""
    prereg, first = drawn(), [0] * 16
    for n in range(1600):
        first[layer_order(replace(prereg, canonical_sha256=f"{n:064d}"), range(16))[0]] += 1
    assert sum((count - 100) ** 2 / 100 for count in first) < 44.3


@given(st.sets(st.integers(0, 40), min_size=1, max_size=16), st.integers(0, 2**64))
def test_checkpoints_pool_the_first_layers_of_the_order(layers: set[int], rule: int) -> None:
    prereg, present = drawn(rule=f"{rule:064d}"), sorted(layers)
    order = layer_order(prereg, present)
    assert sorted(order) == present
    for gate in gates(prereg, present):
        count = len(gate.layers)
        assert gate.layers == tuple(sorted(gate.layers))
        assert gate.census is (count == len(present))
        if gate.claim.of_model:
            assert gate.reading == gate.layers == tuple(present[:count])
        else:
            assert gate.reading == order[:count]
        assert (gate.cut_off is not None) is (gate.claim.name == "narrow_d" and count < min(16, len(present)))


def test_cells_run_in_the_order_and_those_of_the_model_ascend() -> None:
    prereg = drawn()
    order, cells = layer_order(prereg, range(16)), running_order(prereg, range(16))
    for kind, name in (
        ("claim", "narrow_d"),
        ("claim", "beta_lift"),
        ("trap", "off_rotation"),
        ("probe", "radam_convergence"),
    ):
        assert tuple(cell.layer for cell in cells if (cell.kind, cell.name) == (kind, name)) == order
    assert [cell.layer for cell in cells if cell.name == "one_bit_nll"] == list(range(16))
    assert [cell.layer for cell in cells if cell.name == "narrow_d"][:4] == list(order[:4])
    assert set(registered_cells(prereg, range(16))) == set(
        registered_cells(replace(prereg, layer_order="ascending"), range(16))
    )


def test_a_cut_off_is_that_of_its_checkpoint() -> None:
    found = {gate.id: gate.cut_off for gate in gates(drawn(), range(16)) if gate.claim.name == "narrow_d"}
    assert found == {"narrow_d@4-layer": 0.15, "narrow_d@8-layer": 0.35, "narrow_d@16-layer": None}


@pytest.mark.parametrize(("present", "last"), [(8, None), (6, None), (4, None)])
def test_a_shallower_subject_is_judged_by_the_rule_at_its_full_scope(present: int, last: float | None) -> None:
    mine = [gate for gate in gates(drawn(), range(present)) if gate.claim.name == "narrow_d"]
    assert len(mine[-1].layers) == present
    assert mine[-1].cut_off is last
