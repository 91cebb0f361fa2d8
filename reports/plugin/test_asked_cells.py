"""`--cells`: parts of an array cover every cell once, names mean what is registered, anything else is one line."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.base.errors import BadInput
from reports.plugin.asked_cells import asked_cells, spelled
from reports.plugin.early import cells_asked
from reports.prereg.preregistration import Cell, CellKind

CELLS = (
    Cell("control", "planted"),
    *(Cell("trap", "shuffle", layer) for layer in range(2)),
    *(Cell("claim", "narrow_d", layer) for layer in range(3)),
    Cell("probe", "narrow_d", 0),
    Cell("probe", "search", 1),
)
KINDS: tuple[CellKind, ...] = ("claim", "trap", "control", "probe")


@given(st.integers(1, 40), st.integers(0, 60))
def test_the_jobs_of_an_array_share_all_cells_alike(parts: int, count: int) -> None:
    cells = [Cell("claim", "narrow_d", layer) for layer in range(count)]
    jobs = [asked_cells(cells_asked(f"{part}/{parts}"), cells) for part in range(parts)]
    assert sorted(cell.id for job in jobs for cell in job) == sorted(cell.id for cell in cells)
    assert max(map(len, jobs)) - min(map(len, jobs)) <= 1
    assert max(map(len, jobs)) == -(-count // parts)


@given(st.lists(st.sampled_from(CELLS), min_size=1))
def test_a_cell_that_is_spelled_out_means_itself(wanted: list[Cell]) -> None:
    assert asked_cells(cells_asked(",".join(map(spelled, wanted))), CELLS) == set(wanted)


def test_a_name_means_every_layer_of_it() -> None:
    assert asked_cells("shuffle", CELLS) == set(CELLS[1:3])
    assert asked_cells("shuffle[L01] , planted", CELLS) == {CELLS[2], CELLS[0]}
    assert asked_cells("claim:narrow_d", CELLS) == set(CELLS[3:6])
    assert asked_cells("narrow_d[L02]", CELLS) == {CELLS[5]}


def test_a_name_of_two_kinds_has_to_say_which() -> None:
    said = r"'narrow_d\[L00\]' is a claim and a probe; say which: claim:narrow_d\[L00\], probe:narrow_d\[L00\]$"
    with pytest.raises(BadInput, match=said):
        asked_cells("narrow_d[L00]", CELLS)


@pytest.mark.parametrize("name", ["narow_d[L02]", "claim:planted", "narrow_d[L03]", "L00", "claims:narrow_d"])
def test_a_name_that_means_nothing_is_one_line(name: str) -> None:
    with pytest.raises(BadInput, match=r"^--cells: .* is no registered cell.*; python -m reports cells lists them$"):
        asked_cells(name, CELLS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("64/64", "counts from 0, expected at most 63/64; give a Slurm array 0-N"),
        ("0/0", "counts from 0"),
        ("7/2", "name N yourself where only some of its jobs run again"),
        ("/", "neither a part of the cells nor names"),
        ("/64", "neither"),
        ("1/2/3", "neither"),
        ("-1/2", "neither"),
        ("1/1000000", "neither"),
        ("1" * 5000 + "/2", "neither"),
        ("a,,b", "neither"),
        ("", "neither"),
        ("\N{ARABIC-INDIC DIGIT ONE}/2", "neither"),
    ],
)
def test_what_is_neither_a_part_nor_a_name_is_wrong_usage(text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        cells_asked(text)
