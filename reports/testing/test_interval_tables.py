"""Do intervals cover what they say, and are the tables of `reports/README.md` what the code gives?"""

import pytest

from reports.testing.interval_tables import (
    BEGIN,
    END,
    LAYERS,
    MATRICES,
    README,
    WORLDS,
    block,
    coverage,
    coverage_table,
    coverages,
    cut_off_table,
    hierarchical,
    operating_table,
    student,
    with_block,
)

LEAST = 0.90  # of a 95 % interval, over all worlds of the grid
NOISE = 3.0 * (LEAST * (1.0 - LEAST) / WORLDS) ** 0.5  # of a simulated coverage


def test_the_tables_on_early_kills_are_current() -> None:
    """Anew: python -m reports.testing.interval_tables."""
    page = README.read_text("utf8")
    assert block(page, "operating curve") == operating_table()
    assert block(page, "cut-offs").startswith(cut_off_table((16, 24)) + "\n")  # deeper ones at night


def test_a_cell_of_the_coverage_table_is_current_and_covers() -> None:
    rows = [line.split(" | ") for line in block(README.read_text("utf8"), "coverage").splitlines()]
    (row,) = [row for row in rows if row[0] == "| 0.02"]
    found = coverage(hierarchical, 0.02, 0.1, 4)
    assert row[3] == f"{found:.2f}"
    assert found >= LEAST


def test_an_interval_that_does_not_cover_is_noticed() -> None:
    """Student's t on shares near 0: most layers have none, and the interval is a point at 0."""
    assert coverage(student, 0.02, 0.1, 4, 200) < 0.6 < LEAST - NOISE


def test_a_block_is_found_and_put_in() -> None:
    page = "a\n<!-- generated: x -->\nold\n<!-- end of x -->\nb\n"
    assert block(page, "x") == "old"
    assert with_block(page, "x", "new") == page.replace("old", "new")


@pytest.mark.nightly
def test_intervals_of_shares_cover_in_every_world_of_the_grid() -> None:
    assert block(README.read_text("utf8"), "cut-offs") == cut_off_table()
    found = {layers: coverages(layers) for layers in LAYERS}
    worst = {layers: min(rates.values()) for layers, rates in found.items()}
    assert len(found[4]) == len(found[16]) == 26
    assert MATRICES == 48
    assert min(worst.values()) >= LEAST - NOISE, worst
    assert block(README.read_text("utf8"), "coverage") == coverage_table(found)


def test_a_page_without_the_markers_is_left_alone() -> None:
    """Nothing of it is cut off, as it would be where the end is not found."""
    for page in ("no markers", f"{BEGIN.format('a')}\n", f"{BEGIN.format('a')}\n{END.format('a')}\nrest"):
        with pytest.raises(ValueError, match="no block 'a', expected lines <!-- generated: a --> … <!-- end of a -->"):
            with_block(page, "a", "text")
    page = f"before\n{BEGIN.format('a')}\nold\n{END.format('a')}\nafter"
    assert with_block(page, "a", "new") == page.replace("old", "new")
    assert block(page, "a") == "old"
