"""A claim about the whole model as its file in `hypotheses/` runs it: cell by cell, in registered order."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reports.base.errors import ClaimKilled, TrapMisfired
from reports.judge.gates import judge_gate
from reports.judge.test_closing_gates import (
    CLAIM,
    CURVE,
    LAYERS,
    ORDERS,
    RUNG,
    TRIVIAL,
    UNROTATED,
    a_rung,
    ids,
    measured,
    states_of,
)
from reports.prereg.measurement import Of
from reports.prereg.preregistration import Cell, Claim, Preregistration, gates, registered_cells, running_order
from reports.prereg.samples import Measured
from reports.store.checked_cells import Checked
from reports.store.store import Identity, open_store
from reports.study import Study
from reports.testing.small_rules import SUBJECT, a_claim


@dataclass
class Bench:
    """A source and a measure in one: hands every cell the state that was set for it, and notes what it was asked."""

    states: dict[Cell, str]
    opened: list[Cell] = field(default_factory=list)
    sha256: str = "e" * 64
    norm_sha256: str | None = None
    stored_as: str | None = None

    def open(self, cell: Cell) -> "Bench":
        self.opened.append(cell)
        return self

    def read(self) -> None:
        return None

    def digest(self, cell: Cell) -> str:
        return self.sha256

    def norm_digest(self, cell: Cell) -> str | None:
        return self.norm_sha256

    def of(self, cell: Cell) -> Of:
        return "control" if cell.layer is None else "model"

    def __call__(self, cell: Cell, _: Any) -> Measured:
        return measured(cell, self.states[cell])


def ran(prereg: Preregistration, bench: Bench, folder: Path) -> Iterator[tuple[Cell, str]]:
    """Every cell in registered order, and what came of it."""
    said: list[str] = []
    store = open_store(folder, Identity("0" * 64, {}))
    study = Study(
        prereg,
        SUBJECT,
        store,
        Checked(store.folder / "checked"),
        frozenset(running_order(prereg, LAYERS)),
        said.append,
        lambda cell: bench,
    )
    for cell in study.cells():
        claim = next((claim.name for claim in prereg.claims if cell.name == claim.name), "one_bit_nll")
        try:
            if cell.kind == "trap":
                study.trap(cell.name, bench).check(cell.layer or 0)
            elif cell.kind == "control":
                control = next(control for control in prereg.controls if control.name == cell.name)
                study.claim(control.claim, bench).check(control)
            else:
                under_test = study.claim(claim, bench)
                under_test.measure(cell.layer or 0)
                under_test.judge(cell.layer or 0)
        except (ClaimKilled, TrapMisfired) as failure:
            yield cell, f"{type(failure).__name__}: {failure}"
        else:
            yield cell, study.killed_before(cell) or said[-1]


@pytest.mark.parametrize("order", ORDERS)
def test_a_dead_model_is_killed_at_its_last_layer(order: tuple[int, ...], tmp_path: Path) -> None:
    prereg = a_rung(replace(CLAIM, order=order))
    outcomes = dict(ran(prereg, Bench(states_of(prereg, one_bit_nll_3="wide")), tmp_path))
    killed = [cell.id for cell, said in outcomes.items() if said.startswith("ClaimKilled: ")]
    assert killed == ["one_bit_nll[L03]"]
    after = [cell.id for cell, said in outcomes.items() if said == "one-bit-nll threshold unmet at 4-layer checkpoint"]
    assert sorted(after) == (sorted(ids(CURVE)) if order else [])  # skipped or exploratory


@pytest.mark.parametrize(
    ("changed", "misfired"),
    [
        ({"unrotated_one_bit_3": "wide"}, ["unrotated_one_bit[L03]"]),
        ({"unrotated_one_bit_1": "wide"}, []),
        ({"trivial_pass_1": "wide"}, ["trivial_pass[L01]"]),
        ({"planted_one_bit": "shifted"}, ["planted_one_bit"]),
    ],
)
def test_a_trap_that_reads_the_last_layer_misfires_there_alone(
    changed: dict[str, str], misfired: list[str], tmp_path: Path
) -> None:
    outcomes = list(ran(RUNG, Bench(states_of(RUNG, **changed)), tmp_path))
    assert [cell.id for cell, said in outcomes if said.startswith("TrapMisfired: ")] == misfired
    assert not any(said.startswith("ClaimKilled") for _, said in outcomes)


@pytest.mark.parametrize(
    "claims",
    [
        (replace(CLAIM, order=(3,)),),
        (replace(CLAIM, checkpoints=(2, 4), order=(3, 0)),),
        (a_claim(order=(3,)), a_claim("wide_d")),
        (a_claim(order=(2, 3)), a_claim("wide_d")),
        (a_claim(order=(3, 1, 0)), CLAIM),
    ],
)
def test_no_cell_is_measured_before_its_turn(claims: tuple[Claim, ...], tmp_path: Path) -> None:
    """A gate is judged by the last of its cells that runs, so that nothing is measured ahead for it."""
    prereg = a_rung(*claims, traps=(TRIVIAL, UNROTATED) if any(claim.of_model for claim in claims) else ())
    bench = Bench(dict.fromkeys(registered_cells(prereg, LAYERS), "sound"))
    for cell, said in ran(prereg, WideIsNarrow(bench.states, bench.opened), tmp_path):
        assert bench.opened[-1] == cell, f"{bench.opened[-1].id} was measured by {cell.id}: {said}"
    assert tuple(bench.opened) == registered_cells(prereg, LAYERS)


class WideIsNarrow(Bench):
    """As `Bench`, with a second claim about matrices."""

    def __call__(self, cell: Cell, _: Any) -> Measured:
        return measured(replace(cell, name="narrow_d") if cell.name == "wide_d" else cell, self.states[cell])


def test_each_gate_is_judged_once_and_by_its_own_last_cell(tmp_path: Path) -> None:
    prereg = a_rung(a_claim(order=(2, 3)), traps=())
    bench = Bench(dict.fromkeys(registered_cells(prereg, LAYERS), "sound"))
    judged = {cell.id: said for cell, said in ran(prereg, bench, tmp_path) if "checkpoint" in said}
    assert {cell: said.partition(" (")[0] for cell, said in judged.items()} == {
        "narrow_d[L01]": "2-layer checkpoint", "narrow_d[L03]": "4-layer checkpoint",
    }  # fmt: skip


def test_a_gate_that_lacks_its_curve_is_judged_by_the_claim_itself(tmp_path: Path) -> None:
    """`-k "one_bit_nll and L03"`: the claim measures its last layer, and the gate what it needs and no more."""
    bench = Bench(states_of(RUNG))
    store = open_store(tmp_path, Identity("0" * 64, {}))
    study = Study(
        RUNG,
        SUBJECT,
        store,
        Checked(store.folder / "checked"),
        frozenset(registered_cells(RUNG, LAYERS)),
        lambda text: None,
        lambda cell: bench,
    )
    claim = study.claim("one_bit_nll", bench)
    claim.measure(3)
    claim.judge(3)
    needed = gates(RUNG, LAYERS)[0].cells
    assert bench.opened == [needed[-1], *needed[:-1]]
    gate = judge_gate(gates(RUNG, LAYERS)[0], RUNG.interval, store.measurements())
    assert gate.status == "MET"
