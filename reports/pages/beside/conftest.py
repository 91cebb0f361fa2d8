"""Two sides of the small rung, on weights of their own."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.judge.decision import decide
from reports.judge.judged_verdict import Judged
from reports.pages.beside.side import Side
from reports.prereg.measurement import Measurement
from reports.prereg.preregistration import Cell
from reports.testing.figured_rung import a_rung, measured_rung, narrow
from reports.testing.small_rules import SUBJECT

Change = Callable[[Cell, Measurement], Measurement | None]


def side(name: str, change: Change = lambda _, measurement: measurement) -> Side:
    """The small rung with each measurement as `change` makes it; None leaves it out."""
    _, measurements = measured_rung()
    changed = {cell: made for cell, one in measurements.items() if (made := change(cell, one)) is not None}
    return Side(name, Judged(decide(a_rung(), SUBJECT.layers, changed), SUBJECT, changed))


def other_weights(cell: Cell, measurement: Measurement) -> Measurement:
    """Narrower matrices of another subject, their ranks 0.05 to 0.20 lower by layer."""
    if (cell.kind, cell.name) == ("claim", "narrow_d") and cell.layer is not None:
        lower = narrow(0.25 + 0.05 * cell.layer)
        return replace(measurement, measured=lower, tensors_sha256="9" * 64)
    return measurement


@pytest.fixture
def a() -> Side:
    return side("one")


@pytest.fixture
def b() -> Side:
    return side("other", other_weights)
