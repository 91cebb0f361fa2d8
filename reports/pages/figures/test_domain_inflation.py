"""The figure of a rule in each domain: by depth, with what was measured beside it; and of nothing."""

import numpy as np
from matplotlib.figure import Figure as Canvas

from reports.judge.decision import decide
from reports.judge.spread.test_each_domain import KILLED, LAYERS, MET, RUNG, found
from reports.pages.figures.domain_inflation import domain_inflation
from reports.prereg.metric import Metric
from reports.prereg.preregistration import Cell
from reports.prereg.samples import Measured

CLAIM = RUNG.claims[0]


def test_depths_and_what_is_beside_are_told_by_domain() -> None:
    measurements = found(code=MET, maths=KILLED)
    closing = Cell("claim", CLAIM.name, 1)
    plain = measurements[closing].measured
    metric = Metric("beside", axes=("variant", "domain"))
    samples = {**plain.samples, "inflation_beside": metric.samples([0.1, 0.2, 0.3, 0.4])}
    axes = {**plain.axes, "variant": ("int2", "8 kept")}
    object.__setattr__(measurements[closing], "measured", Measured(samples, axes, texts=plain.texts))
    figure = domain_inflation(decide(RUNG, LAYERS, measurements), CLAIM, measurements)
    assert (
        figure.reading
        == "With the layers up to 1 changed, the NLL rises by at most 23.8% in any domain; 5% is allowed in each."
    )
    depths, beside = figure.tables
    assert depths.columns == ("layer", "code", "maths")
    assert [row[0] for row in depths.rows] == [0, 1]
    assert beside.rows == (("int2", 0.1, 0.2), ("8 kept", 0.3, 0.4))
    assert figure.absent is None
    (panel,) = figure.panels
    axes_of = Canvas().subplots()
    panel.draw(axes_of)
    drawn = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes_of.get_lines()}
    assert drawn["code"] == [100.0 * value for value in (depths.rows[0][1], depths.rows[1][1])]  # type: ignore[operator]
    assert axes_of.get_ylim()[1] > 5.0


def test_layers_that_were_not_measured_are_named_and_nothing_is_said_to_be_nothing() -> None:
    measurements = found()
    del measurements[Cell("claim", CLAIM.name, 0)]
    figure = domain_inflation(decide(RUNG, LAYERS, measurements), CLAIM, measurements)
    assert figure.absent is not None
    assert "layer 0" in figure.absent
    nothing = domain_inflation(decide(RUNG, LAYERS, {}), CLAIM, {})
    assert (nothing.panels, nothing.tables) == ((), ())
    assert nothing.reading.startswith("Nothing to draw: ")
