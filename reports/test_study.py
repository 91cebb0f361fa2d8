"""When a running study stops, what it measures, and whose weights it takes."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from reports.base.errors import Tampered
from reports.prereg.measurement import Of
from reports.prereg.preregistration import Cell, registered_cells
from reports.store.checked_cells import Checked
from reports.store.store import Identity, Store, open_store
from reports.study import Study
from reports.test_closing_study import Bench
from reports.testing.small_rules import SUBJECT, a_claim, a_control, a_measurement, a_preregistration

LAYERS = (0, 1, 2, 3)
TWO = a_preregistration(
    [a_claim(), a_claim("wide_d")], [a_control("planted_narrow_d"), a_control("planted_wide_d", claim="wide_d")]
)
CELLS = registered_cells(TWO, LAYERS)
LAYER = Cell("claim", "narrow_d", 0)


def a_store(folder: Path) -> Store:
    return open_store(folder, Identity("0" * 64, {}))


def a_study(store: Store, selected: Iterable[Cell] = CELLS, bench: Bench | None = None) -> Study:
    checked, measure = Checked(store.folder / "checked"), bench or Bench({})
    return Study(TWO, SUBJECT, store, checked, frozenset(selected), lambda text: None, lambda cell: measure)


def test_cells_behind_the_first_kill_are_told_its_trigger(tmp_path: Path) -> None:
    """All were measured before, as in a resumed run, both claims dead: the first kill stops, at its own cell."""
    store = a_store(tmp_path)
    for cell in CELLS:
        wide = cell.kind == "claim"
        store.put(a_measurement(cell, [0.9 if wide else 0.1]))
    study = a_study(store)
    assert {study.killed_before(cell) for cell in CELLS} == {None}  # what no cell of this run has checked
    for cell in CELLS:
        study.checked.add(cell)
    told = [study.killed_before(cell) for cell in CELLS]
    kills = CELLS.index(Cell("claim", "narrow_d", 1))
    assert told[: kills + 1] == [None] * (kills + 1)
    assert set(told[kills + 1 :]) == {"narrow-d threshold unmet at 2-layer checkpoint"}
    assert len(told) > kills + 1


class Fresh(Bench):
    """Tensors of the first layer, all narrow."""

    def of(self, cell: Cell) -> Of:
        return "control" if cell.layer is None else "layer"


def narrow(store: Store, sha256: str, selected: Iterable[Cell] = CELLS, sealed: str | None = None) -> Fresh:
    """Measures the first layer, and hands over what it was asked."""
    bench = Fresh(dict.fromkeys(CELLS, "sound"), sha256=sha256 * 64)
    digests = None if sealed is None else (sealed * 64,) * 4
    study = replace(a_study(store, selected, bench), subject=replace(SUBJECT, sealed_layer_sha256=digests))
    study.claim("narrow_d", bench).measure(0)
    return bench


def test_a_stored_measurement_is_taken_and_not_measured_again(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    assert narrow(store, "a").opened == [LAYER]
    assert narrow(store, "a").opened == []


def test_a_stored_measurement_of_other_tensors_is_not_taken(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    narrow(store, "a")
    with pytest.raises(Tampered, match=r"narrow_d\[L00\]: tensors have sha256 bbbb.*, but this store measured aaaa"):
        narrow(store, "b")


def test_weights_that_are_not_the_sealed_ones_are_neither_stored_nor_taken(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    refused = r"layer 0 of fixtures/tiny: sha256 bbbb.* obtained, aaaa.* sealed"
    with pytest.raises(Tampered, match=refused):
        narrow(store, "b", sealed="a")
    assert store.measurements() == {}
    narrow(store, "b")  # as exploratory
    with pytest.raises(Tampered, match=refused):
        narrow(store, "b", sealed="a")


@pytest.mark.parametrize("selected", [CELLS, [LAYER]])
def test_a_gate_measures_nothing_that_was_not_selected(selected: list[Cell], tmp_path: Path) -> None:
    """`-k narrow_d[L00]`: other layers and controls are not read for its sake; without `-k` all that it needs are."""
    bench = Fresh(dict.fromkeys(CELLS, "sound"))
    a_study(a_store(tmp_path), selected, bench).claim("narrow_d", bench).measure(1)
    itself, *others = bench.opened
    assert itself == Cell("claim", "narrow_d", 1)
    assert others == [cell for cell in (Cell("control", "planted_narrow_d"), LAYER) if cell in selected]


def test_a_gate_digests_what_an_earlier_run_measured(tmp_path: Path) -> None:
    """Also what was not selected: measurements of weights that have changed since are TAMPERED, never counted."""
    bench = Fresh(dict.fromkeys(CELLS, "sound"), sha256="a" * 64)
    before = a_study(a_store(tmp_path), bench=bench)
    before.claim("narrow_d", bench).measure(1)
    before.checked.forget()  # the run has ended
    changed = Fresh(dict.fromkeys(CELLS, "sound"), sha256="b" * 64)
    with pytest.raises(Tampered, match=r"tensors have sha256 bbbb.*, but this store measured aaaa"):
        a_study(before.store, [LAYER], changed).claim("narrow_d", changed).measure(1)


def test_a_gate_is_judged_on_what_was_measured_and_measures_nothing(tmp_path: Path) -> None:
    bench = Fresh(dict.fromkeys(CELLS, "wide"))
    study = a_study(a_store(tmp_path), bench=bench)
    said: list[str] = []
    replace(study, say=said.append).claim("narrow_d", bench).judge(1)
    assert bench.opened == []
    assert said == [
        "2-layer checkpoint (layers 0-1): NOT_RUN, not measured: planted_narrow_d, narrow_d[L00], narrow_d[L01]"
    ]


def test_a_norm_that_changed_under_the_same_matrices_is_not_passed_over(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for norm in ("a" * 64, "a" * 64, "b" * 64):
        bench = Fresh(dict.fromkeys(CELLS, "sound"), norm_sha256=norm)
        study = a_study(store, CELLS, bench)
        if norm == "a" * 64:
            study.claim("narrow_d", bench).measure(0)
    found = store.get(Cell("claim", "narrow_d", 0))
    assert found is not None
    assert found.norm_sha256 == "a" * 64
    with pytest.raises(Tampered, match="the norm that feeds the experts has sha256 bbbbbbbbbbbb…"):
        study.claim("narrow_d", bench).measure(0)


def test_a_norm_that_is_not_the_sealed_one_is_neither_stored_nor_taken(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    bench = Fresh(dict.fromkeys(CELLS, "sound"), norm_sha256="b" * 64)
    study = a_study(store, [LAYER], bench)
    sealed = replace(study, subject=replace(SUBJECT, sealed_norm_sha256=("a" * 64,) * 4))
    for _ in range(2):
        with pytest.raises(Tampered, match=r"layer 0 .* norm that feeds the experts has sha256 bbbb.* obtained, aaaa"):
            sealed.claim("narrow_d", bench).measure(0)
        known = bool(store.measurements())
        study.claim("narrow_d", bench).measure(0)  # as exploratory: now it is stored
    assert known
